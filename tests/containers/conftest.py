"""Clones with containers, for who has an engine."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.containers.clone import OWNER, Clone, make

Make = Callable[..., Clone]


@pytest.fixture(scope="session")
def engine() -> None:
    """Skip where there is no Docker with Compose, and fail where a machine checks a change."""
    said = _missing()
    if said and os.environ.get("CI") == "true":
        pytest.fail(f"No Docker engine with Compose answers here, and CI needs one: {said}")
    if said:
        pytest.skip(f"No Docker engine with Compose answers, so no container was tested: {said}")


def _missing() -> str:
    """What Docker says when it cannot be used."""
    for words in (["docker", "info"], ["docker", "compose", "version"]):
        try:
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            return "there is no command docker"
        if done.returncode != 0:
            return (done.stderr.strip().splitlines() or ["it failed without a word"])[-1]
    return ""


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
def _stack(session_clones: Make) -> Clone:
    return session_clones("a shared clone")


@pytest.fixture
def shared(_stack: Clone) -> Iterator[Clone]:
    """A clone whose stack is up; a drill that leaves it otherwise does no harm."""
    if not _stack.is_up():
        said = _stack.invoke("up")
        assert said.status == 0, said.all
    yield _stack
    _stack.end()
