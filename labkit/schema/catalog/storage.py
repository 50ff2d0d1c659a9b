"""How a table, index or column is kept, as what follows ALTER."""

from __future__ import annotations

from typing import Any

from labkit.schema.catalog import op
from labkit.schema.catalog.raw import options
from labkit.schema.catalog.row import Relation


def kept(held: Relation) -> dict[str, Any]:
    """How and where the rows of a relation are kept, as far as that is not as usual."""
    found: dict[str, Any] = {"access method": held.method, "tablespace": held.space}
    if held.options:
        found["options"] = options(held.options)
    return {name: value for name, value in found.items() if value}


def option_changes(ours: object, theirs: object) -> list[str]:
    """SET and RESET of the storage options that differ, both sides mappings or None."""
    before = theirs if isinstance(theirs, dict) else {}
    after = ours if isinstance(ours, dict) else {}
    gone = [name for name in before if name not in after]
    new = [
        f"{name} = {op.sql_text(text)}" for name, text in after.items() if before.get(name) != text
    ]
    told = [f"RESET ({', '.join(gone)})"] if gone else []
    return [*told, f"SET ({', '.join(new)})"] if new else told


def foreign_option_changes(ours: object, theirs: object) -> str:
    """OPTIONS of something foreign, with ADD, SET and DROP."""
    before = theirs if isinstance(theirs, dict) else {}
    after = ours if isinstance(ours, dict) else {}
    told = [f"DROP {name}" for name in before if name not in after]
    for name, text in after.items():
        if before.get(name) != text:
            told.append(f"{'SET' if name in before else 'ADD'} {name} {op.sql_text(text)}")
    return f"OPTIONS ({', '.join(told)})"


def foreign_options(given: dict[str, str]) -> str:
    """OPTIONS of something foreign that is made."""
    return "OPTIONS (" + ", ".join(f"{k} {op.sql_text(v)}" for k, v in given.items()) + ")"


def alterations(part: str, ours: object, theirs: object) -> list[str]:
    """What follows ALTER TABLE to make one part of a table right; nothing where there is no way."""
    if part == "unlogged":
        return ["SET UNLOGGED" if ours else "SET LOGGED"]
    if part == "options":
        return option_changes(ours, theirs)
    if part == "foreign options":
        return [foreign_option_changes(ours, theirs)]
    if part == "replica identity":
        return [f"REPLICA IDENTITY {str(ours or 'default').upper()}"]
    if part == "access method":
        return [f"SET ACCESS METHOD {ours or 'heap'}"]
    if part == "tablespace":
        return [f"SET TABLESPACE {ours or 'pg_default'}"]
    if part == "row security":
        enabled = ours in ("enabled", "forced")
        forced = ours in ("forced", "forced but not enabled")
        return [
            f"{'ENABLE' if enabled else 'DISABLE'} ROW LEVEL SECURITY",
            f"{'FORCE' if forced else 'NO FORCE'} ROW LEVEL SECURITY",
        ]
    if part == "inherits":
        before = theirs if isinstance(theirs, list) else []
        after = ours if isinstance(ours, list) else []
        return [
            *(f"NO INHERIT {parent}" for parent in before if parent not in after),
            *(f"INHERIT {parent}" for parent in after if parent not in before),
        ]
    if part == "of type":
        return [f"OF {ours}" if ours else "NOT OF"]
    return []
