"""Prose: what a page says in words, for the rules that are about words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from labkit.annotation import annotations_in
from labkit.claim import KINDS
from labkit.page import Page

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`“\d])")
_NO_COMMENTARY = re.compile(rf"(?: |(?:{'|'.join(KINDS)}|needs|differs):)")
# A word that stands for itself: no name, path, option or call.
_WORD = re.compile(r"(?<![\w./:@%$=-])[A-Za-z][a-z]+(?:['\u2019][a-z]+)?(?![\w/:@=(%]|\.\w|-\w)")


def paragraphs(page: Page) -> Iterator[tuple[int, str]]:
    """(line, text) of each paragraph, item and heading, with ``x`` for what is in backquotes."""
    for token in MarkdownIt("commonmark").parse(page.source):
        if token.type == "inline":
            yield (token.map or [0])[0] + 1, " ".join("".join(_text(token)).split())


def _text(token: Token) -> Iterator[str]:
    for part in token.children or []:
        if part.type == "text":
            yield part.content
        elif part.type == "softbreak":
            yield " "
        elif part.type == "code_inline":
            yield "`x`"


def commentary(page: Page) -> Iterator[tuple[int, str]]:
    """(line, text) of each annotation that is no claim and does not go on with one."""
    for fence in page.fences:
        claimed = False
        for note in annotations_in(fence.text, fence.language):
            text = note.text.removeprefix(" ")
            if _NO_COMMENTARY.match(text):
                claimed = claimed or not text.startswith(" ")
            else:
                claimed = False
                yield fence.line + note.line, re.sub(r"`[^`]*`", "`x`", text.strip())


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph."""
    return _SENTENCE.split(text)


def words(text: str) -> list[str]:
    """The words of a text that a dictionary may know, in small letters."""
    return [
        match[0].lower().replace("\u2019", "'").removesuffix("'s") for match in _WORD.finditer(text)
    ]


def opening(text: str, count: int = 3) -> str:
    """The first words of a text, in small letters."""
    return " ".join(text.lower().split()[:count])
