"""A difference between two schemas, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass

# Kinds whose identity says what they are.
_PLAIN = ("column", "row", "alembic_version", "default privileges")


@dataclass(frozen=True)
class Difference:
    """One thing that is not as expected.

    ``kind`` is the kind of object, ``object`` its identity ("products.sku"), ``change`` one of
    "missing", "unexpected", "changed" and "renamed". ``part`` names what differs in a changed
    object. ``expected`` and ``actual`` are in words, None where there is nothing; ``whole`` tells
    that they are definitions and not just the part. ``remedy`` is made of ``op.*`` calls that make
    the difference good, None where there are none; ``note`` tells why, where that is not plain.
    """

    kind: str
    object: str
    change: str
    part: str | None
    expected: str | None
    actual: str | None
    remedy: str | None = None
    whole: bool = False
    note: str = ""

    @property
    def sentence(self) -> str:
        """The difference for a reader: ``products.sku: expected text NOT NULL, found text``."""
        return f"{self._told} ({self.note})" if self.note else self._told

    @property
    def _told(self) -> str:
        subject = self.object if self.kind in _PLAIN else f"{self.kind} {self.object}"
        if self.change == "missing":
            return f"{subject}: expected {_short(self.expected)}, found no such {self.kind}"
        if self.change == "unexpected":
            return f"{subject}: expected no such {self.kind}, found {_short(self.actual)}"
        if self.change == "renamed":
            return f"{subject}: expected under this name, found as {self.actual}"
        expected, actual = _contrast(self.expected, self.actual)
        told = f"{self.part}: " if self.part and not self.whole else ""
        return f"{subject}: {told}expected {expected}, found {actual}"


def _short(text: str | None) -> str:
    if text is None:
        return "none"
    first, *more = text.strip().split("\n")
    return f"{first.rstrip()} ... ({len(more) + 1} lines)" if more else first


def _contrast(expected: str | None, actual: str | None) -> tuple[str, str]:
    """Both sides on one line each: of longer texts the first lines that differ."""
    if expected is None or actual is None or ("\n" not in expected and "\n" not in actual):
        return _short(expected), _short(actual)
    ours, theirs = expected.split("\n"), actual.split("\n")
    number = 0
    while number < min(len(ours), len(theirs)) and ours[number] == theirs[number]:
        number += 1
    sides = [
        repr(lines[number].strip()) if number < len(lines) else "the end"
        for lines in (ours, theirs)
    ]
    return f"{sides[0]} in line {number + 1}", sides[1]
