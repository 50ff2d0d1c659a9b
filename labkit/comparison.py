"""Two trees of objects set side by side, kind by kind."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterator
from typing import Any

from labkit.catalog import KINDS, inheritance
from labkit.catalog.kind import Kind, Side, Spec, Tree, owners
from labkit.difference import Difference

_IDENTIFIERS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[^\W\d][\w$]*")

# What stands behind the objects of a kind: after them, in words no other has.
_LAST = 99


class Comparison:
    """The differences between what is expected and what is there."""

    def __init__(self, expected: Tree, actual: Tree) -> None:
        self.expected = expected
        self.actual = actual
        # Expected identities and names of what was found under another name.
        self.new_names: dict[str, str] = {}
        # What was told of a table's columns, so that its children do not tell it again.
        self.told: dict[str, set[tuple[Any, ...]]] = defaultdict(set)

    def differences(self) -> Iterator[Difference]:
        """Every difference, causes before consequences."""
        for kind in KINDS:
            found = sorted(self._kind(kind), key=lambda entry: entry[0])
            yield from (difference for _, difference in found)

    def _kind(self, kind: Kind) -> Iterator[tuple[int, Difference]]:
        there = dict(owners(self.actual, kind))
        holders = list(owners(self.expected, kind))
        if kind.ordered:
            holders.sort(key=lambda holder: inheritance.depth(self.expected, holder[0]))
        for owner, holder in holders:
            other = there.get(self.new_names.get(owner, owner))
            if other is not None:
                yield from self._objects(kind, owner, holder, other)

    def _objects(
        self, kind: Kind, owner: str, holder: Spec, other: Spec
    ) -> Iterator[tuple[int, Difference]]:
        wanted, there = holder.get(kind.section, {}), other.get(kind.section, {})
        if kind.ordered and (inheritance.parents(holder) or inheritance.parents(other)):
            wanted = inheritance.columns(self.expected, owner)
            there = inheritance.columns(self.actual, self.new_names.get(owner, owner))
        if wanted == there and (not kind.ordered or list(wanted) == list(there)):
            return
        if kind.always:
            wanted, there = {**kind.always, **wanted}, {**kind.always, **there}
        home = self.new_names.get(owner, owner)
        renamed = self._renames(kind, wanted, there)
        for name, spec in wanted.items():
            side = Side(owner, name, spec, self.expected)
            new = renamed.get(name, name)
            if new not in there:
                if not kind.follows(owner, spec, self.actual):
                    yield self._missing(kind, side, home)
                continue
            found = Side(home, new, there[new], self.actual)
            if new != name:
                remedy = kind.renamed(side, found)
                noun = kind.noun_of(spec)
                told = Difference(noun, side.identity, "renamed", None, name, new, remedy)
                yield kind.rank(side), told
                self.new_names[side.identity] = found.identity
                self.new_names[name] = new
            if found.spec != spec:
                for difference in self._parts(kind, side, found):
                    yield kind.rank(side), difference
        for name, spec in there.items():
            known = name in wanted or name in renamed.values()
            if not known and not kind.follows(home, spec, self.expected):
                yield self._unexpected(kind, Side(home, name, spec, self.actual))
        if kind.ordered:
            yield from self._order(kind, owner, [renamed.get(name, name) for name in wanted], there)

    def _missing(self, kind: Kind, side: Side, home: str) -> tuple[int, Difference]:
        words, noun = kind.words(side.spec), kind.noun_of(side.spec)
        remedies = [kind.missing(Side(home, side.name, side.spec, side.tree))]
        for child in KINDS:
            if kind.section in child.inside and child.section not in kind.covers:
                for name, spec in side.spec.get(child.section, {}).items():
                    remedies.append(child.missing(Side(side.identity, name, spec, side.tree)))
        remedy = "\n".join(remedy for remedy in remedies if remedy) or None
        told = Difference(noun, side.identity, "missing", None, words, None, remedy)
        return kind.rank(side), told

    def _unexpected(self, kind: Kind, side: Side) -> tuple[int, Difference]:
        words, noun = kind.words(side.spec), kind.noun_of(side.spec)
        remedy = kind.unexpected(side)
        # What is not wanted goes in the other order: what depends on it first.
        told = Difference(noun, side.identity, "unexpected", None, None, words, remedy)
        return -kind.rank(side), told

    def _renames(self, kind: Kind, wanted: Tree, there: Tree) -> dict[str, str]:
        """By expected name the one object that is like it, where each is like no other."""
        missing: dict[Hashable, list[str]] = defaultdict(list)
        for name, spec in wanted.items():
            if name not in there:
                missing[kind.likeness(self._translated(spec))].append(name)
        if not missing:
            return {}
        unexpected: dict[Hashable, list[str]] = defaultdict(list)
        for name, spec in there.items():
            if name not in wanted:
                unexpected[kind.likeness(spec)].append(name)
        return {
            names[0]: unexpected[likeness][0]
            for likeness, names in missing.items()
            if likeness is not None and len(names) == 1 and len(unexpected.get(likeness, ())) == 1
        }

    def _parts(self, kind: Kind, wanted: Side, found: Side) -> Iterator[Difference]:
        ours, theirs = self._translated(wanted.spec), found.spec
        if wanted.identity != found.identity:
            ours = self._translated(kind.explicit(wanted.owner, wanted.name, wanted.spec))
            theirs = kind.explicit(found.owner, found.name, theirs)
        side = Side(found.owner, found.name, ours, wanted.tree)
        noun = kind.noun_of(ours)
        changed = [part for part in kind.definition if ours.get(part) != theirs.get(part)]
        told = []
        if changed:
            remedy = kind.changed("", side, found)
            part = " and ".join(changed)
            before, after = kind.words(ours), kind.words(theirs)
            told.append(
                Difference(noun, wanted.identity, "changed", part, before, after, remedy, True)
            )
        for part in kind.parts:
            if part not in kind.definition and ours.get(part) != theirs.get(part):
                words = (
                    kind.part_words(part, ours.get(part)),
                    kind.part_words(part, theirs.get(part)),
                )
                remedy = kind.changed(part, side, found)
                told.append(Difference(noun, wanted.identity, "changed", part, *words, remedy))
        for difference in told:
            if not kind.ordered or self._is_news(wanted, difference):
                yield difference

    def _is_news(self, wanted: Side, difference: Difference) -> bool:
        """Whether no parent of a table has the same difference in the same column."""
        key = (wanted.name, difference.part, difference.expected, difference.actual)
        self.told[wanted.owner].add(key)
        spec = inheritance.table(self.expected, wanted.owner) or {}
        return all(key not in self.told[parent] for parent in inheritance.parents(spec))

    def _order(
        self, kind: Kind, owner: str, wanted: list[str], there: Tree
    ) -> Iterator[tuple[int, Difference]]:
        ours = [name for name in wanted if name in there]
        theirs = [name for name in there if name in set(ours)]
        if ours != theirs:
            sides = ", ".join(ours), ", ".join(theirs)
            yield _LAST, Difference("table", owner, "changed", f"{kind.noun} order", *sides)

    def _translated(self, spec: Any) -> Any:
        """The expectation in the names that renamed objects have now."""
        if not self.new_names:
            return spec
        if isinstance(spec, str):
            return self.new_names.get(spec) or _IDENTIFIERS.sub(self._new_name, spec)
        if isinstance(spec, list):
            return [self._translated(item) for item in spec]
        if isinstance(spec, dict):
            return {self._translated(key): self._translated(item) for key, item in spec.items()}
        return spec

    def _new_name(self, match: re.Match[str]) -> str:
        return self.new_names.get(match.group(), match.group())
