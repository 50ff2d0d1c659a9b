"""Effects: what a statement of SQL does to which object, as far as its words say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"""--[^\n]* | /\*.*?\*/ | (?P<dollar>\$\w*\$).*?(?P=dollar) | '(?:[^']|'')*'
      | "(?P<quoted>(?:[^"]|"")*)" | (?P<bare>[\w$]+) | (?P<mark>[^\s\w])""",
    re.DOTALL | re.VERBOSE,
)
_BEFORE_KIND = frozenset(
    [
        "or",
        "replace",
        "unique",
        "temp",
        "temporary",
        "unlogged",
        "global",
        "local",
        "materialized",
        "recursive",
        "trusted",
        "foreign",
        "constraint",
    ]
)
_BEFORE_NAME = frozenset(["concurrently", "if", "not", "exists", "only", "into", "from", "table"])
_WRITES = frozenset(["insert", "update", "delete", "merge", "truncate", "copy"])
_UNNAMED = frozenset(["primary", "unique", "foreign", "check", "exclude"])


@dataclass(frozen=True)
class Effect:
    """One thing that a statement does.

    ``verb`` is "create", "alter", "drop", "comment" or "write"; ``kind`` is what SQL calls the
    object ("table", "column", "type"), "rows" for data. ``table`` is the table itself or the one
    that the object is part of, ``name`` the object's own name; both are "" where there is none.
    Schema public is left out of them. ``words`` are all words of the statement, in lower case
    unless quoted.
    """

    verb: str
    kind: str
    table: str
    name: str
    words: frozenset[str]


@lru_cache(maxsize=1024)
def effects(text: str) -> tuple[Effect, ...]:
    """What a text of one or more statements does, in its order."""
    found: list[Effect] = []
    tokens: list[str] = []
    for match in [*_TOKEN.finditer(text), None]:
        token = _token(match) if match else ";"
        if token == ";":
            found += _Statement(tokens).effects()
            tokens = []
        elif token:
            tokens.append(token)
    return tuple(found)


def identity(parts: Sequence[str]) -> str:
    """Names with dots between them, without schema public."""
    return ".".join(parts[1:] if len(parts) > 1 and parts[0] == "public" else parts)


def _token(match: re.Match[str]) -> str:
    if match["quoted"] is not None:
        return match["quoted"].replace('""', '"')
    return (match["bare"] or match["mark"] or "").lower()


class _Statement:
    """The tokens of one statement, read from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self.rest = list(tokens)
        self.words = frozenset(tokens)

    def effects(self) -> Iterator[Effect]:
        verb = self._next()
        if verb in ("create", "alter", "drop"):
            self._skip(_BEFORE_KIND)
            yield from self._definition(verb, self._next())
        elif verb == "comment":
            self._next()
            yield from self._comment(self._next())
        elif verb in _WRITES:
            for table in self._names():
                yield self._effect("write", "rows", table)

    def _definition(self, verb: str, kind: str) -> Iterator[Effect]:
        names = self._names()
        if kind in ("table", "view"):
            for table in names:
                yield self._effect(verb, "table", table)
            if verb == "alter" and names:
                yield from self._actions(names[0])
            return
        if kind == "index" and names == ["on"]:
            return
        table = self._table()
        for name in names:
            yield self._effect(verb, kind, table, name)
        if verb == "alter" and self.rest[:2] == ["rename", "to"]:
            yield self._effect("create", kind, table, self.rest[2])

    def _comment(self, kind: str) -> Iterator[Effect]:
        for name in self._names():
            if kind in ("table", "view"):
                yield self._effect("comment", "table", name)
            elif kind == "column":
                table, _, column = name.rpartition(".")
                yield self._effect("comment", kind, table, column)
            else:
                yield self._effect("comment", kind, self._table(), name)

    def _actions(self, table: str) -> Iterator[Effect]:
        action: list[str] = []
        depth = 0
        for token in [*self.rest, ","]:
            depth += (token == "(") - (token == ")")
            if token == "," and depth == 0:
                yield from self._action(table, action)
                action = []
            else:
                action.append(token)

    def _action(self, table: str, action: list[str]) -> Iterator[Effect]:
        verb, *rest = action or [""]
        rest = [token for token in rest if token not in ("if", "not", "exists", "column")]
        kind = "constraint" if rest[:1] == ["constraint"] else "column"
        rest = rest[1:] if kind == "constraint" else rest
        if verb == "rename" and rest[:1] == ["to"]:
            yield self._effect("drop", "table", table)
            yield self._effect("create", "table", rest[1])
        elif verb == "rename" and len(rest) > 2:
            yield self._effect("drop", kind, table, rest[0])
            yield self._effect("create", kind, table, rest[2])
        elif verb == "add" and kind == "column" and rest and rest[0] in _UNNAMED:
            yield self._effect("create", "constraint", table)
        elif verb in ("add", "alter", "drop", "validate") and rest:
            verb = {"add": "create", "validate": "alter"}.get(verb, verb)
            yield self._effect(verb, kind, table, rest[0])

    def _effect(self, verb: str, kind: str, table: str, name: str = "") -> Effect:
        return Effect(verb, kind, table, name, self.words)

    def _next(self) -> str:
        return self.rest.pop(0) if self.rest else ""

    def _skip(self, words: frozenset[str]) -> None:
        while self.rest and self.rest[0] in words:
            self.rest.pop(0)

    def _names(self) -> list[str]:
        """The names that stand here, with commas between them."""
        names = []
        while True:
            self._skip(_BEFORE_NAME)
            parts = [self._next()]
            while self.rest[:1] == ["."]:
                self._next()
                parts.append(self._next())
            names.append(identity(parts))
            if self.rest[:1] != [","]:
                return [name for name in names if name]
            self._next()

    def _table(self) -> str:
        """The table behind ``ON``, "" where the statement has none."""
        if "on" in self.rest:
            self.rest = self.rest[self.rest.index("on") + 1 :]
            return self._names()[0]
        return ""
