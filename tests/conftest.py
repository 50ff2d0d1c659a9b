"""One embedded PostgreSQL for the whole run, shared by all workers and never the learner's."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from labkit import server as servers
from labkit.postgres import binaries
from labkit.postgres.connection import environment
from labkit.server import Database, Server
from labkit.trouble import Trouble
from tests.drills import disk

_STATE = pytest.StashKey[Path]()
_VARIABLE = "LABKIT_TEST_STATE"


def _clean_environment() -> None:
    # Whatever server the person who runs the tests has set up, no test uses it.
    kept = environment()
    for name in [name for name in os.environ if name not in kept or name.startswith("LABS_")]:
        del os.environ[name]


def _remove(folder: Path) -> None:
    """Remove a folder after stopping the servers in it; one may keep its data beside it."""
    for link in [*folder.rglob("server")]:
        home = link.resolve()
        servers.stop(link.parent)
        shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    # A run that was killed could not stop its server.
    for left in disk().glob("labs-tests-*-*"):
        process = left.name.split("-")[2]
        if process.isdigit() and not psutil.pid_exists(int(process)):
            # Somebody else's, or swept by a run that started with us.
            with suppress(Trouble):
                _remove(left)


def pytest_configure(config: pytest.Config) -> None:
    _clean_environment()
    # The controller of pytest-xdist, or the only process, makes the folder and removes it at the
    # end. Workers find it in their environment, so they meet on one server.
    if hasattr(config, "workerinput"):
        return
    _sweep()
    state = Path(tempfile.mkdtemp(prefix=f"labs-tests-{os.getpid()}-", dir=disk()))
    # As root the server runs as somebody else, who has to pass through.
    state.chmod(0o711)
    config.stash[_STATE] = state
    os.environ[_VARIABLE] = str(state)


def pytest_unconfigure(config: pytest.Config) -> None:
    state = config.stash.get(_STATE, None)
    if state:
        _remove(state)


@pytest.fixture(scope="session")
def server() -> Server:
    """The server of the run; tests share it, so each uses names of its own."""
    return servers.find(Path(os.environ[_VARIABLE]))


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """An empty database for one test, with the URL of a role that is no superuser."""
    with server.throwaway("lab_test") as database:
        yield database


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every account may use; the servers in it are ended."""
    made = Path(tempfile.mkdtemp(dir=os.environ[_VARIABLE]))
    made.chmod(0o777)
    yield made
    _remove(made)


@pytest.fixture(scope="module")
def lasting() -> Iterator[Path]:
    """A state folder whose server each test finds, or leaves, in some disorder."""
    made = Path(tempfile.mkdtemp(dir=os.environ[_VARIABLE]))
    made.chmod(0o711)
    state = made / "mes labos à moi" / ("ünïcödé " * 20) / ("und noch ein Stück " * 10) / ".labs"
    state.parent.mkdir(parents=True)
    yield state
    _remove(made)


@pytest.fixture(scope="module")
def programs() -> Iterator[binaries.Binaries]:
    """The wheel's programs where every account can run them."""
    found = binaries.find()
    with tempfile.TemporaryDirectory(dir=os.environ[_VARIABLE]) as folder:
        Path(folder).chmod(0o755)
        found.copy(Path(folder))
        yield found.moved(Path(folder))
