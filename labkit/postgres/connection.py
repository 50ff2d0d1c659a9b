"""Connections to PostgreSQL that depend on nothing but the URL they are given."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any
from urllib.parse import quote, urlencode

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class
from psycopg2.extensions import parse_dsn

OLDEST = 14  # the oldest major version that the labs know
TIMEOUT = 3  # seconds; libpq takes nothing finer


class Fault(Enum):
    """Why a connection could not be made."""

    REFUSED = auto()
    SILENT = auto()
    UNKNOWN_HOST = auto()
    PASSWORD = auto()
    NO_DATABASE = auto()
    TOO_MANY = auto()
    NOT_YET = auto()
    OTHER = auto()


# What libpq and PostgreSQL say; a connection that fails carries no SQLSTATE.
_SAYINGS = (
    ("the database system is starting up", Fault.NOT_YET),
    ("the database system is shutting down", Fault.NOT_YET),
    ("the database system is in recovery mode", Fault.NOT_YET),
    ("the database system is not", Fault.NOT_YET),
    ("too many connections", Fault.TOO_MANY),
    ("too many clients already", Fault.TOO_MANY),
    ("remaining connection slots are reserved", Fault.TOO_MANY),
    ("password authentication failed", Fault.PASSWORD),
    ("no password supplied", Fault.PASSWORD),
    ("could not translate host name", Fault.UNKNOWN_HOST),
    ("does not exist", Fault.NO_DATABASE),
    ("timeout expired", Fault.SILENT),
    ("No route to host", Fault.SILENT),
    ("Network is unreachable", Fault.SILENT),
    ("refused", Fault.REFUSED),
    ("No such file or directory", Fault.REFUSED),
    ("server closed the connection unexpectedly", Fault.NOT_YET),
    ("Connection reset by peer", Fault.NOT_YET),
)


@dataclass(frozen=True)
class Session:
    """An administrator's connection, and the line that tells where it leads.

    ``parameters`` are those of libpq, password included; ``source`` has no password.
    """

    connection: Connection
    parameters: Mapping[str, str]
    source: str
    notices: tuple[str, ...] = ()


def parse(url: str) -> dict[str, str]:
    """The parameters of libpq that a URL gives; a driver's name after ``+`` is ignored.

    Raises:
        ValueError: it is not the URL of a PostgreSQL database.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise ValueError("it does not begin with postgresql://")
    try:
        given = parse_dsn(f"postgresql://{rest}")
    except psycopg2.Error as error:
        # What it quotes may be the password.
        raise ValueError(str(error).strip().partition(': "')[0]) from None
    return {key: str(value) for key, value in given.items()}


def compose(parameters: Mapping[str, str]) -> str:
    """The ``postgresql+psycopg2://`` URL of these parameters, as SQLAlchemy and libpq read it."""
    rest = dict(parameters)
    user = quote(rest.pop("user", ""), safe="")
    password = quote(rest.pop("password", ""), safe="")
    name = quote(rest.pop("dbname", ""), safe="")
    account = f"{user}:{password}@" if password else f"{user}@" if user else ""
    place = ""
    host = rest.get("host", "")
    if host and not host.startswith("/") and "," not in host:
        del rest["host"]
        place = f"[{host}]" if ":" in host else host
        place += f":{rest.pop('port')}" if "port" in rest else ""
    query = f"?{urlencode(rest, quote_via=quote, safe='/')}" if rest else ""
    return f"postgresql+psycopg2://{account}{place}/{name}{query}"


def connect(parameters: Mapping[str, str]) -> Connection:
    """A connection in autocommit mode; no variable of libpq in the environment changes it.

    Raises:
        psycopg2.OperationalError: as ``fault`` tells.
    """
    settings: dict[str, Any] = {
        "dbname": "postgres",
        "client_encoding": "UTF8",
        "application_name": "alembic-labs",
        "connect_timeout": str(TIMEOUT),
        **parameters,
    }
    with _without_libpq_variables():
        connection: Connection = psycopg2.connect(**settings)
    connection.autocommit = True
    return connection


def version(opened: Connection) -> str:
    """The server's version, without what a distribution adds: ``18.4``."""
    return str(opened.info.parameter_status("server_version")).partition(" ")[0]


def fault(error: psycopg2.Error) -> Fault:
    """What kept a connection from being made."""
    said = str(error)
    return next((kind for saying, kind in _SAYINGS if saying in said), Fault.OTHER)


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """These variables, or the process's own, without those that steer libpq and PostgreSQL."""
    given = os.environ if variables is None else variables
    return {name: value for name, value in given.items() if not name.startswith("PG")}


_environment_lock = threading.Lock()


@contextmanager
def _without_libpq_variables() -> Iterator[None]:
    # libpq reads them behind our back, and PGSERVICE cannot be overridden by a parameter.
    with _environment_lock:
        kept = {name: value for name, value in os.environ.items() if name.startswith("PG")}
        for name in kept:
            del os.environ[name]
        try:
            yield
        finally:
            os.environ.update(kept)
