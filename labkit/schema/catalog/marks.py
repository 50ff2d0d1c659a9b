"""What stands between the pieces of what a server sends."""

from __future__ import annotations

# Between the fields of a row, between the items of a list in a field, and between the fields of
# such an item. Where a text holds one itself, others are agreed upon.
FIELD, LIST, INNER = "\x1f", "\x1e", "\x1d"


class AmbiguousError(Exception):
    """Something that the server sent looks like a mark between its fields."""


def mark(which: str) -> str:
    """A mark as SQL."""
    return f"E'\\x{ord(which):x}'"
