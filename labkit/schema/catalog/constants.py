"""Defaults that are constants, in one spelling for each value.

``DEFAULT 0`` and ``DEFAULT '0'`` of a numeric column put the same number in, and PostgreSQL keeps
them as two expressions.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from labkit.schema.catalog.names import short_type

_TEXT = r"'(?:[^']|'')*'"
_TYPE = r'[a-z"][\w". ]*(?:\(\d+(?:,-?\d+)?\))?(?:\[\])?'
_CONSTANT = re.compile(rf"({_TEXT}|NULL|-?\d+(?:\.\d+)?)(?:::({_TYPE}))?\Z", re.DOTALL)
_WRAPPED = re.compile(rf"\((.*)\)::({_TYPE})\Z", re.DOTALL)
_EMPTY = re.compile(rf"ARRAY\[\]::({_TYPE})\Z")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?\Z")
_SCALE = re.compile(r"numeric\(\d+,(\d+)\)\Z")
_LENGTH = re.compile(r"(?:varchar|char)\((\d+)\)\Z")

_INTEGERS = frozenset(("", "smallint", "integer", "bigint"))
# What a constant may be for a column of a type, so that the column makes the same value of it.
_ALIKE = {
    "smallint": _INTEGERS,
    "integer": _INTEGERS,
    "bigint": _INTEGERS,
    "numeric": _INTEGERS | {"numeric"},
    "real": _INTEGERS | {"numeric", "real"},
    "double precision": _INTEGERS | {"numeric", "double precision"},
    "text": frozenset(("text", "varchar")),
    "varchar": frozenset(("text", "varchar")),
    "char": frozenset(("text", "varchar", "bpchar")),
}
# How the server spells the types of texts in a cast.
_SPELLED = {"text": "text", "varchar": "character varying", "char": "bpchar"}


def default(text: str, column: str) -> str | None:
    """The default of a column of that type; None where it is no default at all.

    Anything but a constant stays as it is.
    """
    if empty := _EMPTY.match(text):
        text = f"'{{}}'::{empty[1]}"
    found = _constant(text, column)
    if found is None:
        return text
    value, cast = found
    array = "[]" if column.endswith("[]") else ""
    kind = column.removesuffix("[]").partition("(")[0]
    if value == "NULL":
        # Where no length is to be minded the server drops it by itself.
        return None if "(" in column or kind in ("varchar", "char") else text
    alike = _ALIKE.get(kind, frozenset())
    if cast.removesuffix("[]") not in alike or cast.endswith("[]") is not bool(array):
        return text
    if kind in _SPELLED:
        return f"{value}::{_SPELLED[kind]}{array}"
    bare = value.strip("'")
    return text if array or not _NUMBER.match(bare) else _number(bare, column, kind) or text


def settle(content: dict[str, Any]) -> None:
    """Spell the defaults in a snapshot so, wherever they come from."""
    tables = [content.get(section, {}) for section in ("tables", "foreign tables")]
    columns = [table.get("columns", {}) for found in tables for table in found.values()]
    for objects in [*columns, content.get("domains", {})]:
        for spec in objects.values():
            if "default" in spec:
                text = default(spec["default"], spec["type"])
                if text is None:
                    del spec["default"]
                else:
                    spec["default"] = text


def _constant(text: str, column: str) -> tuple[str, str] | None:
    """(literal, type that it is cast to, "" for none), or None when it is no constant."""
    if match := _CONSTANT.match(text):
        return match[1], _without_own_length(match[1], short_type(match[2] or ""), column)
    if (match := _WRAPPED.match(text)) and (inner := _constant(match[1], column)):
        value, cast = inner
        outer = _without_own_length(value, short_type(match[2]), column)
        kind = column.partition("(")[0]
        alike = _ALIKE.get(kind, frozenset()) - {"bpchar"}
        whole = "." not in value or outer == kind
        if value == "NULL" or (cast in alike and outer in alike and whole):
            return value, outer
    return None


def _without_own_length(value: str, cast: str, column: str) -> str:
    """The type without its length where the column has the same, and the value fits in it."""
    if cast != column:
        return cast
    length = _LENGTH.match(cast)
    if length is None:
        return cast.partition("(")[0]
    if len(value) - 2 > int(length[1]):
        return cast
    return (
        cast.partition("(")[0].replace("char", "bpchar") if cast.startswith("char") else "varchar"
    )


def _number(text: str, column: str, kind: str) -> str | None:
    """The number as a column of the type keeps it; None where it is not for the likes of it."""
    if kind in _INTEGERS:
        return None if "." in text else text
    scale = _SCALE.match(column)
    if kind == "numeric" and scale is None:
        # Without a scale 0.00 is not quite 0.
        return text
    number = Decimal(text)
    if scale is not None and number != round(number, int(scale[1])):
        return text
    return f"{number.normalize():f}" if number else "0"
