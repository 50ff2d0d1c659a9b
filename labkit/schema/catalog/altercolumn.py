"""Columns as ``op.*`` calls: altered."""

from __future__ import annotations

from collections.abc import Iterator

from labkit.schema.catalog import columnop, inheritance, op
from labkit.schema.catalog.kind import Side, Spec
from labkit.schema.catalog.names import made_up
from labkit.schema.catalog.op import bare
from labkit.schema.catalog.sequences import changed_options, option_words

# Types that go over into each other by themselves, or at least when a column is altered.
_FAMILIES = (
    {"smallint", "integer", "bigint", "numeric", "real", "double precision"},
    {"char", "varchar", "text"},
    {"date", "timestamp", "timestamptz"},
    {"bit"},
    {"varbit"},
    {"interval"},
    {"time"},
)
# Types of two families that have a cast all the same.
_CAST = ({"integer", "boolean"}, {"json", "jsonb"}, {"interval", "time"}, {"bit", "integer"})
_NULLABLE = ("nullable", "not null name", "not null valid", "not null inherited")
_NULL = op.Code("None")


def part(name: str, wanted: Side, found: Side) -> op.Code | None:
    """The call that makes right what is told by itself."""
    if name == "comment":
        return _alter(found, comment=wanted.spec.get("comment", _NULL))
    children = inheritance.descendants(found.tree, found.owner)
    alone = f"ONLY {found.owner}" if children and name in inheritance.OWN else found.owner
    told = columnop.part_sql(name, alone, found.name, wanted.spec, found.spec)
    for child, spec in _unlike(name, wanted, found, children):
        told += columnop.part_sql(name, child, found.name, spec, wanted.spec)
    return op.execute(*told) if told else None


def definition(wanted: Side, found: Side, words: str) -> op.Code:
    """The calls that turn one definition of a column into another."""
    ours, theirs = wanted.spec, found.spec
    if any(ours.get(key) != theirs.get(key) for key in ("generated", "virtual")):
        return _generation(wanted, found, words)
    told: list[str] = []
    changes: dict[str, object] = {}
    if ours.get("identity") != theirs.get("identity") and "identity" in theirs:
        told += _identity(found, ours, theirs)
    retyped = any(ours.get(key) != theirs.get(key) for key in ("type", "collation"))
    direct = _direct(theirs["type"], ours["type"])
    default = ours.get("default") != theirs.get("default")
    if retyped and not direct and "default" in theirs:
        # A default of the old type stands in the way of the new one.
        told.append(_alter(found, server_default=_NULL))
        default = "default" in ours
    if retyped:
        told += _retype(wanted, found, "" if direct else _cast(found, ours["type"]), changes)
    simple = not any(key in ours or key in theirs for key in _NULLABLE[1:])
    if ours.get("nullable") != theirs.get("nullable") and simple:
        changes["nullable"] = ours.get("nullable", True)
    if default:
        changes["server_default"] = op.text(ours["default"]) if "default" in ours else _NULL
    if changes:
        told.append(_alter(found, **changes))
    if not simple and any(ours.get(key) != theirs.get(key) for key in _NULLABLE):
        told.append(op.execute(*_not_null(found, ours, theirs)))
    if ours.get("identity") != theirs.get("identity") and "identity" not in theirs:
        told += _identity(found, ours, theirs)
    if "server_default" in changes:
        children = inheritance.descendants(found.tree, found.owner)
        for child, spec in _unlike("default", wanted, found, children):
            default = op.text(spec["default"]) if "default" in spec else _NULL
            told.append(_alter(Side(child, found.name, spec, found.tree), server_default=default))
    return op.Code("\n".join(told))


def _unlike(
    part: str, wanted: Side, found: Side, children: list[str]
) -> Iterator[tuple[str, Spec]]:
    """The children that are to differ from the table in a part, which they would take over."""
    for child in children if part not in inheritance.OWN else ():
        spec = inheritance.columns(wanted.tree, child).get(found.name)
        if spec is not None and spec.get(part) != wanted.spec.get(part):
            yield child, spec


def _alter(found: Side, **changes: object) -> op.Code:
    name, schema = op.where(found.owner)
    return op.call("op.alter_column", name, bare(found.name), **changes, schema=schema)


def _direct(old: str, new: str) -> bool:
    """Whether a column of one type becomes one of the other without being told how."""
    ours, theirs = (kind.partition("(")[0] for kind in (new, old))
    if kind_of(new)[1] != kind_of(old)[1]:
        return False
    return ours == theirs or any({ours, theirs} <= family for family in _FAMILIES)


def _cast(found: Side, new: str) -> str:
    """The value of a column in another type; by way of text where the two have no cast."""
    old, dimensions = kind_of(found.spec["type"])
    kind, more = kind_of(new)
    if more and not dimensions:
        return f"ARRAY[{found.name}]::{new}"
    pair = {old.partition("(")[0], kind.partition("(")[0]}
    if pair & _FAMILIES[1] or pair in _CAST:
        return f"{found.name}::{new}"
    return f"{found.name}::text::{new}"


