"""The statement that reads every catalog: one SELECT for each arm, and each row as one text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from labkit.schema.catalog import KINDS
from labkit.schema.catalog.marks import FIELD, mark
from labkit.schema.catalog.raw import Arm

# What there is of the tables that are named, and whether this role may read it. Looked up in the
# catalogs, for to_regclass minds the privileges on schemas.
PRESENT = """
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
# Those with many rows come last, so that this side is at work on them while the server goes on.
_LAST = ("sequence", "relation", "index", "constraint", "not null", "default")
_WORD = re.compile(r"'(?:[^']|'')*'|[(),]|\bCASE\b|\bEND\b|\bFROM\b")
BY_BLOCK = ("current_setting('labkit.schema.rows')", "current_setting('labkit.schema.lines')")

# The tags of the rows behind an arm with many rows.
END, FILLER = "end", "filler"

# The first row is written first, so names in all that follow are written as seen from public.
_PUBLIC = "set_config('search_path', 'pg_catalog, public, pg_temp', true)"
FIRST = (
    _PUBLIC,
    "(SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = 'public')",
)


@cache
def arms(version: int) -> dict[str, Arm]:
    """Every SELECT by its tag, in the order in which the server is to answer."""
    found: dict[str, Arm] = {}
    for kind in KINDS:
        found.update(kind.arms(version))
    return dict(sorted(found.items(), key=lambda item: rank(item[0])))


def rank(tag: str) -> int:
    """The place of an arm among those that come last, from 1; 0 for all others."""
    return _LAST.index(tag) + 1 if tag in _LAST else 0


@cache
def statement(version: int, *, whole: bool = True) -> str:
    """The query that answers with one text for every row of every arm: its tag and its fields.

    Unless it is to be the whole, kinds that need something ``given`` are left to the block.
    """
    left = {tag for kind in KINDS if kind.given and not whole for tag in kind.arms(version)}
    return "".join(_arm(tag, arm) for tag, arm in arms(version).items() if tag not in left)


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


def beforehand(version: int, pairs: str) -> str:
    """The statement that looks for the tables, and for kinds of which there may be nothing."""
    block = _BLOCK.replace("<public>", _PUBLIC).replace("<arms>", _gated(version))
    return block.replace("<present>", PRESENT.format(names=pairs))


def _arm(tag: str, arm: Arm) -> str:
    items, rest = _selected(arm.sql)
    if items[0].startswith("DISTINCT ") or " UNION " in arm.sql:
        items = [f"f{number}" for number in range(len(items))]
        rest = f"FROM ({arm.sql}) AS a ({', '.join(items)})"
    if arm.unless:
        more = f"CASE WHEN {arm.unless} THEN concat({_marked(items[arm.always :])}) END"
        told = f"concat('{tag}', {_marked(items[: arm.always])}, {more})"
    else:
        told = row(tag, items)
    # OFFSET keeps the arms apart: planned as one, they take several times as long.
    return f"\nUNION ALL (SELECT {told} {rest} OFFSET 0){_end(tag) if rank(tag) else ''}"


def _end(tag: str) -> str:
    """Rows that tell that all of an arm has been sent, when the next one takes its time.

    The server keeps 8 kB until there is more, which the second row is.
    """
    end, filler = row(END, [f"'{tag}'"]), row(FILLER, ["repeat('.', 8192)"])
    return f"\nUNION ALL SELECT {end}\nUNION ALL SELECT {filler}"


def row(tag: str, fields: Iterable[str]) -> str:
    """The SQL for a row as one text."""
    return f"concat('{tag}', {_marked(fields)})"


def _marked(fields: Iterable[str]) -> str:
    """Fields with a mark before each."""
    return ", ".join(f"{mark(FIELD)}, {field}" for field in fields)


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


@cache
def widths(version: int) -> dict[str, set[int]]:
    """How many fields the rows of each tag can have."""
    found = {"rows": {len(BY_BLOCK) + len(FIRST)}, END: {1}, FILLER: {1}}
    for tag, arm in arms(version).items():
        whole = len(_selected(arm.sql)[0])
        found[tag] = {whole, arm.always} if arm.unless else {whole}
    return found
