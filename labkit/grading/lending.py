"""Lending: a cell asks for databases over a socket, and the grader, who may make them, lends them.

One line of JSON goes each way. Whoever is in the cell learns the URL of a database that is theirs,
and of no other.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Any

from labkit.server import Database, Server
from labkit.trouble import Trouble

# Databases that a cell has at one time.
MOST = 16
# Connections that it has to them, so that others find one.
CONNECTIONS = 8


class Borrower(Server):
    """A server as a cell sees it: it can make throwaway databases, by asking for them."""

    def __init__(self, channel: socket.socket, version: int, source: str) -> None:
        """``version`` and ``source`` are those of the server that the databases are on."""
        self._file: IO[Any] = channel.makefile("rw", encoding="utf-8")
        self._version = version
        self._source = source

    @property
    def version(self) -> int:
        return self._version

    @property
    def source(self) -> str:
        return self._source

    @property
    def notices(self) -> tuple[str, ...]:
        return ()

    @contextmanager
    def throwaway(self, name: str, template: str | None = None) -> Iterator[Database]:
        """A database for one use; ``name`` does not matter, the lender has another."""
        told = self._ask({"borrow": name, "template": template})
        try:
            yield Database(told["name"], told["role"], told["url"])
        finally:
            self._ask({"return": told["name"]})

    def tell(self, told: dict[str, Any]) -> None:
        """Tell the lender the last thing there is to say."""
        self._file.write(json.dumps({"told": told}) + "\n")
        self._file.flush()

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        self._file.write(json.dumps(question) + "\n")
        self._file.flush()
        line = self._file.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"refused": ["The grader is gone."]}
        if "refused" in answer:
            raise Trouble(*answer["refused"])
        return answer


class Lender:
    """Lends databases of one role to one cell; all are dropped when it closes, the role too.

    Args:
        role: a name that nobody else uses.
    """

    def __init__(self, server: Server, role: str) -> None:
        self._server = server
        self._role = role
        self._lent: dict[str, ExitStack] = {}

    def __enter__(self) -> Lender:
        return self

    def __exit__(self, *_: object) -> None:
        while self._lent:
            self._lent.popitem()[1].close()
        self._server.drop(self._role)

    @property
    def names(self) -> list[str]:
        """The databases that are lent."""
        return list(self._lent)

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Do what a cell asks for, and what to say to it."""
        try:
            if "return" in question:
                if made := self._lent.pop(str(question["return"]), None):
                    made.close()
                return {}
            return self._lend(question.get("template"))
        except Trouble as trouble:
            return {"refused": [trouble.what, trouble.why, trouble.mend]}

    def _lend(self, template: Any) -> dict[str, Any]:
        if len(self._lent) >= MOST:
            return {"refused": ["Too many databases were asked for.", "", ""]}
        # Only what is its own can be copied.
        source = str(template) if template in self._lent else None
        with ExitStack() as stack:
            made = stack.enter_context(self._server.throwaway(self._role, source))
            if not self._lent:
                self._server.narrow(made.role, CONNECTIONS)
            self._lent[made.name] = stack.pop_all()
        return {"name": made.name, "role": made.role, "url": made.url}
