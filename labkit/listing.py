"""Listing: labs and what was found in them, drawn in columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.cells import cell_len, set_cell_size
from rich.syntax import Syntax
from rich.text import Text

from labkit.mention import COMMAND, KINDS, TITLE, Mention
from labkit.messages import mention as messages
from labkit.overview import Overview
from labkit.progress import LAPSED, NEW, PASSED, STARTED
from labkit.terminal import Terminal, cleaned

_STYLES = {NEW: "dim", STARTED: "yellow", PASSED: "green", LAPSED: "red"}
_NARROW = 60
_MOST = 4  # lines of one part of a page
_SHORT = {LAPSED: "lapsed"}


def draw_overview(console: Terminal, overview: Overview) -> None:
    """Show an overview, a line for each lab; the last line is the next thing to do."""
    short = _SHORT if console.width < _NARROW else {}
    states = [short.get(row.state, row.state) for row in overview.rows]
    longest = max(map(len, states), default=0)
    room = console.width - longest - len(">_99____50_%")
    room = min(room, max((cell_len(row.lab.title) for row in overview.rows), default=0))
    for row, state in zip(overview.rows, states, strict=True):
        line = Text.assemble(
            (">" if row.is_next else " ", "bold cyan"),
            f" {row.lab.number:>2} ",
            (_cut(row.lab.title, room), "bold" if row.is_next else ""),
            " ",
            (f"{state:{longest}}", _STYLES[row.state]),
            (f"  {row.milestone} %" if row.milestone else "", "dim"),
        )
        line.rstrip()
        console.print(line, soft_wrap=True)
    for note in overview.notes:
        console.print(Text(note, "yellow"), soft_wrap=True)
    console.print()
    for part in console.wrapped(overview.summary, console.width):
        console.print(Text(part), soft_wrap=True)
    if overview.following:
        console.print(Text(overview.following, "bold"), soft_wrap=True)


def _cut(text: str, room: int) -> str:
    """A text in exactly so many columns."""
    if cell_len(text) <= room:
        return set_cell_size(text, room)
    return set_cell_size(text, room - 1) + "…"


def draw_mentions(console: Terminal, found: Sequence[Mention]) -> None:
    """Show where the pages speak of a word: by lab, by part, the most telling lines first."""
    for lab, of_lab in groupby(found, lambda mention: mention.lab):
        console.print(Text(f"{lab.number:>2} {lab.title}", "bold"), soft_wrap=True)
        parts: dict[str, list[Mention]] = {}
        for mention in of_lab:
            if mention.kind != TITLE:
                parts.setdefault(mention.part, []).append(mention)
        for part, mentions in parts.items():
            console.print(Text(f"   {part}", "cyan"), soft_wrap=True)
            mentions.sort(key=lambda mention: KINDS.index(mention.kind))
            for mention in mentions[:_MOST]:
                prompt = "$ " if mention.kind == COMMAND else ""
                shown = f"     {prompt}{cleaned(mention.shown)}"
                console.print(Text(shown), no_wrap=True, overflow="ellipsis")
            if (more := len(mentions) - _MOST) > 0:
                console.print(Text(f"     and {more} more", "dim"))
    console.print()
    console.print(Text(messages.read_on(found[0].lab.number), "bold"))


def draw_schema(console: Terminal, text: str) -> None:
    """Show a schema as YAML, in colours where there are some."""
    if console.is_terminal:
        shown = Syntax(text, "yaml", theme="ansi_dark", background_color="default", word_wrap=True)
        console.print(shown)
    else:
        console.print(Text(text), soft_wrap=True)
