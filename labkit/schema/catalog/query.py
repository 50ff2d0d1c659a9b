"""One statement that reads every catalog, sent and answered in one round trip."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INERROR

from labkit.messages import snapshot as messages
from labkit.schema.catalog import KINDS
from labkit.schema.catalog.names import qualified
from labkit.schema.catalog.raw import (
    FIELD,
    INNER,
    LIST,
    AmbiguousError,
    Arm,
    Raw,
    Row,
    mark,
    unescaped,
)

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

# What there is of the tables that are named, and whether this role may read it. Looked up in the
# catalogs, for to_regclass minds the privileges on schemas.
_PRESENT = """
    SELECT jsonb_build_array(nspname, relname)::text AS name,
           format('%I.%I', nspname, relname) AS relation,
           has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS may
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'f', 'v', 'm') AND (nspname, relname) IN ({names})
"""

# Rows of tables that may not be there, and objects of kinds that are not in most schemas: a block
# alone can ask for them in the same breath. Even planning to look for a kind takes its time.
_BLOCK = """
DO $labkit$
DECLARE
  wanted record;
  found text;
  answer jsonb := '{}';
  arms text;
  lines text := '[]';
BEGIN
  FOR wanted IN <present> LOOP
    IF NOT wanted.may THEN
      answer := answer || jsonb_build_object(wanted.name, false);
    ELSE
      EXECUTE format('SELECT json_agg("labkit row"::text) FROM %s AS "labkit row"',
                     wanted.relation) INTO found;
      answer := answer || jsonb_build_object(wanted.name, coalesce(found::jsonb, '[]'));
    END IF;
  END LOOP;
  arms := concat(<arms>);
  IF arms <> '' THEN
    EXECUTE $arm$SELECT json_agg(line) FROM (SELECT <public>$arm$ || arms
      || $arm$) AS a (line)$arm$ INTO lines;
    PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
  END IF;
  PERFORM set_config('labkit.schema.rows', answer::text, true),
          set_config('labkit.schema.lines', lines, true);
END
$labkit$;
"""
_WORD = re.compile(r"'(?:[^']|'')*'|[(),]|\bCASE\b|\bEND\b|\bFROM\b")
_UNDO = "ROLLBACK TO labkit;RELEASE labkit"
_BY_BLOCK = ("current_setting('labkit.schema.rows')", "current_setting('labkit.schema.lines')")

_HOLDERS = """
    SELECT relation::regclass::text, l.pid, application_name FROM pg_locks l
    JOIN pg_class c ON c.oid = relation AND relkind IN ('r', 'p', 'v', 'm', 'f')
    LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE mode = 'AccessExclusiveLock' AND granted AND l.pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND c.oid >= 16384 ORDER BY 1, 2
