"""What a learner is told around a shell."""

from __future__ import annotations

from labkit.lab import Lab
from labkit.trouble import Trouble


def opened(lab: Lab, source: str) -> str:
    """A shell begins."""
    return f"Lab {lab.number}, {source}. DATABASE_URL is set, psql knows it too; `exit` leaves."


def closed(lab: Lab) -> str:
    """A shell ended."""
    return f"Next: invoke check {lab.number}"


def cannot_start(lab: Lab, program: str, error: OSError) -> Trouble:
    """The learner's shell is no program."""
    return Trouble(
        f"The shell {program} cannot be started: {error.strerror or error}.",
        "It is what the variable SHELL names.",
        f"Name another one: SHELL=/bin/sh invoke shell {lab.number}",
    )
