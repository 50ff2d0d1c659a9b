"""Mentions: where the pages speak of a word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from labkit.lab import Lab
from labkit.messages import mention as messages

TITLE, OPERATION, COMMAND, TEXT = KINDS = ("title", "operation", "command", "text")
_OPERATION = re.compile(r"\bop\.\w+")
_WORD = re.compile(r"(?<![\w./=-])[a-z_]{4,}(?![\w./=])")
_BETWEEN = re.compile(r"(?<=\w)[\s_-]+(?=\w)")
_FENCE = re.compile(r"(`{3,}|~{3,})(\w*)")
_ARROW = re.compile(r"^(?:#+|--|//|;)\s*=>\s*")


@dataclass(frozen=True)
class Mention:
    """One place that speaks of a word.

    ``part`` is the heading it stands under, ``kind`` one of ``KINDS``, ``shown`` the operation, the
    command, or the line of text, ``line`` the page's line.
    """

    lab: Lab
    part: str
    kind: str
    shown: str
    line: int


def mentions(labs: Sequence[Lab], word: str) -> list[Mention]:
    """Every mention of a word, labs that are about it first; blanks stand for “_” and “-” too.

    Raises:
        Trouble: there is none, with words that come near.
    """
    word = word.strip()
    every = [mention for lab in labs for mention in _lines(lab)]
    found = {
        (m.lab.name, m.part, m.kind, m.shown): m
        for m in reversed(every)
        if word and _speaks(m.shown, word)
    }
    if not found:
        raise messages.nothing(word, difflib.get_close_matches(word, _words(every), 3, 0.6))
    best: dict[str, int] = {}
    for mention in found.values():
        rank = KINDS.index(mention.kind)
        best[mention.lab.name] = min(rank, best.get(mention.lab.name, rank))
    order = {lab.name: place for place, lab in enumerate(labs)}
    return sorted(
        found.values(),
        key=lambda m: (min(best[m.lab.name], 1), order[m.lab.name], m.line, KINDS.index(m.kind)),
    )


def _lines(lab: Lab) -> Iterator[Mention]:
    """What a page says, line by line; the page itself need not be right."""
    try:
        source = (lab.folder / "README.md").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return
    yield Mention(lab, "Title", TITLE, lab.title, 1)
    part = mark = language = ""
    for number, line in enumerate(source.splitlines(), 1):
        if fence := _FENCE.match(line):
            mark, language = ("", "") if mark == fence[1] else (fence[1], fence[2])
        elif not mark and line.startswith("## "):
            part = line[3:].strip()
        elif not line.startswith("# "):
            if mark and language == "console" and line.startswith("$ "):
                yield Mention(lab, part, COMMAND, line[2:].strip(), number)
                continue
            for operation in dict.fromkeys(_OPERATION.findall(line)):
                yield Mention(lab, part, OPERATION, operation, number)
            if text := _ARROW.sub("", line.strip(), count=1):
                yield Mention(lab, part, TEXT, text, number)


def _speaks(text: str, word: str) -> bool:
    return word.casefold() in text.casefold() or _plain(word) in _plain(text)


def _plain(text: str) -> str:
    return _BETWEEN.sub(" ", text).casefold()


def _words(every: Sequence[Mention]) -> list[str]:
    """What people are likely to look for: operations, words of commands and of titles."""
    found: set[str] = set()
    for mention in every:
        if mention.kind == OPERATION:
            found.add(mention.shown.removeprefix("op."))
        elif mention.kind == COMMAND:
            found.update(_WORD.findall(mention.shown))
        elif mention.kind == TITLE:
            found.update(word.lower() for word in re.findall(r"\w{4,}", mention.shown))
    return sorted(found)
