"""What a partition or an inheriting table has from its parents, and a snapshot leaves out."""

from __future__ import annotations

from collections.abc import Iterable

from labkit.schema.catalog.kind import Spec, Tree

# What a column of a child does not take over.
OWN = frozenset(
    (
        "identity",
        "identity comment",
        "identity privileges",
        "comment",
        "not null comment",
        "privileges",
        "statistics",
        "options",
    )
)
_SECTIONS = ("tables", "foreign tables")
# What is read before columns are left out, and written after their order.
_BEHIND = ("constraints", "indexes")


def table(tree: Tree, name: str) -> Spec | None:
    """The table of that identity, foreign ones included."""
    for section in _SECTIONS:
        found: Spec | None = tree.get(section, {}).get(name)
        if found is not None:
            return found
    return None


def parents(spec: Spec) -> list[str]:
    """The identities of what a table inherits from."""
    if "partition of" in spec:
        return [spec["partition of"]]
    return list(spec.get("inherits", ()))


def descendants(tree: Tree, name: str) -> list[str]:
    """The tables that inherit from a table, parents before children."""
    found = [name]
    for above in found:
        for section in _SECTIONS:
            for child, spec in tree.get(section, {}).items():
                if above in parents(spec) and child not in found:
                    found.append(child)
    return found[1:]


def depth(tree: Tree, name: str, seen: frozenset[str] = frozenset()) -> int:
    """The number of generations above a table."""
    spec = table(tree, name)
    if spec is None or name in seen:
        return 0
    above = [depth(tree, parent, seen | {name}) for parent in parents(spec)]
    return 1 + max(above) if above else 0


def columns(tree: Tree, name: str, seen: frozenset[str] = frozenset()) -> dict[str, Spec]:
    """All columns of a table, those that it has from its parents too, in order."""
    spec = table(tree, name)
    if spec is None or name in seen:
        return {}
    own: dict[str, Spec] = spec.get("columns", {})
    if not parents(spec):
        return own
    merged = {**_from_parents(tree, spec, seen | {name}), **own}
    order = spec.get("column order")
    if order is None:
        return merged
    return {column: merged[column] for column in [*order, *merged] if column in merged}


def _from_parents(tree: Tree, spec: Spec, seen: frozenset[str]) -> dict[str, Spec]:
    merged: dict[str, Spec] = {}
    for parent in parents(spec):
        for column, held in columns(tree, parent, seen).items():
            merged.setdefault(column, {k: v for k, v in held.items() if k not in OWN})
    return merged


def leave_out_inherited(tree: Tree, inherited: Iterable[tuple[str, str]]) -> None:
    """Take out of children the columns that are as their parents have them.

    ``inherited`` holds (table, column) of every column that comes from a parent.
    """
    names = set(inherited)
    children = {name for name, _ in names}
    children.update(
        name
        for section in _SECTIONS
        for name, spec in tree.get(section, {}).items()
        if parents(spec)
    )
    for name in sorted(children, key=lambda child: depth(tree, child)):
        spec = table(tree, name)
        if spec is None:
            continue
        real = spec["columns"]
        above = _from_parents(tree, spec, frozenset((name,)))
        kept = {}
        for column, held in real.items():
            if "partition of" in spec and (name, column) in names:
                held = {k: v for k, v in held.items() if not k.startswith("identity")}
            if (name, column) not in names or held != above.get(column):
                kept[column] = held
        spec["columns"] = kept
        if list(columns(tree, name)) != list(real):
            behind = {section: spec.pop(section) for section in _BEHIND if section in spec}
            spec["column order"] = list(real)
            spec.update(behind)
        if not kept:
            del spec["columns"]


def follows_partition(section: str, owner: str, spec: Spec, tree: Tree) -> bool:
    """Whether what a partition's object is a part of is not in the tree either."""
    parent = spec.get("partition of")
    if parent is None:
        return False
    table = tree.get("tables", {}).get(owner, {}).get("partition of")
    above = tree.get("tables", {}).get(table, {})
    return parent not in above.get(section, {})
