"""What a server answered: rows of text by tag, and the look-ups that every kind needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from labkit.schema.catalog import shape
from labkit.schema.catalog.marks import INNER, LIST, AmbiguousError
from labkit.schema.catalog.names import parts, prefix, qualified, quoted
from labkit.schema.catalog.row import Constraint, Index, Relation, Sequence

Row = list[str]

# Catalogs, by the number that pg_description and its like know them by.
TYPE, FUNCTION, RELATION = "1247", "1255", "1259"
CONSTRAINT, LANGUAGE, NAMESPACE, OPERATOR_CLASS = "2606", "2612", "2615", "2616"
OPERATOR, RULE, TRIGGER, OPERATOR_FAMILY = "2617", "2618", "2620", "2753"
CAST, EXTENSION, POLICY, STATISTICS = "2605", "3079", "3256", "3381"
COLLATION, EVENT_TRIGGER, PUBLICATION = "3456", "3466", "6104"
SEARCH_DICTIONARY, SEARCH_CONFIGURATION = "3600", "3602"
WRAPPER, FOREIGN_SERVER = "2328", "1417"
CONVERSION, ACCESS_METHOD, SUBSCRIPTION, TRANSFORM = "2607", "2601", "6100", "3576"
SEARCH_PARSER, SEARCH_TEMPLATE = "3601", "3764"

# The oid of the first object that a user can have made.
FIRST_OID = 16384


class Arm(NamedTuple):
    """One SELECT of the statement that reads everything.

    Where the condition ``unless`` does not hold, only the first ``always`` fields are written.
    """

    sql: str
    always: int = 0
    unless: str = ""


_NUMBERS = [str(number) for number in range(1, 1601)]


class Raw:
    """The rows of one reading. A field is "" where the server had NULL or an empty string.

    ``marks`` are those that were agreed upon, by the usual ones.
    """

    def __init__(self, version: int, marks: Mapping[str, str]) -> None:
        self._rows: dict[str, list[Row]] = defaultdict(list)
        self.version = version
        self._marks = marks
        self.catalog: list[Relation] = []
        self.sequences: list[Sequence] = []
        self.indexes: list[Index] = []
        self.constraints: list[Constraint] = []
        # By the oid of a relation, the names of its columns and what each of them is.
        self.attributes: dict[str, tuple[list[str], list[str]]] = {}
        self._index_shapes = shape.Shapes(shape.index, marks[INNER])
        self._constraint_shapes = shape.Shapes(shape.constraint, marks[INNER])

    def keep(self, tag: str, rows: list[Row]) -> None:
        """Keep rows of a tag.

        Raises:
            AmbiguousError: a list of columns cannot be told apart.
        """
        if tag == "relation":
            self._relate([Relation(*row) for row in rows])
        elif tag == "sequence":
            self.sequences += [Sequence(*row) for row in rows]
        elif tag == "index":
            known = self._index_shapes
            self.indexes += [
                Index(oid, table, name, known[text], *rest)
                for oid, table, name, text, *rest in rows
            ]
        elif tag == "constraint":
            known = self._constraint_shapes
            self.constraints += [
                Constraint(oid, name, table, backing, target, known[text], *rest)
                for oid, name, table, backing, target, text, *rest in rows
            ]
        else:
            self._rows[tag] += rows

    def _relate(self, relations: Iterable[Relation]) -> None:
        between = self._marks[LIST]
        for held in relations:
            self.catalog.append(held)
            if held.columns != "0":
                names, what = held.names.split(between), held.what.split(between)
                if len(names) != len(what) or len(names) != int(held.columns):
                    raise AmbiguousError
                self.attributes[held.oid] = list(map(quoted, names)), what

    def names(self, relation: str, places: list[int]) -> list[str]:
        """The quoted names of columns, by their places in the relation."""
        names = self.attributes[relation][0]
        return [names[place] for place in places]

    def rows(self, tag: str) -> list[Row]:
        return self._rows.get(tag, [])

    def split(self, text: str, which: str) -> list[str]:
        """The pieces between the marks of that sort."""
        return text.split(self._marks[which])

    @cached_property
    def schemas(self) -> dict[str, str]:
        """Schema name by oid, the system's own included."""
        return {row[0]: row[1] for row in self.rows("schema")}

    @cached_property
    def relations(self) -> dict[str, str]:
        """Identity by oid of every table, view and sequence that is not an extension's."""
        prefixes = {oid: prefix(name) for oid, name in self.schemas.items()}
        members = {oid for catalog, oid in self.members if catalog == RELATION}
        visible = [held for held in self.catalog if held.kind not in "ct"]
        named: list[Relation | Sequence] = [*visible, *self.sequences]
        return {
            held.oid: prefixes[held.schema] + quoted(held.name)
            for held in named
            if held.oid not in members
        }

    def identity(self, oid: str) -> str:
        """The identity of a relation, of an extension's too; its number where there is none."""
        held = self.by_oid.get(oid) or self._sequence_by_oid.get(oid)
        return qualified(self.schemas[held.schema], held.name) if held else oid

    @cached_property
    def by_oid(self) -> dict[str, Relation]:
        return {held.oid: held for held in self.catalog}

    @cached_property
    def _sequence_by_oid(self) -> dict[str, Sequence]:
        return {held.oid: held for held in self.sequences}

    @cached_property
    def columns(self) -> Mapping[str, Mapping[str, str]]:
        """Quoted column names by relation oid and attribute number."""
        return _Columns(self.attributes)

    @cached_property
    def collations(self) -> dict[str, str]:
        """Identity of the collations that an index names for a column, by oid."""
        found = {"100": '"default"'}
        for held in self.indexes:
            if held.collations:
                names = map(registered, self.split(held.collations, LIST))
                found.update(zip((order[2] for _, order in held.shape.columns), names, strict=True))
        return found

    @cached_property
    def parents(self) -> dict[str, list[str]]:
        """Oids of what a table or index inherits from, in order."""
        found: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for child, parent, number in self.rows("parent"):
            found[child].append((int(number), parent))
        return {child: [oid for _, oid in sorted(parents)] for child, parents in found.items()}

    @cached_property
    def comments(self) -> dict[tuple[str, str, str], str]:
        """Comment by (catalog, oid, sub-object number)."""
        return {(row[0], row[1], row[2]): row[3] for row in self.rows("comment")}

    @cached_property
    def members(self) -> set[tuple[str, str]]:
        """(catalog, oid) of everything that belongs to an extension."""
        return {(catalog, oid) for catalog, oid in self.rows("member")}

    @cached_property
    def dependents(self) -> dict[tuple[str, str], list[str]]:
        """The extensions that an object goes with, by (catalog, oid)."""
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for catalog, oid, extension in self.rows("dependent"):
            found[catalog, oid].append(quoted(extension))
        return {key: sorted(names) for key, names in found.items()}

    @cached_property
    def remarked(self) -> set[tuple[str, str]]:
        """(catalog, oid) of everything that has a comment or goes with an extension."""
        return {key[:2] for key in self.comments} | set(self.dependents)

    def own(self, catalog: str, oid: str) -> bool:
        """Whether the object is the schema's own, and not an extension's."""
        return (catalog, oid) not in self.members

    def comments_on(self, catalog: str) -> dict[str, str]:
        """Comments on whole objects of a catalog, by oid."""
        return {
            oid: comment
            for (where, oid, number), comment in self.comments.items()
            if where == catalog and number == "0"
        }

    def comment(self, catalog: str, oid: str, number: str = "0") -> str:
        return self.comments.get((catalog, oid, number), "")

    def named(self, text: str) -> str:
        """The identity behind ``<oid of its schema> <name>``, which is what ``named`` selects."""
        schema, _, name = text.partition(" ")
        return qualified(self.schemas[schema], name)


