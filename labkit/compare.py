"""Two schemas side by side: every difference, in words, causes before consequences.

Used as a program, it compares two snapshots, each in a file or read from a live database::

    python -m labkit.compare EXPECTED ACTUAL
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from labkit.schema import rows
from labkit.schema.address import is_url
from labkit.schema.catalog.kind import Spec, Tree, plain
from labkit.schema.comparison import Comparison
from labkit.schema.difference import Difference
from labkit.snapshot import Snapshot, load, read
from labkit.trouble import Trouble


def compare(expected: Snapshot, actual: Snapshot) -> list[Difference]:
    """Every difference between an expected snapshot and the schema that is there."""
    sides = expected.content, actual.content
    return [
        *_version_differences(*sides),
        *Comparison(*sides).differences(),
        *_row_differences(*sides),
    ]


def _version_differences(expected: Tree, actual: Tree) -> Iterator[Difference]:
    sides = expected.get("alembic_version"), actual.get("alembic_version")
    if sides[0] != sides[1]:
        words = [
            "no table" if side is None else ", ".join(side) or "no revision (base)"
            for side in sides
        ]
        yield Difference("alembic_version", "alembic_version", "changed", None, words[0], words[1])


def _row_differences(expected: Tree, actual: Tree) -> Iterator[Difference]:
    tables = actual.get("tables", {})
    for table, wanted in expected.get("rows", {}).items():
        if table not in tables:
            continue
        there = actual.get("rows", {}).get(table, [])
        ours = expected.get("tables", {}).get(table, {})
        # A column that only one side has is told once, as a column, and not again for each row.
        apart = ours.get("columns", {}).keys() ^ tables[table].get("columns", {}).keys()
        sides = [
            [{name: cell for name, cell in row.items() if name not in apart} for row in side]
            for side in (wanted, there)
        ]
        yield from rows_apart(table, rows.primary_key(ours), *sides)


def rows_apart(
    table: str, key: list[str], wanted: list[Spec], there: list[Spec]
) -> Iterator[Difference]:
    """Rows that differ: by primary key where there is one, else as wholes."""
    key = [name for name in key if all(name in row for row in [*wanted, *there])]
    ours, theirs = _numbered(key, wanted), _numbered(key, there)
    for name, row in ours.items():
        identity = f"{table} row {name}"
        if name not in theirs:
            yield Difference("row", identity, "missing", None, plain(row), None)
        elif theirs[name] != row:
            found = theirs[name]
            for column in [*row, *(other for other in found if other not in row)]:
                if row.get(column) != found.get(column):
                    sides = [_cell(side, column) for side in (row, found)]
                    yield Difference("row", identity, "changed", column, sides[0], sides[1])
    for name, row in theirs.items():
        if name not in ours:
            yield Difference("row", f"{table} row {name}", "unexpected", None, None, plain(row))


def _numbered(key: list[str], found: list[Spec]) -> dict[str, Spec]:
    """Rows by a text that identifies them; the second of two equal rows is told as such."""
    numbered: dict[str, Spec] = {}
    for row in found:
        name = plain({column: row[column] for column in key or row})
        again = 2
        unique = name
        while unique in numbered:
            unique = f"{name} ({again})"
            again += 1
        numbered[unique] = row
    return numbered


def _cell(row: Spec, column: str) -> str:
    return repr(row[column]) if row.get(column) is not None else "NULL" if column in row else "none"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m labkit.compare",
        description="Compare two schemas. Exit status: 0 the same, 1 different, 2 error.",
    )
    for side in ("expected", "actual"):
        parser.add_argument(side, metavar=side.upper(), help="a snapshot file or a database URL")
    given = parser.parse_args(argv)
    try:
        sides = [
            None if is_url(text) else load(Path(text)) for text in (given.expected, given.actual)
        ]
        wanted = [name for side in sides if side for name in side.row_tables]
        expected, actual = (
            side if side is not None else read(text, wanted)
            for side, text in zip(sides, (given.expected, given.actual), strict=True)
        )
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    differences = compare(expected, actual)
    for difference in differences:
        print(difference.sentence)
        if difference.remedy:
            print("    " + difference.remedy.replace("\n", "\n    "))
    return 1 if differences else 0


__all__ = ["Difference", "compare"]

if __name__ == "__main__":
    sys.exit(main())
