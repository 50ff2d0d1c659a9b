"""Columns of tables: type, nullability, default, identity, generation and how they are kept."""

from __future__ import annotations

from operator import itemgetter
from typing import NamedTuple

from labkit.schema.catalog import altercolumn, columnop, constants, op, privileges
from labkit.schema.catalog.expression import bare_expression, steady
from labkit.schema.catalog.inheritance import leave_out_inherited
from labkit.schema.catalog.kind import (
    FLAG,
    GRANTS,
    MAPPING,
    NUMBER,
    TEXT,
    Kind,
    Part,
    Side,
    Spec,
    Tree,
)
from labkit.schema.catalog.names import MADE_UP_NOT_NULL, made_up, quoted
from labkit.schema.catalog.raw import CONSTRAINT, RELATION, Arm, Raw, lines, options
from labkit.schema.catalog.sequences import option_words
from labkit.schema.catalog.sequences import options as sequence_options

_STORAGE = {"p": "plain", "e": "external", "m": "main", "x": "extended"}
_COMPRESSION = {"p": "pglz", "l": "lz4"}
_GENERATION = {"s": "generated", "v": "virtual"}
_IDENTITY = {"a": "always", "d": "by default"}


def _is_identity(value: object) -> bool:
    return value in _IDENTITY.values() or (
        isinstance(value, dict) and value.get("generated") in _IDENTITY.values()
    )