class _Columns(defaultdict[str, dict[str, str]]):
    """Names of columns by number, put together for the relations that are asked for."""

    def __init__(self, attributes: Mapping[str, tuple[list[str], list[str]]]) -> None:
        super().__init__(dict)
        self._attributes = attributes

    def __missing__(self, relation: str) -> dict[str, str]:
        names, what = self._attributes.get(relation, ((), ()))
        found = dict(zip(_NUMBERS, names, strict=False))
        if "" in what:
            found = {n: name for (n, name), told in zip(found.items(), what, strict=True) if told}
        self[relation] = found
        return found


def registered(text: str) -> str:
    """The identity behind what the server writes for a ``regproc`` and its like; "" for none.

    It has a schema there too where the name alone could be taken for another's.
    """
    if text == "-":
        return ""
    names = parts(text)
    if names is None:
        return text.removeprefix("pg_catalog.").removeprefix("public.")
    return qualified("public", names[0]) if len(names) == 1 else qualified(*names[-2:])


def operator(text: str) -> str:
    """The operator behind what the server writes for a ``regoper``, as in CREATE OPERATOR."""
    home, found, sign = text.rpartition(".")
    if not found or home in ("pg_catalog", "public"):
        return sign if found else text
    return f"OPERATOR({text})"


def named(catalog: str, prefix: str, oid: str) -> str:
    """The SQL for the schema and name of an object in another catalog; ``Raw.named`` reads it."""
    return f"(SELECT {prefix}namespace || ' ' || {prefix}name FROM {catalog} WHERE oid = {oid})"


# Options that are true or false, which may be spelled in several ways.
_FLAGS = frozenset(
    (
        "autosummarize",
        "autovacuum_enabled",
        "deduplicate_items",
        "fastupdate",
        "security_barrier",
        "security_invoker",
        "user_catalog_table",
        "vacuum_truncate",
    )
)
_FLAG = {
    **dict.fromkeys(("true", "on", "yes", "1", "t", "y"), "true"),
    **dict.fromkeys(("false", "off", "no", "0", "f", "n"), "false"),
}


def options(text: str) -> dict[str, str]:
    """Storage options and their like, one a line as ``name=value``, in the order of their names."""
    told = dict(sorted(line.partition("=")[::2] for line in text.split("\n")))
    for name in _FLAGS & told.keys():
        told[name] = _FLAG.get(told[name].lower(), told[name])
    return told


def lines(array: str) -> str:
    """The SQL for the elements of an array of texts, one a line."""
    return f"array_to_string({array}, E'\\n')"
