"""Seats: roles for a class on one server, each with databases that no other can enter.

    LABS_DATABASE_URL=postgresql://teacher@server/postgres python -m labkit.postgres.seat ada grace

makes two seats and prints what each learner sets. A seat may create databases and nothing else.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg2
from psycopg2.extensions import encrypt_password
from psycopg2.sql import SQL, Identifier, Literal

from labkit.messages import seat as messages
from labkit.postgres import given
from labkit.postgres.administrator import trouble
from labkit.postgres.connection import Session, compose
from labkit.trouble import Trouble

# What the names of a learner's databases begin with.
PREFIX = "LABS_PREFIX"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,19}\Z")
_MARK = "Alembic Labs: a seat"


def prefix(environment: Mapping[str, str]) -> str:
    """What the names of all databases begin with: nothing, or a learner's name and ``_``.

    Raises:
        Trouble: LABS_PREFIX cannot be the beginning of a name.
    """
    name = environment.get(PREFIX, "")
    if name and not _NAME.match(name):
        raise messages.no_name(name)
    return f"{name}_" if name else ""


def make(session: Session, name: str, password: str) -> str:
    """Make a seat, or give it this password; returns the URL that its learner uses.

    Raises:
        Trouble: the name cannot be one, is somebody else's, or the server refuses.
    """
    if not _NAME.match(name):
        raise messages.no_name(name)
    try:
        with session.connection.cursor() as cursor:
            cursor.execute(
                "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s",
                [name],
            )
            row = cursor.fetchone()
            if row and row[0] != _MARK:
                raise messages.taken(name)
            verb = SQL("ALTER" if row else "CREATE")
            # The server never sees the password itself, so no log of it can show one.
            verifier = encrypt_password(password, name, session.connection, "scram-sha-256")
            cursor.execute(
                SQL("{} ROLE {} LOGIN CREATEDB PASSWORD {}; COMMENT ON ROLE {} IS {}").format(
                    verb, Identifier(name), Literal(verifier), Identifier(name), Literal(_MARK)
                )
            )
    except psycopg2.Error as error:
        raise trouble(error, session.source) from error
    return compose({**session.parameters, "user": name, "password": password})


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m labkit.postgres.seat", description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument(
        "--password-file",
        type=Path,
        help="keep the password of the one seat there, and print nothing",
    )
    asked = parser.parse_args(words)
    if asked.password_file and len(asked.names) > 1:
        parser.error("--password-file is for one seat")
    try:
        session = given.ready(os.environ.get(given.VARIABLE, ""))
        for name in asked.names:
            password = _password(asked.password_file)
            url = make(session, name, password)
            if not asked.password_file:
                print(f"LABS_DATABASE_URL='{url}' {PREFIX}={name}")
    except Trouble as told:
        print(f"ERROR  {told}", file=sys.stderr)
        return 2
    return 0


def _password(path: Path | None) -> str:
    """The password of a file, which is made where there is none; without one, a new password."""
    if path is None:
        return secrets.token_hex(20)
    if path.exists():
        return given.password(path)
    password = secrets.token_hex(20)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password)
    return password


if __name__ == "__main__":
    sys.exit(main())
