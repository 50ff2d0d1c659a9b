"""Needs: the versions of PostgreSQL on which a step of a page can be taken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from labkit.annotation import Annotation
from labkit.claim import ClaimError

_WORD = re.compile(r"needs\s*:", re.IGNORECASE)
_FORM = re.compile(r"needs: PostgreSQL (?:([0-9]{2})\+|before ([0-9]{2}))\Z")
_INSTEAD = "write “needs: PostgreSQL 15+” or “needs: PostgreSQL before 15”, once for a step"


@dataclass(frozen=True)
class Need:
    """The major versions from ``least`` on and below ``below`` (0: no bound)."""

    least: int = 0
    below: int = 0

    def met(self, version: int) -> bool:
        """Whether a server meets it; its version is a number as it tells it, 180004 for 18.4."""
        major = version // 10000
        return major >= self.least and (not self.below or major < self.below)

    def __str__(self) -> str:
        return f"PostgreSQL before {self.below}" if self.below else f"PostgreSQL {self.least}+"


class Needing(Protocol):
    """A step that may need something."""

    @property
    def need(self) -> Need | None:
        """What it needs, None where it can be taken anywhere."""


S = TypeVar("S", bound=Needing)


def is_need(note: Annotation) -> bool:
    """Whether an annotation says what its step needs, or means to."""
    return bool(_WORD.match(note.text.strip()))


def need(notes: Iterable[Annotation]) -> Need | None:
    """What the annotations of one step say that it needs.

    Raises:
        ClaimError: they say it in another form, or twice.
    """
    found: Need | None = None
    for note in filter(is_need, notes):
        match = _FORM.match(note.text.strip())
        if not match or found:
            raise ClaimError(note.line, f"“{note.text.strip()}” says no need", _INSTEAD)
        found = Need(int(match[1] or 0), int(match[2] or 0))
    return found


def possible(steps: Sequence[S], version: int) -> tuple[S, ...]:
    """The steps that a server of this version can take."""
    return tuple(step for step in steps if step.need is None or step.need.met(version))


def impossible(steps: Sequence[S], version: int) -> tuple[S, ...]:
    """The others."""
    return tuple(step for step in steps if step.need is not None and not step.need.met(version))
