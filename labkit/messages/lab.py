"""What a learner is told when a lab cannot be found."""

from __future__ import annotations

from collections.abc import Sequence

from labkit.trouble import Trouble


def unknown(word: str, near: Sequence[str], task: str) -> Trouble:
    """No lab goes by this word."""
    if not near:
        return Trouble(
            f"No lab is called “{word}”.", "Nothing comes near it.", "See all labs: invoke labs"
        )
    verb = "is" if len(near) == 1 else "are"
    return Trouble(
        f"No lab is called “{word}”.",
        f"Near it {verb} {', '.join(near)}.",
        f"invoke {task} {int(near[0][:2])}",
    )


def ambiguous(word: str, names: Sequence[str], task: str) -> Trouble:
    """Several labs go by this word."""
    return Trouble(
        f"“{word}” could be {len(names)} labs.",
        f"They are {', '.join(names)}.",
        f"invoke {task} {int(names[0][:2])}",
    )
