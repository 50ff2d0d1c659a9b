"""Annotations: the ``# =>`` comments of a fence, and the statements of Python they belong to."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_ARROW = re.compile(r"(?:#+|--|//|;)\s*=>(.*)$")


@dataclass(frozen=True)
class Annotation:
    """One ``# =>`` comment: ``line`` counts from 1 within the fence, ``text`` follows the arrow.

    ``column`` counts the characters before the comment. ``alone`` is true where they are blank.
    """

    line: int
    text: str
    alone: bool
    column: int = 0


def annotations_in(code: str, language: str) -> list[Annotation]:
    """All annotations of a fence, in order.

    Python is tokenized, so that an arrow inside a string is no annotation; Python that cannot be
    tokenized, and every other language, is searched line by line; a command is not searched.
    """
    if language == "python":
        try:
            return list(_python_annotations(code))
        except (tokenize.TokenError, SyntaxError):
            pass
    found = []
    for number, line in enumerate(code.splitlines(), 1):
        if language == "console" and line.startswith(("$ ", "> ")):
            continue
        if match := _ARROW.search(line):
            before = line[: match.start()]
            found.append(Annotation(number, match[1], not before.strip(), len(before)))
    return found


def _python_annotations(code: str) -> Iterator[Annotation]:
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT and (match := _ARROW.match(token.string)):
            line, column = token.start
            yield Annotation(line, match[1], not token.line[:column].strip(), column)


def statement_starts(code: str) -> list[int]:
    """The lines on which a statement of the Python code begins; none where it does not parse."""
    return sorted({node.lineno for node in _statements(code)})


def owner_of(code: str, line: int) -> int:
    """The first line of the innermost statement that holds this line of the code (0: none)."""
    holding = [s.lineno for s in _statements(code) if s.lineno <= line <= (s.end_lineno or 0)]
    return max(holding, default=0)


def own_end(code: str, owner: int) -> int:
    """The last line of the statement's own text that begins on a line.

    For a loop, a ``with`` or a function that is the line before its body.
    """
    ends = []
    for node in _statements(code):
        if node.lineno == owner:
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else node.end_lineno or owner
            ends.append(max(owner, last))
    return max(ends, default=owner)


@lru_cache(maxsize=64)
def _statements(code: str) -> tuple[ast.stmt, ...]:
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return ()
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.stmt))
