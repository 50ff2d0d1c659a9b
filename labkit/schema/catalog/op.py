"""Calls of Alembic's ``op``, as text that is ready to paste into a migration.

A call uses nothing but ``op`` and ``sa``, which every revision file imports.
"""

from __future__ import annotations

import json
import re
from typing import Any

from labkit.schema.catalog.kind import Spec
from labkit.schema.catalog.names import parts, quoted

_WIDTH = 88
# What SQLAlchemy takes for a parameter in a text, and for a colon that is none.
_BIND = re.compile(r"(?<![:\w\\]):(\w+)(?![:\w])")
_UNBOUND = re.compile(r"\\(?=:\w*(?![:\w]))")
_TYPE = re.compile(r"([a-z][a-z ]*?)(?:\((\d+)(?:,(-?\d+))?\))?\Z")

_DIALECT = "sa.dialects.postgresql"
_TYPES = {
    "smallint": "sa.SmallInteger()",
    "integer": "sa.Integer()",
    "bigint": "sa.BigInteger()",
    "text": "sa.Text()",
    "boolean": "sa.Boolean()",
    "date": "sa.Date()",
    "real": "sa.REAL()",
    "double precision": "sa.Double()",
    "bytea": "sa.LargeBinary()",
    "uuid": "sa.Uuid()",
    "json": "sa.JSON()",
    "interval": "sa.Interval()",
    "numeric": "sa.Numeric()",
    "varchar": "sa.String()",
    "char": "sa.CHAR()",
    "timestamp": "sa.DateTime()",
    "timestamptz": "sa.DateTime(timezone=True)",
    "time": "sa.Time()",
    "timetz": "sa.Time(timezone=True)",
    "jsonb": f"{_DIALECT}.JSONB()",
    "inet": f"{_DIALECT}.INET()",
    "cidr": f"{_DIALECT}.CIDR()",
    "macaddr": f"{_DIALECT}.MACADDR()",
    "money": f"{_DIALECT}.MONEY()",
    "oid": f"{_DIALECT}.OID()",
    "regclass": f"{_DIALECT}.REGCLASS()",
    "tsvector": f"{_DIALECT}.TSVECTOR()",
    "tsquery": f"{_DIALECT}.TSQUERY()",
    "bit": f"{_DIALECT}.BIT()",
    "varbit": f"{_DIALECT}.BIT(varying=True)",
    **{
        f"{kind}{multi}range": f"{_DIALECT}.{kind.upper()}{multi.upper()}RANGE()"
        for kind in ("int4", "int8", "num", "date", "ts", "tstz")
        for multi in ("", "multi")
    },
}
_SIZED = {
    "varchar": "sa.String({0})",
    "char": "sa.CHAR({0})",
    "numeric": "sa.Numeric({0}, {1})",
    "timestamp": f"{_DIALECT}.TIMESTAMP(precision={{0}})",
    "timestamptz": f"{_DIALECT}.TIMESTAMP(timezone=True, precision={{0}})",
    "time": f"{_DIALECT}.TIME(precision={{0}})",
    "timetz": f"{_DIALECT}.TIME(timezone=True, precision={{0}})",
    "bit": f"{_DIALECT}.BIT({{0}})",
    "varbit": f"{_DIALECT}.BIT({{0}}, varying=True)",
}


class Code(str):
    """Text that is Python already."""


def value(given: Any) -> str:
    """A value as Python writes it, texts in double quotes."""
    if isinstance(given, Code):
        return str(given)
    if isinstance(given, str):
        if '"' in given and "'" not in given and given.isprintable():
            return repr(given)
        return json.dumps(given, ensure_ascii=False)
    if isinstance(given, list | tuple):
        return "[" + ", ".join(value(item) for item in given) + "]"
    if isinstance(given, dict):
        return "{" + ", ".join(f"{value(key)}: {value(item)}" for key, item in given.items()) + "}"
    return repr(given)


def call(name: str, /, *arguments: Any, **options: Any) -> Code:
    """``name(argument, option=value)``; one argument a line where one line is too short."""
    told = [value(item) for item in arguments]
    told += [f"{key}={value(item)}" for key, item in options.items() if item is not None]
    line = f"{name}({', '.join(told)})"
    if len(line) <= _WIDTH and "\n" not in line:
        return Code(line)
    body = ",\n".join("    " + item.replace("\n", "\n    ") for item in told)
    return Code(f"{name}(\n{body},\n)")


def execute(*statements: str) -> Code:
    """``op.execute`` for each statement, one a line."""
    return Code("\n".join(f"op.execute({_long(_escaped(sql))})" for sql in statements))


def text(sql: str) -> Code:
    """``sa.text`` of an expression."""
    return Code(f"sa.text({_long(_escaped(sql))})")


def _escaped(sql: str) -> str:
    """The SQL as ``sa.text`` wants it: a colon before a word would be a parameter."""
    return _BIND.sub(r"\\:\1", _UNBOUND.sub(r"\\\\", sql))


def _long(given: str) -> str:
    """A text of several lines in three quotes, so that it stays readable."""
    if "\n" not in given or '"""' in given or given.endswith('"'):
        return value(given)
    return '"""' + given.replace("\\", "\\\\") + '"""'


def bare(name: str) -> str:
    """The name without the quotes that SQL needs."""
    found = parts(name)
    return found[-1] if found else name


def bares(names: list[str]) -> list[str]:
    return [bare(name) for name in names]


def where(identity: str) -> tuple[str, str | None]:
    """(name, schema) of an object; no schema for public."""
    found = parts(identity) or [identity]
    return found[-1], found[-2] if len(found) > 1 else None


def sql_text(given: str) -> str:
    """A text as an SQL literal."""
    quoted = "'" + given.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in given else quoted


def type_of(words: str, tree: Spec, collation: str | None = None) -> Code | None:
    """The SQLAlchemy type of a column; None where there is none that says the same."""
    element = words.rstrip("[]")
    dimensions = (len(words) - len(element)) // 2
    found = _element(element, collation) or (None if collation else _enum(element, tree))
    if found is None or not dimensions:
        return found
    count = f", dimensions={dimensions}" if dimensions > 1 else ""
    return Code(f"{_DIALECT}.ARRAY({found}{count})")


def _element(words: str, collation: str | None) -> Code | None:
    match = _TYPE.match(words)
    if match is None:
        return None
    name, size, scale = match.groups()
    found = _TYPES.get(name) if size is None else _SIZED.get(name, "").format(size, scale or 0)
    if collation and found and name in ("varchar", "text", "char"):
        comma = "" if found.endswith("()") else ", "
        return Code(f"{found[:-1]}{comma}collation={value(bare(collation))})")
    return None if collation or not found else Code(found)


def _enum(words: str, tree: Spec) -> Code | None:
    if words not in tree.get("enums", {}):
        return None
    name, schema = where(words)
    return call(f"{_DIALECT}.ENUM", name=name, schema=schema, create_type=False)


def names(identity: str) -> list[str]:
    """The bare names in an identity."""
    return parts(identity) or [identity]


def joined(bare_names: list[str]) -> str:
    """The identity of bare names."""
    return ".".join(quoted(name) for name in bare_names)
