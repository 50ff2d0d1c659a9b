"""What a learner is told about the ways through the labs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from labkit.lab import Lab
from labkit.trouble import Trouble

NO_LABS = "There is no lab in the folder labs."
ALL_PASSED = "Every one of these labs has passed."


class _Path(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def audience(self) -> str: ...


def no_path(name: str, near: Sequence[str], paths: Sequence[_Path]) -> Trouble:
    """No path goes by this name."""
    known = "; ".join(f"{path.name}, for people {path.audience}" for path in paths)
    meant = near[0] if near else paths[0].name
    return Trouble(
        f"No path is called “{name}”.",
        f"There are {len(paths)}: {known}.",
        f"invoke labs --path {meant}",
    )


def summary(passed: int, total: int, percent: int) -> str:
    """How many of the listed labs have passed, and how much they cover."""
    labs = "1 lab" if total == 1 else f"{total} labs"
    return f"{passed} of {labs} passed: {percent} % of Alembic covered so far"


def following(lab: Lab | None, path: _Path, *, new: bool) -> str:
    """What to type after reading the list; ``new`` says that the next lab was never run."""
    if path.name == "reference":
        return "Look something up: invoke labs --find WORD"
    if lab is None:
        return ALL_PASSED
    return f"Next: invoke lab {lab.number}" if new else f"Next: invoke check {lab.number}"
