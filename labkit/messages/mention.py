"""What a learner is told when no page speaks of a word."""

from __future__ import annotations

from collections.abc import Sequence

from labkit.trouble import Trouble


def nothing(word: str, near: Sequence[str]) -> Trouble:
    """No page has the word."""
    if not near:
        return Trouble(f"No page speaks of “{word}”.", "", "See all labs: invoke labs")
    verb = "is" if len(near) == 1 else "are"
    return Trouble(
        f"No page speaks of “{word}”.",
        f"Near it {verb} {', '.join(near)}.",
        f"invoke labs --find {near[0]}",
    )


def read_on(number: int) -> str:
    """What to do with what was found."""
    return f"Run one: invoke lab {number}"
