"""Where PostgreSQL comes from, and the databases that a lab has there."""

from __future__ import annotations

import errno
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import encrypt_password
from psycopg2.sql import SQL, Composable, Identifier, Literal

from labkit import embedded, given, secret
from labkit.administrator import Administrator
from labkit.connection import Session, compose
from labkit.messages import server as messages
from labkit.place import hand_over, make_state
from labkit.trouble import Trouble

# What marks a role as one that we made, and may therefore change and drop.
_MARK = "Alembic Labs"
_THROWAWAY = re.compile(r"(.+)_throwaway_([0-9a-f]{8})")


@dataclass(frozen=True)
class Database:
    """A database of a lab; ``url`` is what DATABASE_URL becomes, for a role without privileges."""

    name: str
    role: str
    url: str = field(repr=False)


def find(state: Path) -> Server:
    """The server of LABS_DATABASE_URL if that is set, else the embedded one, started if need be.

    ``state`` is the folder for what must outlive a command; it is made where it is missing.

    Raises:
        Trouble: there is no server, and why.
    """
    url = os.environ.get(given.VARIABLE, "").strip()
    try:
        make_state(state)
        key = secret.read(state)
        if url:
            return Server(partial(given.ready, url), key)
        return Server(partial(embedded.ready, state), key)
    except OSError as error:
        raise _folder_trouble(state, error) from error
    finally:
        with suppress(OSError):
            hand_over(state)


def stop(state: Path) -> bool:
    """Stop the embedded server of a state folder; returns whether one ran.

    Raises:
        Trouble: another command is starting it, or the folder cannot be used.
    """
    try:
        return embedded.stop(state)
    except OSError as error:
        raise _folder_trouble(state, error) from error


def _folder_trouble(state: Path, error: OSError) -> Trouble:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return messages.disk_full(state)
    return messages.not_writable(state, os.strerror(error.errno) if error.errno else str(error))


