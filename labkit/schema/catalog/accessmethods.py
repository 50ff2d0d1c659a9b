"""Access methods of tables and indexes that are not the system's."""

from __future__ import annotations

from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.kind import TEXT, Side, Spec, Tree, with_extras
from labkit.schema.catalog.names import quoted
from labkit.schema.catalog.raw import ACCESS_METHOD, Arm, Raw, registered


class AccessMethods(BySql):
    noun = "access method"
    section = "access methods"
    given = "pg_am WHERE oid >= 16384"
    parts = {"type": TEXT, "handler": TEXT, "comment": TEXT}
    required = ("type", "handler")
    definition = ("type", "handler")
    sql = "ACCESS METHOD"

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "access method": Arm(
                "SELECT oid, amname, CASE amtype WHEN 't' THEN 'table' ELSE 'index' END, "
                "amhandler::regproc FROM pg_am WHERE oid >= 16384"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for oid, name, kind, handler in raw.rows("access method"):
            if raw.own(ACCESS_METHOD, oid):
                spec: Spec = {"type": kind, "handler": registered(handler)}
                found[quoted(name)] = with_extras(spec, raw, ACCESS_METHOD, oid)

    def words(self, spec: Spec) -> str:
        return f"TYPE {spec['type'].upper()} HANDLER {spec['handler']}"

    def create(self, side: Side) -> list[str]:
        return [f"CREATE ACCESS METHOD {side.name} {self.words(side.spec)}"]
