"""Constraints as ``op.*`` calls, and as arguments of ``op.create_table``."""

from __future__ import annotations

import re

from labkit.schema.catalog import op
from labkit.schema.catalog.bysql import comment_on
from labkit.schema.catalog.kind import Side, Spec
from labkit.schema.catalog.op import bare, bares
from labkit.schema.catalog.triggers import STATEMENTS

_REFERENCE = re.compile(r'((?:"(?:[^"]|"")+"|[^" (]+)+) \((.*)\)\Z', re.DOTALL)
_STATE = re.compile(r'(never|on replicas|always) on ((?:"(?:[^"]|"")+"|[^" ,])+)')
_COLUMN = re.compile(r'"(?:[^"]|"")+"|[^", ]+')
_TIMING = frozenset(("deferrable", "initially deferred"))
# What SQLAlchemy can say of each kind.
_SAID = {
    "primary key": frozenset(("primary key", "comment")),
    "unique": frozenset(("unique", "nulls not distinct", "include", "comment")) | _TIMING,
    "check": frozenset(("check", "valid", "comment")),
    "foreign key": frozenset(
        ("foreign key", "references", "on update", "on delete", "match", "valid", "comment")
    )
    | _TIMING,
}
_TYPES = {
    "primary key": "primary",
    "unique": "unique",
    "check": "check",
    "foreign key": "foreignkey",
}


def sort(spec: Spec) -> str:
    """What kind of constraint it is, in the word that is its key."""
    return next((key for key in _TYPES if key in spec), "exclude")


def target(spec: Spec) -> tuple[str, list[str]]:
    """(table, columns) that a foreign key refers to, as a snapshot writes them."""
    match = _REFERENCE.match(spec["references"])
    if match is None:
        return spec["references"], []
    return match.group(1), _COLUMN.findall(match.group(2))


def referenced(table: Spec) -> list[str]:
    """The tables that the foreign keys of a table refer to."""
    keys = table.get("constraints", {}).values()
    return [target(spec)[0] for spec in keys if "references" in spec]


def _said(spec: Spec) -> bool:
    actions = (spec.get("on update", ""), spec.get("on delete", ""))
    return spec.keys() <= _SAID.get(sort(spec), frozenset()) and not any("(" in a for a in actions)


def _options(spec: Spec) -> dict[str, object]:
    """The arguments that a constraint has beside its columns."""
    told: dict[str, object] = {}
    for key, name in (("on update", "onupdate"), ("on delete", "ondelete"), ("match", "match")):
        if key in spec:
            told[name] = spec[key].upper()
    if spec.get("deferrable"):
        told["deferrable"] = True
        told["initially"] = "DEFERRED" if spec.get("initially deferred") else None
    if spec.get("nulls not distinct"):
        told["postgresql_nulls_not_distinct"] = True
    if "include" in spec:
        told["postgresql_include"] = bares(spec["include"])
    if spec.get("valid") is False:
        told["postgresql_not_valid"] = True
    return told


def inline(side: Side) -> op.Code | None:
    """The constraint as an argument of ``op.create_table``; None where that cannot say it."""
    spec, name = side.spec, bare(side.name)
    if not _said(spec) or spec.get("valid") is False:
        return None
    options = _options(spec)
    kind = sort(spec)
    if kind == "primary key":
        return op.call("sa.PrimaryKeyConstraint", *bares(spec[kind]), name=name)
    if kind == "unique":
        return op.call("sa.UniqueConstraint", *bares(spec[kind]), name=name, **options)
    if kind == "check":
        return op.call("sa.CheckConstraint", op.text(spec[kind]), name=name)
    table, columns = target(spec)
    path = [*op.names(table), *bares(columns)]
    if any("." in part for part in path):
        return None
    places = [".".join([*op.names(table), bare(column)]) for column in columns]
    return op.call("sa.ForeignKeyConstraint", bares(spec[kind]), places, name=name, **options)


def missing(side: Side, words: str) -> op.Code:
    """The call that adds the constraint to its table, with its comment."""
    spec, name = side.spec, bare(side.name)
    table, schema = op.where(side.owner)
    kind = sort(spec)
    # The table that op makes up for a directive has the constraint's own columns only.
    if not _said(spec) or "include" in spec:
        made = op.execute(f"ALTER TABLE {side.owner} ADD CONSTRAINT {side.name} {words}")
    elif kind == "primary key":
        made = op.call("op.create_primary_key", name, table, bares(spec[kind]), schema=schema)
    elif kind == "unique":
        columns, options = bares(spec[kind]), _options(spec)
        made = op.call(
            "op.create_unique_constraint", name, table, columns, schema=schema, **options
        )
    elif kind == "check":
        condition, options = op.text(spec[kind]), _options(spec)
        made = op.call(
            "op.create_check_constraint", name, table, condition, schema=schema, **options
        )
    else:
        referent, columns = target(spec)
        other, home = op.where(referent)
        made = op.call(
            "op.create_foreign_key",
            name,
            table,
            other,
            bares(spec[kind]),
            bares(columns),
            source_schema=schema,
            referent_schema=home,
            **_options(spec),
        )
    return op.Code("\n".join([made, *_afterwards(side)]))


def _afterwards(side: Side) -> list[str]:
    sql = [
        line
        for part in ("clustered", "replica identity", "triggers", "index comment", "comment")
        if part in side.spec
        for line in part_sql(part, side)
    ]
    return [op.execute(*sql)] if sql else []


def part_sql(part: str, side: Side) -> list[str]:
    """The SQL that makes right one part that is told by itself."""
    table, name, wanted = side.owner, side.name, side.spec.get(part)
    if part == "comment":
        return [comment_on(f"CONSTRAINT {name} ON {table}", wanted)]
    if part == "index comment":
        index = op.joined([*op.names(table)[:-1], bare(name)])
        return [comment_on(f"INDEX {index}", wanted)]
    if part == "triggers":
        return [_switch(table, bare(name), wanted or "")]
    if part == "clustered":
        return [
            f"ALTER TABLE {table} " + (f"CLUSTER ON {name}" if wanted else "SET WITHOUT CLUSTER")
        ]
    if part == "replica identity":
        identity = f"USING INDEX {name}" if wanted else "DEFAULT"
        return [f"ALTER TABLE {table} REPLICA IDENTITY {identity}"]
    return []


def _switch(table: str, name: str, states: str) -> str:
    """The block that puts what enforces a foreign key into states: ``never on t, always on p``.

    The names of those triggers are made of numbers, so that only a block can know them.
    """
    told = {where: STATEMENTS[state] for state, where in _STATE.findall(states)}
    whens = [f"WHEN {op.sql_text(where)}::regclass THEN '{do}'" for where, do in told.items()]
    do = f"CASE tgrelid::regclass {' '.join(whens)} ELSE 'ENABLE' END" if whens else "'ENABLE'"
    return (
        "DO $$ DECLARE command text; BEGIN FOR command IN "
        f"SELECT format('ALTER TABLE %s %s TRIGGER %I', tgrelid::regclass, {do}, tgname) "
        "FROM pg_trigger JOIN pg_constraint c ON c.oid = tgconstraint "
        f"WHERE conrelid = {op.sql_text(table)}::regclass AND conname = {op.sql_text(name)} "
        "LOOP EXECUTE command; END LOOP; END $$"
    )


def drop(side: Side) -> op.Code:
    table, schema = op.where(side.owner)
    kind = _TYPES.get(sort(side.spec))
    return op.call("op.drop_constraint", bare(side.name), table, schema=schema, type_=kind)
