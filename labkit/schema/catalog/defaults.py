"""Expressions that a server keeps for columns: defaults, and what generated columns are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from labkit.schema.catalog import constants
from labkit.schema.catalog.expression import bare_expression, steady
from labkit.schema.catalog.kind import Spec
from labkit.schema.catalog.marks import INNER, mark
from labkit.schema.catalog.raw import Raw
from labkit.schema.catalog.template import Templates

_GENERATION = {"s": "generated", "v": "virtual"}

# The tree of nextval('sequence'::regclass), by itself and made an integer: what serial columns
# have. It holds the oid of the sequence, byte by byte, where the percent sign is.
_COUNT = (
    "{FUNCEXPR :funcid 1574 :funcresulttype 20 :funcretset false :funcvariadic false "
    ":funcformat 0 :funccollid 0 :inputcollid 0 :args ({CONST :consttype 2205 :consttypmod -1 "
    ":constcollid 0 :constlen 4 :constbyval true :constisnull false :location -1 "
    ":constvalue 4 [ % ]}) :location -1}"
)
_INTEGER = (
    "{FUNCEXPR :funcid 480 :funcresulttype 23 :funcretset false :funcvariadic false "
    f":funcformat 2 :funccollid 0 :inputcollid 0 :args ({_COUNT}) :location -1}}"
)
# The beginnings are looked at first, for that is quickly done. To have the server spell the name
# of each sequence is slow, and their names are known; so is telling a constant from columns.
SELECT = f"""SELECT text, adnum, string_agg(adrelid::text, ',') FROM
    (SELECT adrelid, adnum, CASE
        WHEN adbin::text LIKE '{{CONST %' THEN pg_get_expr(adbin, 0)
        WHEN adbin::text LIKE '{{FUNCEXPR :funcid 480 :%' AND adbin::text LIKE '{_INTEGER}'
        OR adbin::text LIKE '{{FUNCEXPR :funcid 1574 :%' AND adbin::text LIKE '{_COUNT}'
        THEN {mark(INNER)} || split_part(split_part(adbin::text, '[ ', 2), ' ]', 1)
        WHEN strpos(adbin::text, '{{VAR ') = 0 THEN pg_get_expr(adbin, 0)
        ELSE pg_get_expr(adbin, adrelid) END AS text FROM pg_attrdef OFFSET 0) d
    GROUP BY text, adnum"""


class Default(NamedTuple):
    """An expression, and the oids of the relations that have it at a place, from 0.

    It is ``steady`` where a snapshot has it as it is.
    """

    text: str
    place: int
    relations: list[str]
    steady: bool


def found(raw: Raw) -> Iterator[Default]:
    """Each expression once for each place that it is at."""
    for text, number, relations in raw.rows("default"):
        empty, *of_sequence = raw.split(text, INNER)
        steady = bool(of_sequence) and not empty
        told = _next_of(raw, of_sequence[0]) if steady else text
        yield Default(told, int(number) - 1, relations.split(","), steady)


# What a server shows of a byte: some show it as a number with a sign.
_BYTES = {str(number): number & 0xFF for number in range(-128, 256)}


def _next_of(raw: Raw, tree: str) -> str:
    """The call of nextval for the sequence whose oid is in those bytes."""
    found = bytes([_BYTES[byte] for byte in tree.split()])
    # The order of the bytes is that of the server's machine; four of eight are zero.
    first = not any(found[4:])
    oid = str(int.from_bytes(found[:4], "little") if first else int.from_bytes(found[4:], "big"))
    name = raw.relations.get(oid) or raw.identity(oid)
    literal = name.replace("'", "''")
    return f"nextval('{literal}'::regclass)"


def add(raw: Raw, tables: Mapping[str, dict[str, Spec]], templates: Templates) -> None:
    """Say of the columns of tables, by oid, what they have by default or are made of."""
    for default in found(raw):
        spelled: dict[str, str | None] = {}
        for relation in default.relations:
            if relation not in tables:
                continue
            names, told = raw.attributes[relation]
            spec = tables[relation][names[default.place]]
            if default.steady:
                spec["default"] = default.text
                continue
            if generation := templates[told[default.place]].generation:
                spec[_GENERATION[generation]] = bare_expression(default.text)
                continue
            kind = spec["type"]
            if kind not in spelled:
                spelled[kind] = constants.default(steady(default.text), kind)
            if (text := spelled[kind]) is not None:
                spec["default"] = text
