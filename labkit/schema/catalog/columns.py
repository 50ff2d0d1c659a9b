"""Columns of tables: type, nullability, default, identity, generation and how they are kept."""

from __future__ import annotations

from labkit.schema.catalog import altercolumn, columnop, defaults, op, privileges
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
from labkit.schema.catalog.raw import CONSTRAINT, RELATION, Arm, Raw
from labkit.schema.catalog.row import Sequence
from labkit.schema.catalog.sequences import option_words
from labkit.schema.catalog.sequences import options as sequence_options
from labkit.schema.catalog.template import Templates

_IDENTITY = {"a": "always", "d": "by default"}


def _is_identity(value: object) -> bool:
    return value in _IDENTITY.values() or (
        isinstance(value, dict) and value.get("generated") in _IDENTITY.values()
    )


class Columns(Kind):
    noun = "column"
    section = "columns"
    after = "relation"
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
        arms = {
            "default": Arm(defaults.SELECT),
        }
        if version >= 18:
            arms["not null"] = Arm(
                "SELECT oid, conrelid, conkey[1], conname, convalidated, connoinherit "
                "FROM pg_constraint WHERE contype = 'n' AND conrelid >= 16384 "
                "AND (NOT convalidated OR connoinherit "
                "OR conname NOT LIKE '%\\_not\\_null' AND conname !~ '_not_null[0-9]*$' OR oid IN "
                "(SELECT objoid FROM pg_description WHERE classoid = 2606))"
            )
        return arms

    def read(self, raw: Raw, tree: Tree) -> None:
        owners: dict[str, Spec] = {}
        for section in self.inside:
            owners.update(tree.get(section, {}))
        tables = {oid: name for oid, name in raw.relations.items() if name in owners}
        sequences = {(held.table, held.number): held for held in raw.sequences if held.how == "i"}
        templates = Templates(raw)
        for relation, table in tables.items():
            names, told = raw.attributes.get(relation, _NOTHING)
            columns = owners[table]["columns"] = dict(
                zip(names, [templates[text].spec.copy() for text in told], strict=True)
            )
            if templates.special.isdisjoint(told):
                continue
            for number, name in raw.columns[relation].items():
                if identity := templates[told[int(number) - 1]].identity:
                    key = (relation, number)
                    columns[name]["identity"] = _identity(raw, identity, key, sequences.get(key))
                    columns[name].update(_beside(raw, sequences.get(key)))
            if "" in told:
                owners[table]["columns"] = {
                    name: columns[name] for name in raw.columns[relation].values()
                }

    def complete(self, raw: Raw, tree: Tree) -> None:
        columns: dict[str, dict[str, Spec]] = {}
        for section in self.inside:
            columns.update({name: held["columns"] for name, held in tree.get(section, {}).items()})
        tables = {oid: name for oid, name in raw.relations.items() if name in columns}
        templates = Templates(raw)
        defaults.add(raw, {oid: columns[name] for oid, name in tables.items()}, templates)
        for (relation, number), note in self._notes(raw).items():
            if relation in tables:
                columns[tables[relation]][raw.columns[relation][number]].update(note)
        inherited = [
            (tables[relation], name)
            for relation in raw.parents
            if relation in tables
            for number, name in raw.columns[relation].items()
            if templates[raw.attributes[relation][1][int(number) - 1]].inherited
        ]
        leave_out_inherited(tree, inherited)

    def _notes(self, raw: Raw) -> dict[tuple[str, str], Spec]:
        """What is told of single columns elsewhere: comments, and NOT NULL that has a name."""
        notes: dict[tuple[str, str], Spec] = {}
        for catalog, oid, number in raw.comments:
            if catalog == RELATION and number != "0":
                comment = raw.comments[catalog, oid, number]
                notes.setdefault((oid, number), {})["comment"] = comment
        for oid, relation, number, name, valid, alone in raw.rows("not null"):
            note = notes.setdefault((relation, number), {})
            if not MADE_UP_NOT_NULL(name):
                note["not null name"] = quoted(name)
            if valid == "f":
                note["not null valid"] = False
            if alone == "t":
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


_NOTHING: tuple[list[str], list[str]] = ([], [])


def _identity(raw: Raw, letter: str, key: tuple[str, str], sequence: Sequence | None) -> str | Spec:
    """The identity of a column, with the options of its sequence that are not the usual ones."""
    how = _IDENTITY[letter]
    if sequence is None:
        return how
    extra = sequence_options(sequence)
    del extra["type"]
    relation, number = key
    column = op.bare(raw.columns[relation][number])
    if sequence.name != made_up(raw.by_oid[relation].name, column, "seq"):
        extra["sequence"] = raw.identity(sequence.oid)
    return {"generated": how, **extra} if extra else how


def _beside(raw: Raw, sequence: Sequence | None) -> Spec:
    """What is said of the sequence of an identity column beside its options."""
    spec: Spec = {}
    if sequence and (comment := raw.comment(RELATION, sequence.oid)):
        spec["identity comment"] = comment
    if sequence and sequence.acl:
        grants = privileges.unusual(sequence.acl, "sequence", raw.version)
        spec.update({"identity privileges": grants} if grants else {})
    return spec


def identity_words(identity: str | Spec) -> str:
    """The clause of a column definition that makes it an identity column."""
    if isinstance(identity, str):
        return f"GENERATED {identity.upper()} AS IDENTITY"
    told = [f"SEQUENCE NAME {identity['sequence']}"] if "sequence" in identity else []
    told += [option_words(identity)] if option_words(identity) else []
    return f"GENERATED {identity['generated'].upper()} AS IDENTITY ({' '.join(told)})"
