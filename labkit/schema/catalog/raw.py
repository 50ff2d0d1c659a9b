"""What a server answered: rows of text by tag, and the look-ups that every kind needs."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from typing import NamedTuple

from labkit.schema.catalog.names import parts, qualified, quoted, short_type

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


_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}


def unescaped(field: str) -> str:
    """A field of COPY as it was before it was sent."""
    if "\\" not in field:
        return field
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), field)


class Arm(NamedTuple):
    """One SELECT of the statement that reads everything.

    ``apart`` is the number of fields that are split; the others stay one text, as they are, to be
    split when a row like it is first seen. 0 splits all.
    """

    sql: str
    apart: int = 0


class Type(NamedTuple):
    """A type with its modifier: its name, and what a column gets from it unless told otherwise."""

    name: str
    collation: str
    storage: str
    is_array: bool


class Raw:
    """The rows of one reading. A field is "" where the server had NULL or an empty string."""

    def __init__(self, rows: dict[str, list[Row]], version: int) -> None:
        self._rows = rows
        self.version = version

    def rows(self, tag: str) -> list[Row]:
        return self._rows.get(tag, [])

    def fields(self, rest: str) -> list[str]:
        """The fields of a text that was kept as one."""
        return [unescaped(field) for field in rest.split("\t")]

    @cached_property
    def schemas(self) -> dict[str, str]:
        """Schema name by oid, the system's own included."""
        return {oid: name for oid, name, _ in self.rows("schema")}

    @cached_property
    def relations(self) -> dict[str, str]:
        """Identity by oid of everything in pg_class that is neither index nor of an extension."""
        schemas, members = self.schemas, self.members
        return {
            row[0]: qualified(schemas[row[1]], row[2])
            for row in self.rows("relation")
            if (RELATION, row[0]) not in members
        }

    @cached_property
    def names(self) -> dict[str, str]:
        """Bare name by oid of every relation."""
        return {row[0]: row[2] for row in self.rows("relation")}

    @cached_property
    def acls(self) -> dict[str, str]:
        """Access list by oid of every relation that has one."""
        return {row[0]: row[5] for row in self.rows("relation") if row[5]}

    @cached_property
    def columns(self) -> dict[str, dict[str, str]]:
        """Quoted column names by relation oid and attribute number."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for relation, number, name, _ in self.rows("column"):
            found[relation][number] = quoted(name)
        return found

    @cached_property
    def types(self) -> dict[tuple[str, str], Type]:
        """Types of columns by oid and modifier."""
        return {
            (row[0], row[1]): Type(short_type(row[2]), row[3], row[4], row[5] == "true")
            for row in self.rows("type")
        }

    def typed(self, oid: str, modifier: str, dimensions: str, collation: str) -> tuple[str, str]:
        """The words for a column's type, and for its collation where that is not the type's own."""
        kind = self.types[oid, modifier]
        words = kind.name
        if kind.is_array and int(dimensions) > 1:
            words += "[]" * (int(dimensions) - 1)
        if collation in ("0", kind.collation):
            return words, ""
        return words, self.collations[collation]

    @cached_property
    def collations(self) -> dict[str, str]:
        """Identity of the collations that some column or index names, by oid."""
        return {row[6]: registered(row[7]) for row in self.rows("type") if row[7]}

    @cached_property
    def parents(self) -> dict[str, list[str]]:
        """Oids of what a table or index inherits from, in order."""
        found: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for child, parent, number, _ in self.rows("parent"):
            found[child].append((int(number), parent))
        return {child: [oid for _, oid in sorted(parents)] for child, parents in found.items()}

    @cached_property
    def comments(self) -> dict[tuple[str, str, str], str]:
        """Comment by (catalog, oid, sub-object number)."""
        return {(row[0], row[1], row[2]): row[3] for row in self.rows("comment")}

    @cached_property
    def members(self) -> set[tuple[str, str]]:
        """(catalog, oid) of everything that belongs to an extension."""
        return {(catalog, oid) for catalog, oid, _ in self.rows("member")}

    @cached_property
    def dependents(self) -> dict[tuple[str, str], list[str]]:
        """The extensions that an object goes with, by (catalog, oid)."""
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for catalog, oid, extension, _ in self.rows("dependent"):
            found[catalog, oid].append(quoted(extension))
        return {key: sorted(names) for key, names in found.items()}

    def own(self, catalog: str, oid: str) -> bool:
        """Whether the object is the schema's own, and not an extension's."""
        return (catalog, oid) not in self.members

    def comment(self, catalog: str, oid: str, number: str = "0") -> str:
        return self.comments.get((catalog, oid, number), "")

    def named(self, text: str) -> str:
        """The identity behind ``<oid of its schema> <name>``, which is what ``named`` selects."""
        schema, _, name = text.partition(" ")
        return qualified(self.schemas[schema], name)


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


def options(text: str) -> dict[str, str]:
    """Storage options and their like, one a line as ``name=value``, in the order of their names."""
    return dict(sorted(line.partition("=")[::2] for line in text.split("\n")))


def lines(array: str) -> str:
    """The SQL for the elements of an array of texts, one a line."""
    return f"array_to_string({array}, E'\\n')"
