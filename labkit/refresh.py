"""Refreshing: the edits that make a page's ``Output:`` and ``SQL:`` claims true again."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from labkit import claim as claims
from labkit.claim import Claim
from labkit.observation import Statement
from labkit.page import File, Page
from labkit.trial import Record

_WIDTH = 96


@dataclass(frozen=True)
class Edit:
    """Put ``lines`` in place of ``count`` lines of a page, from line ``line`` on (from 1)."""

    line: int
    count: int
    lines: Sequence[str]


def applied(source: str, edits: Sequence[Edit]) -> str:
    """The source with all edits made."""
    lines = source.split("\n")
    for edit in sorted(edits, key=lambda e: e.line, reverse=True):
        lines[edit.line - 1 : edit.line - 1 + edit.count] = edit.lines
    return "\n".join(lines)


def refreshed(page: Page, records: Sequence[Record]) -> list[Edit]:
    """The edits that a page needs after what was observed."""
    edits = [edit for record in records for edit in _output_edits(record)]
    sent: dict[tuple[str, int, int], dict[str, Statement]] = {}
    for record in records:
        for statement in record.observation.migrated:
            file = statement.place and record.files.get(statement.place.file)
            if file and statement.place:
                owner = claims.owner_of(file.text, statement.place.line)
                sent.setdefault((file.path, file.line, owner), {})[statement.text] = statement
    for file in (step for step in page.steps if isinstance(step, File)):
        owners = {c.owner for c in file.claims if c.kind == "SQL"}
        owners |= {owner for path, line, owner in sent if (path, line) == (file.path, file.line)}
        for owner in sorted(owners):
            texts = list(sent.get((file.path, file.line, owner), {}))
            edits += _sql_edits(file, owner, texts)
    return edits


def _output_edits(record: Record) -> list[Edit]:
    """One edit that replaces a command's output claims, none where they are true."""
    command = record.command
    said = [c for c in command.claims if c.kind == "Output"]
    if any(c.kind == "Error" for c in command.claims) and not said:
        return []
    printed = [line.strip() for line in record.observation.output.strip().splitlines()]
    wanted = "\n".join(line for c in said for line in c.lines)
    if claims.pattern(wanted).match("\n".join(printed)) or not (printed or said):
        return []
    shown = [f"# => Output: {printed[0]}", *(f"# =>   {line}".rstrip() for line in printed[1:])]
    if not printed:
        shown = []
    if not said:
        return [Edit(command.line + 1 + command.text.count("\n"), 0, shown)]
    first, *others = said
    return [
        Edit(first.line, len(first.lines), shown),
        *(Edit(c.line, len(c.lines), []) for c in others),
    ]


def _sql_edits(file: File, owner: int, sent: Sequence[str]) -> list[Edit]:
    """Edits that drop a statement's false claims and add those that are missing."""
    said = [c for c in file.claims if c.kind == "SQL" and c.owner == owner]
    false = [c for c in said if not any(_says(c, text) for text in sent)]
    missing = [text for text in sent if not any(_says(c, text) for c in said)]
    if not false and not missing:
        return []
    lines = file.text.splitlines()
    indent = lines[owner - 1][: len(lines[owner - 1]) - len(lines[owner - 1].lstrip())]
    shown = [line for text in missing for line in _sql_lines(text, indent)]
    if false:
        place, *others = false
        return [
            Edit(place.line, len(place.lines), shown),
            *(Edit(c.line, len(c.lines), []) for c in others),
        ]
    end = max((c.line + len(c.lines) for c in said), default=file.line + _end(file.text, owner))
    return [Edit(end, 0, shown)]


def _says(claim: Claim, text: str) -> bool:
    return bool(claims.pattern(claim.text).match(claims.fold(text)))


def _sql_lines(text: str, indent: str) -> list[str]:
    first, later = f"{indent}# => SQL: ", f"{indent}# =>   "
    return textwrap.wrap(
        claims.fold(text),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _end(code: str, owner: int) -> int:
    """The last line of the statement that begins on a line."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.stmt) and node.lineno == owner:
            return node.end_lineno or owner
    return owner
