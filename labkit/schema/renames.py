"""What is likely to be there under another name: one missing, one unexpected, alike otherwise."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable
from typing import Any

from labkit.schema.catalog import KINDS
from labkit.schema.catalog.kind import Kind, Side, Spec, Tree, owners
from labkit.schema.catalog.names import parts, quoted

_NAME = r"(?:\"(?:[^\"]|\"\")*\"|[^\W\d][\w$]*)"
_NAMES = re.compile(rf"'(?:[^']|'')*'|{_NAME}(?:\.{_NAME})*")
_ONE = re.compile(_NAME)

# What others are made of is paired before them.
_FIRST = ("tables", "foreign tables", "columns")

Names = dict[str, str]


class Renames:
    """By kind and holder, the names that expected objects have in the actual tree."""

    def __init__(self, expected: Tree, actual: Tree) -> None:
        self._within: dict[tuple[str, str], Names] = {}
        self._global: Names = {}
        self._columns: dict[str, Names] = {}
        self._schemas: Names = {}
        self._follow: set[tuple[str, str]] = set()
        position = next(n for n, kind in enumerate(KINDS) if kind.section == "sequences")
        early = [kind for kind in KINDS[position:] if kind.section in _FIRST]
        late = [kind for kind in KINDS[position:] if kind.section not in _FIRST]
        for kind in (*KINDS[:position], *early, *late):
            there = dict(owners(actual, kind))
            for owner, holder in owners(expected, kind):
                other = there.get(self.of_holder(owner))
                if other is not None:
                    self._find(kind, owner, holder, other)

    def _find(self, kind: Kind, owner: str, holder: Spec, other: Spec) -> None:
        wanted, there = holder.get(kind.section, {}), other.get(kind.section, {})
        if wanted.keys() == there.keys():
            return
        if self._schemas and not kind.inside:
            self._follow_schemas(kind, wanted, there)
        moved = self.within(kind, owner)
        missing: dict[Hashable, list[str]] = defaultdict(list)
        for name in wanted.keys() - there.keys() - moved.keys():
            spec = self._in_new_names(wanted[name], self._names(owner))
            missing[kind.likeness(spec)].append(name)
        unexpected: dict[Hashable, list[str]] = defaultdict(list)
        for name in there.keys() - wanted.keys() - set(moved.values()):
            unexpected[kind.likeness(there[name])].append(name)
        for likeness, names in missing.items():
            others = unexpected.get(likeness, ())
            if likeness is not None and len(names) == len(others) == 1:
                self._note(kind, owner, names[0], others[0])

    def _follow_schemas(self, kind: Kind, wanted: Tree, there: Tree) -> None:
        """What has another name because its schema has is renamed with it."""
        for name in sorted(wanted.keys() - there.keys()):
            for old, new in self._schemas.items():
                moved = self._in_new_names(name, {old: new})
                if name.startswith(f"{old}.") and moved in there and moved not in wanted:
                    self._note(kind, "", name, moved)
                    self._follow.add((kind.section, name))

    def follows(self, kind: Kind, name: str) -> bool:
        """Whether an object has its new name from its schema."""
        return (kind.section, name) in self._follow

    def _note(self, kind: Kind, owner: str, old: str, new: str) -> None:
        self._within.setdefault((kind.section, owner), {})[old] = new
        if kind.section == "columns":
            self._columns.setdefault(owner, {})[old] = new
        elif not kind.inside:
            self._global[old] = new
            if kind.section == "schemas":
                self._schemas[old] = new
            last = [quoted((parts(name) or [name])[-1]) for name in (old, new)]
            if last[0] != last[1]:
                self._global.setdefault(last[0], last[1])

    def within(self, kind: Kind, owner: str) -> Names:
        """New names by expected ones, of the objects of a kind in a holder."""
        return self._within.get((kind.section, owner), {})

    def of_holder(self, owner: str) -> str:
        """The identity that a table or view has in the actual tree."""
        for section in ("tables", "foreign tables", "views", "materialized views"):
            names = self._within.get((section, ""))
            if names and owner in names:
                return names[owner]
        return owner

    def translated(self, kind: Kind, wanted: Side, found: Side) -> tuple[Spec, Spec]:
        """Both objects, the expected one in the names that are there now.

        They are equal where the new names account for all that differs.
        """
        ours, theirs = wanted.spec, found.spec
        if ours == theirs and wanted.identity == found.identity:
            return ours, theirs
        if not self._within:
            return ours, theirs
        if wanted.identity != found.identity:
            ours = kind.explicit(wanted.owner, wanted.name, ours)
            theirs = kind.explicit(found.owner, found.name, theirs)
        everything = dict(self._global)
        for names in self._columns.values():
            everything.update(names)
        kept = self._kept(wanted, everything)
        translated = self._in_new_names(ours, everything, kept)
        bare = [_without_aliases(spec, everything) for spec in (theirs, translated)]
        if theirs in (ours, translated) or bare[0] == bare[1]:
            return theirs, theirs
        return self._in_new_names(ours, self._names(wanted.owner), kept), theirs

    def _kept(self, wanted: Side, names: Names) -> frozenset[str]:
        """The columns beside an object that keep their name, though something else had it too."""
        holder = wanted.tree.get("tables", {}).get(wanted.owner, {})
        return frozenset(
            (names.keys() & holder.get("columns", {}).keys())
            - self._columns.get(wanted.owner, {}).keys()
        )

    def _names(self, owner: str) -> Names:
        """The new names that count in the objects of a holder."""
        return {**self._global, **self._columns.get(owner, {})}

    def _in_new_names(self, given: Any, names: Names, kept: frozenset[str] = frozenset()) -> Any:
        """The same in new names; those that are ``kept`` are new in the place of a type alone."""
        if not names:
            return given
        if isinstance(given, str):

            def renamed(match: re.Match[str]) -> str:
                stays = match[0] in kept and not given.endswith("::", 0, match.start())
                return match[0] if stays else _renamed(match[0], names)

            whole = None if given in kept else names.get(given)
            return whole or _NAMES.sub(renamed, given)
        if isinstance(given, list):
            return [self._in_new_names(item, names, kept) for item in given]
        if isinstance(given, dict):
            return {
                self._in_new_names(key, names, kept): self._in_new_names(
                    item, names, frozenset() if key == "type" else kept
                )
                for key, item in given.items()
            }
        return given


def _without_aliases(spec: Spec, names: Names) -> Spec:
    """A view without the old names that it goes on giving to columns: ``SELECT code AS sku``."""
    query = spec.get("query")
    if not isinstance(query, str):
        return spec
    for old, new in names.items():
        query = query.replace(f"{new} AS {old}", new).replace(f"{new} AS {new}", new)
    return {**spec, "query": query}


def _renamed(text: str, names: Names) -> str:
    if text.startswith("'"):
        # A sequence stands in a default as a text.
        inner = text[1:-1]
        return f"'{names[inner]}'" if inner in names else text
    if text in names:
        return names[text]
    return ".".join(names.get(name, name) for name in _ONE.findall(text))
