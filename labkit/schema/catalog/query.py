"""One statement that reads every catalog, sent and answered in one round trip."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INERROR

from labkit.schema.catalog.answer import Answer
from labkit.schema.catalog.kind import Tree
from labkit.schema.catalog.marks import FIELD, INNER, LIST, AmbiguousError, mark
from labkit.schema.catalog.statement import BY_BLOCK, FIRST, PRESENT, beforehand, row, statement

# Settings that change what the server writes. Names are looked up in pg_catalog alone, so that
# nothing in the schema can stand in for a catalog or a function of the system.
_SETTINGS = """
SET TRANSACTION READ ONLY;
SET LOCAL lock_timeout = {timeout};
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL standard_conforming_strings = on;
SET LOCAL quote_all_identifiers = off;
SET LOCAL DateStyle = 'ISO, YMD';
SET LOCAL IntervalStyle = 'postgres';
SET LOCAL TimeZone = 'UTC';
SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = 'hex';
SET LOCAL xmlbinary = 'base64';
SET LOCAL lc_monetary = 'C';
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off;
"""

_UNDO = "ROLLBACK TO labkit;RELEASE labkit"
_HOLDERS = """
    SELECT relation::regclass::text, l.pid, application_name FROM pg_locks l
    JOIN pg_class c ON c.oid = relation AND relkind IN ('r', 'p', 'v', 'm', 'f')
    LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE mode = 'AccessExclusiveLock' AND granted AND l.pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND c.oid >= 16384 ORDER BY 1, 2
"""


def ask(
    connection: Any, names: Sequence[tuple[str, str]], timeout: int
) -> tuple[Tree, Mapping[str, Any]]:
    """All objects by section, and by identity the rows of the named tables, False where denied.

    ``names`` holds (schema, table); ``timeout`` is in milliseconds.
    """
    version = connection.server_version // 10000
    pairs = ", ".join(f"({_literal(schema)}, {_literal(name)})" for schema, name in names)
    block, rows = beforehand(version, pairs), BY_BLOCK
    word = ""
    while True:
        try:
            answer = _copy(connection, version, timeout, block, rows, word)
            return answer.whole(connection.info.user)
        except (psycopg2.errors.UndefinedObject, psycopg2.errors.InsufficientPrivilege) as error:
            if "plpgsql" not in str(error) or not block:
                raise
            # Without its language there is no block: one more round trip.
            present = _fetch(connection, PRESENT.format(names=pairs))
            block, rows = "", (_direct(present), "'[]'")
        except AmbiguousError:
            # A name or a text holds a mark itself; nobody can have put this word into one.
            word = secrets.token_hex(8)


def holders(connection: Any) -> list[str]:
    """Who holds the locks that stand in the way of reading: ``process 7 (psql) locks products``."""
    found = _fetch(connection, _HOLDERS)
    return [
        f"process {pid}{f' ({name})' if name else ''} locks {table}" for table, pid, name in found
    ]


def _copy(
    connection: Any, version: int, timeout: int, block: str, rows: tuple[str, str], word: str
) -> Answer:
    """What the server answers to the settings, the block and the query, in one round trip."""
    query = f"SELECT {row('rows', (*rows, *FIRST))}{statement(version, whole=not block)}"
    body = f"{_SETTINGS.format(timeout=int(timeout))}{block}COPY ({query}) TO STDOUT;"
    for usual in (FIELD, LIST, INNER) if word else ():
        body = body.replace(mark(usual), f"{mark(usual)[:-1]}{word}'")
    answer = Answer(version, word)
    with _autocommit(connection) as alone, connection.cursor() as cursor:
        try:
            if alone:
                cursor.copy_expert(f"BEGIN ISOLATION LEVEL REPEATABLE READ;{body}COMMIT", answer)
            else:
                cursor.copy_expert(f"SAVEPOINT labkit;{body}{_UNDO}", answer)
        except psycopg2.Error:
            if connection.info.transaction_status == TRANSACTION_STATUS_INERROR:
                cursor.execute("ROLLBACK" if alone else _UNDO)
            raise
    return answer


def _fetch(connection: Any, query: str) -> list[tuple[Any, ...]]:
    with _autocommit(connection), connection.cursor() as cursor:
        cursor.execute(query)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


@contextmanager
def _autocommit(connection: Any) -> Iterator[bool]:
    """Whether the connection is in no transaction; then psycopg2 opens none of its own."""
    alone = connection.info.transaction_status == TRANSACTION_STATUS_IDLE
    autocommit = connection.autocommit
    if alone:
        connection.autocommit = True
    try:
        yield alone
    finally:
        if alone and not connection.closed:
            connection.autocommit = autocommit


def _direct(present: list[tuple[Any, ...]]) -> str:
    """The SQL for what the block finds out."""
    pieces = []
    for name, relation, may in present:
        rows = f"(SELECT json_agg(r::text) FROM {relation} AS r)"
        pieces += [_literal(name), f"coalesce({rows}, '[]')" if may else "false"]
    return f"json_build_object({', '.join(pieces)})::text"


def _literal(text: str) -> str:
    """A text as SQL, whatever the session makes of backslashes."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
