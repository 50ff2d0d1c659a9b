"""The output of a command: all of it passes by, its beginning and its end are kept."""

from __future__ import annotations

import codecs
from collections import deque

KEPT = 200_000


class Output:
    """Decodes a stream of bytes as UTF-8 and keeps at most ``2 * kept`` characters of it."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._head: list[str] = []
        self._head_length = 0
        self._tail: deque[str] = deque()
        self._tail_length = 0
        self.cut = 0

    def add(self, data: bytes, final: bool = False) -> str:
        """Take bytes in and return the text that has become whole by them."""
        text = self._decoder.decode(data, final)
        room = self._kept - self._head_length
        head, tail = text[:room], text[room:]
        if head:
            self._head.append(head)
            self._head_length += len(head)
        if tail:
            self._tail.append(tail)
            self._tail_length += len(tail)
            while self._tail_length > self._kept:
                first = self._tail.popleft()
                over = min(len(first), self._tail_length - self._kept)
                if over < len(first):
                    self._tail.appendleft(first[over:])
                self._tail_length -= over
                self.cut += over
        return text

    @property
    def text(self) -> str:
        """What was kept; a line of its own tells how many characters are missing in between."""
        head, tail = "".join(self._head), "".join(self._tail)
        return f"{head}\n[{self.cut} characters cut]\n{tail}" if self.cut else head + tail
