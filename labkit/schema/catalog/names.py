"""Names and types as people write them in SQL, the same on every server version."""

from __future__ import annotations

import re
from functools import lru_cache

# What PostgreSQL 14 puts in quotes. Later versions know more keywords, and a snapshot must not
# change with them.
_KEYWORDS = """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit
    boolean both case cast char character check coalesce collate collation column concurrently
    constraint create cross current_catalog current_date current_role current_schema current_time
    current_timestamp current_user dec decimal default deferrable desc distinct do else end except
    exists extract false fetch float for foreign freeze from full grant greatest group grouping
    having ilike in initially inner inout int integer intersect interval into is isnull join lateral
    leading least left like limit localtime localtimestamp national natural nchar none normalize not
    notnull null nullif numeric offset on only or order out outer overlaps overlay placing position
    precision primary real references returning right row select session_user setof similar
    smallint some substring symmetric table tablesample then time timestamp to trailing treat trim
    true union unique user using values varchar variadic verbose when where window with
    xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
    xmlserialize xmltable
"""
KEYWORDS = frozenset(_KEYWORDS.split())

# The names that PostgreSQL 18 makes up; older servers have none to compare them with.
MADE_UP_NOT_NULL = re.compile(r".*_not_null[0-9]*\Z", re.DOTALL).match

_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*\Z").match
_IDENTIFIER = re.compile(r'"((?:[^"]|"")+)"|([^\W\d][\w$]*)')

_LONG_TYPES = (
    (re.compile(r"^character varying\b"), "varchar"),
    (re.compile(r"^character\b"), "char"),
    (re.compile(r"^bit varying\b"), "varbit"),
    (re.compile(r"^(time|timestamp)(\(\d\))? without time zone\b"), r"\1\2"),
    (re.compile(r"^(time|timestamp)(\(\d\))? with time zone\b"), r"\1tz\2"),
)


@lru_cache(100_000)
def quoted(name: str) -> str:
    """The name as SQL needs it: in double quotes where it would mean something else bare."""
    if _PLAIN(name) and name not in KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def qualified(schema: str, name: str) -> str:
    """The identity of an object: ``products``, or ``tenant.products`` outside schema public.

    What belongs to the system is named bare too.
    """
    return prefix(schema) + quoted(name)


def prefix(schema: str) -> str:
    """What stands before the name of an object in the schema."""
    return "" if schema in ("public", "pg_catalog") else f"{quoted(schema)}."


def made_up(table: str, column: str, label: str) -> str:
    """The name that PostgreSQL gives when none is given: ``table_column_label`` in 63 bytes."""
    first, second = table.encode(), column.encode()
    room = 63 - len(label) - 1 - (1 if column else 0)
    while len(first) + len(second) > room:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    words = [part.decode("utf-8", "ignore") for part in (first, second)] + [label]
    return "_".join(word for word in words if word)


def parts(identity: str) -> list[str] | None:
    """The bare names in ``tenant."Products"``, folded as SQL folds them; None when it is none."""
    names = []
    position = 0
    while match := _IDENTIFIER.match(identity, position):
        bare = match.group(2)
        names.append(bare.lower() if bare else match.group(1).replace('""', '"'))
        position = match.end()
        if position == len(identity):
            return names
        if identity[position] != ".":
            return None
        position += 1
    return None


def short_type(text: str) -> str:
    """``varchar(50)`` for ``character varying(50)``: types in the words people use."""
    if " " not in text and not text.startswith("character"):
        return text
    for pattern, word in _LONG_TYPES:
        text = pattern.sub(word, text)
    return text


def split(identity: str) -> tuple[str, str]:
    """(``products``, ``id``) for ``products.id``: what holds a column, and the column."""
    names = [quoted(name) for name in parts(identity) or [""]]
    return ".".join(names[:-1]), names[-1]
