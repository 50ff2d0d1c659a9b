"""Enum types: their labels, in order."""

from __future__ import annotations

from labkit.catalog.kind import TEXT, TEXTS, Kind, Spec, Tree
from labkit.catalog.names import qualified
from labkit.catalog.raw import Raw


class Enums(Kind):
    noun = "enum"
    section = "enums"
    parts = {"values": TEXTS, "comment": TEXT}
    required = ("values",)
    definition = ("values",)

    def arms(self, version: int) -> dict[str, str]:
        return {
            "enum": "SELECT oid, typnamespace, typname FROM pg_type "
            "WHERE typtype = 'e' AND oid >= 16384",
            "label": "SELECT enumtypid, enumsortorder, enumlabel FROM pg_enum "
            "WHERE enumtypid >= 16384",
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        labels: dict[str, list[tuple[float, str]]] = {}
        for oid, order, label, *_ in raw.rows("label"):
            labels.setdefault(oid, []).append((float(order), label))
        found = tree["enums"] = {}
        for oid, schema, name, *_ in raw.rows("enum"):
            if ("1247", oid) in raw.members:
                continue
            spec: Spec = {"values": [label for _, label in sorted(labels.get(oid, []))]}
            if comment := raw.comment("1247", oid):
                spec["comment"] = comment
            found[qualified(raw.schemas[schema], name)] = spec

    def words(self, spec: Spec) -> str:
        return f"({', '.join(spec['values'])})"
