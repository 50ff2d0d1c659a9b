"""Rows of named tables: from PostgreSQL's own text of a row to values in a stable order."""

from __future__ import annotations

import re
from typing import Any

_FIELD = re.compile(r'"((?:[^"\\]|""|\\.)*)"|([^,]*)', re.DOTALL)
_DOUBLED = re.compile(r'""|\\(.)', re.DOTALL)


def fields(record: str) -> list[str | None]:
    """The fields of a row as PostgreSQL writes it: ``(1,"a, b",)``."""
    body = record[1:-1]
    values: list[str | None] = []
    position = 0
    while True:
        match = _FIELD.match(body, position)
        assert match is not None
        inner, bare = match.groups()
        if inner is not None:
            values.append(_DOUBLED.sub(lambda found: found.group(1) or '"', inner))
        else:
            values.append(bare or None)
        position = match.end()
        if position >= len(body):
            return values
        position += 1


def value(text: str | None, kind: str) -> Any:
    """Numbers without a fraction and truth values as such, all else as PostgreSQL writes it."""
    if text is None:
        return None
    if kind in ("smallint", "integer", "bigint"):
        return int(text)
    if kind == "boolean":
        return text == "t"
    return text


def ordered(rows: list[dict[str, Any]], key: list[str]) -> list[dict[str, Any]]:
    """Rows by primary key, or by all their values where there is none."""
    return sorted(rows, key=lambda row: [_rank(row[name]) for name in key or row])


def _rank(cell: Any) -> tuple[int, int, str]:
    if cell is None:
        return (2, 0, "")
    if isinstance(cell, int):
        return (0, int(cell), "")
    return (1, 0, str(cell))


def table(records: list[str], spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a table as mappings from column to value."""
    names = list(spec["columns"])
    kinds = [column["type"] for column in spec["columns"].values()]
    rows = []
    for record in records:
        texts = fields(record) if names else []
        rows.append({n: value(t, k) for n, t, k in zip(names, texts, kinds, strict=True)})
    return ordered(rows, primary_key(spec))


def primary_key(spec: dict[str, Any]) -> list[str]:
    """The columns of a table's primary key."""
    for constraint in spec.get("constraints", {}).values():
        if "primary key" in constraint:
            return list(constraint["primary key"])
    return []
