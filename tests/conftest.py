"""One embedded PostgreSQL for the whole run, shared by all workers and never the learner's."""

from __future__ import annotations

import gc
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from labkit import server as servers
from labkit.course import Course
from labkit.postgres import binaries, given, secret
from labkit.postgres.connection import environment
from labkit.run import Runner
from labkit.server import Database, Server
from labkit.trouble import Trouble
from tests import clone as clones
from tests.clone import Clone
from tests.drills import ask, disk

_STATE = pytest.StashKey[Path]()
_VARIABLE = "LABKIT_TEST_STATE"
_PROOF = re.compile(r"test_a_lab_proves_itself\[(server|oldest)-")


def _clean_environment() -> None:
    # Whatever server the person who runs the tests has set up, no test uses it, unless it is there
    # for the tests.
    kept = environment()
    for name in list(os.environ):
        if not name.startswith("LABS_TEST_") and (name not in kept or name.startswith("LABS_")):
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


def pytest_collection_finish() -> None:
    """Have the garbage collector look no more at thousands of tests that nobody lets go of."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    state = config.stash.get(_STATE, None)
    if state:
        _remove(state)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell how long all labs with all their proofs take, for each server."""
    workers = int(getattr(config.option, "numprocesses", 0) or 1)
    work: dict[str, list[float]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            match = _PROOF.search(getattr(report, "nodeid", ""))
            if match and getattr(report, "when", "") == "call":
                work.setdefault(match[1], []).append(report.duration)
    for which, seconds in sorted(work.items()):
        name = {"server": "the server that comes with them", "oldest": "the oldest server"}[which]
        terminalreporter.write_line(
            f"{len(seconds)} labs with all proofs on {name}: {sum(seconds):.0f} s of work,"
            f" {sum(seconds) / workers:.0f} s on {workers} worker{'s' if workers > 1 else ''}"
        )


@pytest.fixture(scope="session")
def server() -> Server:
    """The server of the run; tests share it, so each uses names of its own."""
    return servers.find(Path(os.environ[_VARIABLE]))


@pytest.fixture(scope="session")
def oldest() -> Server:
    """The oldest of the servers that LABS_TEST_SERVERS names, URLs of superusers."""
    urls = os.environ["LABS_TEST_SERVERS"].split()
    state = Path(os.environ[_VARIABLE])
    found = [Server(partial(given.ready, url), secret.read(state)) for url in urls]
    return min(found, key=lambda server: server.version)


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """An empty database for one test, with the URL of a role that is no superuser."""
    with server.throwaway("lab_test") as database:
        yield database


@pytest.fixture
def class_url(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A teacher's URL in LABS_DATABASE_URL, leading to a database that seats may enter too."""
    name = f"class_{secrets.token_hex(3)}"
    ask(server.admin_url, f"CREATE DATABASE {name}")
    url = server.admin_url.replace("/postgres", f"/{name}", 1)
    monkeypatch.setenv("LABS_DATABASE_URL", url)
    yield url
    ask(server.admin_url, f"DROP DATABASE {name} WITH (FORCE)")


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


@pytest.fixture(scope="session")
def shared_runner() -> Iterator[Runner]:
    """A runner for tests that do not care which."""
    with Runner() as runner:
        yield runner


@pytest.fixture(scope="session")
def small_labs(
    server: Server, shared_runner: Runner, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of two small labs with the snapshots that they recorded, for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    labs = shared / "small" / "labs"
    with FileLock(shared / "small.lock"):
        if not (shared / "recorded").exists():
            labs.mkdir(parents=True)
            clones.record_labs(labs, server, shared_runner)
            (shared / "recorded").touch()
    return labs


@pytest.fixture
def no_databases(server: Server) -> None:
    """No small lab has a database, nor one that was set aside."""
    for name in clones.databases(server):
        server.drop(name)


@pytest.fixture
def course(
    server: Server, shared_runner: Runner, small_labs: Path, no_databases: None, tmp_path: Path
) -> Course:
    """A course of small labs that nobody has run yet."""
    clones.copy_labs(small_labs, tmp_path / "labs")
    return clones.course(tmp_path, server, shared_runner)


@pytest.fixture
def clone(server: Server, small_labs: Path, no_databases: None, tmp_path: Path) -> Clone:
    """A clone where nobody has run anything yet, which uses the server of the tests."""
    root = tmp_path / "Ordner mit Leerstellen, é und ß"
    clones.copy_repository(root, small_labs)
    return Clone(root, {"LABS_DATABASE_URL": server.admin_url})
