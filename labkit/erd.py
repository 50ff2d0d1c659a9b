"""Diagrams of a schema: tables, their columns and the keys between them, as Mermaid's erDiagram."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from labkit.snapshot import Snapshot

_PLAIN = re.compile(r"[A-Za-z_][\w-]*\Z", re.ASCII)
_FOREIGN = re.compile(r"(?P<table>.+) \((?P<columns>[^()]*)\)")
_NOT_IN_TYPE = re.compile(r"[^\w()\[\]-]+", re.ASCII)
_NOT_IN_NAME = re.compile(r"[^\w-]+", re.ASCII)


def diagram(schema: Snapshot) -> str:
    """A schema as a diagram; tables in the order of their names."""
    tables: dict[str, Any] = schema.content.get("tables", {})
    lines = ["erDiagram"]
    for name, table in tables.items():
        lines.append(f"    {_entity(name)} {{")
        lines += [f"        {line}" for line in _columns(table)]
        lines.append("    }")
    for name, table in tables.items():
        lines += [f"    {line}" for line in _relations(name, table)]
    return "\n".join(lines) + "\n"


def _columns(table: dict[str, Any]) -> Iterator[str]:
    constraints = table.get("constraints", {}).values()
    primary = {column for one in constraints for column in one.get("primary key", ())}
    unique = {one["unique"][0] for one in constraints if len(one.get("unique", ())) == 1}
    foreign = {column for one in constraints for column in one.get("foreign key", ())}
    for name, column in table.get("columns", {}).items():
        marks = [
            mark
            for mark, held in (("PK", primary), ("FK", foreign), ("UK", unique))
            if name in held
        ]
        type_ = _NOT_IN_TYPE.sub("_", str(column.get("type", "unknown"))).strip("_") or "unknown"
        if not type_[0].isalpha():
            type_ = f"t_{type_}"
        yield f"{type_} {_NOT_IN_NAME.sub('_', name)} {', '.join(marks)}".rstrip()


def _relations(name: str, table: dict[str, Any]) -> Iterator[str]:
    constraints = table.get("constraints", {})
    keys = [set(one.get("primary key") or one.get("unique") or ()) for one in constraints.values()]
    for one in constraints.values():
        columns = one.get("foreign key")
        if not columns:
            continue
        target = _target(one)
        optional = any(table["columns"].get(column, {}).get("nullable", True) for column in columns)
        many = "o|" if set(columns) in keys else "o{"
        label = ", ".join(columns).replace('"', "'")
        yield f'{_entity(target)} {"|o" if optional else "||"}--{many} {_entity(name)} : "{label}"'


def _target(one: dict[str, Any]) -> str:
    """The table that a foreign key points to."""
    told = str(one.get("references", ""))
    found = _FOREIGN.match(told)
    return found["table"] if found else told


def _entity(name: str) -> str:
    shown = name.replace('"', "")
    return shown if _PLAIN.match(shown) else f'"{shown}"'
