"""Base types, which are made of functions, and types that are only announced."""

from __future__ import annotations

from labkit.schema.catalog import privileges
from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.kind import FLAG, GRANTS, TEXT, TEXTS, Side, Spec, Tree, with_extras
from labkit.schema.catalog.names import qualified
from labkit.schema.catalog.raw import TYPE, Arm, Raw, registered

# The clauses of CREATE TYPE, each with what the catalog holds for it.
_FUNCTIONS = {
    "INPUT": "typinput",
    "OUTPUT": "typoutput",
    "RECEIVE": "typreceive",
    "SEND": "typsend",
    "TYPMOD_IN": "typmodin",
    "TYPMOD_OUT": "typmodout",
    "ANALYZE": "typanalyze",
}
_PLAIN = {
    "INTERNALLENGTH": "typlen",
    "PASSEDBYVALUE": "typbyval",
    "ALIGNMENT": "typalign",
    "STORAGE": "typstorage",
    "CATEGORY": "typcategory",
    "PREFERRED": "typispreferred",
    "DELIMITER": "typdelim",
    "COLLATABLE": "typcollation <> 0",
}
_DEFAULT = {
    "INTERNALLENGTH": "-1",
    "PASSEDBYVALUE": "false",
    "ALIGNMENT": "i",
    "STORAGE": "p",
    "CATEGORY": "U",
    "PREFERRED": "false",
    "DELIMITER": ",",
    "COLLATABLE": "false",
}


class BaseTypes(BySql):
    noun = "type"
    section = "base types"
    given = "pg_type WHERE oid >= 16384 AND typtype <> 'c' AND typcategory <> 'A'"
    parts = {"announced": FLAG, "clauses": TEXTS, "comment": TEXT, "privileges": GRANTS}
    definition = ("announced", "clauses")
    sql = granted = "TYPE"
    acl = "type"

    def arms(self, version: int) -> dict[str, Arm]:
        functions = ", ".join(f"{column}::regproc" for column in _FUNCTIONS.values())
        plain = ", ".join(f"({column})::text" for column in _PLAIN.values())
        return {
            "base type": Arm(
                f"SELECT t.oid, typnamespace, typname, typisdefined, {privileges.acl('typ')}, "
                f"{functions}, {plain} FROM pg_type t WHERE t.oid >= 16384 "
                "AND (typtype = 'b' AND typcategory <> 'A' OR typtype = 'p')"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for oid, schema, name, defined, acl, *fields in raw.rows("base type"):
            if not raw.own(TYPE, oid):
                continue
            spec: Spec = {}
            if defined == "t":
                functions, plain = fields[: len(_FUNCTIONS)], fields[len(_FUNCTIONS) :]
                told = [
                    f"{clause} = {registered(text)}"
                    for clause, text in zip(_FUNCTIONS, functions, strict=True)
                    if registered(text)
                ]
                told += [
                    f"{clause} = {text}"
                    for clause, text in zip(_PLAIN, plain, strict=True)
                    if text != _DEFAULT[clause]
                ]
                spec["clauses"] = told
            else:
                spec["announced"] = True
            grants = privileges.unusual(acl, "type", raw.version) if acl else None
            found[qualified(raw.schemas[schema], name)] = with_extras(spec, raw, TYPE, oid, grants)

    def words(self, spec: Spec) -> str:
        return f"({', '.join(spec.get('clauses', ['only announced']))})"

    def missing(self, wanted: Side) -> str | None:
        # Its functions need it before it can be made of them.
        return super().missing(wanted) if wanted.spec.get("announced") else None

    def unexpected(self, found: Side) -> str | None:
        return super().unexpected(found) if found.spec.get("announced") else None

    def create(self, side: Side) -> list[str]:
        return [f"CREATE TYPE {side.identity}"]

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        return super().changed(part, wanted, found) if part else None
