"""Where PostgreSQL comes from, and the databases that a lab has there."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg2
from psycopg2 import errors
from psycopg2.sql import SQL, Composable, Identifier, Literal

from labkit.containers import compose as stack
from labkit.containers import note
from labkit.messages import server as messages
from labkit.postgres import embedded, given, place, role, secret
from labkit.postgres.administrator import Administrator
from labkit.postgres.connection import Session, compose
from labkit.trouble import Trouble

_THROWAWAY = re.compile(r"(.+)_throwaway_([0-9a-f]{8})")
_LONGEST = 63  # bytes; PostgreSQL would cut a longer name without an error


@dataclass(frozen=True)
class Database:
    """A database of a lab; ``url`` is what DATABASE_URL becomes, for a role without privileges."""

    name: str
    role: str
    url: str = field(repr=False)


def find(state: Path) -> Server:
    """The server of LABS_DATABASE_URL if that is set, else the Compose stack's if that is up.

    Where neither is, it is the embedded one, started if need be.

    ``state`` is the folder for what must outlive a command; it is made where it is missing.

    Raises:
        Trouble: there is no server, and why.
    """
    with place.told(state):
        place.make_state(state)
        key = secret.read(state)
        place.hand_over(state)
    return Server(_opening(state), key)


def _opening(state: Path) -> Callable[[], Session]:
    url = os.environ.get(given.VARIABLE, "").strip()
    if url:
        return partial(stack.inside if stack.is_meant(url) else given.ready, url)
    if note.read(state):
        return partial(stack.outside, state)
    return partial(embedded.ready, state)


def stop(state: Path) -> bool:
    """Stop the embedded server of a state folder; returns whether one ran.

    Raises:
        Trouble: another command is starting it, or the folder cannot be used.
    """
    return embedded.stop(state)


class Server:
    """A PostgreSQL server on which databases can be made: one command's view of it.

    Names of databases have at most 63 bytes in UTF-8, those of throwaway ones 19 less. Every
    method raises ``Trouble`` when the server is lost, full or refuses.
    """

    def __init__(self, opening: Callable[[], Session], key: bytes) -> None:
        self._admin = Administrator(opening)
        self._key = key
        self._swept = False
        self._ahead: dict[str, tuple[int, str]] = {}

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

        def make() -> Database:
            self._drop(name)
            owner = self._role(name, reset=True)
            self._create(name, owner)
            return self._database(name, owner)

        return self._admin.work([_fitting(name)], make)

    def database(self, name: str) -> Database | None:
        """The database if it exists. Its role gets its password anew, in case that was changed."""

        def look() -> Database | None:
            owner = role.owner(self._admin, name)
            return None if owner is None else self._database(name, self._role(owner))

        return self._admin.work([name], look)

    @property
    def makes_roles(self) -> bool:
        """Whether each database can have a role of its own."""
        return self._admin.rights.may_create_roles

    @property
    def administrator(self) -> str:
        """The role that makes the databases."""
        return self._admin.rights.user

    @property
    def is_superuser(self) -> bool:
        """Whether that role is one."""
        return self._admin.rights.superuser

    def size(self, names: Sequence[str]) -> int:
        """The bytes that databases take, as far as they are there."""
        look = "SELECT sum(pg_database_size(oid)) FROM pg_database WHERE datname = ANY(%s)"
        rows = self._admin.work([], lambda: self._admin.run(look, list(names)))
        return int(rows[0][0] or 0)

    def narrow(self, name: str, connections: int) -> None:
        """Let a role have so many connections at most."""
        statement = SQL("ALTER ROLE {} CONNECTION LIMIT {}").format(
            Identifier(name), Literal(connections)
        )
        self._admin.work([], lambda: self._admin.run(statement))

    def exists(self, name: str) -> bool:
        look = "SELECT 1 FROM pg_database WHERE datname = %s"
        return bool(self._admin.work([], lambda: self._admin.run(look, name)))

    def drop(self, name: str) -> None:
        """Drop the database if it exists, and the role of that name unless it owns another."""

        def remove() -> None:
            self._drop(name)
            with suppress(errors.DependentObjectsStillExist):
                role.drop(self._admin, name)

        self._admin.work([name], remove)

    def rename(self, old: str, new: str) -> None:
        """Rename a database, after ending all its sessions; its role stays."""
        statement = SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(old), Identifier(new))

        def change() -> None:
            self._existing(old)
            self._free(new)
            self._alone_in(old, statement)

        self._admin.work([old, _fitting(new)], change, again=False)

    def copy(self, source: str, name: str) -> Database:
        """A copy of a database, after ending all its sessions; it belongs to the same role."""

        def make() -> Database:
            self._free(name)
            return self._copy(source, name)

        return self._admin.work([source, _fitting(name)], make, again=False)

    @contextmanager
    def throwaway(self, name: str, template: str | None = None) -> Iterator[Database]:
        """A database for one use, owned by the role of ``name``; or a copy of ``template``.

        It is dropped at the end whatever happens; when the process is killed, by another one.
        """
        made = self._ahead.pop(name, None) if template is None else None
        token, unique = made or _unique(name)

        def make() -> Database:
            if made and role.owner(self._admin, unique) is not None:
                return self._database(unique, self._role(name))
            return self._make(token, unique, name, template)

        try:
            # The role of the name is given its password by each that makes one.
            yield self._admin.work([name, template or name], make)
        finally:
            # A server that is gone keeps it until somebody sweeps.
            with suppress(Trouble):
                self._admin.work([], lambda: self._remove(token, unique))

    def prepare(self, name: str) -> None:
        """Make the next ``throwaway`` of this name ahead, until ``discard``."""
        if name not in self._ahead:
            # Known before it is made: an interrupt in between must not leave it behind.
            token, unique = self._ahead[name] = _unique(name)
            self._admin.work([name], lambda: self._make(token, unique, name, None))

    def discard(self) -> None:
        """Drop what was prepared and is not used."""
        while self._ahead:
            _, (token, unique) = self._ahead.popitem()
            with suppress(Trouble):
                self._admin.work([], partial(self._remove, token, unique))

    def _make(self, token: int, unique: str, name: str, template: str | None) -> Database:
        self._sweep()
        self._admin.hold(token)
        self._drop(unique)
        if template is not None:
            return self._copy(template, unique)
        owner = self._role(name)
        self._create(unique, owner)
        return self._database(unique, owner)

    def _remove(self, token: int, unique: str) -> None:
        self._drop(unique)
        self._admin.release(token)

    def _sweep(self) -> None:
        """Drop the throwaway databases whose makers are gone, once for each server."""
        if self._swept:
            return
        self._swept = True
        # In this order: what is made after the first look is not in the list.
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

    def _database(self, name: str, owner: str) -> Database:
        parameters = {**self._admin.session.parameters, "dbname": name}
        if owner != self._admin.rights.user:
            parameters |= {"user": owner, "password": self._password(owner)}
        return Database(name, owner, compose(parameters))

    def _password(self, owner: str) -> str:
        return secret.derive(self._key, f"role {owner}")

    def _role(self, name: str, reset: bool = False) -> str:
        return role.ensure(self._admin, name, self._password(name), reset)

    def _existing(self, name: str) -> str:
        owner = role.owner(self._admin, name)
        if owner is None:
            raise messages.no_database(name)
        return owner

    def _free(self, name: str) -> None:
        if role.owner(self._admin, name) is not None:
            raise messages.name_taken(name)

    def _create(self, name: str, owner: str) -> None:
        """An empty database, the same on every server: UTF-8, sorted by code point."""
        version = self._admin.version
        options = "TEMPLATE template0 ENCODING 'UTF8'"
        if version >= 170000:
            options += " LOCALE_PROVIDER builtin LOCALE 'C' BUILTIN_LOCALE 'C.UTF-8'"
        else:
            options += " LOCALE_PROVIDER libc" if version >= 150000 else ""
            utf8 = self._admin.rights.encoding == "UTF8"
            options += " LC_COLLATE 'C'" if utf8 else " LOCALE 'C'"
        self._admin.run(self._creation(name, owner, SQL(options)))
        self._close(name)

    def _copy(self, source: str, name: str) -> Database:
        owner = self._existing(source)
        template = SQL("TEMPLATE {}").format(Identifier(source))
        self._alone_in(source, self._creation(name, owner, template))
        self._close(name)
        return self._database(name, self._role(owner))

    def _creation(self, name: str, owner: str, options: Composable) -> Composable:
        if self._admin.version >= 150000:
            # Without fsync copying files is faster; with it, every file has to reach the disk.
            strategy = "wal_log" if self._admin.rights.fsync else "file_copy"
            options = SQL("{} STRATEGY {}").format(options, SQL(strategy))
        return SQL("CREATE DATABASE {} OWNER {} {}").format(
            Identifier(name), Identifier(owner), options
        )

    def _close(self, name: str) -> None:
        self._admin.run(
            SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC").format(Identifier(name))
        )

    def _drop(self, name: str) -> None:
        if role.owner(self._admin, name) is not None:
            statement = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name))
            self._alone_in(name, statement)

    def _alone_in(self, name: str, statement: Composable) -> None:
        """Run a statement for which nobody may be in the database, even if somebody comes back."""
        for attempt in range(3):
            self._end_sessions(name)
            try:
                self._admin.run(statement)
            except errors.ObjectInUse:
                if attempt == 2:
                    raise
            else:
                return

    def _end_sessions(self, name: str) -> None:
        # PostgreSQL looks itself, but every 100 ms only.
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and self._admin.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND backend_type = 'client backend'",
            name,
        ):
            time.sleep(0.002)


def _unique(name: str) -> tuple[int, str]:
    """A token that nobody holds, and the name of a throwaway database that it stands in."""
    token = secrets.randbits(31)
    return token, _fitting(f"{name}_throwaway_{token:08x}")


def _fitting(name: str) -> str:
    if not 0 < len(name.encode()) <= _LONGEST or "\0" in name:
        raise ValueError(f"not the name of a database: {name!r}")
    return name
