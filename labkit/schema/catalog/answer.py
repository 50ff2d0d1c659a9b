"""What a server answers to the statement that reads every catalog, read as it arrives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labkit.messages import snapshot as messages
from labkit.schema.catalog import KINDS
from labkit.schema.catalog.kind import Tree
from labkit.schema.catalog.names import qualified
from labkit.schema.catalog.raw import FIELD, INNER, LIST, AmbiguousError, Raw
from labkit.schema.catalog.statement import rank, widths
from labkit.schema.escapes import unescaped


class Answer:
    """What COPY sends, read as it arrives: while this side works, so does the server.

    ``word`` follows each mark.
    """

    def __init__(self, version: int, word: str) -> None:
        marks = {usual: f"{usual}{word}" for usual in (FIELD, LIST, INNER)}
        self._raw = Raw(version, marks)
        self._tree: Tree = {}
        self._between = marks[FIELD]
        self._widths = widths(version)
        self._first: list[str] = []
        # Of the rows that are being sent: their tag, the number of their fields, what keeps them.
        self._tag = ""
        self._width = 0
        self._keep = self._raw.keeper("")
        self._due = list(KINDS)
        self._failure: Exception | None = None

    def write(self, line: bytes) -> None:
        """Take one line, its newline included."""
        if self._failure is not None:
            return
        text = line[:-1].decode("utf-8", "surrogateescape")
        if "\\" in text:
            text = unescaped(text)
        try:
            self._take(text)
        except Exception as error:
            # The driver would leave the rest of the answer in the line.
            self._failure = error

    def _take(self, text: str) -> None:
        fields = text.split(self._between)
        tag = fields.pop(0)
        if tag != self._tag:
            self._read(rank(tag))
            self._tag, self._width = tag, self._widths[tag]
            self._keep = self._raw.keeper(tag)
        if len(fields) != self._width:
            raise AmbiguousError
        self._keep(fields)
        if tag != "rows":
            return
        self._first = fields
        # The first line of what the block found is that of the setting.
        for line in json.loads(fields[1])[1:]:
            self._take(line)

    def _read(self, place: int) -> None:
        """Read the kinds that need no arm of that rank, nor a later one."""
        ready = [kind for kind in self._due if kind.after and rank(kind.after) < place]
        for kind in ready:
            self._due.remove(kind)
            kind.read(self._raw, self._tree)

    def whole(self, user: str) -> tuple[Tree, Mapping[str, Any]]:
        """The objects of all kinds, in the order of kinds, and the rows of the named tables.

        Raises:
            AmbiguousError: something that was sent looks like a mark.
            Trouble: the user may not use the schema public.
        """
        if self._first and self._first[3] == "f":
            # The server would write the names in it as those of a schema that is out of sight.
            raise messages.public_denied(user)
        if self._failure is not None:
            raise self._failure
        for kind in self._due:
            kind.read(self._raw, self._tree)
        for kind in KINDS:
            kind.complete(self._raw, self._tree)
        found = json.loads(self._first[0])
        return {
            kind.section: self._tree[kind.section] for kind in KINDS if kind.section in self._tree
        }, {qualified(*json.loads(name)): value for name, value in found.items()}
