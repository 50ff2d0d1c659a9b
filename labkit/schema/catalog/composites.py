"""Composite types: named attributes, in order."""

from __future__ import annotations

import re

from labkit.schema.catalog import op, privileges
from labkit.schema.catalog.attributes import attribute as described
from labkit.schema.catalog.bysql import BySql, comment_on
from labkit.schema.catalog.kind import (
    GRANTS,
    MAPPING,
    NAMESAKES,
    TEXT,
    TEXTS,
    Side,
    Spec,
    Tree,
    with_extras,
)
from labkit.schema.catalog.names import qualified
from labkit.schema.catalog.raw import RELATION, TYPE, Raw

_NAME = re.compile(r'"(?:[^"]|"")+"|[^ ]+')


class Composites(BySql):
    noun = "composite type"
    section = "composite types"
    rivals = NAMESAKES
    parts = {"attributes": TEXTS, "comment": TEXT, "comments": MAPPING, "privileges": GRANTS}
    required = ("attributes",)
    definition = ("attributes",)
    sql = granted = "TYPE"
    acl = "type"

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for held in raw.catalog:
            relation, oid = held.oid, held.type
            if held.kind != "c" or not raw.own(TYPE, oid):
                continue
            spec: Spec = {"attributes": _attributes(raw, relation)}
            comments = {
                raw.columns[relation][number]: raw.comment(RELATION, relation, number)
                for number in raw.columns[relation]
                if raw.comment(RELATION, relation, number)
            }
            if comments:
                spec["comments"] = comments
            grants = (
                privileges.unusual(held.type_acl, "type", raw.version) if held.type_acl else None
            )
            found[qualified(raw.schemas[held.schema], held.name)] = with_extras(
                spec, raw, TYPE, oid, grants
            )

    def words(self, spec: Spec) -> str:
        return f"({', '.join(spec['attributes'])})"

    def create(self, side: Side) -> list[str]:
        told = [f"CREATE TYPE {side.identity} AS {self.words(side.spec)}"]
        for name, text in side.spec.get("comments", {}).items():
            told.append(comment_on(f"COLUMN {side.identity}.{name}", text))
        return told

    def alter(self, wanted: Side, found: Side) -> list[str]:
        ours, theirs = (_named(side.spec["attributes"]) for side in (wanted, found))
        alter = f"ALTER TYPE {found.identity}"
        told = [f"{alter} DROP ATTRIBUTE {name}" for name in theirs if name not in ours]
        for name, kind in ours.items():
            if name not in theirs:
                told.append(f"{alter} ADD ATTRIBUTE {name} {kind}")
            elif theirs[name] != kind:
                told.append(f"{alter} ALTER ATTRIBUTE {name} TYPE {kind}")
        kept = [name for name in theirs if name in ours]
        if kept + [name for name in ours if name not in theirs] != list(ours):
            return super().alter(wanted, found)
        return told

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        if part != "comments":
            return super().changed(part, wanted, found)
        before, after = found.spec.get(part, {}), wanted.spec.get(part, {})
        return op.execute(
            *(
                comment_on(f"COLUMN {found.identity}.{name}", after.get(name))
                for name in sorted({*before, *after})
                if before.get(name) != after.get(name)
            )
        )


def _named(attributes: list[str]) -> dict[str, str]:
    """Types by quoted name, of attributes in words."""
    named = {}
    for attribute in attributes:
        match = _NAME.match(attribute)
        if match:
            named[match.group()] = attribute[match.end() + 1 :]
    return named


def _attributes(raw: Raw, relation: str) -> list[str]:
    """Name, type and collation of each attribute, in order."""
    told = []
    for name, text in zip(*raw.attributes.get(relation, ((), ())), strict=True):
        if text:
            held = described(raw, text)
            collation = f" COLLATE {held.collation}" if held.collation else ""
            told.append(f"{name} {held.type}{collation}")
    return told
