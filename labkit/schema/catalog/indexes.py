"""Indexes that are not the work of a constraint."""

from __future__ import annotations

from labkit.schema.catalog import indexop, op, shape
from labkit.schema.catalog.expression import bare_expression, steady, tokens
from labkit.schema.catalog.indexcolumns import LookUps, end, look_ups
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
    with_extras,
)
from labkit.schema.catalog.marks import INNER, LIST, AmbiguousError, mark
from labkit.schema.catalog.names import quoted
from labkit.schema.catalog.raw import RELATION, Arm, Raw, lines, options
from labkit.schema.catalog.row import Index


class Indexes(Kind):
    noun = "index"
    section = "indexes"
    after = "constraint"
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
        target = "attstattarget" if version >= 17 else "nullif(attstattarget, -1)"
        own = (
            f"(SELECT string_agg(concat(attnum, {mark(INNER)}, {target}, {mark(INNER)}, "
            f"{lines('attoptions')}), {mark(LIST)}) FROM pg_attribute WHERE attrelid = indexrelid "
            f"AND ({target} IS NOT NULL OR attoptions IS NOT NULL))"
        )
        peculiar = "indexprs IS NOT NULL OR relam <> 403 OR 16384 <= ANY (indclass)"
        rare = (
            f"(NOT indisvalid OR indisclustered OR {nulls} OR indisreplident "
            "OR reloptions IS NOT NULL OR indpred IS NOT NULL OR reltablespace <> 0 "
            f"OR indnkeyatts <> indnatts OR {peculiar} OR 100 < ANY (indcollation))"
        )
        return {
            "index": Arm(
                f"SELECT indexrelid, indrelid, relname, {shape.together(shape.INDEX)}, "
                f"indisvalid, indisclustered, {nulls}, indisreplident, {lines('reloptions')}, "
                "CASE WHEN indexprs IS NOT NULL THEN pg_get_indexdef(indexrelid) END, "
                "pg_get_expr(indpred, indrelid), CASE WHEN reltablespace <> 0 "
                "THEN (SELECT spcname FROM pg_tablespace s WHERE s.oid = reltablespace) END, "
                # Only an expression has a target, and few operator classes have parameters.
                f"CASE WHEN {peculiar} THEN {own} END, CASE WHEN 100 < ANY (indcollation) "
                f"THEN (SELECT string_agg(oid::regcollation::text, {mark(LIST)} ORDER BY place) "
                "FROM unnest(indcollation) WITH ORDINALITY AS u (oid, place)) END "
                "FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indexrelid >= 16384 "
                "AND relpersistence <> 't' AND relnamespace <> 99 "
                f"AND (NOT indisprimary OR {rare})",
                always=4,
                unless=rare,
            ),
            "method": Arm("SELECT oid, amname FROM pg_am"),
            "opclass": Arm(
                "SELECT oid, opcnamespace || ' ' || opcname, opcmethod, opcintype, opcfamily, "
                "opcdefault FROM pg_opclass"
            ),
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        owners: dict[str, Spec] = {}
        for section in RELATIONS:
            owners.update(tree.get(section, {}))
        for spec in owners.values():
            spec["indexes"] = {}
        constraints = {held.backing for held in raw.constraints if held.shape.kind in "pux"}
        known = look_ups(raw)
        names = {held.oid: held.name for held in raw.indexes}
        for held in raw.indexes:
            name = raw.relations.get(held.table)
            if name not in owners or held.oid in constraints:
                continue
            if parents := raw.parents.get(held.oid):
                spec = {"partition of": quoted(names.get(parents[0], ""))}
            else:
                spec = _spec(raw, held, known)
            owners[name]["indexes"][quoted(held.name)] = with_extras(spec, raw, RELATION, held.oid)

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
        if "partition of" in found.spec:
            return None
        if "partition of" in wanted.spec:
            return indexop.attach(wanted, found)
        return f"{self.unexpected(found)}\n{self.missing(wanted)}"

    def renamed(self, wanted: Side, found: Side) -> str | None:
        return op.execute(f"ALTER INDEX {indexop.address(found)} RENAME TO {wanted.name}")


def _own(raw: Raw, text: str) -> dict[int, tuple[str, str]]:
    """By position, the statistics target and the parameters of the columns of an index."""
    found = {}
    for item in raw.split(text, LIST) if text else ():
        number, *more = raw.split(item, INNER)
        if len(more) != 2:
            raise AmbiguousError
        found[int(number)] = more[0], more[1]
    return found


def _spec(raw: Raw, held: Index, look: LookUps) -> Spec:
    method, unique, made_of, included = held.shape
    names, what = raw.attributes[held.table]
    told = _own(raw, held.own) if held.own else {}
    spec: Spec = {}
    if unique:
        spec["unique"] = True
    if held.nulls == "t":
        spec["nulls not distinct"] = True
    if (named := look.methods[method]) != "btree":
        spec["method"] = named
    if held.definition:
        spec["columns"] = elements(steady(held.definition))
    else:
        spec["columns"] = columns = []
        for position, (place, order) in enumerate(made_of, 1):
            key = (what[place], method, order, told.get(position))
            if key not in look.ends:
                look.ends[key] = end(raw, look, key)
            columns.append(names[place] + look.ends[key])
    if included:
        spec["include"] = [names[place] for place in included]
    if held.where:
        spec["where"] = bare_expression(held.where)
    if held.valid == "f":
        spec["valid"] = False
    if held.options:
        spec["options"] = options(held.options)
    targets = {str(position): target for position, (target, _) in told.items() if target}
    if targets:
        spec["statistics"] = targets
    if held.space:
        spec["tablespace"] = held.space
    if held.clustered == "t":
        spec["clustered"] = True
    if held.replica == "t":
        spec["replica identity"] = True
    return spec


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
