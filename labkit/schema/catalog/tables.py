"""Tables: ordinary, partitioned and inheriting."""

from __future__ import annotations

from typing import ClassVar

from labkit.schema.catalog import attributes, op, privileges
from labkit.schema.catalog.columns import Columns
from labkit.schema.catalog.constraintop import referenced
from labkit.schema.catalog.constraints import Constraints
from labkit.schema.catalog.expression import listed, steady
from labkit.schema.catalog.inheritance import parents
from labkit.schema.catalog.kind import (
    FLAG,
    GRANTS,
    MAPPING,
    NAMESAKES,
    TEXT,
    TEXTS,
    Kind,
    Side,
    Spec,
    Tree,
    with_extras,
)
from labkit.schema.catalog.raw import RELATION, Arm, Raw, lines, options, registered
from labkit.schema.catalog.row import Relation
from labkit.schema.catalog.storage import alterations, kept
from labkit.schema.catalog.tableop import create_table

_REPLICA = {"n": "nothing", "f": "full"}
_SECURITY = {
    ("t", "f"): "enabled",
    ("t", "t"): "forced",
    ("f", "t"): "forced but not enabled",
}


class Tables(Kind):
    noun = "table"
    section = "tables"
    after = "relation"
    rivals = NAMESAKES
    parts = {
        "unlogged": FLAG,
        "of type": TEXT,
        "partition by": TEXT,
        "partition of": TEXT,
        "bounds": TEXT,
        "inherits": TEXTS,
        "access method": TEXT,
        "tablespace": TEXT,
        "options": MAPPING,
        "row security": TEXT,
        "replica identity": TEXT,
        "column order": TEXTS,
        "comment": TEXT,
        "privileges": GRANTS,
    }
    # How a table is divided or divides another is one thing.
    definition: ClassVar[tuple[str, ...]] = ("partition by", "partition of", "bounds")
    covers = ("columns", "constraints")
    usual = {
        "access method": "heap",
        "tablespace": "the database's",
        "row security": "disabled",
        "replica identity": "default",
    }

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "relation": Arm(
                "SELECT c.oid, relnamespace, relname, relkind, reltoastrelid, count, names, what, "
                f"relpersistence, {privileges.acl('rel')}, {lines('reloptions')}, relrowsecurity, "
                "relforcerowsecurity, relreplident, relispartition, "
                "CASE WHEN relispartition THEN pg_get_expr(relpartbound, c.oid) END, "
                "CASE WHEN relkind = 'p' THEN pg_get_partkeydef(c.oid) END, "
                "CASE WHEN relkind IN ('r', 'm', 'p') AND relam NOT IN (0, 2) "
                "THEN (SELECT amname FROM pg_am a WHERE a.oid = relam) END, "
                "CASE WHEN reltablespace <> 0 "
                "THEN (SELECT spcname FROM pg_tablespace s WHERE s.oid = reltablespace) END, "
                "CASE WHEN reloftype <> 0 THEN reloftype::regtype END, "
                "CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, relispopulated, "
                "reltype, CASE WHEN relkind = 'c' THEN "
                f"(SELECT {privileges.acl('typ')} FROM pg_type t WHERE t.oid = reltype) END "
                "FROM pg_class c CROSS JOIN LATERAL "
                f"({attributes.select(version, 'c.oid', 'c.relowner')}) AS a (count, names, what) "
                "WHERE c.oid >= 16384 AND relpersistence <> 't' "
                "AND (relkind IN ('r', 'p', 'v', 'm', 'f', 'c') "
                "OR relkind = 't' AND reloptions IS NOT NULL)",
                always=8,
                unless="relkind <> 'r' OR relpersistence <> 'p' OR relacl IS NOT NULL "
                "OR reloptions IS NOT NULL OR relrowsecurity OR relforcerowsecurity "
                "OR relreplident <> 'd' "
                "OR relispartition OR relam NOT IN (0, 2) OR reltablespace <> 0 OR reloftype <> 0",
            ),
            "parent": Arm("SELECT inhrelid, inhparent, inhseqno FROM pg_inherits"),
            "comment": Arm(
                "SELECT classoid, objoid, objsubid, description FROM pg_description "
                "WHERE objoid >= 16384"
            ),
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        toasts = {held.oid: held.options for held in raw.catalog if held.kind == "t"}
        found = tree[self.section] = {}
        for held in raw.catalog:
            if held.kind in "rp" and held.oid in raw.relations:
                toast = toasts.get(held.toast, "")
                found[raw.relations[held.oid]] = self._spec(raw, held, toast)

    def _spec(self, raw: Raw, held: Relation, toast: str) -> Spec:
        spec: Spec = {}
        above = [raw.identity(parent) for parent in raw.parents.get(held.oid, ())]
        if held.persistence == "u":
            spec["unlogged"] = True
        if held.of_type:
            spec["of type"] = registered(held.of_type)
        if held.key:
            spec["partition by"] = steady(held.key)
        if held.partition == "t":
            spec["partition of"] = above[0]
            spec["bounds"] = _bounds(steady(held.bounds))
        elif above:
            spec["inherits"] = above
        spec |= kept(held)
        if toast:
            more = {f"toast.{name}": value for name, value in options(toast).items()}
            spec["options"] = {**spec.get("options", {}), **more}
        if (held.secured, held.forced) in _SECURITY:
            spec["row security"] = _SECURITY[held.secured, held.forced]
        if held.replica in _REPLICA and held.kind != "f":
            spec["replica identity"] = _REPLICA[held.replica]
        grants = privileges.unusual(held.acl, "table", raw.version) if held.acl else None
        return with_extras(spec, raw, RELATION, held.oid, grants)

    def likeness(self, spec: Spec) -> str | None:
        columns = spec.get("columns")
        return repr([(name, held["type"]) for name, held in columns.items()]) if columns else None

    def stands_on(self, tree: Tree) -> dict[str, set[str]]:
        return {
            name: {*parents(spec), *referenced(spec)} - {name}
            for name, spec in tree.get(self.section, {}).items()
        }

    def words(self, spec: Spec) -> str:
        told = []
        if "partition of" in spec:
            told.append(f"a partition of {spec['partition of']} {spec['bounds']}")
        else:
            names = ", ".join(spec.get("columns", {}))
            told.append(f"a table with {names}" if names else "a table of no columns")
        told += [f"partitioned by {spec['partition by']}"] if "partition by" in spec else []
        told += [f"inherits {', '.join(spec['inherits'])}"] if "inherits" in spec else []
        return ", ".join(told)

    def missing(self, wanted: Side) -> str | None:
        return create_table(wanted, Columns().words, Constraints().words)

    def unexpected(self, found: Side) -> str | None:
        name, schema = op.where(found.name)
        made = op.call("op.drop_table", name, schema=schema)
        above = found.spec.get("partition of")
        tables = found.tree.get("tables", {})
        if above and any(above in referenced(spec) for spec in tables.values()):
            # The foreign key to the whole stands in the way of dropping a part.
            return f"{op.execute(f'ALTER TABLE {above} DETACH PARTITION {found.name}')}\n{made}"
        return made

    def renamed(self, wanted: Side, found: Side) -> str | None:
        (new, home), (old, schema) = op.where(wanted.name), op.where(found.name)
        told = []
        if home != schema:
            there = op.joined([home or "public"])
            told.append(op.execute(f"ALTER TABLE {found.name} SET SCHEMA {there}"))
        if new != old:
            told.append(op.call("op.rename_table", old, new, schema=home))
        return "\n".join(told)

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        table = found.name
        ours, theirs = wanted.spec.get(part), found.spec.get(part)
        if part == "comment":
            name, schema = op.where(table)
            if ours is None:
                return op.call("op.drop_table_comment", name, schema=schema)
            return op.call("op.create_table_comment", name, ours, schema=schema)
        if part == "privileges":
            told = privileges.statements(ours or {}, theirs or {}, f"TABLE {table}", "table")
            return op.execute(*told)
        if part == "":
            return _partition(wanted, found)
        actions = alterations(part, ours, theirs)
        return op.execute(*(f"ALTER TABLE {table} {do}" for do in actions)) if actions else None


def _bounds(text: str) -> str:
    """The bounds of a partition, the values of a list in order."""
    head, found, values = text.removesuffix(")").partition(" IN (")
    return f"{head}{found}{', '.join(sorted(listed(values)))})" if found else text


def _partition(wanted: Side, found: Side) -> str | None:
    """What attaches a table where it belongs; a partition key cannot be changed."""
    if wanted.spec.get("partition by") != found.spec.get("partition by"):
        return None
    told = []
    for parent in parents(found.spec):
        told.append(f"ALTER TABLE {parent} DETACH PARTITION {found.name}")
    for parent in parents(wanted.spec):
        bounds = wanted.spec["bounds"]
        told.append(f"ALTER TABLE {parent} ATTACH PARTITION {found.name} {bounds}")
    return op.execute(*told)
