"""Collations that are not the system's."""

from __future__ import annotations

from labkit.schema.catalog import op
from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.kind import FLAG, TEXT, Side, Spec, Tree, with_extras
from labkit.schema.catalog.names import qualified
from labkit.schema.catalog.raw import COLLATION, Arm, Raw

_PROVIDERS = {"i": "icu", "b": "builtin", "c": "libc"}


class Collations(BySql):
    noun = "collation"
    section = "collations"
    given = "pg_collation WHERE oid >= 16384"
    parts = {
        "provider": TEXT,
        "locale": TEXT,
        "lc_collate": TEXT,
        "lc_ctype": TEXT,
        "rules": TEXT,
        "deterministic": FLAG,
        "comment": TEXT,
    }
    required = ("provider",)
    definition = ("provider", "locale", "lc_collate", "lc_ctype", "rules", "deterministic")
    sql = "COLLATION"

    def arms(self, version: int) -> dict[str, Arm]:
        locale = "colllocale" if version >= 17 else "colliculocale" if version >= 15 else "NULL"
        rules = "collicurules" if version >= 16 else "NULL"
        return {
            "collation": Arm(
                "SELECT oid, collnamespace, collname, collprovider, collisdeterministic, "
                f"collcollate, collctype, {locale}, {rules} FROM pg_collation WHERE oid >= 16384"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for oid, schema, name, provider, steady, collate, kind, locale, rules in raw.rows(
            "collation"
        ):
            if not raw.own(COLLATION, oid):
                continue
            spec: Spec = {"provider": _PROVIDERS.get(provider, provider)}
            if provider == "c" and collate != kind:
                spec["lc_collate"], spec["lc_ctype"] = collate, kind
            else:
                spec["locale"] = locale or collate
            if rules:
                spec["rules"] = rules
            if steady == "f":
                spec["deterministic"] = False
            with_extras(spec, raw, COLLATION, oid)
            found[qualified(raw.schemas[schema], name)] = spec

    def words(self, spec: Spec) -> str:
        told = []
        for part, value in spec.items():
            if part in self.definition:
                text = str(value).lower() if part == "deterministic" else value
                told.append(f"{part} = {text if part == 'provider' else op.sql_text(text)}")
        return f"({', '.join(told)})"

    def create(self, side: Side) -> list[str]:
        return [f"CREATE COLLATION {side.identity} {self.words(side.spec)}"]
