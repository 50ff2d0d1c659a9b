"""What a learner is told about all labs that they began."""

from __future__ import annotations

from collections.abc import Sequence

from labkit.lab import Lab
from labkit.trouble import Trouble
from labkit.verdict import Finding

NOTHING_BEGUN = Trouble("No lab was begun yet.", "", "Begin with the first: invoke next")
AFTER_RESETS = "Begin again: invoke next"


def counted(number: int) -> str:
    """How many labs it is about."""
    return "1 lab" if number == 1 else f"{number} labs"


def gone(lab: Lab, *, lapsed: bool) -> Finding:
    """A lab that was begun has no project any more."""
    return Finding(
        f"{lab.name} {'passed, and its answer is gone' if lapsed else 'is begun and not there'}.",
        "a project that its page has left",
        "none",
        why="The project folder was deleted, or a run was cut off.",
        remedy=f"invoke lab {lab.number}, or what was set aside: invoke restore {lab.number}",
    )


def without_database(lab: Lab) -> Finding:
    """A lab whose answer is a state of a database that is not there; its progress stays."""
    return Finding(
        f"{lab.name} could not be judged: its database is gone.",
        why="The server was made anew, or another server is in use now.",
        remedy=f"invoke lab {lab.number}",
    )


def fails(lab: Lab, findings: int, *, lapsed: bool) -> Finding:
    """An answer does not pass."""
    number = "1 finding" if findings == 1 else f"{findings} findings"
    word = "passed and passes no longer" if lapsed else "does not pass yet"
    return Finding(f"{lab.name} {word}: {number}.", remedy=f"invoke check {lab.number}")


def page_fails(lab: Lab) -> Finding:
    """A page that was run anew does not hold."""
    return Finding(f"The page of {lab.name} does not hold here.", remedy=f"invoke lab {lab.number}")


def after_checks(failing: Sequence[Lab]) -> str:
    """What to do with the verdict."""
    return f"Look at one: invoke check {failing[0].number}" if failing else "Go on: invoke next"
