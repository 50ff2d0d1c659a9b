"""Indexes that are not the work of a constraint."""

from __future__ import annotations

from typing import NamedTuple

from labkit.schema.catalog import indexop, op
from labkit.schema.catalog.expression import bare_expression, steady, tokens
from labkit.schema.catalog.inheritance import follows_partition
from labkit.schema.catalog.kind import (
    FLAG,
    MAPPING,
    RELATIONS,
    TEXT,
    TEXTS,
    Kind,
    Side,
    Spec,
    Tree,
    relation,
    with_extras,
)
from labkit.schema.catalog.names import quoted
from labkit.schema.catalog.raw import RELATION, Arm, Raw, lines, options


class Indexes(Kind):
    noun = "index"
    section = "indexes"
    inside = RELATIONS
    rivals = ("constraints",)
    parts = {
        "unique": FLAG,
        "nulls not distinct": FLAG,
        "method": TEXT,
        "columns": TEXTS,
        "include": TEXTS,
        "where": TEXT,
        "valid": FLAG,
        "partition of": TEXT,
        "options": MAPPING,
        "statistics": MAPPING,
        "tablespace": TEXT,
        "clustered": FLAG,
        "replica identity": FLAG,
        "depends on": TEXTS,
        "comment": TEXT,
    }
    definition = (
        "unique",
        "nulls not distinct",
        "method",
        "columns",
        "include",
        "where",
        "valid",
        "partition of",
    )

    def arms(self, version: int) -> dict[str, Arm]:
        nulls = "indnullsnotdistinct" if version >= 15 else "false"
        return {
            "index": Arm(
                "SELECT indexrelid, indrelid, relname, relam, indisunique, "
                f"indisvalid, indisclustered, {nulls}, indisreplident, {lines('reloptions')}, "
                "indnkeyatts, indkey, indoption, indclass, indcollation, "
                "CASE WHEN indexprs IS NOT NULL THEN pg_get_indexdef(indexrelid) END, "
                "pg_get_expr(indpred, indrelid), relispartition, CASE WHEN reltablespace <> 0 "
                "THEN (SELECT spcname FROM pg_tablespace s WHERE s.oid = reltablespace) END "
                "FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indexrelid >= 16384 "
                "AND relpersistence <> 't' AND relnamespace <> 99"
            ),
            "method": Arm("SELECT oid, amname FROM pg_am"),
            "opclass": Arm(
                "SELECT oid, opcnamespace || ' ' || opcname, opcmethod, opcintype, opcdefault "
                "FROM pg_opclass"
            ),
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        for section in RELATIONS:
            for held in tree.get(section, {}).values():
                held["indexes"] = {}
        constraints = {row[4] for row in raw.rows("constraint") if row[2] in "pux"}
        look_ups = _look_ups(raw)
        names = {row[0]: row[2] for row in raw.rows("index")}
        for row in raw.rows("index"):
            if row[0] in constraints:
                continue
            owner = relation(tree, raw.relations.get(row[1], ""))
            if owner is None:
                continue
            parents = raw.parents.get(row[0])
            if parents:
                spec: Spec = {"partition of": quoted(names.get(parents[0], ""))}
            else:
                spec = _spec(raw, row, look_ups)
            owner["indexes"][quoted(row[2])] = with_extras(spec, raw, RELATION, row[0])

    def noun_of(self, spec: Spec) -> str:
        return "unique index" if spec.get("unique") else "index"

    def follows(self, owner: str, spec: Spec, tree: Tree) -> bool:
        return follows_partition(self.section, owner, spec, tree)

    def words(self, spec: Spec) -> str:
        if "partition of" in spec:
            return f"part of {spec['partition of']}"
        words = ["UNIQUE"] if spec.get("unique") else []
        if "method" in spec:
            words.append(f"USING {spec['method']}")
        words.append(f"({', '.join(spec.get('columns', []))})")
        if "include" in spec:
            words.append(f"INCLUDE ({', '.join(spec['include'])})")
        if spec.get("nulls not distinct"):
            words.append("NULLS NOT DISTINCT")
        if "where" in spec:
            words.append(f"WHERE {spec['where']}")
        if spec.get("valid") is False:
            words.append("INVALID")
        return " ".join(words)

    def missing(self, wanted: Side) -> str | None:
        spec, name = wanted.spec, op.bare(wanted.name)
        if "partition of" in spec:
            return None
        table, schema = op.where(wanted.owner)
        columns = [op.bare(item) if _is_name(item) else op.text(item) for item in spec["columns"]]
        made = op.call(
            "op.create_index",
            name,
            table,
            columns,
            unique=True if spec.get("unique") else None,
            schema=schema,
            postgresql_using=spec.get("method"),
            postgresql_include=op.bares(spec["include"]) if "include" in spec else None,
            postgresql_nulls_not_distinct=spec.get("nulls not distinct"),
            postgresql_where=op.text(spec["where"]) if "where" in spec else None,
            postgresql_with=spec.get("options"),
            postgresql_tablespace=spec.get("tablespace"),
        )
        more = [
            line
            for part in ("statistics", "clustered", "replica identity", "depends on", "comment")
            if part in spec
            for line in indexop.part_sql(part, wanted, {})
        ]
        return f"{made}\n{op.execute(*more)}" if more else made

    def unexpected(self, found: Side) -> str | None:
        if "partition of" in found.spec:
            return None
        table, schema = op.where(found.owner)
        return op.call("op.drop_index", op.bare(found.name), table_name=table, schema=schema)

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        if part:
            side = Side(found.owner, found.name, wanted.spec, wanted.tree)
            return op.execute(*indexop.part_sql(part, side, found.spec))
        if "partition of" in wanted.spec or "partition of" in found.spec:
            return None
        return f"{self.unexpected(found)}\n{self.missing(wanted)}"

    def renamed(self, wanted: Side, found: Side) -> str | None:
        return op.execute(f"ALTER INDEX {indexop.address(found)} RENAME TO {wanted.name}")


# Where the rows of columns, from which index columns are taken too, have these two.
_TARGET, _PARAMETERS = 9, 10


class _LookUps(NamedTuple):
    """Names and defaults that the index rows refer to by oid."""

    methods: dict[str, str]
    classes: dict[str, list[str]]
    defaults: dict[tuple[str, str], str]
    own: dict[tuple[str, str], list[str]]
    types: dict[tuple[str, str], list[str]]


def _look_ups(raw: Raw) -> _LookUps:
    keys = {(row[1], number) for row in raw.rows("index") for number in row[11].split()}
    indexes = {row[0] for row in raw.rows("index")}
    own = {
        (index, number): raw.fields(rest)
        for index, number, _, rest in raw.rows("column")
        if index in indexes
    }
    return _LookUps(
        {oid: name for oid, name, _ in raw.rows("method")},
        {row[0]: row for row in raw.rows("opclass")},
        {(row[2], row[3]): row[0] for row in raw.rows("opclass") if row[4] == "true"},
        own,
        {
            (table, number): rest.split("\t", 4)
            for table, number, _, rest in raw.rows("column")
            if (table, number) in keys
        },
    )


def _spec(raw: Raw, row: list[str], look: _LookUps) -> Spec:
    oid, table, _, method, unique, valid, clustered, nulls, replica, storage, *rest = row
    count, keys, flags, classes, collations, definition, where, _, space, _ = rest
    numbers = keys.split()
    spec: Spec = {}
    if unique == "true":
        spec["unique"] = True
    if nulls == "true":
        spec["nulls not distinct"] = True
    if look.methods[method] != "btree":
        spec["method"] = look.methods[method]
    if definition:
        spec["columns"] = elements(steady(definition))
    else:
        orders = zip(flags.split(), classes.split(), collations.split(), strict=True)
        spec["columns"] = [
            _element(raw, look, row, number, str(position), order)
            for position, (number, order) in enumerate(
                zip(numbers[: int(count)], orders, strict=True), start=1
            )
        ]
    if len(numbers) > int(count):
        spec["include"] = [raw.columns[table][number] for number in numbers[int(count) :]]
    if where:
        spec["where"] = bare_expression(where)
    if valid == "false":
        spec["valid"] = False
    if storage:
        spec["options"] = options(storage)
    targets = {
        position: own[_TARGET]
        for position in map(str, range(1, len(numbers) + 1))
        if (own := look.own.get((oid, position))) and own[_TARGET]
    }
    if targets:
        spec["statistics"] = targets
    if space:
        spec["tablespace"] = space
    if clustered == "true":
        spec["clustered"] = True
    if replica == "true":
        spec["replica identity"] = True
    return spec


def _element(
    raw: Raw,
    look: _LookUps,
    row: list[str],
    number: str,
    position: str,
    order: tuple[str, str, str],
) -> str:
    """One column of an index, with what is not the default of its type."""
    oid, table, _, method, *_ = row
    flag, opclass, collation = order
    kind, _, _, usual, _ = look.types[table, number]
    words = [raw.columns[table][number]]
    if collation not in ("0", usual):
        words.append(f"COLLATE {raw.collations[collation]}")
    own = look.own.get((oid, position))
    parameters = own[_PARAMETERS] if own else ""
    if parameters or not _is_default(look, opclass, method, kind):
        words.append(raw.named(look.classes[opclass][1]))
    if parameters:
        told = ", ".join(f"{k}={op.sql_text(v)}" for k, v in options(parameters).items())
        words.append(f"({told})")
    if flag in ("1", "3"):
        words.append("DESC")
    if flag in ("1", "2"):
        words.append("NULLS LAST" if flag == "1" else "NULLS FIRST")
    return " ".join(words)


def _is_default(look: _LookUps, opclass: str, method: str, kind: str) -> bool:
    own = look.defaults.get((method, kind))
    return opclass == own or (own is None and look.classes[opclass][4] == "true")


def elements(definition: str) -> list[str]:
    """The columns and expressions of an index, from the statement that would make it."""
    found: list[str] = []
    depth = 0
    using = False
    for piece in tokens(definition):
        depth += piece == "("
        if depth and not (depth == 1 and piece in "()"):
            if depth == 1 and piece == ",":
                found.append("")
            else:
                found[-1] += piece
        depth -= piece == ")"
        if piece == "USING" and not depth:
            using = True
        elif piece == "(" and depth == 1 and using and not found:
            found.append("")
        elif piece == ")" and depth == 0 and found:
            break
    return [element.strip() for element in found]


def _is_name(element: str) -> bool:
    return len(tokens(element)) == 1
