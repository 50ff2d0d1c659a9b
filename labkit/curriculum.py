"""The curriculum: the ways through the labs, how much they cover, and what comes next."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from labkit.lab import Lab
from labkit.messages import curriculum as messages
from labkit.progress import PASSED, Standing


@dataclass(frozen=True)
class Path:
    """A way through the labs, and who it is for.

    ``numbers`` are those of its labs in their order; without any it is all labs. ``by_title`` sorts
    them by what they are about; ``milestones`` says that they pass by those of the coverage.
    """

    name: str
    audience: str
    numbers: tuple[int, ...] = ()
    by_title: bool = False
    milestones: bool = False


PATHS = (
    Path("new", "new to Alembic", milestones=True),
    Path("migrating", "coming from Flyway, Liquibase or Django", (1, 2, 3, 11, 12, 13, 14, 17)),
    Path("reference", "looking something up", by_title=True),
)

# What is covered once all labs up to a number have passed, in percent.
MILESTONES = {15: 50, 25: 80, 30: 95}


def path(name: str) -> Path:
    """The path of a name.

    Raises:
        Trouble: there is none, and which there are.
    """
    for one in PATHS:
        if one.name == name:
            return one
    names = [one.name for one in PATHS]
    raise messages.no_path(name, difflib.get_close_matches(name, names, 1, 0.4), PATHS)


def along(labs: Sequence[Lab], path: Path) -> list[Lab]:
    """The labs of a path, as far as they are there."""
    if path.numbers:
        by_number = {lab.number: lab for lab in labs}
        return [by_number[number] for number in path.numbers if number in by_number]
    return sorted(labs, key=lambda lab: lab.title.casefold()) if path.by_title else list(labs)


def coverage(passed: Collection[int]) -> int:
    """How much of Alembic these labs cover, in whole percent; labs beyond 30 add nothing."""
    covered, below, before = 0.0, 0, 0
    for last, percent in MILESTONES.items():
        within = sum(below < number <= last for number in set(passed))
        covered += (percent - before) * within / (last - below)
        below, before = last, percent
    return int(covered + 1e-9)


def passed(labs: Sequence[Lab], standings: Mapping[str, Standing]) -> list[Lab]:
    """The labs whose answers pass."""
    return [lab for lab in labs if standings.get(lab.name, Standing()).state == PASSED]


def next_lab(
    labs: Sequence[Lab], standings: Mapping[str, Standing], after: Lab | None = None
) -> Lab | None:
    """The first lab that has not passed, those behind ``after`` first; None where all have."""
    done = {lab.name for lab in passed(labs, standings)}
    names = [lab.name for lab in labs]
    start = names.index(after.name) + 1 if after and after.name in names else 0
    waiting = [lab for lab in (*labs[start:], *labs[:start]) if lab.name not in done]
    return waiting[0] if waiting else None
