"""Tables as ``op.create_table``, with columns and constraints; or as SQL where that cannot say it.

Indexes, triggers, policies and rules have calls of their own.
"""

from __future__ import annotations

from collections.abc import Callable

from labkit.schema.catalog import columnop, op, privileges
from labkit.schema.catalog.bysql import comment_on
from labkit.schema.catalog.constraintop import inline, missing
from labkit.schema.catalog.inheritance import columns as all_columns
from labkit.schema.catalog.kind import Side, Spec
from labkit.schema.catalog.sequences import creation, ownership
from labkit.schema.catalog.storage import alterations, foreign_options

# What a table gets by statements of its own, once it is there.
_AFTER = ("row security", "replica identity", "privileges")
_NESTED = ("columns", "constraints", "indexes", "triggers", "policies", "rules")

Words = Callable[[Spec], str]


def create_table(wanted: Side, column_words: Words, constraint_words: Words) -> op.Code:
    """The calls that make a table with its columns and constraints."""
    spec, table = wanted.spec, wanted.identity
    made = None
    if spec.keys() <= {*_AFTER, *_NESTED, "comment"}:
        made = _directive(wanted)
    before, after = _sequences(wanted, None if made is None else _serial(wanted))
    told: list[str] = [op.execute(*before)] if before else []
    if made is not None:
        told.append(made)
    else:
        after = [*after, *_comments(wanted)]
        told.append(op.execute(_sql(wanted, column_words)))
    for name, column in spec.get("columns", {}).items():
        after += columnop.statements(table, name, column, comment=made is None)
    for name, constraint in spec.get("constraints", {}).items():
        side = Side(table, name, constraint, wanted.tree)
        if "partition of" not in constraint and (made is None or inline(side) is None):
            told.append(missing(side, constraint_words(constraint)))
        elif "comment" in constraint:
            after.append(comment_on(f"CONSTRAINT {name} ON {table}", constraint["comment"]))
    for part in _AFTER[:2]:
        if part in spec:
            after += [f"ALTER TABLE {table} {do}" for do in alterations(part, spec[part], None)]
    if "privileges" in spec:
        after += privileges.statements(spec["privileges"], {}, f"TABLE {table}", "table")
    return op.Code("\n".join([*told, op.execute(*after)] if after else told))


def _comments(wanted: Side) -> list[str]:
    if "comment" not in wanted.spec:
        return []
    kind = "FOREIGN TABLE" if "server" in wanted.spec else "TABLE"
    return [comment_on(f"{kind} {wanted.identity}", wanted.spec["comment"])]


def _serial(wanted: Side) -> str | None:
    """The column that SQLAlchemy makes SERIAL by itself: an integer key with its own sequence."""
    keys = [
        held["primary key"]
        for held in wanted.spec.get("constraints", {}).values()
        if "primary key" in held
    ]
    if len(keys) != 1 or len(keys[0]) != 1:
        return None
    (name,) = keys[0]
    column = wanted.spec["columns"][name]
    sequence = columnop.sequence_of(wanted.identity, name)
    made = wanted.tree.get("sequences", {}).get(sequence)
    plain = {"type": column["type"], "owned by": f"{wanted.identity}.{name}"}
    if made != plain or column.get("default") != f"nextval({op.sql_text(sequence)}::regclass)":
        return None
    return str(name)


def _sequences(wanted: Side, serial: str | None) -> tuple[list[str], list[str]]:
    """The statements that make the sequences of columns, and that give them away.

    ``serial`` is the column whose sequence SQLAlchemy makes.
    """
    before, after = [], []
    for name in wanted.spec.get("columns", {}):
        if name != serial:
            for sequence in columnop.owned_sequences(wanted.tree, wanted.identity, name):
                before.append(creation(*sequence))
                after += ownership(*sequence)
    return before, after


def _directive(wanted: Side) -> op.Code | None:
    """``op.create_table``; None where a column is beyond SQLAlchemy."""
    spec = wanted.spec
    name, schema = op.where(wanted.identity)
    serial = _serial(wanted)
    arguments = []
    for column, held in spec.get("columns", {}).items():
        if column == serial:
            held = {key: value for key, value in held.items() if key != "default"}
        by_itself = column == serial or "default" in held or "identity" in held
        code = columnop.column(
            column,
            held,
            wanted.tree,
            autoincrement=None if by_itself or not _in_key(spec, column) else False,
        )
        if code is None:
            return None
        arguments.append(code)
    for key, constraint in spec.get("constraints", {}).items():
        code = inline(Side(wanted.identity, key, constraint, wanted.tree))
        if code is not None:
            arguments.append(code)
    return op.call("op.create_table", name, *arguments, schema=schema, comment=spec.get("comment"))


def _in_key(spec: Spec, column: str) -> bool:
    return any(
        column in held.get("primary key", ()) for held in spec.get("constraints", {}).values()
    )


def _sql(wanted: Side, column_words: Words) -> str:
    """CREATE TABLE with columns but without constraints."""
    spec, table = wanted.spec, wanted.identity
    kind = "UNLOGGED TABLE" if spec.get("unlogged") else "TABLE"
    kind = "FOREIGN TABLE" if "server" in spec else kind
    told = [f"CREATE {kind} {table}"]
    columns = spec.get("columns", {})
    if "partition of" in spec:
        told.append(f"PARTITION OF {spec['partition of']} {spec['bounds']}")
    elif "of type" in spec:
        told.append(f"OF {spec['of type']}")
    else:
        order = all_columns(wanted.tree, table) if "column order" in spec else columns
        told.append(f"({', '.join(_definition(n, order[n], column_words) for n in order)})")
    if "inherits" in spec:
        told.append(f"INHERITS ({', '.join(spec['inherits'])})")
    if "partition by" in spec:
        told.append(f"PARTITION BY {spec['partition by']}")
    if "server" in spec:
        told.append(f"SERVER {spec['server']}")
        told += [foreign_options(spec["foreign options"])] if "foreign options" in spec else []
    if "access method" in spec:
        told.append(f"USING {spec['access method']}")
    if "options" in spec:
        told.append(
            "WITH (" + ", ".join(f"{k}={op.sql_text(v)}" for k, v in spec["options"].items()) + ")"
        )
    if "tablespace" in spec:
        told.append(f"TABLESPACE {spec['tablespace']}")
    return " ".join(told)


def _definition(name: str, spec: Spec, words: Words) -> str:
    options = f" {foreign_options(spec['foreign options'])}" if "foreign options" in spec else ""
    kind = spec["type"]
    return f"{name} {kind}{options}{words(spec)[len(kind) :]}"
