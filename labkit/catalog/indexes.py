"""Indexes that are not the work of a constraint."""

from __future__ import annotations

from labkit.catalog.kind import FLAG, RELATIONS, TEXT, TEXTS, Kind, Spec, Tree, relation
from labkit.catalog.names import qualified, quoted, steady
from labkit.catalog.raw import Raw


class Indexes(Kind):
    noun = "index"
    section = "indexes"
    inside = RELATIONS
    parts = {
        "unique": FLAG,
        "nulls not distinct": FLAG,
        "method": TEXT,
        "columns": TEXTS,
        "include": TEXTS,
        "where": TEXT,
        "valid": FLAG,
        "options": TEXTS,
        "clustered": FLAG,
        "replica identity": FLAG,
        "comment": TEXT,
    }
    required = ("columns",)
    definition = (
        "unique",
        "nulls not distinct",
        "method",
        "columns",
        "include",
        "where",
        "valid",
    )

    def arms(self, version: int) -> dict[str, str]:
        nulls = "indnullsnotdistinct" if version >= 15 else "false"
        return {
            "index": "SELECT indexrelid, indrelid, relname, amname, indisunique, indisvalid, "
            f"indisclustered, {nulls}, indisreplident, reloptions, indisprimary OR indisexclusion "
            "OR EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid "
            "AND contype IN ('p', 'u', 'x')), indnkeyatts, indkey, indoption, indclass, "
            "indcollation, CASE WHEN indexprs IS NOT NULL THEN pg_get_indexdef(indexrelid) END, "
            "pg_get_expr(indpred, indrelid), relispartition "
            "FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN pg_am a ON a.oid = relam "
            "WHERE indexrelid >= 16384 AND relpersistence <> 't' "
            "AND relnamespace <> 'pg_toast'::regnamespace",
            "opclass": "SELECT oid, opcname, opcnamespace, opcdefault FROM pg_opclass",
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        for section in RELATIONS:
            for held in tree.get(section, {}).values():
                held["indexes"] = {}
        classes = {row[0]: row for row in raw.rows("opclass")}
        for row in raw.rows("index"):
            owner = relation(tree, raw.relations.get(row[1], ""))
            if owner is None or row[10] == "true" or row[18] == "true":
                continue
            owner["indexes"][quoted(row[2])] = self._spec(raw, row, classes)

    def _spec(self, raw: Raw, row: list[str], classes: dict[str, list[str]]) -> Spec:
        oid, table, _, method, unique, valid, clustered, nulls, replica, options, *rest = row
        _, count, keys, flags, opclasses, collations, definition, where, *_ = rest
        del collations
        spec: Spec = {}
        if unique == "true":
            spec["unique"] = True
        if nulls == "true":
            spec["nulls not distinct"] = True
        if method != "btree":
            spec["method"] = method
        names = [raw.columns[table].get(number, "") for number in keys.split()]
        if definition:
            spec["columns"] = [_inside(steady(definition))]
        else:
            spec["columns"] = [
                _element(raw, name, flag, classes[opclass])
                for name, flag, opclass in zip(
                    names[: int(count)], flags.split(), opclasses.split(), strict=True
                )
            ]
        if names[int(count) :]:
            spec["include"] = names[int(count) :]
        if where:
            spec["where"] = steady(where)
        if valid == "false":
            spec["valid"] = False
        if options:
            spec["options"] = sorted(options.strip("{}").split(","))
        if clustered == "true":
            spec["clustered"] = True
        if replica == "true":
            spec["replica identity"] = True
        if comment := raw.comment("1259", oid):
            spec["comment"] = comment
        return spec

    def noun_of(self, spec: Spec) -> str:
        return "unique index" if spec.get("unique") else "index"

    def words(self, spec: Spec) -> str:
        words = ["UNIQUE"] if spec.get("unique") else []
        if "method" in spec:
            words.append(spec["method"])
        words.append(f"({', '.join(spec['columns'])})")
        if "include" in spec:
            words.append(f"INCLUDE ({', '.join(spec['include'])})")
        if spec.get("nulls not distinct"):
            words.append("NULLS NOT DISTINCT")
        if "where" in spec:
            words.append(f"WHERE {spec['where']}")
        if spec.get("valid") is False:
            words.append("INVALID")
        return " ".join(words)


def _element(raw: Raw, name: str, flag: str, opclass: list[str]) -> str:
    words = [name]
    if opclass[3] != "true":
        home = raw.schemas[opclass[2]]
        words.append(qualified("public" if home == "pg_catalog" else home, opclass[1]))
    order = int(flag)
    if order & 1:
        words.append("DESC")
    if order == 1:
        words.append("NULLS LAST")
    elif order == 2:
        words.append("NULLS FIRST")
    return " ".join(words)


def _inside(definition: str) -> str:
    """What stands in the parentheses after USING in an index definition."""
    start = definition.index("(", definition.index(" USING "))
    depth = 0
    for position in range(start, len(definition)):
        depth += {"(": 1, ")": -1}.get(definition[position], 0)
        if depth == 0:
            return definition[start + 1 : position]
    return definition[start + 1 :]
