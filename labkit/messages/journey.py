"""Findings about the journey of an answer: its own revisions up, down and up again."""

from __future__ import annotations

from collections.abc import Sequence

from labkit.claim import fold
from labkit.compare import Difference
from labkit.observation import Place, Statement
from labkit.verdict import Finding


def walking(ids: Sequence[str]) -> str:
    """What is about to be run beside the checks of the page."""
    return f"Up, down and up again, from where the page ends: {', '.join(ids)}"


def trace(found: Difference, place: Place | None, command: str, id_: str) -> Finding:
    """The way down leaves something behind, or takes too much away."""
    return _difference(
        found,
        place,
        f"Seen after `{command}`, against the schema before {id_}: the way down is not the way "
        "up in reverse.",
    )


def other_way_up(found: Difference, place: Place | None, command: str, id_: str) -> Finding:
    """The second way up leads to another schema than the first one."""
    return _difference(
        found,
        place,
        f"Seen after the second `{command}`, against the first one: {id_} does not lead to the "
        "same schema each time.",
    )


def _difference(found: Difference, place: Place | None, why: str) -> Finding:
    return Finding(
        found.sentence,
        found.expected or "",
        found.actual or "",
        str(place) if place else "",
        why,
        found.remedy or "",
    )


def lost_rows(table: str, before: int, after: int, command: str, place: Place | None) -> Finding:
    """A table that is still there has fewer rows, and nobody deleted any."""
    return Finding(
        f"{table} loses rows, and no statement deletes them.",
        _rows(before),
        _rows(after),
        str(place) if place else "",
        f"Seen after `{command}`, from where the page ends. A table that is dropped and made anew "
        "is empty; one that is renamed or altered keeps its rows.",
    )


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"


def own_transaction(statement: Statement) -> Finding:
    """A migration ends or begins a transaction with a statement of its own."""
    return Finding(
        f"Revision {statement.revision} steers the transaction itself.",
        "all operations in the one transaction that Alembic opens",
        fold(statement.text),
        str(statement.place or ""),
        "If an operation behind it fails, what was done before it stays, and alembic_version does "
        "not know of it.",
        "with op.get_context().autocommit_block():",
    )
