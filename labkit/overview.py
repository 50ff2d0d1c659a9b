"""Overviews: the labs of a path, how far each has come, and which one is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labkit.curriculum import MILESTONES, Path, coverage, next_lab, passed
from labkit.lab import Lab
from labkit.messages import curriculum as messages
from labkit.progress import NEW, Standing


@dataclass(frozen=True)
class Row:
    """One lab: ``milestone`` is the percentage that is covered once it and all before it passed."""

    lab: Lab
    state: str
    is_next: bool = False
    milestone: int | None = None


@dataclass(frozen=True)
class Overview:
    """A list of labs; ``summary`` says how much is covered, ``following`` what to type next."""

    rows: tuple[Row, ...]
    summary: str
    following: str
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        labs: Sequence[Lab],
        path: Path,
        standings: Mapping[str, Standing],
        notes: Sequence[str] = (),
    ) -> Overview:
        """The labs of a path as far as they are there, in its order."""
        coming = next_lab(labs, standings)
        rows = tuple(
            Row(
                lab,
                standings.get(lab.name, Standing()).state,
                lab is coming,
                MILESTONES.get(lab.number) if path.milestones else None,
            )
            for lab in labs
        )
        done = passed(labs, standings)
        covered = coverage([lab.number for lab in done])
        new = coming is not None and standings.get(coming.name, Standing()).state == NEW
        return cls(
            rows,
            messages.summary(len(done), len(labs), covered) if labs else messages.NO_LABS,
            messages.following(coming, path, new=new) if labs else "",
            tuple(notes),
        )
