"""Relations: what one statement does to the tables that existed before its transaction.

Everything is read on the statement's own connection, because nobody else can see an uncommitted
relfilenode. A reading must leave no trace: inside a transaction it stands in a savepoint that is
rolled back, outside of one it is a transaction of its own, and an aborted transaction is not
asked at all.

Outside of a transaction (an autocommit block) the locks are gone by the time one can look, so
none are told. Scans are the session's own as long as it is in a transaction. Outside of one they
also count what other sessions scan in the same moment, and before PostgreSQL 15 none are told.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.schema.escapes import unescaped

STRENGTH = (
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)

_MODES = {mode.title().replace(" ", "") + "Lock": mode for mode in STRENGTH}

_COMMENTS = r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"

# Nothing is read around these. They cost no table anything, and PostgreSQL refuses some of them
# once anything was asked in the transaction.
_CONTROL = re.compile(
    rf"{_COMMENTS}(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|PREPARE\s+TRANSACTION"
    r"|SET\s+TRANSACTION|SET\s+SESSION\s+CHARACTERISTICS|SET\s+(?:LOCAL\s+)?TRANSACTION_)",
    re.IGNORECASE | re.DOTALL,
)

# It gives a table a new file and builds the indexes of that, but no row is read or written.
_TRUNCATE = re.compile(rf"{_COMMENTS}TRUNCATE\b", re.IGNORECASE | re.DOTALL)

_TABLES = """
    SELECT 'table', c.oid::bigint, n.nspname, c.relname, {scans},
           c.relfilenode::bigint
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
      AND n.nspname OPERATOR(pg_catalog.!~) '^(pg_|information_schema$)'
"""
_LOCKS = """
    SELECT 'lock', l.relation::bigint, l.mode, l.virtualtransaction, 0, 0
    FROM pg_catalog.pg_locks l
    WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
      AND l.locktype OPERATOR(pg_catalog.=) 'relation' AND l.granted
    UNION ALL
    SELECT 'transaction', 0, l.virtualtransaction, '', 0, 0
    FROM pg_catalog.pg_locks l
    WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
      AND l.locktype OPERATOR(pg_catalog.=) 'virtualxid'
"""

# A scan is counted by the session first and handed to the shared counter at some later moment
# between transactions; the sum of the two does not change by that.
_SCANS = "pg_catalog.pg_stat_get_xact_numscans(c.oid) + pg_catalog.pg_stat_get_numscans(c.oid)"
_SCANS_14 = "pg_catalog.pg_stat_get_xact_numscans(c.oid)"

# One way there and back: of several statements sent at once only what COPY returns is kept.
_READING = """
    SAVEPOINT labs; SET LOCAL statement_timeout = 0;
    COPY ({tables} UNION ALL {locks}) TO STDOUT;
    ROLLBACK TO SAVEPOINT labs; RELEASE SAVEPOINT labs
"""
_END = "ROLLBACK TO SAVEPOINT labs; RELEASE SAVEPOINT labs"


@dataclass(frozen=True)
class _Table:
    """``file`` is the table's relfilenode."""

    name: str
    scans: int
    file: int


@dataclass(frozen=True)
class _Reading:
    """``transaction`` is PostgreSQL's virtual id of it, None outside of one."""

    transaction: str | None
    tables: dict[int, _Table]
    locks: set[tuple[int, str]]


