"""Terminals: where text is drawn, be it a window, a pipe or a file."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import dataclass
from typing import IO, Any, cast

from rich.console import Console
from rich.text import Text

_WIDEST = 100
_NARROWEST = 30
_TITLE = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BLANKS = re.compile(r"[ \t]+(?=\n)")


@dataclass(frozen=True)
class Window:
    """What output goes to, for who asks what it can show."""

    terminal: bool
    width: int
    colours: bool
    encoding: str


class Terminal(Console):
    """A console that is never wider than is pleasant to read.

    What it cannot encode becomes a question mark. In a pipe or a file no line ends in blanks. A
    reader that has gone is told as BrokenPipeError, which rich would make an exit status of.

    Args:
        file: where to draw; standard output by default.
        width: columns, by default those of the window.
    """

    def __init__(self, file: IO[str] | None = None, width: int | None = None) -> None:
        target: IO[str] | None = file or sys.stdout
        if isinstance(target, io.TextIOWrapper):
            target.reconfigure(errors="replace")
        if target is not None and not target.isatty():
            target = cast(IO[str], _Trimmed(target))
        super().__init__(file=target, width=width, highlight=False, markup=False, emoji=False)
        self.width = min(max(self.width, _NARROWEST), _WIDEST)

    def on_broken_pipe(self) -> None:
        """Pass the error on; the caller is in the middle of handling it."""
        raise

    def wrapped(self, text: str, width: int) -> list[str]:
        """A text in lines of at most this many columns, broken at blanks where it can be."""
        lines = Text(text).wrap(self, max(width, 1), tab_size=4)
        return [line.plain.rstrip() for line in lines]


def cleaned(text: str) -> str:
    """A text without colours and without anything else that would steer a terminal."""
    lines = [coloured(line).plain for line in text.split("\n")]
    return _CONTROL.sub("", "\n".join(lines))


def coloured(line: str) -> Text:
    """A line with the colours that its escape codes ask for, and no other effect of them."""
    return Text.from_ansi(_TITLE.sub("", line))


class _Trimmed:
    """A file whose lines lose the blanks at their ends."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write a text; rich gives whole lines."""
        self._file.write(_BLANKS.sub("", text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