def kind_of(words: str) -> tuple[str, int]:
    """A type without its array brackets, and the number of them."""
    base = words.rstrip("[]")
    return base, (len(words) - len(base)) // 2


def _retype(wanted: Side, found: Side, using: str, changes: dict[str, object]) -> list[str]:
    """Put the new type into ``changes``; or give the statement, where SQLAlchemy has no word."""
    spec = wanted.spec
    kind = op.type_of(spec["type"], wanted.tree, spec.get("collation"))
    if kind is not None and "%" not in using:
        changes["type_"] = kind
        changes["postgresql_using"] = using or None
        return []
    collate = f" COLLATE {spec['collation']}" if "collation" in spec else ""
    end = f" USING {using}" if using else ""
    alter = f"ALTER TABLE {found.owner} ALTER COLUMN {found.name}"
    return [op.execute(f"{alter} TYPE {spec['type']}{collate}{end}")]


def _not_null(found: Side, ours: Spec, theirs: Spec) -> list[str]:
    """NOT NULL as the constraint that it is since PostgreSQL 18."""
    table, name = found.owner, found.name
    alter = f"ALTER TABLE {table}"
    told = []
    if theirs.get("nullable") is False:
        same = all(ours.get(key) == theirs.get(key) for key in ("not null inherited", "nullable"))
        old = theirs.get("not null name") or _usual(table, name)
        new = ours.get("not null name") or _usual(table, name)
        if same and ours.get("not null valid") is None:
            told += [f"{alter} VALIDATE CONSTRAINT {old}"] if "not null valid" in theirs else []
            return [*told, *([f"{alter} RENAME CONSTRAINT {old} TO {new}"] if old != new else [])]
        told.append(f"{alter} ALTER COLUMN {name} DROP NOT NULL")
    if ours.get("nullable") is False:
        text = f"{alter} ADD CONSTRAINT {ours.get('not null name') or _usual(table, name)}"
        text += f" NOT NULL {name}"
        text += " NO INHERIT" if ours.get("not null inherited") is False else ""
        told.append(text + (" NOT VALID" if ours.get("not null valid") is False else ""))
    return told


def _usual(table: str, name: str) -> str:
    return op.joined([made_up(op.names(table)[-1], bare(name), "not_null")])


def _identity(found: Side, ours: Spec, theirs: Spec) -> list[str]:
    alter = f"ALTER TABLE {found.owner} ALTER COLUMN {found.name}"
    after, before = ours.get("identity"), theirs.get("identity")
    if after is None:
        return [op.execute(f"{alter} DROP IDENTITY")]
    new, old = _spelled(after), _spelled(before or {})
    if before is None:
        name = f"SEQUENCE NAME {new['sequence']} " if "sequence" in new else ""
        options = f"{name}{option_words(new)}".strip()
        end = f" ({options})" if options else ""
        return [op.execute(f"{alter} ADD GENERATED {new['generated'].upper()} AS IDENTITY{end}")]
    told = []
    if new["generated"] != old["generated"]:
        told.append(f"{alter} SET GENERATED {new['generated'].upper()}")
    if new.get("sequence") != old.get("sequence"):
        usual = columnop.sequence_of(found.owner, found.name)
        last = op.joined(op.names(new.get("sequence", usual))[-1:])
        told.append(f"ALTER SEQUENCE {old.get('sequence', usual)} RENAME TO {last}")
    options = changed_options(new, old)
    if options:
        usual = columnop.sequence_of(found.owner, found.name)
        told.append(f"ALTER SEQUENCE {new.get('sequence', usual)} {options}")
    return [op.execute(*told)]


def _spelled(identity: str | Spec) -> Spec:
    return {"generated": identity} if isinstance(identity, str) else identity


def _generation(wanted: Side, found: Side, words: str) -> op.Code:
    """A generated column is made anew, for its values come back by themselves."""
    table, name = found.owner, found.name
    generated = "generated" in wanted.spec or "virtual" in wanted.spec
    if not generated and "generated" in found.spec:
        return op.execute(f"ALTER TABLE {table} ALTER COLUMN {name} DROP EXPRESSION")
    last = list(found.tree["tables"][table]["columns"])[-1:]
    stays = "generated" in wanted.spec and "generated" in found.spec
    if stays and last != [name] and wanted.spec["type"] == found.spec["type"]:
        expression = wanted.spec["generated"]
        return op.execute(
            f"ALTER TABLE {table} ALTER COLUMN {name} SET EXPRESSION AS ({expression})"
        )
    made = columnop.add_column(Side(table, name, wanted.spec, wanted.tree), words)
    return op.Code(f"{columnop.drop_column(found)}\n{made}")
