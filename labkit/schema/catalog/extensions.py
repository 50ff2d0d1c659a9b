"""Extensions. What belongs to one is not listed by itself."""

from __future__ import annotations

from labkit.schema.catalog import op
from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.kind import FLAG, TEXT, Side, Spec, Tree
from labkit.schema.catalog.names import quoted
from labkit.schema.catalog.raw import Arm, Raw


class Extensions(BySql):
    """Version and comment are told only where they are not what the server installs by itself."""

    noun = "extension"
    section = "extensions"
    parts = {"dropped": FLAG, "schema": TEXT, "version": TEXT, "comment": TEXT}
    definition = ("dropped", "schema", "version")
    always = {"plpgsql": {}}
    sql = "EXTENSION"

    def arms(self, version: int) -> dict[str, Arm]:
        stock = "FROM pg_available_extensions() a WHERE a.name = extname"
        # To look up what is in stock, the server reads a file for each.
        own = "extname <> 'plpgsql'"
        return {
            "extension": Arm(
                "SELECT extname, extnamespace, "
                f"CASE WHEN {own} THEN (SELECT nullif(extversion, default_version) {stock}) END, "
                f"CASE WHEN {own} "
                f"THEN nullif(obj_description(oid), (SELECT comment {stock})) END "
                "FROM pg_extension"
            ),
            "member": Arm(
                "SELECT classid, objid FROM pg_depend WHERE refclassid = 3079 AND deptype = 'e' "
                "AND objid >= 16384"
            ),
            "dependent": Arm(
                "SELECT classid, objid, extname FROM pg_depend d JOIN pg_extension e "
                "ON e.oid = refobjid WHERE refclassid = 3079 AND deptype = 'x'"
            ),
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        plpgsql = False
        for name, schema, version, comment in raw.rows("extension"):
            if name == "plpgsql":
                plpgsql = True
                continue
            spec: Spec = {}
            if raw.schemas[schema] != "public":
                spec["schema"] = quoted(raw.schemas[schema])
            if version:
                spec["version"] = version
            if comment:
                spec["comment"] = comment
            found[quoted(name)] = spec
        if not plpgsql:
            found["plpgsql"] = {"dropped": True}

    def words(self, spec: Spec) -> str:
        if spec.get("dropped"):
            return "none"
        words = [f"in schema {spec.get('schema', 'public')}"]
        words += [f"version {spec['version']}"] if "version" in spec else []
        return ", ".join(words)

    def create(self, side: Side) -> list[str]:
        words = [f"CREATE EXTENSION {side.name}"]
        words += [f"SCHEMA {side.spec['schema']}"] if "schema" in side.spec else []
        words += [f"VERSION {op.sql_text(side.spec['version'])}"] if "version" in side.spec else []
        return [" ".join(words)]

    def alter(self, wanted: Side, found: Side) -> list[str]:
        if wanted.spec.get("dropped"):
            return [self.drop(found)]
        if found.spec.get("dropped"):
            return self.create(wanted)
        told = []
        if wanted.spec.get("schema") != found.spec.get("schema"):
            home = wanted.spec.get("schema", "public")
            told.append(f"ALTER EXTENSION {found.name} SET SCHEMA {home}")
        if wanted.spec.get("version") != found.spec.get("version"):
            version = wanted.spec.get("version")
            if version and not found.spec.get("version"):
                # There is no way back to an older one.
                return [self.drop(found), *self.create(wanted)]
            to = f" TO {op.sql_text(version)}" if version else ""
            told.append(f"ALTER EXTENSION {found.name} UPDATE{to}")
        return told
