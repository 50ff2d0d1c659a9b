"""Claims: annotations that state a checkable fact about what a line or a command does."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass

from labkit.annotation import Annotation, annotations_in, statement_starts

# What may stand under a line of a file, and what only makes sense after a command.
FILE_KINDS = ("SQL", "Locks", "Cost")
KINDS = ("SQL", "Output", "Error", "Version", "Locks", "Cost", "Rows")

# From the weakest to the strongest: https://www.postgresql.org/docs/current/explicit-locking.html
LOCK_MODES = (
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)

_WORD = re.compile(r"([A-Za-z]+)(\s*):(?!//)(\s|$)?")
_WORDS = re.compile(r"\w{2,}")
_CONTINUATION = re.compile(r"\s{2,}\S|\s*\Z")


@dataclass(frozen=True)
class Claim:
    """A checkable annotation.

    ``lines`` are its texts, one for each annotation line, stripped. ``line`` is the line of the
    page (from 1). ``owner`` is the line of the file (from 1) on which the annotated statement
    begins, 0 for a claim about a command.
    """

    kind: str
    lines: tuple[str, ...]
    line: int
    owner: int = 0

    @property
    def text(self) -> str:
        """The claim on one line, white space folded."""
        return fold(" ".join(self.lines))


class ClaimError(ValueError):
    """An annotation that looks like a claim and is none; ``line`` counts from 1 in the fence."""

    def __init__(self, line: int, what: str, instead: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what
        self.instead = instead


def fold(text: str) -> str:
    """The text with each run of white space as one space."""
    return " ".join(text.split())


def pattern(text: str) -> re.Pattern[str]:
    """A pattern for a folded text, such as a statement, in which ``...`` stands for any text."""
    body = ".*?".join(re.escape(part) for part in text.split("..."))
    return re.compile(rf"{body}\Z", re.DOTALL)


def claims(code: str, language: str, first_line: int, *, in_file: bool) -> list[Claim]:
    """The claims of a fence; ``first_line`` is the page's line of the fence's first line.

    Args:
        in_file: true for the content of a file, where only some kinds make sense.

    Raises:
        ClaimError: for a word that opens like a claim and is none, and for a claim that says
            nothing or says it in a form that cannot be read.
    """
    notes = annotations_in(code, language)
    owners = statement_starts(code) if in_file and language == "python" else []
    found: list[Claim] = []
    lines: list[str] = []
    kind, begun, last = "", 0, 0

    def close() -> None:
        if not kind:
            return
        if not any(set(line) - set(". ") for line in lines):
            raise ClaimError(
                begun, f"“{kind}:” claims nothing", "say what must be seen there; “...” is no claim"
            )
        text = " ".join(lines)
        if kind == "SQL" and "..." in text and len(_WORDS.findall(text)) < 2:
            raise ClaimError(
                begun,
                "this “SQL:” is true of nearly every statement",
                "name what is done and to what, such as “INSERT INTO roles ...”",
            )
        try:
            _READERS.get(kind, fold)(text)
        except ValueError as error:
            raise ClaimError(begun, f"“{kind}:” cannot be read: {error}", _FORMS[kind]) from None
        owner = max((s for s in owners if s <= begun), default=0) if in_file else 0
        found.append(Claim(kind, tuple(lines), first_line + begun - 1, owner))

    for note in notes:
        goes_on = (
            kind and note.alone and note.line == last + 1 and _CONTINUATION.match(note.text or "")
        )
        if goes_on:
            lines.append(note.text.strip())
        else:
            close()
            kind, begun, lines = _kind(note, in_file), note.line, []
            if kind:
                lines = [note.text.strip()[len(kind) + 1 :].strip()]
        last = note.line
    close()
    return found


def locks(text: str) -> dict[str, str]:
    """``products SHARE, orders ACCESS EXCLUSIVE`` as table → mode; ``nothing`` is no lock.

    Raises:
        ValueError: for a mode that PostgreSQL does not have, and a table that stands there twice.
    """
    found = {}
    for item in _items(text):
        table, _, mode = item.partition(" ")
        if mode not in LOCK_MODES:
            raise ValueError(f"{mode or item!r} is no lock mode")
        if table in found:
            raise ValueError(f"{table} stands there twice")
        found[table] = mode
    return found


def cost(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """``rewrites products, scans orders`` as (rewritten tables, scanned tables).

    Raises:
        ValueError: for another word than these two.
    """
    found: dict[str, set[str]] = {"rewrites": set(), "scans": set()}
    for item in _items(text):
        word, _, table = item.partition(" ")
        if word not in found or not table:
            raise ValueError(f"{item!r} names no cost")
        found[word].add(table)
    # A rewrite reads the whole table, so saying that it is scanned as well says nothing more.
    return frozenset(found["rewrites"]), frozenset(found["scans"] - found["rewrites"])


def rows(text: str) -> dict[str, int]:
    """``products 3, roles 0`` as table → number of rows.

    Raises:
        ValueError: where a number is missing, and for a table that stands there twice.
    """
    found = {}
    for item in _items(text):
        table, _, number = item.rpartition(" ")
        if not table or not number.isdigit():
            raise ValueError(f"{item!r} is no table and number")
        if table in found:
            raise ValueError(f"{table} stands there twice")
        found[table] = int(number)
    return found


def versions(text: str) -> frozenset[str]:
    """``0002`` or ``0002, 0003`` as revision ids; ``base`` is none.

    Raises:
        ValueError: where an id is empty.
    """
    ids = frozenset() if text.strip() == "base" else frozenset(i.strip() for i in text.split(","))
    if "" in ids:
        raise ValueError("a revision id is empty")
    return ids


def _items(text: str) -> list[str]:
    folded = fold(text)
    return [] if folded == "nothing" else [item.strip() for item in folded.split(",")]


_READERS: dict[str, Callable[[str], object]] = {
    "Locks": locks,
    "Cost": cost,
    "Rows": rows,
    "Version": versions,
}
_FORMS = {
    "Locks": "write “TABLE MODE, TABLE MODE” or “nothing”",
    "Cost": "write “rewrites TABLE, scans TABLE” or “nothing”",
    "Rows": "write “TABLE NUMBER, TABLE NUMBER”",
    "Version": "write the revision ids with commas between them, or “base”",
}


def _kind(note: Annotation, in_file: bool) -> str:
    """The claim's kind, "" for commentary."""
    match = _WORD.match(note.text.strip())
    if not match:
        return ""
    word, gap, end = match[1], match[2], match[3]
    if word.lower() in (kind.lower() for kind in KINDS) and (gap or end is None):
        proper = next(kind for kind in KINDS if kind.lower() == word.lower())
        raise ClaimError(
            note.line, f"“{match[0]}” is no claim", f"write “{proper}: ” with one blank behind it"
        )
    if gap or end is None or word.lower() in ("needs", "differs"):
        return ""
    if word in KINDS:
        if in_file and word not in FILE_KINDS:
            raise ClaimError(
                note.line,
                f"“{word}:” says what a command leaves behind and stands in a file",
                "move it below the command's “$ ” line in a console fence",
            )
        return word
    near = difflib.get_close_matches(word.lower(), [k.lower() for k in KINDS], 1, 0.7)
    if near:
        proper = next(k for k in KINDS if k.lower() == near[0])
        raise ClaimError(note.line, f"“{word}:” is no claim", f"write “{proper}:”")
    if word[0].isupper():
        raise ClaimError(
            note.line,
            f"“{word}:” is no claim",
            f"open with one of {', '.join(k + ':' for k in KINDS)}, or let the commentary begin "
            "without a word and a colon",
        )
    return ""
