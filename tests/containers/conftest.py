"""Clones with containers, for who has an engine."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.containers.clone import OWNER, Clone, make

Make = Callable[..., Clone]


@pytest.fixture(scope="session")
def engine() -> None:
    """Skip where there is no Docker with Compose."""
    try:
        said = subprocess.run(
            ["docker", "info"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        missing = said.returncode != 0
    except FileNotFoundError:
        missing = True
    if missing:
        pytest.skip("no Docker engine answers here")


@pytest.fixture(scope="session")
def session_clones(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    yield from _clones(tmp_path_factory.mktemp("clones"))


@pytest.fixture
def clones(engine: None, tmp_path: Path) -> Iterator[Make]:
    """Make clones; their containers, images and data are gone after the test."""
    yield from _clones(tmp_path)


def _clones(folder: Path) -> Iterator[Make]:
    made: list[Clone] = []

    def one(name: str = "a clone", owner: int = OWNER) -> Clone:
        project = f"labs-test-{secrets.token_hex(4)}"
        made.append(make(folder / f"{name} {len(made)}", project, owner))
        return made[-1]

    folder.chmod(0o711)
    yield one
    for clone in made:
        clone.remove()


@pytest.fixture(scope="session")
def shared(session_clones: Make) -> Clone:
    """A clone whose stack is up; what a test does to it, it takes back."""
    clone = session_clones("a shared clone")
    said = clone.invoke("up")
    assert said.status == 0, said.all
    return clone
