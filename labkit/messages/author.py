"""What an author is told of all labs at once, and of a new one."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from labkit.lab import Lab
from labkit.trouble import Trouble
from labkit.verdict import Finding


def no_number(word: str) -> Trouble:
    """A lab cannot be called by this."""
    return Trouble(
        f"“{word}” cannot be the number of a lab.",
        "It is a number from 1 to 99.",
        'For example: invoke new 31 "Zero-downtime rename"',
    )


def no_title(title: str) -> Trouble:
    """A title without a letter."""
    return Trouble(
        f"“{title}” cannot be the title of a lab.",
        "Its folder is named after it, so it needs letters or digits.",
        'For example: invoke new 31 "Zero-downtime rename"',
    )


def number_taken(number: int, name: str, free: int, title: str) -> Trouble:
    """There is a lab of this number."""
    return Trouble(
        f"Lab {number} is there already: {name}.",
        "People refer to a lab by its number, so it never changes.",
        shlex.join(["invoke", "new", str(free), title]),
    )


def no_scaffold() -> Trouble:
    """No lab has the three files of the scaffold folded away."""
    return Trouble(
        "No lab has the scaffold that a new one begins with.",
        "It is copied from a page that has alembic.ini, env.py and script.py.mako folded away.",
        "Bring one back: git checkout labs",
    )


def begun(lab: Lab, path: str) -> list[str]:
    """A new lab is there."""
    return [
        f"Written: {path}/README.md, solution.md and mistakes.md. It runs, and fails its tests.",
        f"See what is open, at any time: invoke record {lab.number}",
        f"Write {path}/README.md, then: invoke record {lab.number}",
    ]


def misnamed(path: Path) -> Finding:
    """It looks like a lab and is none."""
    return Finding(
        f"{path.parent.name}/{path.name} is named like a lab, and is none.",
        "two digits, a hyphen, then words in lower case with hyphens between them",
        path.name,
        remedy=f"git mv {path.parent.name}/{path.name} {path.parent.name}/NN-title",
    )


def stray(path: Path) -> Finding:
    """It is nothing of a lab."""
    return Finding(
        f"{path.parent.name}/{path.name} belongs to no lab.",
        remedy=f"Move it elsewhere, or remove it: git rm -r {path.parent.name}/{path.name}",
    )


def same_number(names: Sequence[str]) -> Finding:
    """Two labs go by one number."""
    return Finding(f"Several labs have one number: {', '.join(names)}.", remedy="Renumber one.")


def form_fault(name: str, what: str, line: int) -> Finding:
    """A rule of form is broken."""
    return Finding(
        f"{name}: {what}.",
        place=f"{name}/README.md:{line}" if line else f"{name}/README.md",
        remedy="“How to write one” in labs/README.md has the rules.",
    )


def would_change(name: str, file: str) -> Finding:
    """A recording would write something else than what is there."""
    return Finding(f"{name}/{file} is not what the run shows.", remedy=f"invoke record {name[:2]}")


def of(name: str, finding: Finding) -> Finding:
    """A finding among those of other labs."""
    return replace(finding, what=f"{name}: {finding.what}")


def again(lab: Lab) -> str:
    """What to do about the findings of one lab."""
    return f"Mend what is above, then: invoke record {lab.number}"


def cannot_run(name: str, trouble: Trouble) -> Finding:
    """A lab cannot be recorded at all."""
    return Finding(f"{name}: {trouble.what}", why=trouble.why, remedy=trouble.mend)


def at_work(lab: Lab, number: int, count: int) -> str:
    """How far it is."""
    return f"{number} of {count}: {lab.name}"


NEXT_CHECKED = "Go on: invoke test"


def next_broken(check: bool) -> str:
    """What to do about findings."""
    if check:
        return "Mend what is above; what the run shows is written by: invoke record --all"
    return "Mend what is above, then again: invoke record --all"
