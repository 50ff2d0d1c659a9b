"""Hints: what helps with “Your turn”, one level after the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labkit.lab import Lab
from labkit.messages import hint as messages
from labkit.page import Page
from labkit.progress import HINTS
from labkit.verdict import Finding

NUDGE, WHERE, REMEDY = range(1, HINTS + 1)

_DETAILS = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.DOTALL)
_AROUND = 2  # lines of a file shown before and behind the one that is meant


@dataclass(frozen=True)
class Hint:
    """One hint: its level, what it says in paragraphs, and lines of code that belong to it."""

    level: int
    texts: tuple[str, ...]
    code: str = ""


def page_hints(page: Page) -> list[str]:
    """The hints that a page gives in “Your turn”, each as one text."""
    return [body.strip() for _, body in _DETAILS.findall(page.part("Your turn"))]


def hint(lab: Lab, level: int, findings: Sequence[Finding], project: Path, *, tried: bool) -> Hint:
    """The hint of a level: about the first finding where that says something, else the page's own.

    Args:
        tried: whether there is an answer; the findings of an untouched example tell nobody
            anything.
    """
    first = findings[0] if findings and tried else None
    own = page_hints(lab.page)
    of_page = own[min(level, len(own)) - 1] if own else ""
    if first is None:
        return Hint(level, (of_page or messages.NO_HINT,))
    about = messages.about(first)
    if level == WHERE and (code := _lines(project, first.place)):
        return Hint(level, (messages.where(first.place), first.why or about), code)
    if level == REMEDY and first.remedy:
        return Hint(level, (about, messages.REMEDY), first.remedy)
    return Hint(level, (about, of_page) if of_page else (about, first.why or messages.NO_HINT))


def _lines(project: Path, place: str) -> str:
    """The lines of a file around a place in it, "" where there are none to be shown."""
    name, _, number = place.rpartition(":")
    path = project / name
    if not number.isdecimal() or not path.resolve().is_relative_to(project.resolve()):
        return ""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return ""
    meant = int(number)
    return "\n".join(
        f"{'>' if line == meant else ' '} {line:>3}  {text}"
        for line, text in enumerate(lines, 1)
        if abs(line - meant) <= _AROUND and meant <= len(lines)
    )