class Relations:
    """Watches the tables that one connection sees. Works with psycopg2, is silent otherwise.

    Unless ``costs`` are asked for, it tells only what is "outside", for which it mostly need not
    read anything.
    """

    def __init__(self, connection: Any, *, costs: bool = True) -> None:
        self.connection = connection
        self._costs = costs
        self._glances = False
        driver: Any = sys.modules.get("psycopg2.extensions")
        known = driver is not None and isinstance(connection, driver.connection)
        self._driver = driver if known else None
        self._shared = getattr(connection, "server_version", 0) >= 150000
        self._last: _Reading | None = None
        self._existing: set[int] = set()
        self._transaction: str | None = None
        self._bookkeeping = "alembic_version"
        self._truncates = False

    def forget(self) -> None:
        """Take nothing that was read for granted any longer: a transaction begins or ends."""
        self._last = None

    def before(self, statement: str, bookkeeping: str) -> None:
        """Read the state that ``statement`` meets; ``bookkeeping`` names the table to leave out."""
        self._bookkeeping = bookkeeping
        control = _CONTROL.match(statement) is not None
        # One that holds others may end a transaction and begin another, which no glance shows.
        self._glances = not (control or self._costs or ";" in statement)
        if control or self._glances:
            self._last = None
            return
        self._truncates = _TRUNCATE.match(statement) is not None
        if self._last is not None:
            return
        self._last = self._read()
        if self._last is not None:
            transaction = self._last.transaction
            if transaction is None or transaction != self._transaction:
                self._existing = set(self._last.tables)
            self._transaction = transaction

    def after(self) -> dict[str, Any]:
        """Return locks, rewrites and scans of the statement that ``before`` was called for.

        "outside" is there, and true, where it had no transaction that outlived it.
        """
        if self._glances:
            return {"outside": True} if self._is_idle() else {}
        told = self._told()
        return told if self._costs else {k: v for k, v in told.items() if k == "outside"}

    def _is_idle(self) -> bool:
        driver = self._driver
        if driver is None:
            return False
        return bool(self.connection.get_transaction_status() == driver.TRANSACTION_STATUS_IDLE)

    def _told(self) -> dict[str, Any]:
        before, self._last = self._last, None
        if before is None:
            return {}
        after = self._read()
        if after is None:
            return {}
        seen = {oid: table for oid, table in before.tables.items() if oid in self._existing}
        comparable = self._shared or before.transaction == after.transaction is not None
        rewritten, scanned = [], []
        for oid, table in seen.items():
            now = after.tables.get(oid)
            if now is None or (self._truncates and now.file != table.file):
                continue
            if now.file != table.file:
                rewritten.append(table.name)
            if now.scans > table.scans and comparable:
                scanned.append(table.name)
        told: dict[str, Any] = {"rewrites": sorted(rewritten), "scans": sorted(scanned)}
        if after.transaction is not None and before.transaction in (None, after.transaction):
            self._last, self._transaction = after, after.transaction
            return {"locks": _strengthened(before.locks, after.locks, seen), **told}
        return {"locks": {}, "outside": True, **told}

    def _read(self) -> _Reading | None:
        """Read the present state, or None where asking could change what the command does."""
        driver, connection = self._driver, self.connection
        if driver is None:
            return None
        status = connection.get_transaction_status()
        if status == driver.TRANSACTION_STATUS_INTRANS:
            query = _READING.format(tables=_TABLES, locks=_LOCKS).format(scans=self._scans())
            answer = io.StringIO()
            with connection.cursor(cursor_factory=driver.cursor) as cursor:
                try:
                    cursor.copy_expert(query, answer)
                except Exception:
                    cursor.execute(_END)
                    raise
            return self._reading(_rows(answer.getvalue()))
        if status != driver.TRANSACTION_STATUS_IDLE:
            return None
        # The driver would open the command's transaction for us, with everything that was
        # decided about it: stay outside.
        outside = not connection.autocommit and connection.status == driver.STATUS_READY
        if outside:
            connection.autocommit = True
        try:
            with connection.cursor(cursor_factory=driver.cursor) as cursor:
                cursor.execute(_TABLES.format(scans=self._scans()))
                return self._reading(cursor.fetchall())
        finally:
            if outside:
                connection.autocommit = False

    def _scans(self) -> str:
        return _SCANS if self._shared else _SCANS_14

    def _reading(self, rows: Iterable[Sequence[Any]]) -> _Reading:
        tables: dict[int, _Table] = {}
        locks: set[tuple[int, str]] = set()
        transaction: str | None = None
        for kind, oid, first, second, scans, file in rows:
            if kind == "lock":
                if first in _MODES:
                    locks.add((int(oid), _MODES[first]))
            elif kind == "transaction":
                transaction = first
            elif second != self._bookkeeping:
                name = second if first == "public" else f"{first}.{second}"
                tables[int(oid)] = _Table(name, int(scans), int(file))
        return _Reading(transaction, tables, locks)


def _rows(copied: str) -> Iterator[list[str]]:
    """The rows that COPY has written; none of them holds a NULL."""
    for line in copied.split("\n")[:-1]:
        yield [unescaped(field) for field in line.split("\t")]


def _strengthened(
    before: set[tuple[int, str]], after: set[tuple[int, str]], tables: dict[int, _Table]
) -> dict[str, str]:
    """The strongest mode on each table that is now held in a stronger one than before."""
    held, strongest = _strongest(before), _strongest(after)
    grown = {oid: mode for oid, mode in strongest.items() if mode > held.get(oid, -1)}
    named = {tables[oid].name: STRENGTH[mode] for oid, mode in grown.items() if oid in tables}
    return dict(sorted(named.items()))


def _strongest(locks: set[tuple[int, str]]) -> dict[int, int]:
    """The strongest mode held on each relation, as its place in ``STRENGTH``."""
    strongest: dict[int, int] = {}
    for oid, mode in locks:
        strongest[oid] = max(strongest.get(oid, -1), STRENGTH.index(mode))
    return strongest
