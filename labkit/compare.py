"""Two schemas side by side: every difference, in words, causes before consequences.

Used as a program, it compares two snapshots, each in a file or read from a live database::

    python -m labkit.compare EXPECTED ACTUAL
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit import rows
from labkit.address import is_url
from labkit.catalog import KINDS
from labkit.catalog.kind import Kind, Spec, Tree, owners, plain
from labkit.catalog.names import parts, quoted
from labkit.snapshot import Snapshot, load, read
from labkit.trouble import Trouble


@dataclass(frozen=True)
class Difference:
    """One thing that is not as expected.

    ``kind`` is the kind of object, ``object`` its identity ("products.sku"), ``change`` one of
    "missing", "unexpected", "changed" and "renamed". ``part`` names what differs in a changed
    object. ``expected`` and ``actual`` are in words, None where there is nothing. ``remedy`` is an
    ``op.*`` call that makes the difference good, None where there is none. ``whole`` tells that the
    two sides are definitions and not just the part.
    """

    kind: str
    object: str
    change: str
    part: str | None
    expected: str | None
    actual: str | None
    remedy: str | None = None
    whole: bool = False

    @property
    def sentence(self) -> str:
        """The difference for a reader: ``products.sku: expected text NOT NULL, found text``."""
        subject = (
            self.object
            if self.kind in ("column", "row", "alembic_version")
            else f"{self.kind} {self.object}"
        )
        if self.change == "missing":
            return f"{subject}: expected {_short(self.expected)}, found no such {self.kind}"
        if self.change == "unexpected":
            return f"{subject}: expected no such {self.kind}, found {_short(self.actual)}"
        if self.change == "renamed":
            return f"{subject}: expected under this name, found as {self.actual}"
        expected, actual = _contrast(self.expected, self.actual)
        told = f"{self.part}: " if self.part and not self.whole else ""
        return f"{subject}: {told}expected {expected}, found {actual}"


def _short(text: str | None) -> str:
    if text is None:
        return "none"
    first, *more = text.strip().split("\n")
    return f"{first.rstrip()} ... ({len(more) + 1} lines)" if more else first


def _contrast(expected: str | None, actual: str | None) -> tuple[str, str]:
    """Both sides on one line each: of longer texts the first lines that differ."""
    if expected is None or actual is None or ("\n" not in expected and "\n" not in actual):
        return _short(expected), _short(actual)
    ours, theirs = expected.split("\n"), actual.split("\n")
    number = 0
    while number < min(len(ours), len(theirs)) and ours[number] == theirs[number]:
        number += 1
    sides = [
        repr(lines[number].strip()) if number < len(lines) else "the end"
        for lines in (ours, theirs)
    ]
    return f"{sides[0]} in line {number + 1}", sides[1]


def compare(expected: Snapshot, actual: Snapshot) -> list[Difference]:
    """Every difference between an expected snapshot and the schema that is there."""
    return list(_Comparison(expected.content, actual.content).differences())


class _Comparison:
    def __init__(self, expected: Tree, actual: Tree) -> None:
        self.expected = expected
        self.actual = actual
        self.new_names: dict[str, str] = {}
        self.owners: dict[tuple[int, str], str] = {}

    def differences(self) -> Iterator[Difference]:
        yield from _version_differences(self.expected, self.actual)
        for kind in KINDS:
            yield from self._kind(kind)
        yield from _row_differences(self.expected, self.actual)

    def _kind(self, kind: Kind) -> Iterator[Difference]:
        there = dict(owners(self.actual, kind))
        found: list[tuple[int, Difference]] = []
        for owner, holder in owners(self.expected, kind):
            other = there.get(self.new_names.get(owner, owner))
            if other is not None:
                wanted = holder.get(kind.section, {})
                found.extend(self._objects(kind, owner, wanted, other.get(kind.section, {})))
        found.sort(key=lambda entry: entry[0])
        yield from (difference for _, difference in found)

    def _objects(
        self, kind: Kind, owner: str, wanted: Tree, there: Tree
    ) -> Iterator[tuple[int, Difference]]:
        if wanted == there and (not kind.ordered or list(wanted) == list(there)):
            return
        missing = {name: spec for name, spec in wanted.items() if name not in there}
        unexpected = {name: spec for name, spec in there.items() if name not in wanted}
        renamed = self._renames(kind, missing, unexpected)
        for name, spec in wanted.items():
            identity = f"{owner}.{name}" if owner else name
            noun, rank = kind.noun_of(spec), kind.rank(spec)
            if name in renamed:
                new = renamed[name]
                remedy = kind.renamed(owner, name, new, spec)
                yield rank, Difference(noun, identity, "renamed", None, name, new, remedy)
                self.new_names[identity] = self.new_names[name] = new
            elif name in missing:
                if not self._implied(self.actual, kind, spec):
                    words, remedy = kind.words(spec), kind.missing(owner, name, spec)
                    yield rank, Difference(noun, identity, "missing", None, words, None, remedy)
                continue
            found = there[renamed.get(name, name)]
            if found != spec and self._translated(spec) != found:
                for difference in self._parts(kind, owner, name, spec, found):
                    yield rank, difference
        for name, spec in unexpected.items():
            if name not in renamed.values() and not self._implied(self.expected, kind, spec):
                identity = f"{owner}.{name}" if owner else name
                words, remedy = kind.words(spec), kind.unexpected(owner, name, spec)
                noun = kind.noun_of(spec)
                yield (
                    kind.rank(spec),
                    Difference(noun, identity, "unexpected", None, None, words, remedy),
                )
        if kind.ordered:
            ours = [renamed.get(name, name) for name in wanted if renamed.get(name, name) in there]
            theirs = [name for name in there if name in ours]
            if ours != theirs:
                order = f"{kind.noun} order"
                sides = ", ".join(ours), ", ".join(theirs)
                yield 99, Difference("table", owner, "changed", order, *sides)

    def _renames(self, kind: Kind, missing: Tree, unexpected: Tree) -> dict[str, str]:
        """By expected name, the one unexpected object that is alike, where there is just one."""
        likely: dict[str, list[str]] = {}
        for name, spec in missing.items():
            translated = self._translated(spec)
            likely[name] = [
                other for other, found in unexpected.items() if kind.alike(translated, found)
            ]
        taken = [other for others in likely.values() for other in others]
        return {
            name: others[0]
            for name, others in likely.items()
            if len(others) == 1 and taken.count(others[0]) == 1
        }

    def _parts(
        self, kind: Kind, owner: str, name: str, wanted: Spec, found: Spec
    ) -> Iterator[Difference]:
        identity = f"{owner}.{name}" if owner else name
        noun = kind.noun_of(wanted)
        wanted = self._translated(wanted)
        changed = [part for part in kind.definition if wanted.get(part) != found.get(part)]
        if changed:
            remedy = kind.changed(owner, name, "", wanted, found)
            sides = kind.words(wanted), kind.words(found)
            part = " and ".join(changed)
            yield Difference(noun, identity, "changed", part, *sides, remedy, whole=True)
        for part in kind.parts:
            if part in kind.definition or wanted.get(part) == found.get(part):
                continue
            remedy = kind.changed(owner, name, part, wanted, found)
            ours = kind.part_words(part, wanted.get(part))
            theirs = kind.part_words(part, found.get(part))
            yield Difference(noun, identity, "changed", part, ours, theirs, remedy)

    def _implied(self, tree: Tree, kind: Kind, spec: Spec) -> bool:
        """Whether the object goes with a table that is missing as a whole, and is told with it."""
        owner = kind.belongs_to(spec)
        if owner is None:
            return False
        names = [quoted(name) for name in parts(owner) or []]
        return ".".join(names[:-1]) not in tree.get("tables", {})

    def _translated(self, spec: Any) -> Any:
        """The expectation in the names that renamed objects have now."""
        if not self.new_names:
            return spec
        if isinstance(spec, str):
            return _IDENTIFIERS.sub(self._new_name, spec)
        if isinstance(spec, list):
            return [self._translated(item) for item in spec]
        if isinstance(spec, dict):
            return {self._translated(key): self._translated(item) for key, item in spec.items()}
        return spec

    def _new_name(self, match: re.Match[str]) -> str:
        return self.new_names.get(match.group(), match.group())


_IDENTIFIERS = re.compile(r'"(?:[^"]|"")*"|[^\W\d][\w$]*')


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
        key = rows.primary_key(expected.get("tables", {}).get(table, {}))
        yield from rows_apart(table, key, wanted, there)


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


if __name__ == "__main__":
    sys.exit(main())
