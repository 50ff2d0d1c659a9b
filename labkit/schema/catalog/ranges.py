"""Range types."""

from __future__ import annotations

from labkit.schema.catalog import op, privileges
from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.kind import (
    GRANTS,
    NAMESAKES,
    TEXT,
    Side,
    Spec,
    Tree,
    with_extras,
)
from labkit.schema.catalog.names import qualified, short_type
from labkit.schema.catalog.raw import TYPE, Arm, Raw, registered


class Ranges(BySql):
    noun = "range type"
    section = "range types"
    given = "pg_type WHERE oid >= 16384 AND typtype <> 'c' AND typcategory <> 'A'"
    rivals = NAMESAKES
    parts = {
        "subtype": TEXT,
        "operator class": TEXT,
        "collation": TEXT,
        "canonical": TEXT,
        "difference": TEXT,
        "multirange": TEXT,
        "comment": TEXT,
        "privileges": GRANTS,
    }
    required = ("subtype",)
    definition = (
        "subtype",
        "operator class",
        "collation",
        "canonical",
        "difference",
        "multirange",
    )
    sql = granted = "TYPE"
    acl = "type"

    _CLAUSES = (
        ("subtype", "SUBTYPE"),
        ("operator class", "SUBTYPE_OPCLASS"),
        ("collation", "COLLATION"),
        ("canonical", "CANONICAL"),
        ("difference", "SUBTYPE_DIFF"),
        ("multirange", "MULTIRANGE_TYPE_NAME"),
    )

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "range": Arm(
                "SELECT r.oid, r.typnamespace, r.typname, format_type(rngsubtype, NULL), "
                f"CASE WHEN NOT opcdefault THEN opcnamespace || ' ' || opcname END, "
                "CASE WHEN rngcollation <> s.typcollation "
                f"THEN rngcollation::regcollation END, "
                f"rngcanonical::regproc, "
                f"rngsubdiff::regproc, "
                f"rngmultitypid::regtype, {privileges.acl('r.typ')} "
                "FROM pg_range JOIN pg_type r ON r.oid = rngtypid "
                "JOIN pg_type s ON s.oid = rngsubtype JOIN pg_opclass o ON o.oid = rngsubopc "
                "WHERE rngtypid >= 16384"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for oid, schema, name, subtype, *others, acl in raw.rows("range"):
            if not raw.own(TYPE, oid):
                continue
            identity = qualified(raw.schemas[schema], name)
            spec: Spec = {"subtype": short_type(subtype)}
            keys = ("operator class", "collation", "canonical", "difference", "multirange")
            spec.update(
                (key, raw.named(text) if key == "operator class" else registered(text))
                for key, text in zip(keys, others, strict=True)
                if text not in ("", "-")
            )
            if spec["multirange"] == _multirange(identity):
                del spec["multirange"]
            grants = privileges.unusual(acl, "type", raw.version) if acl else None
            found[identity] = with_extras(spec, raw, TYPE, oid, grants)

    def words(self, spec: Spec) -> str:
        told = [f"{word} = {spec[key]}" for key, word in self._CLAUSES if key in spec]
        return "RANGE (" + ", ".join(told) + ")"

    def create(self, side: Side) -> list[str]:
        return [f"CREATE TYPE {side.identity} AS {self.words(side.spec)}"]


def _multirange(identity: str) -> str:
    """The name that the multirange of a range type gets by itself."""
    *home, last = op.names(identity)
    start = last.find("range")
    name = f"{last[:start]}multi{last[start:]}" if start >= 0 else f"{last}_multirange"
    return op.joined([*home, name])
