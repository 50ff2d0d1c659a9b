"""The administrator's connection: one for each server, opened again when it was lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg2
from psycopg2 import errors
from psycopg2.sql import Composable

from labkit.messages import server as messages
from labkit.postgres.connection import OLDEST, Session
from labkit.trouble import Trouble

PATIENCE = "20s"  # for another command that works on the same database

T = TypeVar("T")

# The first numbers of our advisory locks.
_NAMES = 0x414C4142
_TOKENS = 0x414C4143

_PROBE = """
SELECT rolname, rolsuper, rolsuper OR rolcreatedb, rolsuper OR rolcreaterole,
       pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool,
       current_setting('fsync')::bool,
       (SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'template0')
FROM pg_roles WHERE rolname = current_user
"""


@dataclass(frozen=True)
class Rights:
    """Who the administrator is, and what matters about the server for making a database."""

    user: str
    superuser: bool
    may_create_roles: bool
    fsync: bool
    encoding: str


class Administrator:
    """``opening`` gives a session whenever there is none; ``tokens`` are held as long as it is."""

    def __init__(self, opening: Callable[[], Session]) -> None:
        self._opening = opening
        self._tokens: set[int] = set()
        self._open()

    def work(self, names: Iterable[str], call: Callable[[], T], again: bool = True) -> T:
        """What the call returns; no other command works on databases of these names meanwhile.

        ``again`` allows the call to be repeated when the server was lost under it.

        Raises:
            Trouble: for every error of PostgreSQL that comes through.
        """
        try:
            self._ensure()
            try:
                return self._locked(sorted(set(names)), call)
            except psycopg2.Error:
                if not again or not self.session.connection.closed:
                    raise
            self._open()
            return self._locked(sorted(set(names)), call)
        except psycopg2.Error as error:
            raise trouble(error, self.session.source) from error

    def run(self, statement: str | Composable, *parameters: object) -> list[tuple[Any, ...]]:
        """Run one statement, or several without parameters, and return the rows of the last."""
        with self.session.connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def hold(self, token: int) -> None:
        """Let every session of the server see that this token is in use, until ``release``."""
        if token not in self._tokens:
            self._tokens.add(token)
            self.run("SELECT pg_advisory_lock(%s, %s)", _TOKENS, token)

    def release(self, token: int) -> None:
        self._tokens.discard(token)
        self.run("SELECT pg_advisory_unlock(%s, %s)", _TOKENS, token)

    def held(self) -> set[int]:
        """The tokens that any session of the server holds."""
        # pg_locks shows those of all databases; trying a lock would see only our own.
        rows = self.run(
            "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid = %s",
            _TOKENS,
        )
        return {token for (token,) in rows}

    def _locked(self, names: list[str], call: Callable[[], T]) -> T:
        held = []
        try:
            for name in names:
                self.run("SELECT pg_advisory_lock(%s, hashtext(%s))", _NAMES, name)
                held.append(name)
            return call()
        finally:
            if not self.session.connection.closed:
                for name in held:
                    self.run("SELECT pg_advisory_unlock(%s, hashtext(%s))", _NAMES, name)

    def _ensure(self) -> None:
        if self._process != os.getpid():
            # A fork shares the socket: two who talk on it would hear each other's answers.
            self._open()
        try:
            self.run("SELECT 1")
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            self.session.connection.close()
            self._open()

    def _open(self) -> None:
        self.session = self._opening()
        self._process = os.getpid()
        try:
            self._look()
        except psycopg2.Error as error:
            raise trouble(error, self.session.source) from error
        except Trouble:
            self.session.connection.close()
            raise

    def _look(self) -> None:
        if self.version < OLDEST * 10000:
            raise messages.server_too_old(self.session.source, OLDEST)
        self.run("SELECT set_config('lock_timeout', %s, false)", PATIENCE)
        if self.version >= 160000:
            # Each command of a lab logs in. To stretch a password that is a long random number
            # makes nobody's work harder but libpq's.
            self.run("SELECT set_config('scram_iterations', '1', false)")
        rows = self.run(_PROBE)
        for token in self._tokens:
            self.run("SELECT pg_advisory_lock(%s, %s)", _TOKENS, token)
        user, superuser, may_create, may_create_roles, read_only, fsync, encoding = rows[0]
        if read_only:
            raise messages.read_only(self.session.source)
        if not may_create:
            raise messages.may_not_create(self.session.source, user)
        self.rights = Rights(user, superuser, may_create_roles, fsync, encoding)

    @property
    def version(self) -> int:
        """As PostgreSQL counts: 180004 for 18.4."""
        return int(self.session.connection.server_version)


def trouble(error: psycopg2.Error, source: str) -> Trouble:
    """What an error of PostgreSQL means for the person who waits for a database."""
    said = str(error).strip().partition("\n")[0]
    if isinstance(error, errors.DiskFull):
        return messages.server_disk_full(source, said)
    if isinstance(error, errors.ObjectInUse):
        return messages.in_use(said)
    if isinstance(error, errors.LockNotAvailable):
        return messages.locked()
    if isinstance(error, errors.InsufficientPrivilege):
        return messages.no_right(source, said)
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return messages.read_only(source)
    if isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
        return messages.lost(source, said)
    return messages.refused(source, said)
