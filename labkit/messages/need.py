"""What is told of steps that a server is too old, or too new, for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from labkit.lab import Lab
from labkit.page import Command, File, Step
from labkit.trouble import Trouble


def skipped(steps: Sequence[Step], version: int) -> tuple[str, ...]:
    """The steps that were not taken, a sentence for each need."""
    said = []
    for need, group in groupby(steps, lambda step: str(step.need)):
        names = ", ".join(_name(step) for step in group)
        said.append(f"Skipped, needs {need} and this is PostgreSQL {version // 10000}: {names}.")
    return tuple(said)


def nothing_to_check(lab: Lab, checks: Sequence[Command], version: int) -> Trouble:
    """A task of which nothing can be judged on this server."""
    return Trouble(
        f"The task of lab {lab.number} needs {checks[0].need}, and this is PostgreSQL"
        f" {version // 10000}.",
        "LABS_DATABASE_URL or LABS_PG_BIN names a server of another version.",
        f"With the PostgreSQL that comes with the labs:"
        f" env -u LABS_DATABASE_URL -u LABS_PG_BIN invoke check {lab.number}",
    )


def _name(step: Step) -> str:
    return step.path if isinstance(step, File) else f"`{step.text.splitlines()[0]}`"
