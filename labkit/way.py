"""Ways: how the chain that a page ends with is run, and where a page says that one differs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from labkit.annotation import Annotation
from labkit.claim import ClaimError

AS_WRITTEN = "as written"
IN_ONE = "in one"
STEP_BY_STEP = "step by step"
OFFLINE = "offline"

# Those that may lead elsewhere than one `upgrade head` from an empty database.
MAY_DIFFER = (AS_WRITTEN, STEP_BY_STEP, OFFLINE)

_WORD = re.compile(r"differs\s*:", re.IGNORECASE)
_INSTEAD = f"write “differs: ” and one of {', '.join(MAY_DIFFER)}"


def differing(notes: Iterable[Annotation]) -> tuple[str, ...]:
    """The ways that annotations of the form ``differs: offline`` name.

    Raises:
        ClaimError: one names no way that may differ.
    """
    found = []
    for note in notes:
        text = note.text.strip()
        if not _WORD.match(text):
            continue
        way = text.removeprefix("differs: ").partition(",")[0]
        if way not in MAY_DIFFER:
            raise ClaimError(note.line, f"“{text}” names no way", _INSTEAD)
        found.append(way)
    return tuple(found)
