"""Masks: ``...`` in the place of what changes from run to run, or from machine to machine."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CHANGING = re.compile(
    r"""\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?
      | \b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b
      | \b[0-9a-f]{12}(?![0-9a-f])
      | \b0x[0-9a-f]{6,}\b""",
    re.VERBOSE,
)


def masked(line: str, known: str, hidden: Iterable[str]) -> str:
    """A line of output in which dots stand for dates with a time, generated ids and addresses.

    Args:
        known: the page; what stands on it is no accident and stays.
        hidden: texts of this run, such as the path of its folder.
    """
    text = line
    for part in sorted(filter(None, hidden), key=len, reverse=True):
        text = text.replace(part, "...")
    text = _CHANGING.sub(lambda found: found[0] if found[0] in known else "...", text)
    text = re.sub(r"\.{4,}", "...", text)
    return text if set(text) - set(". ") else line
