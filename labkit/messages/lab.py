"""What a learner is told when a lab cannot be found."""

from __future__ import annotations

from collections.abc import Sequence

from labkit.trouble import Trouble


def unknown(word: str, near: Sequence[str]) -> Trouble:
    """No lab goes by this word."""
    why = f"Near it are {', '.join(near)}." if near else "Nothing comes near it."
    mend = f"invoke lab {int(near[0][:2])}" if near else "ls labs"
    return Trouble(f"No lab is called “{word}”.", why, mend)


def ambiguous(word: str, names: Sequence[str]) -> Trouble:
    """Several labs go by this word."""
    return Trouble(
        f"“{word}” could be {len(names)} labs.",
        f"They are {', '.join(names)}.",
        f"invoke lab {int(names[0][:2])}",
    )
