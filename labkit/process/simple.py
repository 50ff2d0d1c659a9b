"""Simple commands: lines that tell a shell nothing but the words of one program."""

from __future__ import annotations

import re

# Letters that no shell reads as anything but themselves, wherever they stand in a word.
_BARE = r"[\w@%+,./:=-]"
_WORD = rf"""(?:{_BARE}|'[^'\0]*'|"[^"$`\\\0]*")+"""
_LINE = re.compile(rf"[ \t]*{_WORD}(?:[ \t]+{_WORD})*\s*")
_PART = re.compile(rf"""{_BARE}+|'(?P<single>[^']*)'|"(?P<double>[^"]*)\"""")

# One word of a program's may not be longer; a shell then has its own words for it.
_LONGEST = 100_000


def words(line: str) -> list[str] | None:
    """Return the words of a simple command, None for any other line."""
    if len(line) > _LONGEST or not _LINE.fullmatch(line):
        return None
    found = []
    for word in re.finditer(_WORD, line):
        parts = _PART.finditer(word[0])
        found.append("".join(p["single"] or p["double"] or _bare(p) for p in parts))
    return found if "=" not in found[0] else None


def _bare(part: re.Match[str]) -> str:
    return "" if part[0][0] in "'\"" else part[0]
