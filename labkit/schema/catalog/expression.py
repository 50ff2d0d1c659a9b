"""SQL that a server wrote, in words that are the same on every version."""

from __future__ import annotations

import re

from labkit.schema.catalog.names import quoted

_TOKENS = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<text>'(?:[^']|'')*')
    | (?P<name>"(?:[^"]|"")+" | [^\W\d][\w$]*)
    | (?P<sign>:: | \d[\w.]* | .)
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"((?:[^\"]|\"\")*)\"")

# What may follow the FROM clause of a query, as the server writes it.
_AFTER_FROM = frozenset(
    ("WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR")
)
# The server writes its own words in capitals and a bare name never.
_IS_NAME = re.compile(r"[^\W\dA-Z]|\"").match
_QUERIES = frozenset(("SELECT", "VALUES", "WITH"))


def steady(text: str) -> str:
    """The expression with quotes only around names that need them in every version.

    ``"json_value"`` is quoted by PostgreSQL 17 and bare in 14; what is inside a text stays.
    """
    if '"' not in text:
        return text

    def requote(match: re.Match[str]) -> str:
        name = match.group(1)
        return match.group(0) if name is None else quoted(name.replace('""', '"'))

    return _QUOTED.sub(requote, text)


def bare_expression(text: str) -> str:
    """The expression, steady, without parentheses around the whole of it."""
    text = steady(text.strip())
    if not text.startswith("("):
        return text
    depth = 0
    position = 0
    for piece in tokens(text):
        position += len(piece)
        depth += (piece == "(") - (piece == ")")
        if depth == 0:
            break
    return text[1:-1] if position == len(text) else text


def tokens(text: str) -> list[str]:
    """The SQL in pieces, white space included: joined, they are the text again."""
    return [match.group() for match in _TOKENS.finditer(text)]


def view(definition: str) -> str:
    """The query of a view without a semicolon, and with columns named as PostgreSQL 16 does.

    Until 15 the columns of a query over one table were written ``products.id``, since then ``id``.
    """
    text = steady(definition.strip().removesuffix(";"))
    pieces = tokens(text)
    levels = _levels(pieces)
    name = _only_source(pieces, levels)
    if name is None:
        return text
    kept: list[str] = []
    position = 0
    while position < len(pieces):
        piece = pieces[position]
        if (
            piece == name
            and levels[position] == 0
            and pieces[position + 1 : position + 2] == ["."]
            and pieces[position + 2 : position + 3] != ["*"]
            and pieces[position + 3 : position + 4] != ["("]
            and pieces[position - 1] not in (".", "::")
        ):
            position += 2
            continue
        kept.append(piece)
        position += 1
    return "".join(kept)


def _levels(pieces: list[str]) -> list[int]:
    """For each piece the number of queries that it is nested in below the outermost one."""
    levels = []
    stack = [0]
    for position, piece in enumerate(pieces):
        if piece == "(":
            following = next((p for p in pieces[position + 1 :] if not p.isspace()), "")
            stack.append(stack[-1] + (following in _QUERIES))
        levels.append(stack[-1])
        if piece == ")" and len(stack) > 1:
            stack.pop()
    return levels


def _only_source(pieces: list[str], levels: list[int]) -> str | None:
    """The name by which the outermost query calls its one source; None when it has not just one."""
    depth = 0
    source: list[str] | None = None
    for piece, level in zip(pieces, levels, strict=True):
        if piece == "(":
            depth += 1
            if source == []:
                if level == 0:
                    return None
                source.append(piece)
        elif piece == ")":
            depth -= 1
        elif depth == 0 and not piece.isspace():
            if piece in ("UNION", "INTERSECT", "EXCEPT"):
                return None
            if piece == "FROM" and source != ["ROWS"]:
                source = []
            elif source is not None:
                if piece in _AFTER_FROM or piece == "TABLESAMPLE":
                    break
                if piece == "," or piece == "JOIN":
                    return None
                source.append(piece)
    named = [piece for piece in source or [] if _IS_NAME(piece)]
    return named[-1] if named else None
