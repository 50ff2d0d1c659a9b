"""Columns of tables: type, nullability, default, identity, generation, collation."""

from __future__ import annotations

from labkit.catalog.kind import FLAG, TEXT, Kind, Part, Spec, Tree
from labkit.catalog.names import qualified, short_type, steady
from labkit.catalog.raw import Raw
from labkit.catalog.sequences import option_words, options


def _is_identity(value: object) -> bool:
    return isinstance(value, str | dict)


class Columns(Kind):
    noun = "column"
    section = "columns"
    inside = ("tables",)
    ordered = True
    parts = {
        "type": TEXT,
        "collation": TEXT,
        "nullable": FLAG,
        "default": TEXT,
        "identity": Part(
            "always, by default, or a mapping with the sequence's options", _is_identity
        ),
        "generated": TEXT,
        "virtual": TEXT,
        "comment": TEXT,
    }
    required = ("type",)
    definition = ("type", "collation", "nullable", "default", "identity", "generated", "virtual")

    def arms(self, version: int) -> dict[str, str]:
        return {
            "column": "SELECT attrelid, attnum, attname, format_type(atttypid, atttypmod), "
            "attnotnull, attndims, CASE WHEN attcollation <> typcollation THEN attcollation END, "
            "attidentity, attgenerated, pg_get_expr(adbin, adrelid) "
            "FROM pg_attribute JOIN pg_type t ON t.oid = atttypid "
            "JOIN pg_class c ON c.oid = attrelid "
            "LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum "
            "WHERE attrelid >= 16384 AND attnum > 0 AND NOT attisdropped "
            "AND relkind IN ('r', 'p', 'v', 'm', 'c', 'f') AND relpersistence <> 't'",
            "collation": "SELECT oid, collnamespace, collname FROM pg_collation",
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        tables = tree["tables"]
        for table in tables.values():
            table["columns"] = {}
        collations = {row[0]: row for row in raw.rows("collation")}
        identities = {}
        sequences = {row[0]: row for row in raw.rows("sequence")}
        for sequence, table, number, how, *_ in raw.rows("owned"):
            if how == "i":
                identities[table, number] = options(sequences[sequence])
        for row in sorted(raw.rows("column"), key=lambda row: int(row[1])):
            owner = tables.get(raw.relations.get(row[0], ""))
            if owner is None:
                continue
            oid, number, _, kind, notnull, dimensions, collation, identity, generated, *rest = row
            kind = short_type(kind)
            if int(dimensions) > 1:
                kind += "[]" * (int(dimensions) - 1)
            spec: Spec = {"type": kind}
            if collation:
                _, schema, name, *_ = collations[collation]
                home = raw.schemas[schema]
                spec["collation"] = qualified("public" if home == "pg_catalog" else home, name)
            if notnull == "true":
                spec["nullable"] = False
            if identity:
                how = {"a": "always", "d": "by default"}[identity]
                extra = identities[oid, number]
                extra.pop("type")
                spec["identity"] = {"generated": how, **extra} if extra else how
            if rest[0]:
                key = {"s": "generated", "v": "virtual"}.get(generated, "default")
                spec[key] = steady(rest[0])
            if comment := raw.comment("1259", oid, number):
                spec["comment"] = comment
            owner["columns"][raw.columns[oid][number]] = spec

    def words(self, spec: Spec) -> str:
        words = [spec["type"]]
        if "collation" in spec:
            words.append(f"COLLATE {spec['collation']}")
        if spec.get("nullable") is False:
            words.append("NOT NULL")
        if "default" in spec:
            words.append(f"DEFAULT {spec['default']}")
        if "identity" in spec:
            words.append(_identity_words(spec["identity"]))
        if "generated" in spec:
            words.append(f"GENERATED ALWAYS AS ({spec['generated']}) STORED")
        if "virtual" in spec:
            words.append(f"GENERATED ALWAYS AS ({spec['virtual']}) VIRTUAL")
        return " ".join(words)


def _identity_words(identity: str | Spec) -> str:
    if isinstance(identity, str):
        return f"GENERATED {identity.upper()} AS IDENTITY"
    return f"GENERATED {identity['generated'].upper()} AS IDENTITY ({option_words(identity)})"
