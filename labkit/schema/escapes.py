"""The escapes of COPY, as PostgreSQL writes a field of its text format."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\(.)")
_MEANT = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}


def unescaped(field: str) -> str:
    """A field as it was before it was sent."""
    if "\\" not in field:
        return field
    return _ESCAPE.sub(lambda match: _MEANT.get(match[1], match[1]), field)
