"""Enum types: their labels, in order."""

from __future__ import annotations

from labkit.schema.catalog import op, privileges
from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.expression import tokens
from labkit.schema.catalog.kind import (
    GRANTS,
    NAMESAKES,
    TEXT,
    TEXTS,
    Side,
    Spec,
    Tree,
    with_extras,
)
from labkit.schema.catalog.names import qualified
from labkit.schema.catalog.raw import TYPE, Arm, Raw


class Enums(BySql):
    noun = "enum"
    section = "enums"
    given = "pg_type WHERE oid >= 16384 AND typtype <> 'c' AND typcategory <> 'A'"
    rivals = NAMESAKES
    parts = {"values": TEXTS, "comment": TEXT, "privileges": GRANTS}
    required = ("values",)
    definition = ("values",)
    sql = granted = "TYPE"
    acl = "type"

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "enum": Arm(
                f"SELECT oid, typnamespace, typname, {privileges.acl('typ')} FROM pg_type "
                "WHERE typtype = 'e' AND oid >= 16384"
            ),
            "label": Arm(
                "SELECT enumtypid, enumsortorder, enumlabel FROM pg_enum WHERE enumtypid >= 16384"
            ),
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        labels: dict[str, list[tuple[float, str]]] = {}
        for oid, order, label in raw.rows("label"):
            labels.setdefault(oid, []).append((float(order), label))
        found = tree[self.section] = {}
        for oid, schema, name, acl in raw.rows("enum"):
            if raw.own(TYPE, oid):
                spec: Spec = {"values": [label for _, label in sorted(labels.get(oid, []))]}
                grants = privileges.unusual(acl, "type", raw.version) if acl else None
                with_extras(spec, raw, TYPE, oid, grants)
                found[qualified(raw.schemas[schema], name)] = spec

    def words(self, spec: Spec) -> str:
        return f"({', '.join(spec['values'])})"

    def create(self, side: Side) -> list[str]:
        labels = ", ".join(op.sql_text(label) for label in side.spec["values"])
        return [f"CREATE TYPE {side.identity} AS ENUM ({labels})"]

    def alter(self, wanted: Side, found: Side) -> list[str]:
        name = found.identity
        ours, theirs = wanted.spec["values"], found.spec["values"]
        if [label for label in ours if label in theirs] == theirs:
            return list(_additions(name, ours, theirs))
        apart = [pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]]
        if len(ours) == len(theirs) and len(apart) == 1 and apart[0][0] not in theirs:
            new, old = apart[0]
            return [f"ALTER TYPE {name} RENAME VALUE {op.sql_text(old)} TO {op.sql_text(new)}"]
        return self._made_anew(wanted, found)

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        if part == "" and self._is_seen_by_a_view(found):
            kept = [label for label in wanted.spec["values"] if label in found.spec["values"]]
            if kept != found.spec["values"]:
                return None
        return super().changed(part, wanted, found)

    def _is_seen_by_a_view(self, found: Side) -> bool:
        """Whether a view stands on a table that has the type: its columns stay as they are."""
        tables = {
            op.bare(table)
            for table, spec in found.tree.get("tables", {}).items()
            for held in spec.get("columns", {}).values()
            if held["type"].removesuffix("[]") == found.identity
        }
        views = [
            *found.tree.get("views", {}).values(),
            *found.tree.get("materialized views", {}).values(),
        ]
        return any(tables & set(map(op.bare, tokens(view["query"]))) for view in views)

    def _made_anew(self, wanted: Side, found: Side) -> list[str]:
        """A value cannot be dropped or moved: the columns go over to a new type."""
        *home, last = op.names(found.identity)
        old = op.joined([*home, f"{last}_old"])
        told = [
            f"ALTER TYPE {found.identity} RENAME TO {op.joined([f'{last}_old'])}",
            *self.create(wanted),
        ]
        for table, spec in found.tree.get("tables", {}).items():
            for column, held in spec.get("columns", {}).items():
                if held["type"].removesuffix("[]") != found.identity:
                    continue
                alter, kind = f"ALTER TABLE {table} ALTER COLUMN {column}", held["type"]
                plain = "text[]" if kind.endswith("[]") else "text"
                if "default" in held:
                    told.append(f"{alter} DROP DEFAULT")
                told.append(f"{alter} TYPE {kind} USING {column}::{plain}::{kind}")
                if "default" in held:
                    told.append(f"{alter} SET DEFAULT {held['default']}")
        return [*told, f"DROP TYPE {old}", *self.extras(wanted)]


def _additions(name: str, ours: list[str], theirs: list[str]) -> list[str]:
    told = []
    there = list(theirs)
    for position, label in enumerate(ours):
        if label not in there:
            following = next((other for other in ours[position + 1 :] if other in theirs), None)
            place = f" BEFORE {op.sql_text(following)}" if following is not None else ""
            told.append(f"ALTER TYPE {name} ADD VALUE {op.sql_text(label)}{place}")
    return told
