"""The server that LABS_DATABASE_URL names."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg2

from labkit.messages import server as messages
from labkit.postgres import connection
from labkit.postgres.connection import Fault, Session, fault, version
from labkit.trouble import Trouble

VARIABLE = "LABS_DATABASE_URL"
# The path of a file with the password, for who does not want it in an environment.
PASSWORD_FILE = "LABS_DATABASE_PASSWORD_FILE"


def ready(url: str) -> Session:
    """A session with the server of a URL.

    Raises:
        Trouble: the URL is no URL, or nobody can connect with it.
    """
    known = parameters(url)
    try:
        opened = connection.connect(known)
    except psycopg2.OperationalError as error:
        raise _trouble(known, error) from None
    return Session(opened, known, f"PostgreSQL {version(opened)} from {VARIABLE}")


def parameters(url: str) -> dict[str, str]:
    """What libpq is told for a URL; where that has no password, with the password file's.

    Raises:
        Trouble: it is no URL, or the file cannot be read.
    """
    try:
        known = connection.parse(url)
    except ValueError as error:
        raise messages.malformed_url(str(error)) from None
    file = os.environ.get(PASSWORD_FILE, "")
    if file and "password" not in known:
        known["password"] = password(Path(file))
    return known


def password(path: Path) -> str:
    """The password that is all there is in a file.

    Raises:
        Trouble: the file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not text"
        raise messages.no_password_file(path, said) from None


def _trouble(parameters: dict[str, str], error: psycopg2.Error) -> Trouble:
    kind = fault(error)
    place = f"{parameters.get('host', 'localhost')}:{parameters.get('port', '5432')}"
    said = " ".join(str(error).split())
    if kind is Fault.REFUSED:
        return messages.nobody_there(place)
    if kind is Fault.SILENT:
        return messages.no_reply(place)
    if kind is Fault.UNKNOWN_HOST:
        return messages.unknown_host(parameters.get("host", ""))
    if kind is Fault.PASSWORD:
        return messages.wrong_password(place, parameters.get("user", ""))
    if kind is Fault.NO_DATABASE:
        return messages.no_admin_database(place, said)
    if kind is Fault.TOO_MANY:
        return messages.too_many_connections(place, said)
    if kind is Fault.NOT_YET:
        return messages.not_yet(place, said)
    return messages.cannot_connect(place, said)
