"""The PostgreSQL of the Compose stack, seen from the workspace container or from outside it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import psycopg2

from labkit.containers import note
from labkit.messages import compose as messages
from labkit.postgres import connection, given
from labkit.postgres.connection import Fault, Session, fault
from labkit.trouble import Trouble

# Set in the workspace container, to the port of the database outside it.
VARIABLE = "LABS_COMPOSE"
HOST = "db"
USER = "postgres"
# The exit status of `python -m labkit.containers.compose` when the password is refused.
REFUSED = 3


def password_path(state: Path) -> Path:
    """The file with the administrator's password; the stack makes it."""
    return state / "compose" / "password"


def is_meant(url: str) -> bool:
    """Whether we are in the workspace container, and a URL leads to the database beside it."""
    return bool(os.environ.get(VARIABLE)) and f"@{HOST}:" in url


def inside(url: str) -> Session:
    """A session with the database, from the workspace container.

    Raises:
        Trouble: it does not answer, or does not let us in.
    """
    return _session(given.parameters(url), os.environ[VARIABLE])


def outside(state: Path) -> Session:
    """A session with the database of a stack that is up, from the machine it runs on.

    Raises:
        Trouble: it does not answer, or does not let us in.
    """
    known = note.read(state)
    if known is None:
        raise messages.gone()
    password = given.password(password_path(state))
    place = {"host": "127.0.0.1", "port": str(known.port)}
    return _session({**place, "user": USER, "password": password}, str(known.port))


def _session(parameters: Mapping[str, str], port: str) -> Session:
    try:
        opened = connection.connect(dict(parameters))
    except psycopg2.OperationalError as error:
        kind = fault(error)
        said = " ".join(str(error).split())
        if kind is Fault.PASSWORD:
            raise messages.wrong_password() from None
        if kind is Fault.NOT_YET:
            raise messages.not_yet(said) from None
        if kind in (Fault.REFUSED, Fault.SILENT, Fault.UNKNOWN_HOST):
            raise messages.no_database() from None
        raise messages.cannot_connect(said) from None
    source = f"PostgreSQL {connection.version(opened)} of Docker Compose, on 127.0.0.1:{port}"
    return Session(opened, dict(parameters), source)


def main() -> int:
    """Say on stdout which database the workspace container has; for whoever starts it."""
    url = os.environ[given.VARIABLE]
    try:
        print((inside(url) if is_meant(url) else given.ready(url)).source)
    except Trouble as trouble:
        print(trouble)
        return REFUSED if trouble.what == messages.wrong_password().what else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