class Server:
    """A PostgreSQL server on which databases can be made. One terminal's view of it.

    Every method raises ``Trouble`` when the server is lost, full or refuses.
    """

    def __init__(self, opening: Callable[[], Session], key: bytes) -> None:
        self._admin = Administrator(opening)
        self._key = key
        self._swept = False

    @property
    def source(self) -> str:
        """Which server it is, in one line without a password."""
        return self._admin.session.source

    @property
    def notices(self) -> tuple[str, ...]:
        """What the learner should be told about the way it was started; mostly nothing."""
        return self._admin.session.notices

    @property
    def admin_url(self) -> str:
        """The administrator's URL; no learner's code may ever see it."""
        return compose(self._admin.session.parameters)

    @property
    def version(self) -> int:
        """The server's version as a number: 180004 for 18.4."""
        return self._admin.version

    def fresh(self, name: str) -> Database:
        """An empty database owned by the role of the same name; what was there is dropped."""
        with self._admin.working(name):
            self._drop(name)
            role = self._role(name, reset=True)
            self._create(name, role)
            return self._database(name, role)

    def database(self, name: str) -> Database | None:
        """The database if it exists. Its role gets its password anew, in case that was changed."""
        with self._admin.working(name):
            owner = self._owner(name)
            return None if owner is None else self._database(name, self._role(owner))

    def exists(self, name: str) -> bool:
        with self._admin.working():
            return bool(self._admin.run("SELECT FROM pg_database WHERE datname = %s", name))

    def drop(self, name: str) -> None:
        """Drop the database if it exists, and its role unless that owns something else."""
        with self._admin.working(name):
            owner = self._drop(name)
            if owner == name and owner != self._admin.rights.user:
                with suppress(errors.DependentObjectsStillExist):
                    self._admin.run(SQL("DROP ROLE IF EXISTS {}").format(Identifier(owner)))

    def rename(self, old: str, new: str) -> None:
        """Rename a database after ending all its sessions; its role stays."""
        statement = SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(old), Identifier(new))
        with self._admin.working(old, new):
            if self._owner(old) is None:
                raise messages.no_database(old)
            self._free(new)
            self._alone_in(old, statement)

    def copy(self, source: str, name: str) -> Database:
        """A copy of a database, after ending all its sessions; it belongs to the same role."""
        with self._admin.working(source, name):
            return self._copy(source, name)

    @contextmanager
    def throwaway(self, name: str, template: str | None = None) -> Iterator[Database]:
        """A database for one use, owned by the role of ``name``; or a copy of ``template``."""
        token = secrets.randbits(31)
        unique = f"{name}_throwaway_{token:08x}"
        try:
            with self._admin.working(template or name):
                self._sweep()
                self._admin.hold(token)
                if template is None:
                    role = self._role(name)
                    self._create(unique, role)
                    database = self._database(unique, role)
                else:
                    database = self._copy(template, unique)
            yield database
        finally:
            # A server that is gone keeps it; somebody sweeps it later.
            with suppress(Trouble), self._admin.working():
                self._drop(unique)
                self._admin.release(token)

    def _sweep(self) -> None:
        """Drop the throwaway databases whose makers are gone, once for each server."""
        if self._swept:
            return
        self._swept = True
        rows = self._admin.run(
            "SELECT datname, rolname FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba"
            " WHERE datname LIKE '%\\_throwaway\\_%'"
        )
        held = self._admin.held()
        for name, owner in rows:
            match = _THROWAWAY.fullmatch(name)
            ours = match and owner in (match[1], self._admin.rights.user)
            if match and ours and int(match[2], 16) not in held:
                with suppress(psycopg2.Error, Trouble):
                    self._drop(name)

    def _database(self, name: str, role: str) -> Database:
        parameters = dict(self._admin.session.parameters)
        if role != self._admin.rights.user:
            parameters |= {"user": role, "password": self._password(role)}
        return Database(name, role, compose({**parameters, "dbname": name}))

    def _password(self, role: str) -> str:
        return secret.derive(self._key, f"role {role}")

    def _owner(self, name: str) -> str | None:
        """The owner of a database, None if there is no such database; never somebody else."""
        rows = self._admin.run(
            "SELECT rolname, shobj_description(pg_roles.oid, 'pg_authid')"
            " FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba WHERE datname = %s",
            name,
        )
        if not rows:
            return None
        owner, mark = rows[0]
        if mark != _MARK and (owner != self._admin.rights.user or self._admin.rights.superuser):
            raise messages.foreign_database(name, owner)
        return str(owner)

    def _role(self, name: str, reset: bool = False) -> str:
        """The role of that name, made or given its password anew; ours if we may make none."""
        rights = self._admin.rights
        if not rights.may_create_roles or name == rights.user:
            return rights.user
        role = Identifier(name)
        verifier = Literal(
            encrypt_password(
                self._password(name), name, self._admin.session.connection, "scram-sha-256"
            )
        )
        rows = self._admin.run(
            "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s", name
        )
        statements: list[Composable]
        if not rows:
            statements = [
                SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, verifier),
                SQL("COMMENT ON ROLE {} IS {}").format(role, Literal(_MARK)),
            ]
            if not rights.superuser:
                statements.append(SQL("GRANT {} TO CURRENT_USER").format(role))
        elif rows[0] != (_MARK,):
            raise messages.foreign_role(name)
        else:
            statements = [SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(role, verifier)]
            if reset:
                statements.append(SQL("ALTER ROLE {} RESET ALL").format(role))
        self._admin.run(SQL("; ").join(statements))
        return name

    def _create(self, name: str, role: str) -> None:
        """An empty database, the same on every server: UTF-8, sorted by code point."""
        version, rights = self._admin.version, self._admin.rights
        options = "TEMPLATE template0 ENCODING 'UTF8'"
        if version >= 170000:
            options += " LOCALE_PROVIDER builtin LOCALE 'C' BUILTIN_LOCALE 'C.UTF-8'"
        else:
            options += " LOCALE_PROVIDER libc" if version >= 150000 else ""
            options += " LC_COLLATE 'C'" if rights.encoding == "UTF8" else " LOCALE 'C'"
        self._admin.run(self._creation(name, role, SQL(options)))
        self._close(name)

    def _copy(self, source: str, name: str) -> Database:
        owner = self._owner(source)
        if owner is None:
            raise messages.no_database(source)
        self._free(name)
        template = SQL("TEMPLATE {}").format(Identifier(source))
        self._alone_in(source, self._creation(name, owner, template))
        self._close(name)
        return self._database(name, self._role(owner))

    def _creation(self, name: str, role: str, options: Composable) -> Composable:
        if self._admin.version >= 150000:
            # Without fsync copying files is faster; with it, every file has to reach the disk.
            strategy = "wal_log" if self._admin.rights.fsync else "file_copy"
            options = SQL("{} STRATEGY {}").format(options, SQL(strategy))
        return SQL("CREATE DATABASE {} OWNER {} {}").format(
            Identifier(name), Identifier(role), options
        )

    def _close(self, name: str) -> None:
        self._admin.run(
            SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC").format(Identifier(name))
        )

    def _free(self, name: str) -> None:
        if self._owner(name) is not None:
            raise messages.name_taken(name)

    def _drop(self, name: str) -> str | None:
        """Drop a database of ours and return its owner; None if there was none."""
        owner = self._owner(name)
        if owner is not None:
            statement = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name))
            self._alone_in(name, statement)
        return owner

    def _alone_in(self, name: str, statement: Composable) -> None:
        """Run a statement for which nobody may be in the database, even if somebody comes back."""
        for attempt in range(10):
            self._end_sessions(name)
            try:
                self._admin.run(statement)
            except errors.ObjectInUse:
                if attempt == 9:
                    raise
            else:
                return

    def _end_sessions(self, name: str) -> None:
        # PostgreSQL itself looks again after 100 ms only.
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and self._admin.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND backend_type = 'client backend'",
            name,
        ):
            time.sleep(0.002)
