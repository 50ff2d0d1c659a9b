"""One statement that reads every catalog, sent and answered in one round trip."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from labkit.catalog import KINDS
from labkit.catalog.names import qualified, quoted
from labkit.catalog.raw import Raw, Row

WIDTH = 20

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
  PERFORM set_config('labkit.rows', answer::text, true);
END
$labkit$;
"""

# The first row is written first, so names in all that follow are written as seen from public.
_FIRST = (
    "SELECT 'rows', current_setting('labkit.rows'), "
    "set_config('search_path', 'pg_catalog, public, pg_temp', true)"
)


def statement(version: int) -> str:
    """The COPY that answers with a tag and WIDTH text fields for every row of every arm."""
    arms = {}
    for kind in KINDS:
        arms.update(kind.arms(version))
    return _FIRST + padding(2) + "".join(_arm(tag, arm) for tag, arm in arms.items())


def padding(used: int) -> str:
    return ", NULL" * (WIDTH - used)


def _arm(tag: str, arm: str) -> str:
    names = [f"f{number}" for number in range(_width(arm))]
    fields = ", ".join(f"{name}::text" for name in names)
    answer = f"SELECT '{tag}', {fields}{padding(len(names))}"
    return f"\nUNION ALL {answer} FROM ({arm}) AS a ({', '.join(names)})"


def _width(arm: str) -> int:
    """The number of expressions between SELECT and its own FROM."""
    depth = 0
    count = 1
    for word in re.finditer(r"[(),]|\bCASE\b|\bEND\b|\bFROM\b", arm):
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
    literals = ", ".join(_literal(f"{quoted(schema)}.{quoted(name)}") for schema, name in names)
    body = (
        _SETTINGS.format(timeout=int(timeout))
        + _ROWS.format(names=literals)
        + f"COPY ({statement(version)}) TO STDOUT (NULL '');"
    )
    answer = io.BytesIO()
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
    rows = _decode(answer.getvalue())
    (first,) = rows.pop("rows")
    found = json.loads(first[0])
    identities = {f"{quoted(s)}.{quoted(n)}": qualified(s, n) for s, n in names}
    return Raw(rows, version), {identities[name]: value for name, value in found.items()}


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}


def _unescape(match: re.Match[str]) -> str:
    return _ESCAPED.get(match.group(1), match.group(1))


def _decode(answer: bytes) -> dict[str, list[Row]]:
    """Rows by tag from the text format of COPY."""
    rows: dict[str, list[Row]] = {}
    for line in answer.decode("utf-8", "surrogateescape").split("\n"):
        if not line:
            continue
        tag, *fields = line.split("\t")
        if "\\" in line:
            fields = [_ESCAPE.sub(_unescape, field) for field in fields]
        rows.setdefault(tag, []).append(fields)
    return rows
