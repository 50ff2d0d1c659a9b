"""What many indexes, or many constraints, have in common, sent as one text and read once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from labkit.schema.catalog.marks import INNER, mark


class IndexShape(NamedTuple):
    """What an index is made of.

    ``columns`` holds of each column its place in the table, from 0, or -1 for an expression, and
    its (flags, operator class, collation); ``included`` are the places of those that it only
    carries.
    """

    method: str
    unique: bool
    columns: list[tuple[int, tuple[str, str, str]]]
    included: list[int]


INDEX = ("relam", "indisunique", "indnkeyatts", "indkey", "indoption", "indclass", "indcollation")


class ConstraintShape(NamedTuple):
    """The letter of its kind, and the places of its columns in the two tables, from 0."""

    kind: str
    places: list[int]
    targets: list[int]


CONSTRAINT = ("c.contype", "c.conkey", "c.confkey")


def together(fields: tuple[str, ...]) -> str:
    """The SQL for such a text."""
    return f"concat({f', {mark(INNER)}, '.join(fields)})"


def index(fields: list[str]) -> IndexShape:
    method, unique, keys, numbers, flags, classes, collations = fields
    places = [int(number) - 1 for number in numbers.split()]
    orders = zip(flags.split(), classes.split(), collations.split(), strict=True)
    columns = list(zip(places, orders, strict=False))
    return IndexShape(method, unique == "t", columns, places[int(keys) :])


def constraint(fields: list[str]) -> ConstraintShape:
    kind, *keys = fields
    return ConstraintShape(kind, *map(places, keys))


def places(array: str) -> list[int]:
    """Where in the table its columns are, by the numbers that an array of the server holds."""
    numbers = [int(number) for number in array.strip("{}").split(",") if number]
    return [number - 1 for number in numbers if number > 0]


class Shapes(dict[str, Any]):
    """What such texts mean, each read when it is first asked for."""

    def __init__(self, read: Callable[[list[str]], Any], between: str) -> None:
        self._read = read
        self._between = between

    def __missing__(self, text: str) -> Any:
        found = self[text] = self._read(text.split(self._between))
        return found
