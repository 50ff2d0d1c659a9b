"""Schemas other than the system's; public only where it is not as every database has it."""

from __future__ import annotations

from labkit.schema.catalog import privileges
from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.kind import FLAG, GRANTS, TEXT, Side, Spec, Tree
from labkit.schema.catalog.names import quoted
from labkit.schema.catalog.raw import FIRST_OID, NAMESPACE, Arm, Raw

_STANDARD = "standard public schema"


class Schemas(BySql):
    noun = "schema"
    section = "schemas"
    parts = {"dropped": FLAG, "comment": TEXT, "privileges": GRANTS}
    definition = ("dropped",)
    always = {"public": {}}
    sql = granted = "SCHEMA"
    acl = "schema"

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "schema": Arm("SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_t'"),
            "schema acl": Arm(
                f"SELECT oid, nspname, {privileges.acl('nsp')}, obj_description(oid) "
                "FROM pg_namespace WHERE (oid >= 16384 OR nspname = 'public') "
                "AND nspname !~ '^pg_t'"
            ),
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        public: Spec = {"dropped": True}
        for oid, name, acl, comment in raw.rows("schema acl"):
            if not raw.own(NAMESPACE, oid):
                continue
            spec: Spec = {}
            if comment and (name, comment) != ("public", _STANDARD):
                spec["comment"] = comment
            kind = "public schema" if name == "public" else "schema"
            if name == "public" and int(oid) >= FIRST_OID and not acl:
                # It was dropped and made again, and so has no privileges for everybody.
                acl = "owner\nowner=UC/owner"
            if acl and (told := privileges.unusual(acl, kind, raw.version)):
                spec["privileges"] = told
            if name == "public":
                public = spec
            else:
                found[quoted(name)] = spec
        if public:
            found["public"] = public

    def words(self, spec: Spec) -> str:
        return "none" if spec.get("dropped") else "a schema"

    def create(self, side: Side) -> list[str]:
        return [f"CREATE SCHEMA {side.name}"]

    def alter(self, wanted: Side, found: Side) -> list[str]:
        if wanted.spec.get("dropped"):
            return [self.drop(found)]
        bare = Side("", wanted.name, {"privileges": {"PUBLIC": []}}, found.tree)
        return [*self.create(wanted), *self.extras(wanted, bare)]

    def acl_of(self, side: Side) -> str:
        return "public schema" if side.name == "public" else self.acl
