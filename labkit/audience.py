"""Audiences: whoever is told of each step of a trial as it is taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from labkit.page import Command, File, Step
from labkit.trial import Record, Trial


class Audience(Protocol):
    """Told of each step as it is taken.

    Attributes:
        costs: whether it is to hear what statements cost too, which takes time to read.
    """

    costs: bool

    def opened(self, title: str, source: str) -> None:
        """A run begins; ``source`` says which PostgreSQL is in use."""

    def noted(self, text: str) -> None:
        """Something happened that the learner should know of."""

    def aside(self, text: str) -> None:
        """What comes next, and why; nobody has to know it."""

    def wrote(self, file: File) -> None:
        """A file was written."""

    def began(self, command: Command) -> None:
        """A command begins."""

    def printed(self, text: str) -> None:
        """A command printed something."""

    def ended(self, record: Record) -> None:
        """A command ended."""


class Silent:
    """An audience that wants to hear nothing."""

    costs = False

    def opened(self, title: str, source: str) -> None:
        """Hear nothing."""

    def noted(self, text: str) -> None:
        """Hear nothing."""

    def aside(self, text: str) -> None:
        """Hear nothing."""

    def wrote(self, file: File) -> None:
        """Hear nothing."""

    def began(self, command: Command) -> None:
        """Hear nothing."""

    def printed(self, text: str) -> None:
        """Hear nothing."""

    def ended(self, record: Record) -> None:
        """Hear nothing."""


def watch(trial: Trial, steps: Sequence[Step], audience: Audience) -> None:
    """Take the steps of a trial before an audience."""
    for taken in trial.take(steps, audience.began, audience.printed):
        if isinstance(taken, File):
            audience.wrote(taken)
        else:
            audience.ended(taken)
