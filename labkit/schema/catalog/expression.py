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

# What IN becomes for a varchar, where somebody wrote it with an array of texts.
_TEXTS = re.compile(
    r"(\)::text (?:= ANY|<> ALL) \()ARRAY\[('(?:[^']|'')*'::text(?:, '(?:[^']|'')*'::text)*)\]\)"
)
_ONE = re.compile(r"('(?:[^']|'')*')::text")
_CAST_ONE = r"\(('(?:[^']|'')*'::character varying)\)::text"
_CAST_ONE_BY_ONE = re.compile(rf"ARRAY\[{_CAST_ONE}(?:, {_CAST_ONE})*\]")

# What may follow the FROM clause of a query, as the server writes it.
_AFTER_FROM = frozenset(
    ("WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR")
)
# The server writes its own words in capitals and a bare name never.
_IS_NAME = re.compile(r"[^\W\dA-Z]|\"").match
_QUERIES = frozenset(("SELECT", "VALUES", "WITH"))


def steady(text: str) -> str:
    """The expression with quotes only around names that need them in every version.

    ``"json_value"`` is quoted by PostgreSQL 17 and bare in 14; what is inside a text stays. What a
    dump and its restoration or a change of type spell anew is spelled as at first.
    """
    if ")::text = ANY (ARRAY['" in text or ")::text <> ALL (ARRAY['" in text:
        text = _TEXTS.sub(_as_varchar, text)
    if "::character varying)::text" in text:
        text = _CAST_ONE_BY_ONE.sub(_cast_as_one, text)
    if " AND ((" in text or " OR ((" in text:
        text = _flat(text)
    if '"' not in text:
        return text

    def requote(match: re.Match[str]) -> str:
        name = match.group(1)
        return match.group(0) if name is None else quoted(name.replace('""', '"'))

    return _QUOTED.sub(requote, text)


def _as_varchar(match: re.Match[str]) -> str:
    items = ", ".join(f"{item[1]}::character varying" for item in _ONE.finditer(match[2]))
    return f"{match[1]}(ARRAY[{items}])::text[])"


def _cast_as_one(match: re.Match[str]) -> str:
    items = ", ".join(item[1] for item in re.finditer(_CAST_ONE, match[0]))
    return f"(ARRAY[{items}])::text[]"


def _flat(text: str) -> str:
    """The expression without parentheses around ANDs among ANDs, and ORs among ORs."""
    pieces = tokens(text)
    # For each open parenthesis: where it stands, and the words that join what is in it.
    stack: list[tuple[int, set[str]]] = [(-1, set())]
    joined: dict[int, tuple[int, set[str]]] = {}
    inside: dict[int, int] = {}
    for position, piece in enumerate(pieces):
        if piece == "(":
            inside[position] = stack[-1][0]
            stack.append((position, set()))
        elif piece == ")" and len(stack) > 1:
            start, words = stack.pop()
            joined[start] = position, words
        elif not piece.isspace() and piece.isupper():
            stack[-1][1].add(piece)
    joined[-1] = len(pieces), stack[0][1]
    spare = set()
    for start, (end, words) in joined.items():
        outer = joined.get(inside.get(start, -1), (0, set()))[1]
        if start >= 0 and words == outer and words in ({"AND"}, {"OR"}):
            around = [*pieces[max(start - 2, 0) : start], *pieces[end + 1 : end + 3]]
            if any(piece in words for piece in around):
                spare |= {start, end}
    return "".join(piece for position, piece in enumerate(pieces) if position not in spare)


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


def listed(text: str) -> list[str]:
    """Expressions that stand with commas between them."""
    found = [""]
    depth = 0
    for piece in tokens(text):
        depth += (piece in "([") - (piece in ")]")
        if piece == "," and depth == 0:
            found.append("")
        else:
            found[-1] += piece
    return [item.strip() for item in found]


def view(definition: str) -> str:
    """The query of a view without a semicolon, and with columns named as PostgreSQL 16 does.

    Until 15 the columns of a query over one table were written ``products.id``, since then ``id``.
    """
    text = steady(definition.strip().removesuffix(";"))
    pieces = _without_own_alias(tokens(text))
    if "::text AS text" in text:
        pieces = _without_alias_of_texts(pieces)
    text = "".join(pieces)
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


def _without_own_alias(pieces: list[str]) -> list[str]:
    """The pieces without an alias that is the table's name again: ``FROM t t``."""
    kept: list[str] = []
    for piece in pieces:
        if kept[-1:] == [" "] and kept[-2:-1] == [piece] and _IS_NAME(piece):
            kept.pop()
        else:
            kept.append(piece)
    return kept


def _without_alias_of_texts(pieces: list[str]) -> list[str]:
    """The pieces without the name that a bare text in an inner query gets by a restoration."""
    kept: list[str] = []
    for piece, level in zip(pieces, _levels(pieces), strict=True):
        kept.append(piece)
        named = level and kept[-6:] == ["::", "text", " ", "AS", " ", "text"]
        if named and kept[-7:-6] and kept[-7].startswith("'"):
            del kept[-4:]
    return kept


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
