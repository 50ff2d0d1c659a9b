"""What a learner is told around a shell."""

from __future__ import annotations

from labkit.lab import Lab


def opened(lab: Lab, source: str) -> str:
    """A shell begins."""
    return f"Lab {lab.number}, {source}. DATABASE_URL is set; `exit` leaves."


def closed(lab: Lab) -> str:
    """A shell ended."""
    return f"Next: invoke check {lab.number}"
