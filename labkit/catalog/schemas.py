"""Schemas other than public and the system's, and extensions."""

from __future__ import annotations

from labkit.catalog.kind import TEXT, Kind, Spec, Tree
from labkit.catalog.names import quoted
from labkit.catalog.raw import Raw


class Schemas(Kind):
    noun = "schema"
    section = "schemas"
    parts = {"comment": TEXT}

    def arms(self, version: int) -> dict[str, str]:
        return {
            "schema": "SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast)'"
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree["schemas"] = {}
        for oid, name, *_ in raw.rows("schema"):
            if int(oid) < 16384 or name == "public" or ("2615", oid) in raw.members:
                continue
            spec: Spec = {}
            if comment := raw.comment("2615", oid):
                spec["comment"] = comment
            found[quoted(name)] = spec

    def words(self, spec: Spec) -> str:
        return "schema"


class Extensions(Kind):
    noun = "extension"
    section = "extensions"
    parts = {"schema": TEXT}
    required = ("schema",)
    definition = ("schema",)

    def arms(self, version: int) -> dict[str, str]:
        return {
            "extension": "SELECT oid, extname, extnamespace FROM pg_extension "
            "WHERE extname <> 'plpgsql'",
            "member": "SELECT classid, objid FROM pg_depend WHERE deptype = 'e' AND objid >= 16384",
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        tree["extensions"] = {
            quoted(name): {"schema": quoted(raw.schemas[schema])}
            for _, name, schema, *_ in raw.rows("extension")
        }

    def words(self, spec: Spec) -> str:
        return f"in schema {spec['schema']}"