"""

# The first row is written first, so names in all that follow are written as seen from public.
_PUBLIC = "set_config('search_path', 'pg_catalog, public, pg_temp', true)"
_FIRST = (
    _PUBLIC,
    "(SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = 'public')",
)


@cache
def arms(version: int) -> dict[str, Arm]:
    """Every SELECT by its tag."""
    found: dict[str, Arm] = {}
    for kind in KINDS:
        found.update(kind.arms(version))
    return found


@cache
def statement(version: int, *, whole: bool = True) -> str:
    """The query that answers with one text for every row of every arm: its tag and its fields.

    Unless it is to be the whole, kinds that need something ``given`` are left to the block.
    """
    return "".join(
        _arm(tag, arm)
        for kind in KINDS
        if whole or not kind.given
        for tag, arm in kind.arms(version).items()
    )


@cache
def _gated(version: int) -> str:
    """The arms of the kinds of which there may be nothing, each where there is something."""
    found: dict[str, str] = {}
    for kind in KINDS:
        sql = "".join(_arm(tag, arm) for tag, arm in kind.arms(version).items())
        if kind.given and sql:
            found[kind.given] = found.get(kind.given, "") + sql
    return ", ".join(
        f"CASE WHEN EXISTS (SELECT FROM {given}) THEN $arm${sql}$arm$ END"
        for given, sql in found.items()
    )


def _block(version: int, pairs: str) -> str:
    """The statement that looks for the tables, and for kinds of which there may be nothing."""
    block = _BLOCK.replace("<public>", _PUBLIC).replace("<arms>", _gated(version))
    return block.replace("<present>", _PRESENT.format(names=pairs))


def _arm(tag: str, arm: Arm) -> str:
    items, rest = _selected(arm.sql)
    if items[0].startswith("DISTINCT ") or " UNION " in arm.sql:
        items = [f"f{number}" for number in range(len(items))]
        rest = f"FROM ({arm.sql}) AS a ({', '.join(items)})"
    if arm.unless:
        always, rare = items[: arm.always], items[arm.always :]
        between = f", {mark(FIELD)}, "
        nothing = " || ".join([mark(FIELD)] * (len(rare) - 1))
        rare_ones = f"CASE WHEN {arm.unless} THEN concat({between.join(rare)}) ELSE {nothing} END"
        items = [*always, rare_ones]
    # OFFSET keeps the arms apart: planned as one, they take several times as long.
    return f"\nUNION ALL (SELECT {_row(tag, items)} {rest} OFFSET 0)"


def _row(tag: str, fields: Iterable[str]) -> str:
    """The SQL for a row as one text."""
    return f"concat('{tag}', {', '.join(f'{mark(FIELD)}, {field}' for field in fields)})"


def _selected(sql: str) -> tuple[list[str], str]:
    """The expressions between SELECT and its own FROM, and all that follows them."""
    depth = 0
    found = []
    start = len("SELECT ")
    for word in _WORD.finditer(sql, start):
        if word.group() in ("(", "CASE"):
            depth += 1
        elif word.group() in (")", "END"):
            depth -= 1
        elif depth == 0 and word.group() in (",", "FROM"):
            found.append(sql[start : word.start()].strip())
            start = word.end()
            if word.group() == "FROM":
                break
    return found, sql[start - len("FROM") :]


def ask(
    connection: Any, names: Sequence[tuple[str, str]], timeout: int
) -> tuple[Raw, Mapping[str, Any]]:
    """The rows of all arms, and by identity the rows of the named tables, False where denied.

    ``names`` holds (schema, table); ``timeout`` is in milliseconds.
    """
    version = connection.server_version // 10000
    pairs = ", ".join(f"({_literal(schema)}, {_literal(name)})" for schema, name in names)
    block, rows = _block(version, pairs), _BY_BLOCK
    word = ""
    while True:
        try:
            answer = _copy(connection, version, timeout, block, rows, word)
            return _sorted(connection, version, answer)
        except (psycopg2.errors.UndefinedObject, psycopg2.errors.InsufficientPrivilege) as error:
            if "plpgsql" not in str(error) or not block:
                raise
            # Without its language there is no block: one more round trip.
            present = _fetch(connection, _PRESENT.format(names=pairs))
            block, rows = "", (_direct(present), "'[]'")
        except AmbiguousError:
            # A name or a text holds a mark itself; nobody can have put this word into one.
            word = secrets.token_hex(8)


def _sorted(connection: Any, version: int, answer: _Answer) -> tuple[Raw, Mapping[str, Any]]:
    if answer.ambiguous:
        raise AmbiguousError
    ((records, _, _, usable),) = answer.rows.pop("rows")
    if usable == "f":
        # The server would write the names in it as those of a schema that is out of sight.
        raise messages.public_denied(connection.info.user)
    found = json.loads(records)
    return Raw(answer.rows, version, answer.marks), {
        qualified(*json.loads(name)): value for name, value in found.items()
    }


def holders(connection: Any) -> list[str]:
    """Who holds the locks that stand in the way of reading: ``process 7 (psql) locks products``."""
    found = _fetch(connection, _HOLDERS)
    return [
        f"process {pid}{f' ({name})' if name else ''} locks {table}" for table, pid, name in found
    ]


def _copy(
    connection: Any, version: int, timeout: int, block: str, rows: tuple[str, str], word: str
) -> _Answer:
    """What the server answers to the settings, the block and the query, in one round trip."""
    query = f"SELECT {_row('rows', (*rows, *_FIRST))}{statement(version, whole=not block)}"
    body = f"{_SETTINGS.format(timeout=int(timeout))}{block}COPY ({query}) TO STDOUT;"
    for usual in (FIELD, LIST, INNER) if word else ():
        body = body.replace(mark(usual), f"{mark(usual)[:-1]}{word}'")
    answer = _Answer(version, word)
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


class _Answer:
    """What COPY sends, split as it arrives: while this side works, so does the server.

    ``word`` follows each mark. ``ambiguous`` tells that a row cannot be told apart.
    """

    def __init__(self, version: int, word: str) -> None:
        self.marks = {usual: f"{usual}{word}" for usual in (FIELD, LIST, INNER)}
        self.ambiguous = False
        self.rows: dict[str, list[Row]] = {"rows": [], **{tag: [] for tag in arms(version)}}
        self._between = self.marks[FIELD]
        self._ends = {
            tag: (self.rows[tag].append, width) for tag, width in _widths(version).items()
        }

    def write(self, line: bytes) -> None:
        """Take one line, its newline included."""
        text = line[:-1].decode("utf-8", "surrogateescape")
        if "\\" in text:
            text = unescaped(text)
        self._keep(text)

    def _keep(self, text: str) -> None:
        tag, _, rest = text.partition(self._between)
        keep, width = self._ends[tag]
        fields = rest.split(self._between)
        if len(fields) != width:
            self.ambiguous = True
        keep(fields)
        if tag == "rows":
            # The first line of what the block found is that of the setting.
            for line in json.loads(fields[1])[1:]:
                self._keep(line)


@cache
def _widths(version: int) -> dict[str, int]:
    """The number of fields in the rows of each tag."""
    widths = {tag: len(_selected(arm.sql)[0]) for tag, arm in arms(version).items()}
    return {"rows": len(_BY_BLOCK) + len(_FIRST), **widths}
