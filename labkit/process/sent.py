"""What migrations sent, set beside what a page says that they send, lock and cost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from labkit import claim as claims
from labkit.claim import Claim
from labkit.observation import Statement

Cost = tuple[frozenset[str], frozenset[str]]

_CATALOG = re.compile(r"(?:pg_catalog|information_schema)\.|pg_\w+\b", re.IGNORECASE)
_SOURCE = re.compile(r"\b(?:FROM|JOIN)\s+(?:LATERAL\s+|ONLY\s+)?([\w.\"]+|\()", re.IGNORECASE)
_LIST = re.compile(r"\bFROM\s+[\w.\"]+(?:\s+(?:AS\s+)?\w+)?\s*,", re.IGNORECASE)
_STRING = re.compile(r"'(?:[^']|'')*'")


def says(claim: Claim, text: str) -> bool:
    """Whether an ``SQL:`` claim states this statement."""
    return bool(claims.pattern(claim.text).match(claims.fold(text)))


def reads_catalog(text: str) -> bool:
    """Whether a statement only looks something up in PostgreSQL's own catalogs."""
    bare = _STRING.sub("''", text).strip()
    if not re.match(r"SELECT\b", bare, re.IGNORECASE) or _LIST.search(bare):
        return False
    sources = [source for source in _SOURCE.findall(bare) if source != "("]
    return bool(sources) and all(_CATALOG.match(source) for source in sources)


def out_of_order(wanted: Sequence[Claim], sent: Sequence[Statement]) -> bool:
    """Whether claims that are true one by one name statements that were sent in another order.

    ``sent`` is what one command sent; claims about nothing of it are passed over. Two claims
    are about two statements, even where both say the same.
    """
    position = 0
    for claim in wanted:
        there = [number for number, s in enumerate(sent) if says(claim, s.text)]
        later = [number for number in there if number >= position]
        if there and not later:
            return True
        if later:
            position = later[0] + 1
    return False


def locks(statements: Iterable[Statement]) -> dict[str, str]:
    """The strongest mode on each table over some statements."""
    strongest: dict[str, str] = {}
    for statement in statements:
        for table, mode in statement.locks.items():
            held = strongest.get(table, mode)
            strongest[table] = max(held, mode, key=claims.LOCK_MODES.index)
    return strongest


def cost(statements: Iterable[Statement]) -> Cost:
    """(rewritten tables, tables scanned without being rewritten) over some statements."""
    rewritten: set[str] = set()
    scanned: set[str] = set()
    for statement in statements:
        rewritten.update(statement.rewrites)
        scanned.update(statement.scans)
    return frozenset(rewritten), frozenset(scanned - rewritten)


def locks_more(held: Mapping[str, str], said: Mapping[str, str]) -> bool:
    """Whether a table is locked that is not said to be, or more strongly than said."""
    rank = claims.LOCK_MODES.index
    return any(table not in said or rank(mode) > rank(said[table]) for table, mode in held.items())


def costs_more(spent: Cost, said: Cost) -> bool:
    """Whether more is rewritten or scanned than said; to scan is less than to rewrite."""
    return not (spent[0] <= said[0] and spent[1] <= said[0] | said[1])


def unseen(statements: Iterable[Statement], kind: str) -> list[Statement]:
    """The statements whose locks (or cost, by the claim's kind) were gone before one could look."""
    return [s for s in statements if s.failure or (s.outside and kind == "Locks")]