class Columns(Kind):
    noun = "column"
    section = "columns"
    inside = ("tables", "foreign tables")
    ordered = True
    parts = {
        "type": TEXT,
        "collation": TEXT,
        "nullable": FLAG,
        "not null name": TEXT,
        "not null valid": FLAG,
        "not null inherited": FLAG,
        "default": TEXT,
        "identity": Part("always, by default, or a mapping with sequence options", _is_identity),
        "generated": TEXT,
        "virtual": TEXT,
        "storage": TEXT,
        "compression": TEXT,
        "statistics": NUMBER,
        "options": MAPPING,
        "foreign options": MAPPING,
        "comment": TEXT,
        "not null comment": TEXT,
        "identity comment": TEXT,
        "identity privileges": GRANTS,
        "privileges": GRANTS,
    }
    required = ("type",)
    definition = (
        "type",
        "collation",
        "nullable",
        "not null name",
        "not null valid",
        "not null inherited",
        "default",
        "identity",
        "generated",
        "virtual",
    )

    usual = {"storage": "the type's", "compression": "default", "statistics": "default"}

    def arms(self, version: int) -> dict[str, Arm]:
        target = "attstattarget" if version >= 17 else "nullif(attstattarget, -1)"
        arms = {
            "column": Arm(
                "SELECT attrelid, attnum, attname, atttypid, atttypmod, attndims, attcollation, "
                "attnotnull, attidentity, attgenerated, attstorage, attcompression, "
                f"{target}, {lines('attoptions')}, {lines('attfdwoptions')}, attinhcount > 0, "
                "CASE WHEN attacl IS NOT NULL THEN "
                f"(SELECT {privileges.listed('attacl', 'relowner')} "
                "FROM pg_class c WHERE c.oid = attrelid) END "
                "FROM pg_attribute WHERE attrelid >= 16384 AND attnum > 0 AND NOT attisdropped "
                "AND (attrelid IN (SELECT oid FROM pg_class WHERE oid >= 16384 "
                "AND relkind IN ('r', 'p', 'v', 'm', 'c', 'f') AND relpersistence <> 't') "
                f"OR {target} IS NOT NULL OR attoptions IS NOT NULL)",
                apart=3,
            ),
            "type": Arm(
                # What is written as text is written once for each, and not for every column.
                "SELECT atttypid, atttypmod, format_type(atttypid, atttypmod), "
                "typcollation, typstorage, typlen = -1 AND typelem <> 0, attcollation, "
                "CASE WHEN attcollation NOT IN (0, 100) THEN attcollation::regcollation END "
                "FROM (SELECT DISTINCT atttypid, atttypmod, attcollation FROM pg_attribute "
                "WHERE attrelid >= 16384 AND attnum > 0 OFFSET 0) d "
                "JOIN pg_type t ON t.oid = atttypid"
            ),
            "default": Arm("SELECT adrelid, adnum, pg_get_expr(adbin, adrelid) FROM pg_attrdef"),
        }
        if version >= 18:
            arms["not null"] = Arm(
                "SELECT oid, conrelid, conkey[1], conname, convalidated, connoinherit "
                "FROM pg_constraint WHERE contype = 'n' AND conrelid >= 16384 "
                "AND (NOT convalidated OR connoinherit OR conname !~ '_not_null[0-9]*$' OR oid IN "
                "(SELECT objoid FROM pg_description WHERE classoid = 2606))"
            )
        return arms

    def read(self, raw: Raw, tree: Tree) -> None:
        owners: dict[str, Spec] = {}
        for section in self.inside:
            owners.update(tree.get(section, {}))
        tables = {oid: name for oid, name in raw.relations.items() if name in owners}
        held: dict[str, list[tuple[int, str, Spec]]] = {name: [] for name in tables.values()}
        defaults = {(row[0], row[1]): row[2] for row in raw.rows("default")}
        sequences = {(row[8], row[9]): row for row in raw.rows("sequence") if row[10] == "i"}
        notes = self._notes(raw)
        templates: dict[str, Template] = {}
        inherited = []
        for relation, number, name, rest in raw.rows("column"):
            table = tables.get(relation)
            if table is None:
                continue
            common = templates.get(rest)
            if common is None:
                common = templates[rest] = template(raw, rest)
            spec = common.spec.copy()
            key = (relation, number)
            if key in defaults:
                if common.generation:
                    spec[_GENERATION[common.generation]] = bare_expression(defaults[key])
                elif text := constants.default(steady(defaults[key]), spec["type"]):
                    spec["default"] = text
            if common.identity:
                spec["identity"] = _identity(raw, common.identity, key, sequences.get(key))
                spec.update(_beside(raw, sequences.get(key)))
            if common.inherited:
                inherited.append((table, quoted(name)))
            if key in notes:
                spec.update(notes[key])
            held[table].append((int(number), name, spec))
        for table, columns in held.items():
            columns.sort(key=itemgetter(0))
            owners[table]["columns"] = {quoted(name): spec for _, name, spec in columns}
        leave_out_inherited(tree, inherited)

    def _notes(self, raw: Raw) -> dict[tuple[str, str], Spec]:
        """What is told of single columns elsewhere: comments, and NOT NULL that has a name."""
        notes: dict[tuple[str, str], Spec] = {}
        for catalog, oid, number in raw.comments:
            if catalog == RELATION and number != "0":
                comment = raw.comments[catalog, oid, number]
                notes.setdefault((oid, number), {})["comment"] = comment
        for oid, relation, number, name, valid, alone, _ in raw.rows("not null"):
            note = notes.setdefault((relation, number), {})
            if not MADE_UP_NOT_NULL(name):
                note["not null name"] = quoted(name)
            if valid == "false":
                note["not null valid"] = False
            if alone == "true":
                note["not null inherited"] = False
            if comment := raw.comment(CONSTRAINT, oid):
                note["not null comment"] = comment
        return notes

    def explicit(self, owner: str, name: str, spec: Spec) -> Spec:
        identity = spec.get("identity")
        if identity is None:
            return spec
        if isinstance(identity, str):
            identity = {"generated": identity}
        return {**spec, "identity": {"sequence": columnop.sequence_of(owner, name), **identity}}

    def likeness(self, spec: Spec) -> str:
        return repr(sorted((key, value) for key, value in spec.items() if key != "identity"))

    def words(self, spec: Spec) -> str:
        words = [spec["type"]]
        if "collation" in spec:
            words.append(f"COLLATE {spec['collation']}")
        if "not null name" in spec:
            words.append(f"CONSTRAINT {spec['not null name']}")
        if spec.get("nullable") is False:
            words.append("NOT NULL")
        if spec.get("not null valid") is False:
            words.append("NOT VALID")
        if spec.get("not null inherited") is False:
            words.append("NO INHERIT")
        if "default" in spec:
            words.append(f"DEFAULT {spec['default']}")
        if "identity" in spec:
            words.append(identity_words(spec["identity"]))
        if "generated" in spec:
            words.append(f"GENERATED ALWAYS AS ({spec['generated']}) STORED")
        if "virtual" in spec:
            words.append(f"GENERATED ALWAYS AS ({spec['virtual']}) VIRTUAL")
        return " ".join(words)

    def missing(self, wanted: Side) -> str | None:
        return columnop.add_column(wanted, self.words(wanted.spec))

    def unexpected(self, found: Side) -> str | None:
        return columnop.drop_column(found)

    def renamed(self, wanted: Side, found: Side) -> str | None:
        return columnop.rename_column(wanted, found)

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        if part:
            return altercolumn.part(part, wanted, found)
        return altercolumn.definition(wanted, found, self.words(wanted.spec))


