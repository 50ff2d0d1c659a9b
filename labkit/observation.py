"""Observations: what a command really did, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Place:
    """A line of a file in the lab's project; ``file`` is relative to the project, with slashes."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Failure:
    """An exception that ended a command, or the error that PostgreSQL sent for a statement.

    ``kind`` is the exception's class, the driver's own for a database error. Two are no classes:
    "ended", when a process was killed or left without Python's doing, and "unfinished", for the
    statement it was waiting for then.
    ``place`` is the innermost line of the project it passed through, ``sqlstate`` the five
    characters of a database error ("" for any other).
    """

    kind: str
    message: str
    place: Place | None = None
    sqlstate: str = ""


@dataclass(frozen=True)
class Statement:
    """One statement as PostgreSQL received it.

    ``text`` has its parameters in place; ``template`` and ``parameters`` are what SQLAlchemy was
    given. ``place``, ``revision`` and ``direction`` name the migration that sent it, and are None
    for Alembic's own bookkeeping and catalog reads. ``locks`` maps each table that existed before
    the transaction to the mode that this statement took on it, when it is stronger than all that
    the transaction held there already ("ACCESS EXCLUSIVE"); ``rewrites`` and ``scans`` name tables
    that existed before it too.
    ``outside`` is true where it ran outside of a transaction, so that its locks were gone before
    anybody could look.
    """

    text: str
    template: str
    parameters: object = None
    place: Place | None = None
    revision: str | None = None
    direction: str | None = None
    seconds: float = 0.0
    locks: dict[str, str] = field(default_factory=dict)
    rewrites: tuple[str, ...] = ()
    scans: tuple[str, ...] = ()
    failure: Failure | None = None
    outside: bool = False


@dataclass(frozen=True)
class Observation:
    """All that is known of one command: ``output`` holds stdout and stderr in the order written.

    ``status`` is the exit status as a shell gives it (128 + n for signal n). ``cut`` is the number
    of output characters that were dropped from the middle because there were too many. ``gaps``
    tells, in the observer's own words, what it failed to see; it is empty as a rule. ``programs``
    are the words of each Python program that was started, ``used`` names what their lines in the
    project used of Alembic: ("op", "add_column"), ("configure", "url"), ("ini", "timezone").
    """

    command: str
    output: str
    status: int
    seconds: float
    statements: tuple[Statement, ...] = ()
    failure: Failure | None = None
    interrupted: bool = False
    timed_out: bool = False
    cut: int = 0
    gaps: tuple[str, ...] = ()
    programs: tuple[tuple[str, ...], ...] = ()
    used: frozenset[tuple[str, str]] = frozenset()

    @property
    def migrated(self) -> list[Statement]:
        """The statements that migrations sent, in their order."""
        return [statement for statement in self.statements if statement.revision is not None]
