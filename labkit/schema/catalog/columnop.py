"""Columns as ``op.*`` calls: told, added, dropped and renamed."""

from __future__ import annotations

from labkit.schema.catalog import op, privileges
from labkit.schema.catalog.bysql import comment_on
from labkit.schema.catalog.kind import Side, Spec, Tree
from labkit.schema.catalog.names import made_up
from labkit.schema.catalog.op import bare
from labkit.schema.catalog.sequences import creation, ownership
from labkit.schema.catalog.storage import foreign_option_changes, option_changes

# What SQLAlchemy's Column can say, and what takes statements of its own once the column is there.
_SAID = frozenset(
    ("type", "collation", "nullable", "default", "identity", "generated", "virtual", "comment")
)
# Types that are kept in the main table by themselves; all others that can move out are "extended".
_MAIN = frozenset(("numeric", "inet", "cidr"))
_AFTER = (
    "storage",
    "compression",
    "statistics",
    "options",
    "not null comment",
    "identity comment",
    "identity privileges",
    "privileges",
)


def sequence_of(table: str, column: str) -> str:
    """The identity of the sequence that an identity or serial column gets by itself."""
    *home, last = op.names(table)
    return op.joined([*home, made_up(last, bare(column), "seq")])


def column(name: str, spec: Spec, tree: Tree, **more: object) -> op.Code | None:
    """``sa.Column``; None where SQLAlchemy cannot say all that belongs into its definition."""
    kind = op.type_of(spec["type"], tree, spec.get("collation"))
    identity = spec.get("identity")
    named = isinstance(identity, dict) and "sequence" in identity
    if kind is None or named or any(key not in _SAID and key not in _AFTER for key in spec):
        return None
    arguments: list[object] = [bare(name), kind]
    if identity is not None:
        arguments.append(_identity(identity))
    for key, persisted in (("generated", True), ("virtual", False)):
        if key in spec:
            arguments.append(op.call("sa.Computed", op.text(spec[key]), persisted=persisted))
    options = dict(more)
    if spec.get("nullable") is False:
        options["nullable"] = False
    if "default" in spec:
        options["server_default"] = op.text(spec["default"])
    if "comment" in spec:
        options["comment"] = spec["comment"]
    return op.call("sa.Column", *arguments, **options)


def _identity(identity: str | Spec) -> op.Code:
    spec = {"generated": identity} if isinstance(identity, str) else identity
    words = {"minimum": "minvalue", "maximum": "maxvalue"}
    told = {words.get(key, key): value for key, value in spec.items() if key != "generated"}
    return op.call("sa.Identity", always=spec["generated"] == "always", **told)


def statements(table: str, name: str, spec: Spec, *, comment: bool) -> list[str]:
    """The SQL for what a column's definition has no room for; for its comment too if wanted."""
    told = [
        line for part in _AFTER if part in spec for line in part_sql(part, table, name, spec, {})
    ]
    if comment and "comment" in spec:
        told += part_sql("comment", table, name, spec, {})
    return told


def part_sql(part: str, table: str, name: str, ours: Spec, theirs: Spec) -> list[str]:
    """The SQL that makes right one part that is told by itself."""
    alter = f"ALTER TABLE {table} ALTER COLUMN {name}"
    wanted, there = ours.get(part), theirs.get(part)
    if part == "storage":
        # Since PostgreSQL 16 there is a word for it, DEFAULT.
        usual = "main" if ours["type"].partition("(")[0] in _MAIN else "extended"
        return [f"{alter} SET STORAGE {(wanted or usual).upper()}"]
    if part == "compression":
        return [f"{alter} SET COMPRESSION {wanted or 'default'}"]
    if part == "statistics":
        return [f"{alter} SET STATISTICS {-1 if wanted is None else wanted}"]
    if part == "options":
        return [f"{alter} {action}" for action in option_changes(wanted, there)]
    if part == "foreign options":
        return [f"{alter} {foreign_option_changes(wanted, there)}"]
    if part == "comment":
        return [comment_on(f"COLUMN {table}.{name}", wanted)]
    if part == "not null comment":
        made = op.joined([made_up(op.names(table)[-1], bare(name), "not_null")])
        return [comment_on(f"CONSTRAINT {ours.get('not null name', made)} ON {table}", wanted)]
    if part.startswith("identity "):
        identity = ours.get("identity")
        own = identity.get("sequence") if isinstance(identity, dict) else None
        sequence = f"SEQUENCE {own or sequence_of(table, name)}"
        if part == "identity comment":
            return [comment_on(sequence, wanted)]
        return privileges.statements(wanted or {}, there or {}, sequence, "sequence")
    if part == "privileges":
        return privileges.statements(wanted or {}, there or {}, table, "column", name)
    return []


def add_column(wanted: Side, words: str) -> op.Code:
    """``op.add_column``, or the SQL of it; then what is not said in there."""
    table, name, spec = wanted.owner, wanted.name, wanted.spec
    target, schema = op.where(table)
    told = []
    own = owned_sequences(wanted.tree, table, name)
    if own:
        told.append(op.execute(*(creation(*sequence) for sequence in own)))
    made = column(name, spec, wanted.tree)
    if made is not None:
        told.append(op.call("op.add_column", target, made, schema=schema))
    else:
        told.append(op.execute(f"ALTER TABLE {table} ADD COLUMN {name} {words}"))
    more = statements(table, name, spec, comment=made is None)
    more += [line for sequence in own for line in ownership(*sequence)]
    return op.Code("\n".join([*told, op.execute(*more)] if more else told))


def owned_sequences(tree: Tree, table: str, name: str) -> list[tuple[str, Spec]]:
    """(identity, sequence) of what belongs to a column, and so has to be made with it."""
    return [
        (sequence, spec)
        for sequence, spec in tree.get("sequences", {}).items()
        if spec.get("owned by") == f"{table}.{name}"
    ]


def drop_column(found: Side) -> op.Code:
    name, schema = op.where(found.owner)
    return op.call("op.drop_column", name, bare(found.name), schema=schema)


def rename_column(wanted: Side, found: Side) -> op.Code:
    name, schema = op.where(found.owner)
    old, new = bare(found.name), bare(wanted.name)
    return op.call("op.alter_column", name, old, new_column_name=new, schema=schema)
