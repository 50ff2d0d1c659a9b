"""Refreshing: the edits that make a page's ``Output:`` and ``SQL:`` claims true again."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from labkit import claim as claims
from labkit.annotation import annotations_in, own_end, owner_of
from labkit.claim import Claim
from labkit.judging import printed
from labkit.observation import Statement
from labkit.page import File, Page
from labkit.process import sent
from labkit.process.mask import masked
from labkit.trial import Record

_WIDTH = 96

_Key = tuple[str, int, int]


@dataclass(frozen=True)
class Edit:
    """Put ``lines`` in place of ``count`` lines of a page, from line ``line`` on (from 1)."""

    line: int
    count: int
    lines: Sequence[str]


def applied(source: str, edits: Sequence[Edit]) -> str:
    """The source with all edits made; of two at one line the first comes out above."""
    lines = source.split("\n")
    # What is put between two lines comes last, or it would be replaced itself.
    order = sorted(enumerate(edits), key=lambda e: (e[1].line, e[1].count > 0, e[0]), reverse=True)
    for _, edit in order:
        lines[edit.line - 1 : edit.line - 1 + edit.count] = edit.lines
    return "\n".join(lines)


def refreshed(page: Page, records: Sequence[Record], hidden: Iterable[str] = ()) -> list[Edit]:
    """The edits that a page needs after what was observed.

    A claim on a line that no command has run stays as it is: whether it is true is not known.

    Args:
        hidden: texts that only this run prints, such as the path of its folder.
    """
    return _Refresher(page, records, list(hidden)).edits()


class _Refresher:
    def __init__(self, page: Page, records: Sequence[Record], hidden: list[str]) -> None:
        self.page, self.records, self.hidden = page, records, hidden
        self.lines = page.source.split("\n")
        self.ran: dict[_Key, dict[str, Statement]] = {}
        self.spoken: dict[_Key, list[Claim]] = {}
        self.made: list[list[Statement]] = []
        for record in records:
            self._note(record)

    def edits(self) -> list[Edit]:
        """All edits, from the top of the page to its end."""
        said = {
            s.text
            for record, made in zip(self.records, self.made, strict=True)
            for s in made
            if any(c.kind == "SQL" and sent.says(c, s.text) for c in record.command.claims)
        }
        found: list[Edit] = []
        for record, made in zip(self.records, self.made, strict=True):
            found += self._output(record)
            found += self._spoken(record, made, said)
        for file in (step for step in self.page.steps if isinstance(step, File)):
            for path, line, owner in sorted(self.ran):
                if (path, line) == (file.path, file.line):
                    found += self._written(file, owner)
        return found

    def _note(self, record: Record) -> None:
        """Sort what a command sent by the line of the page that sent it, if one did."""
        spoken = [c for c in record.command.claims if c.kind == "SQL"]
        made: dict[str, Statement] = {}
        for statement in record.observation.statements:
            file = record.files.get(statement.place.file) if statement.place else None
            if file and statement.place:
                owner = owner_of(file.text, statement.place.line)
                key = (file.path, file.line, owner)
                self.ran.setdefault(key, {}).setdefault(statement.text, statement)
                self.spoken.setdefault(key, []).extend(spoken)
            elif statement.revision and not sent.reads_catalog(statement.text):
                made.setdefault(statement.text, statement)
        self.made.append(list(made.values()))

    def _output(self, record: Record) -> list[Edit]:
        """The edits that replace a command's output claims, none where they are true."""
        command, output = record.command, record.observation.output
        said = [c for c in command.claims if c.kind == "Output"]
        if not said and any(c.kind == "Error" for c in command.claims):
            return []
        wanted = [line for claim in said for line in claim.lines]
        if printed.shows(wanted, output):
            return []
        margin = self._margin(command.line)
        shown = [
            f"# => Output: {line}" if number == 0 else f"# =>   {line}".rstrip()
            for number, line in enumerate(self._lines(wanted, output))
        ]
        shown = [margin + line for line in shown]
        if not said:
            return [Edit(command.line + 1 + command.text.count("\n"), 0, shown)]
        first, *others = said
        return [
            Edit(first.line, len(first.lines), shown),
            *(Edit(c.line, len(c.lines), []) for c in others),
        ]

    def _lines(self, wanted: Sequence[str], output: str) -> list[str]:
        """An output for the page: with the author's own dots where they still hold."""
        there = printed.lines(output)
        plain = [masked(line, self.page.source, self.hidden) for line in there]
        dotted = _with_dots(wanted, there, plain)
        return dotted if printed.shows(dotted, output) else plain

    def _spoken(self, record: Record, made: Sequence[Statement], said: set[str]) -> list[Edit]:
        """Edits below a command, for statements of revisions that are not on the page."""
        command = record.command
        claimed = [c for c in command.claims if c.kind == "SQL"]
        everything = [s.text for s in record.observation.statements]
        false = [c for c in claimed if not any(sent.says(c, text) for text in everything)]
        missing = [s.text for s in made if s.text not in said]
        said.update(s.text for s in made)
        end = command.line + 1 + command.text.count("\n")
        while self.lines[end - 1].lstrip().startswith("# =>"):
            end += 1
        return self._replaced(false, missing, end, self._margin(command.line), {})

    def _written(self, file: File, owner: int) -> list[Edit]:
        """Edits in a file, for one of its statements."""
        said = [c for c in file.claims if c.kind == "SQL" and c.owner == owner]
        sent_here = self.ran[file.path, file.line, owner].values()
        spoken = self.spoken[file.path, file.line, owner]
        false = [c for c in said if not any(sent.says(c, s.text) for s in sent_here)]
        missing = [
            s.text
            for s in sent_here
            if (s.revision or said)
            and not sent.reads_catalog(s.text)
            and not any(sent.says(c, s.text) for c in (*said, *spoken))
        ]
        last = own_end(file.text, owner)
        notes = annotations_in(file.text, "python")
        below = {note.line for note in notes if note.alone}
        while last + 1 in below:
            last += 1
        end = max((c.line + len(c.lines) for c in said), default=file.line + last)
        code = {
            file.line + note.line - 1: file.text.splitlines()[note.line - 1][: note.column]
            for note in notes
            if not note.alone
        }
        return self._replaced(false, missing, end, self._indent(file, owner), code)

    def _replaced(
        self,
        false: Sequence[Claim],
        missing: Sequence[str],
        end: int,
        indent: str,
        code: Mapping[int, str],
    ) -> list[Edit]:
        """Edits that put missing claims in the place of false ones, or else at line ``end``.

        ``code`` is what stands before an annotation, by the page's line.
        """
        shown = [line for text in missing for line in _sql_lines(text, indent)]
        if not false:
            return [Edit(end, 0, shown)] if shown else []
        found = []
        for claim in false:
            kept = (
                [self._margin(claim.line) + code[claim.line].strip()] if claim.line in code else []
            )
            found.append(Edit(claim.line, len(claim.lines), kept + shown))
            shown = []
        return found

    def _margin(self, line: int) -> str:
        """The blanks before a line of a fence that stands in a list."""
        text = self.lines[line - 1]
        return text[: len(text) - len(text.lstrip())]

    def _indent(self, file: File, owner: int) -> str:
        """The blanks before the claims of a statement: those of its body where it has one."""
        code = file.text.splitlines()
        margin = self._margin(file.line + owner - 1)
        if own_end(file.text, owner) < len(code) and code[owner - 1].rstrip().endswith(":"):
            return margin + "    "
        return margin


def _with_dots(wanted: Sequence[str], there: list[str], plain: list[str]) -> list[str]:
    """``plain``, with each line of ``wanted`` that has dots and says a line that is there."""
    first, end = 0, len(there)
    if wanted and wanted[0].startswith("..."):
        first = next((n for n in range(end) if printed.matches(wanted[0], there[n])), 0)
    if wanted and wanted[-1].endswith("..."):
        last = (n for n in range(end - 1, first, -1) if printed.matches(wanted[-1], there[n]))
        end = next(last, end - 1) + 1
    dotted = [line for line in wanted if "..." in line and set(line) - set(". ")]
    found = []
    for number in range(first, end):
        mine = next((line for line in dotted if printed.matches(line, there[number])), None)
        if mine is not None:
            del dotted[: dotted.index(mine) + 1]
        found.append(plain[number] if mine is None else mine)
    return found


def _sql_lines(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        claims.fold(text),
        _WIDTH,
        initial_indent=f"{indent}# => SQL: ",
        subsequent_indent=f"{indent}# =>   ",
        break_long_words=False,
        break_on_hyphens=False,
    )
