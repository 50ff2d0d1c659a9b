"""Columns of indexes: what stands behind their names, which is all that is not a default."""

from __future__ import annotations

from typing import NamedTuple

from labkit.schema.catalog import op
from labkit.schema.catalog.attributes import attribute
from labkit.schema.catalog.raw import Raw, options

# What the end of a column follows from: what it is, the access method, its flags with operator
# class and collation, and its statistics target with parameters of the class.
Key = tuple[str, str, tuple[str, str, str], tuple[str, str] | None]


class LookUps(NamedTuple):
    """Names and defaults that the index rows refer to by oid.

    ``ends`` are what stands behind the name of a column, by everything that it follows from.
    """

    methods: dict[str, str]
    classes: dict[str, list[str]]
    defaults: dict[tuple[str, str], str]
    ends: dict[Key, str]


def look_ups(raw: Raw) -> LookUps:
    return LookUps(
        dict(raw.rows("method")),
        {row[0]: row for row in raw.rows("opclass")},
        {(row[2], row[3]): row[4] for row in raw.rows("opclass") if row[5] == "t"},
        {},
    )


def end(raw: Raw, look: LookUps, key: Key) -> str:
    """What follows the name of a column in an index: all that is not the default of its type."""
    what, method, (flag, opclass, collation), own = key
    parameters = own[1] if own else ""
    held = attribute(raw, what)
    words = [""]
    if collation not in ("0", held.collation_oid):
        words.append(f"COLLATE {raw.collations[collation]}")
    if parameters or not _is_default(look, opclass, method, held.oid):
        words.append(raw.named(look.classes[opclass][1]))
    if parameters:
        told = ", ".join(f"{k}={op.sql_text(v)}" for k, v in options(parameters).items())
        words.append(f"({told})")
    if flag in ("1", "3"):
        words.append("DESC")
    if flag in ("1", "2"):
        words.append("NULLS LAST" if flag == "1" else "NULLS FIRST")
    return " ".join(words)


def _is_default(look: LookUps, opclass: str, method: str, kind: str) -> bool:
    """Whether it is the default of its type, or another name for it."""
    _, _, _, taken, family, _ = look.classes[opclass]
    own = kind if (method, kind) in look.defaults else taken
    return own == taken and look.defaults.get((method, own)) == family
