"""Conversions between encodings."""

from __future__ import annotations

from labkit.schema.catalog import op
from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.kind import FLAG, TEXT, Side, Spec, Tree, with_extras
from labkit.schema.catalog.names import qualified
from labkit.schema.catalog.raw import CONVERSION, Arm, Raw, registered


class Conversions(BySql):
    noun = "conversion"
    section = "conversions"
    given = "pg_conversion WHERE oid >= 16384"
    parts = {"for": TEXT, "to": TEXT, "function": TEXT, "default": FLAG, "comment": TEXT}
    required = ("for", "to", "function")
    definition = ("for", "to", "function", "default")
    sql = "CONVERSION"

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "conversion": Arm(
                "SELECT oid, connamespace, conname, pg_encoding_to_char(conforencoding), "
                "pg_encoding_to_char(contoencoding), conproc::regproc, condefault "
                "FROM pg_conversion WHERE oid >= 16384"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for oid, schema, name, source, target, function, default in raw.rows("conversion"):
            if not raw.own(CONVERSION, oid):
                continue
            spec: Spec = {"for": source, "to": target, "function": registered(function)}
            if default == "t":
                spec["default"] = True
            identity = qualified(raw.schemas[schema], name)
            found[identity] = with_extras(spec, raw, CONVERSION, oid)

    def words(self, spec: Spec) -> str:
        default = "DEFAULT " if spec.get("default") else ""
        return f"{default}FOR {spec['for']} TO {spec['to']} FROM {spec['function']}"

    def create(self, side: Side) -> list[str]:
        spec = side.spec
        default = "DEFAULT " if spec.get("default") else ""
        ends = f"FOR {op.sql_text(spec['for'])} TO {op.sql_text(spec['to'])}"
        return [f"CREATE {default}CONVERSION {side.identity} {ends} FROM {spec['function']}"]
