"""Simple commands: lines that tell a shell nothing but the words of one program."""

from __future__ import annotations

import re

# Letters that no shell reads as anything but themselves, wherever they stand in a word.
_BARE = r"[\w@%+,./:=-]"
_WORD = rf"""(?:{_BARE}|'[^'\0]*'|"[^"$`\\\0]*")+"""
_LINE = re.compile(rf"[ \t]*{_WORD}(?:[ \t]+{_WORD})*\s*")
_PART = re.compile(rf"""({_BARE}+)|'([^']*)'|"([^"]*)\"""")

# Linux passes on no word much longer than that, which is for the shell to say.
_LONGEST = 100_000


def words(line: str) -> list[str] | None:
    """Return the words of a simple command, None for any other line."""
    if len(line) > _LONGEST or not _LINE.fullmatch(line):
        return None
    found = ["".join(map(_plain, _PART.finditer(word))) for word in re.findall(_WORD, line)]
    return found if "=" not in found[0] else None


def _plain(part: re.Match[str]) -> str:
    """A part of a word without its quotes."""
    return part[part.lastindex or 0]
