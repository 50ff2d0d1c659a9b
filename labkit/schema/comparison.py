"""Two trees of objects set side by side, kind by kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from labkit.messages import snapshot as messages
from labkit.schema.catalog import KINDS, inheritance
from labkit.schema.catalog.constraintop import referenced
from labkit.schema.catalog.constraints import CHECKED
from labkit.schema.catalog.kind import Kind, Side, Spec, Tree, owners
from labkit.schema.difference import Difference
from labkit.schema.layers import layers
from labkit.schema.renames import Renames

# Where a difference stands in the list: by these, in this order.
Place = tuple[int, int]

_POSITIONS = {kind.section: position for position, kind in enumerate(KINDS)}
# Behind what is missing and wrong comes what is too much, the last to be made first.
_TOO_MUCH = 2 * len(KINDS)
_LAST = 999


class Comparison:
    """The differences between what is expected and what is there."""

    def __init__(self, expected: Tree, actual: Tree) -> None:
        self.expected = expected
        self.actual = actual
        self.renames = Renames(expected, actual)
        self.layers: dict[tuple[str, bool], dict[str, int]] = {}
        # What was told of a table's columns, so that its children do not tell it again.
        self.told: dict[str, set[tuple[Any, ...]]] = defaultdict(set)

    def differences(self) -> list[Difference]:
        """Every difference, causes before consequences."""
        found = [entry for kind in KINDS for entry in self._kind(kind)]
        found.sort(key=lambda entry: entry[0])
        return [difference for _, difference in found]

    def _kind(self, kind: Kind) -> Iterator[tuple[Place, Difference]]:
        there = dict(owners(self.actual, kind))
        holders = list(owners(self.expected, kind))
        if kind.ordered:
            holders.sort(key=lambda holder: inheritance.depth(self.expected, holder[0]))
        for owner, holder in holders:
            home = self.renames.of_holder(owner)
            other = there.get(home)
            if other is None:
                continue
            if _same(kind, holder, other):
                continue
            for place, difference in self._objects(kind, owner, holder, home, other):
                if not kind.ordered or self._is_news(owner, difference):
                    yield place, difference

    def _objects(
        self, kind: Kind, owner: str, holder: Spec, home: str, other: Spec
    ) -> Iterator[tuple[Place, Difference]]:
        wanted, there = holder.get(kind.section, {}), other.get(kind.section, {})
        if kind.ordered and (inheritance.parents(holder) or inheritance.parents(other)):
            wanted = inheritance.columns(self.expected, owner)
            there = inheritance.columns(self.actual, home)
        if kind.always:
            wanted, there = {**kind.always, **wanted}, {**kind.always, **there}
        renamed = self.renames.within(kind, owner)
        for name, spec in wanted.items():
            side = Side(owner, name, spec, self.expected)
            new = renamed.get(name, name)
            place = (_POSITIONS[kind.section], self._rank(kind, side))
            if new not in there:
                if not kind.follows(owner, spec, self.actual):
                    place = self._place_of_missing(kind, side, place)
                    yield place, self._missing(kind, side, holder, home, other)
                continue
            found = Side(home, new, there[new], self.actual)
            if new != name and not self.renames.follows(kind, name):
                noun, remedy = kind.noun_of(spec), kind.renamed(side, found)
                yield place, Difference(noun, side.identity, "renamed", None, name, new, remedy)
            for difference in self._parts(kind, side, found):
                yield place, difference
        known = {*wanted, *renamed.values()}
        for name, spec in there.items():
            side = Side(home, name, spec, self.actual)
            told_already = name in known or self._is_instead(kind, name, owner, holder, other)
            if not told_already and not kind.follows(home, spec, self.expected):
                words, noun = kind.words(spec), kind.noun_of(spec)
                remedy = kind.unexpected(side)
                told = Difference(noun, side.identity, "unexpected", None, None, words, remedy)
                yield self._place_of_unexpected(kind, side), told
        if kind.ordered:
            ours = [renamed.get(name, name) for name in wanted if renamed.get(name, name) in there]
            theirs = [name for name in there if name in set(ours)]
            if ours != theirs:
                part, sides = f"{kind.noun} order", (", ".join(ours), ", ".join(theirs))
                told = Difference("table", owner, "changed", part, *sides, note=messages.ORDER)
                yield (_POSITIONS[kind.section], _LAST), told

    def _place_of_missing(self, kind: Kind, side: Side, place: Place) -> Place:
        """A table with foreign keys to tables that are there comes when those have their keys."""
        if kind.section == "tables" and any(
            other in self.actual.get("tables", {}) for other in referenced(side.spec)
        ):
            return _POSITIONS["constraints"], CHECKED + place[1]
        return place

    def _place_of_unexpected(self, kind: Kind, side: Side) -> Place:
        before = kind.goes_before(side.spec)
        if before is not None:
            return _POSITIONS[before], -1
        return _TOO_MUCH - _POSITIONS[kind.section], -self._rank(kind, side)

    def _rank(self, kind: Kind, side: Side) -> int:
        """Among objects of a kind, those that others stand on come first."""
        key = (kind.section, side.tree is self.expected)
        if key not in self.layers:
            self.layers[key] = layers(kind.stands_on(side.tree))
        return self.layers[key].get(side.name, 0) or kind.rank(side)

    def _is_instead(self, kind: Kind, name: str, owner: str, holder: Spec, other: Spec) -> bool:
        """Whether an object is told of where another kind of the name is missing."""
        return any(
            name in holder.get(section, ())
            and name not in other.get(section, ())
            and name not in self.renames.within(KINDS[_POSITIONS[section]], owner)
            for section in kind.rivals
        )

    def _missing(self, kind: Kind, side: Side, holder: Spec, home: str, other: Spec) -> Difference:
        noun, words = kind.noun_of(side.spec), kind.words(side.spec)
        remedies = [kind.missing(Side(home, side.name, side.spec, side.tree))]
        for child in KINDS:
            if kind.section in child.inside and child.section not in kind.covers:
                for name, spec in side.spec.get(child.section, {}).items():
                    remedies.append(child.missing(Side(side.identity, name, spec, side.tree)))
        for section in kind.rivals:
            rival = other.get(section, {}).get(side.name)
            if rival is None or side.name in holder.get(section, ()):
                continue
            # A unique index where a constraint should be, or a view where a table should be.
            rivals = KINDS[_POSITIONS[section]]
            remedies.insert(0, rivals.unexpected(Side(home, side.name, rival, self.actual)))
            told = f"{rivals.noun_of(rival)} {rivals.words(rival)}"
            remedy = "\n".join(remedy for remedy in remedies if remedy) or None
            return Difference(noun, side.identity, "changed", "kind", words, told, remedy, True)
        remedy = "\n".join(remedy for remedy in remedies if remedy) or None
        return Difference(noun, side.identity, "missing", None, words, None, remedy)

    def _parts(self, kind: Kind, wanted: Side, found: Side) -> Iterator[Difference]:
        ours, theirs = self.renames.translated(kind, wanted, found)
        if ours == theirs:
            return
        side = Side(found.owner, found.name, ours, wanted.tree)
        noun = kind.noun_of(ours)
        changed = [part for part in kind.definition if ours.get(part) != theirs.get(part)]
        if changed:
            remedy = kind.changed("", side, found)
            part = " and ".join(changed)
            before, after = kind.words(ours), kind.words(theirs)
            note = messages.PARTITION_KEY if "partition by" in changed and not remedy else ""
            yield Difference(
                noun, wanted.identity, "changed", part, before, after, remedy, True, note
            )
        for part in kind.parts:
            if part not in kind.definition and ours.get(part) != theirs.get(part):
                if part == "column order":
                    continue
                remedy = kind.changed(part, side, found)
                words = kind.part_words(part, ours, theirs), kind.part_words(part, theirs, ours)
                yield Difference(noun, wanted.identity, "changed", part, *words, remedy)

    def _is_news(self, owner: str, difference: Difference) -> bool:
        """Whether no parent of a table has the same difference in its columns."""
        name = difference.object.removeprefix(owner)
        key = (name, difference.change, difference.part, difference.expected, difference.actual)
        self.told[owner].add(key)
        spec = inheritance.table(self.expected, owner) or {}
        return all(key not in self.told[parent] for parent in inheritance.parents(spec))


def _same(kind: Kind, holder: Spec, other: Spec) -> bool:
    """Whether two holders have the same objects of a kind, with nothing from anywhere else."""
    if kind.ordered and (inheritance.parents(holder) or inheritance.parents(other)):
        return False
    ours, theirs = holder.get(kind.section, {}), other.get(kind.section, {})
    return bool(ours == theirs) and (not kind.ordered or list(ours) == list(theirs))
