"""What is said of single columns of a view beside its query: privileges, and how they are kept."""

from __future__ import annotations

from typing import Any

from labkit.schema.catalog import columnop, op
from labkit.schema.catalog.attributes import attribute
from labkit.schema.catalog.kind import GRANTS, MAPPING, NUMBER, TEXT, Kind, Side, Spec, Tree, plain
from labkit.schema.catalog.raw import Raw
from labkit.schema.catalog.template import template


class ViewColumns(Kind):
    noun = "column settings"
    section = "column settings"
    after = "relation"
    inside = ("views", "materialized views")
    parts = {
        "privileges": GRANTS,
        "storage": TEXT,
        "compression": TEXT,
        "statistics": NUMBER,
        "options": MAPPING,
    }
    definition = tuple(parts)

    def read(self, raw: Raw, tree: Tree) -> None:
        views = {name: spec for section in self.inside for name, spec in tree[section].items()}
        if not views:
            return
        for relation, (names, told) in raw.attributes.items():
            owner = views.get(raw.relations.get(relation, ""))
            if owner is None:
                continue
            for name, text in zip(names, told, strict=True):
                spec = template(attribute(raw, text), raw.version).spec
                parts = {part: spec[part] for part in self.parts if part in spec}
                if parts:
                    owner.setdefault(self.section, {})[name] = parts

    def words(self, spec: Spec) -> str:
        return ", ".join(f"{part} {_plain(spec[part])}" for part in self.parts if part in spec)

    def missing(self, wanted: Side) -> str | None:
        return self._change(wanted, wanted.spec, {})

    def unexpected(self, found: Side) -> str | None:
        return self._change(found, {}, found.spec)

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        return self._change(found, wanted.spec, found.spec)

    def likeness(self, spec: Spec) -> None:
        return None

    def _change(self, side: Side, ours: Spec, theirs: Spec) -> str:
        sql = [
            line
            for part in self.parts
            if ours.get(part) != theirs.get(part)
            for line in columnop.part_sql(part, side.owner, side.name, {"type": "", **ours}, theirs)
        ]
        return op.execute(*sql)


def _plain(value: Any) -> str:
    if isinstance(value, dict) and any(isinstance(item, list) for item in value.values()):
        return "; ".join(f"{role}: {', '.join(words)}" for role, words in value.items())
    return plain(value)
