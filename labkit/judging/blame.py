"""Blame: the line of a migration that made an object what it is, or that failed to undo it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from labkit.compare import Difference
from labkit.judging.effect import Effect, effects, identity
from labkit.judging.history import Revision, applied
from labkit.observation import Place, Statement
from labkit.schema.catalog.names import parts

# Kinds whose identity ends with their own name behind the table's.
_INSIDE = re.compile(r"column|index|constraint|key|trigger|policy|rule")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Sent:
    """All that a trial has sent so far.

    ``statements`` are those with a place, in their order; ``revisions`` what the project's files
    say; ``versions`` the rows of ``alembic_version``, None where it is not known.
    """

    statements: Sequence[Statement]
    revisions: Sequence[Revision] = ()
    versions: frozenset[str] | None = None


def blame(difference: Difference, sent: Sent) -> Place | None:
    """The line that caused a difference, None where no line of the project did.

    It is the one that was the last to say how the object should be. Where the way back of the same
    revision has run since, that has failed to undo it and is to blame.
    """
    if difference.kind == "alembic_version":
        return None
    cause = _cause(_Object.of(difference), sent.statements)
    return _undone(cause, sent) if cause else None


def blame_rows(table: str, sent: Sent) -> Place | None:
    """The line that was the last to change which rows a table (``name``, ``schema.name``) holds."""
    cause = _cause(_Object("row", identity(parts(table) or [table]), "", "", ""), sent.statements)
    return cause.place if cause else None


@dataclass(frozen=True)
class _Object:
    """What differs: ``name`` is "" for a table and for rows; ``words`` define it."""

    kind: str
    table: str
    name: str
    change: str
    part: str
    words: frozenset[str] = frozenset()

    @classmethod
    def of(cls, difference: Difference) -> _Object:
        subject = difference.object
        if difference.kind == "row":
            subject = subject.partition(" row ")[0]
        if difference.change == "renamed" and difference.actual:
            subject = f"{subject.rpartition('.')[0]}.{difference.actual}".lstrip(".")
        named = parts(subject) or _WORD.findall(subject)[:1]
        inside = bool(_INSIDE.search(difference.kind))
        table = named[:-1] if inside else named if difference.kind in ("row", "table") else []
        name = named[-1] if inside else "" if table else identity(named)
        said = _WORD.findall(f"{difference.expected or ''} {difference.actual or ''}".lower())
        return cls(
            difference.kind,
            identity(table),
            name,
            difference.change,
            difference.part or "",
            frozenset(said),
        )


def _cause(wanted: _Object, statements: Sequence[Statement]) -> Statement | None:
    for concerns in (_sets, _defines, _touches):
        for statement in reversed(statements):
            for effect in effects(statement.text):
                if concerns(effect, wanted):
                    made = wanted.change != "missing" or wanted.name in {"", *effect.words}
                    return statement if made else _newest(wanted, statements) or statement
    return None


def _newest(wanted: _Object, statements: Sequence[Statement]) -> Statement | None:
    """Where nobody ever made an object: what the newest revision does to its table instead."""
    newest = next((s.revision for s in reversed(statements) if s.revision), "")
    kinds = {"table", "column", "constraint", "index" if "index" in wanted.kind else "table"}
    for statement in reversed(statements):
        if statement.revision == newest and any(
            effect.table == wanted.table and effect.kind in kinds
            for effect in effects(statement.text)
        ):
            return statement
    return None


def _sets(effect: Effect, wanted: _Object) -> bool:
    """Whether an effect says of the very object how it is, or that it is not."""
    if wanted.kind == "row":
        whole = effect.kind == "table" and effect.verb in ("create", "drop")
        named = not wanted.part or wanted.part in effect.words
        written = effect.kind in ("rows", "column") and effect.verb != "comment" and named
        return effect.table == wanted.table and (written or whole)
    if (effect.verb == "comment") != (wanted.part == "comment"):
        return False
    if wanted.kind == "table":
        return effect.kind == "table" and effect.table == wanted.table
    if not wanted.table:
        return effect.kind not in ("table", "column", "rows") and effect.name == wanted.name
    if effect.kind == "table" and effect.verb in ("create", "drop"):
        # A table that is made without the object is why it is missing.
        there = wanted.name in effect.words or wanted.change == "missing"
        return effect.table == wanted.table and there
    if effect.name.rpartition(".")[2] != wanted.name or effect.kind in ("table", "rows"):
        return False
    if (effect.kind == "column") != (wanted.kind == "column"):
        return False
    return effect.table in (wanted.table, "")


def _defines(effect: Effect, wanted: _Object) -> bool:
    """Whether an effect makes the object without naming it, as PostgreSQL can do by itself."""
    if effect.verb == "comment" or not wanted.table or effect.table != wanted.table:
        return False
    if wanted.kind in ("table", "row", "column"):
        return effect.kind in ("table", "column") and effect.verb in ("create", "alter")
    own = wanted.words & effect.words - {wanted.table}
    return effect.verb == "create" and effect.kind != "rows" and len(own) > 1


def _touches(effect: Effect, wanted: _Object) -> bool:
    """Whether an effect is about the same table, or an object's name stands in it."""
    if wanted.table:
        rows = effect.kind == "rows" and wanted.kind != "row"
        return effect.table == wanted.table and not rows
    return wanted.name in effect.words


def _undone(cause: Statement, sent: Sent) -> Place | None:
    """The cause, or the way back of its revision where that has been taken since."""
    last = max(n for n, statement in enumerate(sent.statements) if statement is cause)
    back = [
        s
        for s in sent.statements[last + 1 :]
        if s.revision == cause.revision and s.revision and s.direction != cause.direction
    ]
    if back:
        tables = {effect.table for effect in effects(cause.text)} - {""}
        same = [s for s in back if tables & {effect.table for effect in effects(s.text)}]
        return (same or back)[-1].place
    if cause.direction == "upgrade" and sent.versions is not None:
        for revision in sent.revisions:
            if revision.id == cause.revision and revision.id not in applied(
                sent.revisions, sent.versions
            ):
                return revision.downgrade or cause.place
    return cause.place
