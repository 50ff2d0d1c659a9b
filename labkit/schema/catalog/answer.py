"""What a server answers to the statement that reads every catalog, read as it arrives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from labkit.messages import snapshot as messages
from labkit.schema.catalog import KINDS
from labkit.schema.catalog.kind import Tree
from labkit.schema.catalog.marks import FIELD, INNER, LIST, AmbiguousError
from labkit.schema.catalog.names import qualified
from labkit.schema.catalog.raw import Raw
from labkit.schema.catalog.statement import END, rank, widths
from labkit.schema.escapes import unescaped

# How many lines are taken at once: one by one they cost twice as much, and while they are waited
# for nothing is done here.
_BATCH = 250
_END = END.encode()


class Answer:
    """What COPY sends, read as it arrives: while this side works, so does the server.

    ``word`` follows each mark; ``tree`` holds what has been read so far.
    """

    def __init__(self, version: int, word: str) -> None:
        marks = {usual: f"{usual}{word}" for usual in (FIELD, LIST, INNER)}
        self._raw = Raw(version, marks)
        self.tree: Tree = {}
        self._between = marks[FIELD]
        self._widths = widths(version)
        self._lines: list[bytes] = []
        self._first: list[str] = []
        self._due = list(KINDS)
        self._failure: Exception | None = None

    def write(self, line: bytes) -> None:
        """Take one line, its newline included."""
        self._lines.append(line)
        if len(self._lines) == _BATCH or line.startswith(_END):
            self._take_lines()

    def _take_lines(self) -> None:
        text = b"".join(self._lines).decode("utf-8", "surrogateescape")
        self._lines.clear()
        if self._failure is not None:
            return
        # The last newline is behind the last line.
        lines = text.split("\n")[:-1]
        try:
            self._take([unescaped(line) for line in lines] if "\\" in text else lines)
        except Exception as error:
            # The driver would leave the rest of the answer in the line.
            self._failure = error

    def _take(self, lines: list[str]) -> None:
        between = self._between
        rows = [line.split(between) for line in lines]
        for tag, found in groupby(rows, itemgetter(0)):
            held = [fields[1:] for fields in found]
            if not self._widths[tag].issuperset(map(len, held)):
                raise AmbiguousError
            if tag == END:
                self._read(rank(held[0][0]))
                continue
            self._raw.keep(tag, held)
            if tag == "rows":
                self._first = held[0]
                # The first line of what the block found is that of the setting.
                self._take(json.loads(self._first[1])[1:])

    def _read(self, place: int) -> None:
        """Read the kinds that need no arm of a later rank."""
        ready = [kind for kind in self._due if kind.after and rank(kind.after) <= place]
        for kind in ready:
            self._due.remove(kind)
            kind.read(self._raw, self.tree)

    def whole(self, user: str) -> tuple[Tree, Mapping[str, Any]]:
        """The objects of all kinds, in the order of kinds, and the rows of the named tables.

        Raises:
            AmbiguousError: something that was sent looks like a mark.
            Trouble: the user may not use the schema public.
        """
        self._take_lines()
        if self._first and self._first[3] == "f":
            # The server would write the names in it as those of a schema that is out of sight.
            raise messages.public_denied(user)
        if self._failure is not None:
            raise self._failure
        for kind in self._due:
            kind.read(self._raw, self.tree)
        for kind in KINDS:
            kind.complete(self._raw, self.tree)
        found = json.loads(self._first[0])
        return {
            kind.section: self.tree[kind.section] for kind in KINDS if kind.section in self.tree
        }, {qualified(*json.loads(name)): value for name, value in found.items()}
