"""One statement that reads every catalog, sent and answered in one round trip."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from labkit.schema.catalog import KINDS
from labkit.schema.catalog.names import qualified, quoted
from labkit.schema.catalog.raw import Arm, Raw, Row, unescaped

WIDTH = 22

# Settings that change what the server writes. Names are looked up in pg_catalog alone, so that
# nothing in the schema can stand in for a catalog or a function of the system.
_SETTINGS = """
SET TRANSACTION READ ONLY;
SET LOCAL lock_timeout = {timeout};
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_encoding = 'UTF8';
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

# Rows of tables that may not be there: only a block can ask for them in the same breath.
_ROWS = """
DO $labkit$
DECLARE
  name text;
  found text;
  answer jsonb := '{{}}';
BEGIN
  FOREACH name IN ARRAY ARRAY[{names}]::text[] LOOP
    IF to_regclass(name) IS NULL THEN
      CONTINUE;
    ELSIF NOT has_table_privilege(to_regclass(name), 'SELECT') THEN
      answer := answer || jsonb_build_object(name, false);
    ELSE
      EXECUTE format('SELECT json_agg("labkit row"::text) FROM %s AS "labkit row"',
                     to_regclass(name)) INTO found;
      answer := answer || jsonb_build_object(name, coalesce(found::jsonb, '[]'));
    END IF;
  END LOOP;
  PERFORM set_config('labkit.schema.rows', answer::text, true);
END
$labkit$;
"""

# The first row is written first, so names in all that follow are written as seen from public.
_FIRST = (
    "SELECT 'rows', current_setting('labkit.schema.rows'), "
    "set_config('search_path', 'pg_catalog, public, pg_temp', true)"
)


@cache
def arms(version: int) -> dict[str, Arm]:
    """Every SELECT by its tag."""
    found: dict[str, Arm] = {}
    for kind in KINDS:
        found.update(kind.arms(version))
    return found


@cache
def statement(version: int) -> str:
    """The query that answers with a tag and WIDTH text fields for every row of every arm."""
    told = arms(version)
    return _FIRST + _padding(2) + "".join(_arm(tag, arm.sql) for tag, arm in told.items())


def _padding(used: int) -> str:
    return ", NULL" * (WIDTH - used)


def _arm(tag: str, sql: str) -> str:
    names = [f"f{number}" for number in range(_width(sql))]
    fields = ", ".join(f"{name}::text" for name in names)
    answer = f"SELECT '{tag}', {fields}{_padding(len(names))}"
    # OFFSET keeps the arms apart: planned as one, they take several times as long.
    return f"\nUNION ALL ({answer} FROM ({sql}) AS a ({', '.join(names)}) OFFSET 0)"


def _width(sql: str) -> int:
    """The number of expressions between SELECT and its own FROM."""
    depth = 0
    count = 1
    for word in re.finditer(r"[(),]|\bCASE\b|\bEND\b|\bFROM\b", sql):
        if word.group() in ("(", "CASE"):
            depth += 1
        elif word.group() in (")", "END"):
            depth -= 1
        elif depth == 0 and word.group() == ",":
            count += 1
        elif depth == 0 and word.group() == "FROM":
            break
    return count


def ask(
    connection: Any, names: Sequence[tuple[str, str]], timeout: int
) -> tuple[Raw, Mapping[str, Any]]:
    """The rows of all arms, and by identity the rows of the named tables.

    ``names`` holds (schema, table); ``timeout`` is in milliseconds.
    """
    version = connection.server_version // 10000
    told = arms(version)
    literals = ", ".join(_literal(f"{quoted(schema)}.{quoted(name)}") for schema, name in names)
    body = (
        _SETTINGS.format(timeout=int(timeout))
        + _ROWS.format(names=literals)
        + f"COPY ({statement(version)}) TO STDOUT (NULL '');"
    )
    answer = _Answer(told)
    alone = connection.info.transaction_status == TRANSACTION_STATUS_IDLE
    autocommit = connection.autocommit
    try:
        if alone:
            # Otherwise psycopg2 would send a BEGIN of its own, and leave it open.
            connection.autocommit = True
            text = f"BEGIN;{body}COMMIT"
        else:
            text = f"SAVEPOINT labkit;{body}ROLLBACK TO labkit;RELEASE labkit"
        with connection.cursor() as cursor:
            cursor.copy_expert(text, answer)
    except Exception:
        if alone:
            connection.rollback()
        raise
    finally:
        if alone and not connection.closed:
            connection.autocommit = autocommit
    (first,) = answer.rows.pop("rows")
    found = json.loads(first[0])
    identities = {f"{quoted(s)}.{quoted(n)}": qualified(s, n) for s, n in names}
    return Raw(answer.rows, version), {identities[name]: value for name, value in found.items()}


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class _Answer:
    """What COPY sends, split as it arrives: while this side works, so does the server."""

    def __init__(self, told: Mapping[str, Arm]) -> None:
        self.rows: dict[str, list[Row]] = {tag: [] for tag in told}
        self.rows["rows"] = []
        self._ends: dict[bytes, tuple[Callable[[Row], None], int, bool]] = {
            b"rows": (self.rows["rows"].append, 2, True)
        }
        for tag, arm in told.items():
            apart = arm.apart or _width(arm.sql)
            self._ends[tag.encode()] = (self.rows[tag].append, apart, not arm.apart)

    def write(self, line: bytes) -> None:
        """Take one line, its newline included."""
        tag, _, rest = line.partition(b"\t")
        keep, apart, whole = self._ends[tag]
        fields = rest.decode("utf-8", "surrogateescape").split("\t", apart)
        if b"\\" in rest:
            last = None if whole else fields.pop()
            fields = [unescaped(field) for field in fields]
            if last is not None:
                fields.append(last)
        keep(fields)
