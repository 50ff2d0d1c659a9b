"""Transforms of types for procedural languages."""

from __future__ import annotations

from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.kind import TEXT, Side, Spec, Tree, with_extras
from labkit.schema.catalog.names import quoted, short_type
from labkit.schema.catalog.raw import TRANSFORM, Arm, Raw


class Transforms(BySql):
    noun = "transform"
    section = "transforms"
    given = "pg_transform WHERE oid >= 16384"
    parts = {"from sql": TEXT, "to sql": TEXT, "comment": TEXT}
    definition = ("from sql", "to sql")
    sql = "TRANSFORM"

    def arms(self, version: int) -> dict[str, Arm]:
        functions = ", ".join(
            f"CASE WHEN {oid}::oid <> 0 THEN {oid}::oid::regprocedure END"
            for oid in ("trffromsql", "trftosql")
        )
        return {
            "transform": Arm(
                f"SELECT t.oid, format_type(trftype, NULL), lanname, {functions} "
                "FROM pg_transform t JOIN pg_language l ON l.oid = trflang WHERE t.oid >= 16384"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for oid, kind, language, *functions in raw.rows("transform"):
            if not raw.own(TRANSFORM, oid):
                continue
            parts = zip(self.definition, functions, strict=True)
            spec: Spec = {part: text for part, text in parts if text}
            identity = f"FOR {short_type(kind)} LANGUAGE {quoted(language)}"
            found[identity] = with_extras(spec, raw, TRANSFORM, oid)

    def words(self, spec: Spec) -> str:
        told = [f"{part.upper()} WITH FUNCTION {text}" for part, text in spec.items()]
        return f"({', '.join(told)})"

    def create(self, side: Side) -> list[str]:
        spec = {part: side.spec[part] for part in self.definition if part in side.spec}
        return [f"CREATE TRANSFORM {side.name} {self.words(spec)}"]

    def likeness(self, spec: Spec) -> None:
        return None