class Template(NamedTuple):
    """What many columns have in common, and what still has to be looked up for each."""

    spec: Spec
    generation: str
    identity: str
    inherited: bool


def template(raw: Raw, rest: str) -> Template:
    """What the fields that the server sent for a column say of it."""
    oid, modifier, dimensions, collation, notnull, identity, *more = raw.fields(rest)
    generation, storage, compression, target, own, foreign, inherited, acl, *_ = more
    kind, collated = raw.typed(oid, modifier, dimensions, collation)
    spec: Spec = {"type": kind}
    if collated:
        spec["collation"] = collated
    if notnull == "true":
        spec["nullable"] = False
    if storage != raw.types[oid, modifier].storage:
        spec["storage"] = _STORAGE[storage]
    if compression in _COMPRESSION:
        spec["compression"] = _COMPRESSION[compression]
    if target:
        spec["statistics"] = int(target)
    if own:
        spec["options"] = options(own)
    if foreign:
        spec["foreign options"] = options(foreign)
    grants = privileges.unusual(acl, "column", raw.version) if acl else None
    if grants:
        spec["privileges"] = grants
    return Template(spec, generation, identity, inherited == "true")


def _identity(raw: Raw, letter: str, key: tuple[str, str], row: list[str] | None) -> str | Spec:
    """The identity of a column, with the options of its sequence that are not the usual ones."""
    how = _IDENTITY[letter]
    if row is None:
        return how
    extra = sequence_options(row)
    del extra["type"]
    relation, number = key
    column = op.bare(raw.columns[relation][number])
    if raw.names.get(row[0]) != made_up(raw.names[relation], column, "seq"):
        extra["sequence"] = raw.relations[row[0]]
    return {"generated": how, **extra} if extra else how


def _beside(raw: Raw, row: list[str] | None) -> Spec:
    """What is said of the sequence of an identity column beside its options."""
    spec: Spec = {}
    if row and (comment := raw.comment(RELATION, row[0])):
        spec["identity comment"] = comment
    if row and (acl := raw.acls.get(row[0])):
        grants = privileges.unusual(acl, "sequence", raw.version)
        spec.update({"identity privileges": grants} if grants else {})
    return spec


def identity_words(identity: str | Spec) -> str:
    """The clause of a column definition that makes it an identity column."""
    if isinstance(identity, str):
        return f"GENERATED {identity.upper()} AS IDENTITY"
    told = [f"SEQUENCE NAME {identity['sequence']}"] if "sequence" in identity else []
    told += [option_words(identity)] if option_words(identity) else []
    return f"GENERATED {identity['generated'].upper()} AS IDENTITY ({' '.join(told)})"
