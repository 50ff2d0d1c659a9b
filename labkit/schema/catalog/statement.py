"""The statement that reads every catalog: one SELECT for each arm, and each row as one text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from labkit.schema.catalog import KINDS
from labkit.schema.catalog.raw import FIELD, Arm, mark

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
_LAST = ("relation", "sequence", "index", "constraint", "not null", "default")
_WORD = re.compile(r"'(?:[^']|'')*'|[(),]|\bCASE\b|\bEND\b|\bFROM\b")
BY_BLOCK = ("current_setting('labkit.schema.rows')", "current_setting('labkit.schema.lines')")

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
    """Those with many rows last, so that this side is at work on them while the server goes on."""
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
        always, rare = items[: arm.always], items[arm.always :]
        between = f", {mark(FIELD)}, "
        nothing = " || ".join([mark(FIELD)] * (len(rare) - 1))
        rare_ones = f"CASE WHEN {arm.unless} THEN concat({between.join(rare)}) ELSE {nothing} END"
        items = [*always, rare_ones]
    # OFFSET keeps the arms apart: planned as one, they take several times as long.
    return f"\nUNION ALL (SELECT {row(tag, items)} {rest} OFFSET 0)"


def row(tag: str, fields: Iterable[str]) -> str:
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


@cache
def widths(version: int) -> dict[str, int]:
    """The number of fields in the rows of each tag."""
    widths = {tag: len(_selected(arm.sql)[0]) for tag, arm in arms(version).items()}
    return {"rows": len(BY_BLOCK) + len(FIRST), **widths}
