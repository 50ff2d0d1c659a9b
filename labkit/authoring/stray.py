"""Strays: what lies among the labs and belongs to none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from labkit.authoring import versions
from labkit.lab import all_labs
from labkit.messages import author as messages
from labkit.verdict import Finding

_KNOWN = ("README.md", versions.FILE)
_NUMBERED = re.compile(r"\d+-")


def strays(labs: Path) -> Iterator[Finding]:
    """Whatever is in the folder of the labs and is no lab, or shares a number with another."""
    there = all_labs(labs)
    names = {lab.name for lab in there}
    for path in sorted(labs.iterdir()):
        if path.name in names or path.name in _KNOWN:
            continue
        if path.is_dir() and _NUMBERED.match(path.name):
            yield messages.misnamed(path)
        else:
            yield messages.stray(path)
    for number, count in Counter(lab.number for lab in there).items():
        if count > 1:
            yield messages.same_number([lab.name for lab in there if lab.number == number])
