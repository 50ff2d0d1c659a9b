"""Columns of relations as they are sent: their names in a list, and what each is in a short text.

A text that many columns have in common is looked into once.
"""

from __future__ import annotations

from typing import NamedTuple

from labkit.schema.catalog import privileges
from labkit.schema.catalog.marks import INNER, LIST, AmbiguousError, mark
from labkit.schema.catalog.names import short_type
from labkit.schema.catalog.raw import Raw, lines, registered

_DEFAULT_COLLATION = "100"

# Types that every server has under the same oid, with how their values are stored. They are most
# of what there is, and so a server need not spell them for each column.
_KNOWN = {
    "16": ("boolean", "p"),
    "17": ("bytea", "x"),
    "20": ("bigint", "p"),
    "21": ("smallint", "p"),
    "23": ("integer", "p"),
    "25": ("text", "x"),
    "114": ("json", "x"),
    "700": ("real", "p"),
    "701": ("double precision", "p"),
    "869": ("inet", "m"),
    "1007": ("integer[]", "x"),
    "1009": ("text[]", "x"),
    "1015": ("varchar[]", "x"),
    "1042": ("bpchar", "x"),
    "1043": ("varchar", "x"),
    "1082": ("date", "p"),
    "1083": ("time", "p"),
    "1114": ("timestamp", "p"),
    "1184": ("timestamptz", "p"),
    "1266": ("timetz", "p"),
    "1700": ("numeric", "m"),
    "2950": ("uuid", "p"),
    "3614": ("tsvector", "x"),
    "3802": ("jsonb", "x"),
}
_COLLATABLE = frozenset(("25", "1009", "1015", "1042", "1043"))
# Those whose modifier is read here: a length and four, a precision, and both digits and scale.
_LENGTHS = {"1015": "varchar({})[]", "1042": "char({})", "1043": "varchar({})"}
_PRECISIONS = frozenset(("1083", "1114", "1184", "1266"))
_MODIFIED = (*_LENGTHS, *_PRECISIONS, "1700")


class Attribute(NamedTuple):
    """What a column is, beside its name. ``collation`` is "" where it is that of the type."""

    oid: str
    type: str
    collation: str
    collation_oid: str
    not_null: bool
    inherited: bool
    storage: str
    identity: str = ""
    generation: str = ""
    compression: str = ""
    target: str = ""
    options: str = ""
    foreign_options: str = ""
    acl: str = ""


def select(version: int, relation: str, owner: str) -> str:
    """The SQL for the number of columns of a relation, their names, and what they are.

    Columns that were dropped have a name too, so that the place in the list is their number; what
    they are is "".
    """
    target = "attstattarget" if version >= 17 else "nullif(attstattarget, -1)"
    unusual = (
        f"atttypid NOT IN ({', '.join(_KNOWN)}) "
        f"OR atttypmod <> -1 AND atttypid NOT IN ({', '.join(_MODIFIED)}) "
        "OR attcollation > 100 OR attndims > 1 OR attidentity <> '' OR attgenerated <> '' "
        f"OR attcompression <> '' OR {target} IS NOT NULL OR attoptions IS NOT NULL "
        "OR attfdwoptions IS NOT NULL OR attacl IS NOT NULL"
    )
    inner = f", {mark(INNER)}, "
    kind = inner.join(
        (
            "format_type(atttypid, atttypmod)",
            "typstorage",
            "typlen = -1 AND typelem <> 0",
            "CASE WHEN attcollation NOT IN (0, typcollation) THEN attcollation::regcollation END",
        )
    )
    more = inner.join(
        (
            f"(SELECT concat({kind}) FROM pg_type t WHERE t.oid = atttypid)",
            "attcollation",
            "attndims",
            "attidentity",
            "attgenerated",
            "attcompression",
            target,
            lines("attoptions"),
            lines("attfdwoptions"),
            privileges.listed("attacl", owner),
        )
    )
    what = (
        "CASE WHEN NOT attisdropped THEN concat(atttypid, ' ', atttypmod, ' ', attstorage, "
        f"attnotnull, attinhcount > 0, CASE WHEN {unusual} THEN concat({mark(INNER)}, {more}) END) "
        "ELSE '' END"
    )
    return (
        f"SELECT count(*), string_agg(attname, {mark(LIST)}), string_agg(what, {mark(LIST)}) "
        f"FROM (SELECT attname::text, {what} AS what FROM pg_attribute "
        f"WHERE attrelid = {relation} AND attnum > 0 ORDER BY attnum) s"
    )


def attribute(raw: Raw, text: str) -> Attribute:
    """What the text says.

    Raises:
        AmbiguousError: something in it looks like a mark between its fields.
    """
    short, *more = raw.split(text, INNER)
    oid, modifier, (storage, notnull, inherited) = *short.split(" ")[:2], tuple(short[-3:])
    if not more:
        name, usual = _KNOWN[oid]
        return Attribute(
            oid,
            name if modifier == "-1" else _modified(oid, name, int(modifier)),
            "",
            _DEFAULT_COLLATION if oid in _COLLATABLE else "0",
            notnull == "t",
            inherited == "t",
            storage if storage != usual else "",
        )
    if len(more) != 13:
        raise AmbiguousError
    words, usual, is_array, collation, collation_oid, dimensions, *others = more
    name = short_type(words)
    if is_array == "t" and int(dimensions) > 1:
        name += "[]" * (int(dimensions) - 1)
    return Attribute(
        oid,
        name,
        registered(collation) if collation else "",
        collation_oid,
        notnull == "t",
        inherited == "t",
        storage if storage != usual else "",
        *others,
    )


def _modified(oid: str, name: str, modifier: int) -> str:
    if oid in _LENGTHS:
        return _LENGTHS[oid].format(modifier - 4)
    if oid in _PRECISIONS:
        return f"{name}({modifier})"
    digits, scale = (modifier - 4) >> 16 & 0xFFFF, (modifier - 4) & 0x7FF
    return f"{name}({digits},{(scale ^ 1024) - 1024})"
