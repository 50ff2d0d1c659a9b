"""What a learner is told about their progress."""

from __future__ import annotations

from labkit.trouble import Trouble


def broken(kept: str) -> str:
    """The progress file makes no sense, and a new one is begun."""
    return f"The progress file could not be read and is kept as {kept}. Rebuild: invoke check --all"


def held(seconds: int) -> Trouble:
    """Another terminal has the progress file."""
    return Trouble(
        f"The progress file has been in use for more than {seconds} seconds.",
        "Another terminal is writing it, or was stopped while it did.",
        "End what runs there, then run this command again.",
    )


def unwritten(what: str) -> str:
    """A verdict stands, and it could not be noted."""
    return f"Your progress was not noted: {what}"
