"""What a learner is told while their saves are watched."""

from __future__ import annotations

from collections.abc import Sequence

from labkit.lab import Lab

POLLING = (
    "The system tells of no save in this folder, as in a bind mount or on a network. So it is "
    "looked at five times a second."
)
NO_KEYS = "Ctrl-C ends it."
NOTHING_LEFT = "No other lab is left. See all of them: invoke labs"
KEYS = {"h": "hint", "s": "solution", "n": "next", "c": "check", "q": "quit"}


def keys(there: bool) -> str:
    """What can be pressed."""
    return "  ".join(f"{key} {word}" for key, word in KEYS.items()) if there else NO_KEYS


def checking(saved: Sequence[str]) -> str:
    """A check begins."""
    return f"{_short(saved)} saved, checking …" if saved else "Checking …"


def saved(paths: Sequence[str], seconds: float) -> str:
    """Which save the verdict is about."""
    return f"{_short(paths)} saved, checked in {seconds:.2f} s."


def _short(paths: Sequence[str]) -> str:
    return paths[0] + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")


def left(lab: Lab) -> str:
    """The watch is over."""
    return f"Watch it again: invoke watch {lab.number}"
