"""Drawing: runs and verdicts as text, in colour on a terminal and plain in a pipe."""

from __future__ import annotations

import difflib
import io
import os
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import IO

from rich.cells import cell_len
from rich.rule import Rule
from rich.text import Text

from labkit.claim import fold
from labkit.observation import Statement
from labkit.page import Command, File
from labkit.terminal import Terminal, Window, cleaned, coloured
from labkit.trial import Record
from labkit.trouble import Trouble
from labkit.verdict import FAIL, PASS, Finding, Verdict

# Set to 1 by somebody who wants to see tracebacks, those of Alembic and our own.
TRACEBACKS = "LABS_TRACEBACK"

_STYLES = {PASS: "bold green", FAIL: "bold red"}
_ERROR_STYLE = "bold yellow"
_DIFFERENCE = {"+": "green", "-": "red", "@": "cyan"}
_TRACEBACK = "Traceback (most recent call last):"
_LONGEST = 12  # lines of one statement, and statements of one line of code


class Screen:
    """Draws a run while it goes on, and its verdict.

    Args:
        file: where to draw; standard output by default.
        width: columns, by default those of the terminal.
        brief: show a command that went well on one line, without what it printed and sent.
    """

    def __init__(
        self, file: IO[str] | None = None, width: int | None = None, *, brief: bool = False
    ) -> None:
        self.console = Terminal(file, width)
        self._files: list[str] = []
        self._line = ""
        self._hidden = 0
        self._after: list[str] = []
        self._brief = brief
        self.costs = not brief
        self._held: list[str] = []

    def opened(self, title: str, source: str) -> None:
        """Name the run and the server that it uses."""
        if cell_len(title) + 4 > self.console.width:
            self.paragraph(title, "bold")
        else:
            rule = Rule(Text(title, "bold"), align="left", style="dim", characters="─")
            self.console.print(rule)
        self.paragraph(source, "dim")

    def noted(self, text: str) -> None:
        """Show what the learner should know of."""
        self.paragraph(text, "yellow")

    def aside(self, text: str) -> None:
        """Show what comes next."""
        self.paragraph(text, "dim")

    def wrote(self, file: File) -> None:
        """Remember a file; they are named together before the next command."""
        self._files.append(file.path)

    def began(self, command: Command) -> None:
        """Show the command as it would be typed."""
        if self._files:
            self.console.print()
            self.paragraph("wrote " + ", ".join(self._files), "dim")
            self._files.clear()
        if not self._brief:
            self.console.print()
        lines = command.text.split("\n")
        shown = "\n".join([f"$ {lines[0]}", *(f"> {line}" for line in lines[1:])])
        self.console.print(Text(shown, "bold cyan"), soft_wrap=True)

    def printed(self, text: str) -> None:
        """Show what a command prints, as soon as a line of it is whole."""
        *whole, self._line = (self._line + text).split("\n")
        for line in whole:
            self._hold_or_show(line)

    def ended(self, record: Record) -> None:
        """Show the end of a command and what its migrations sent."""
        if self._line:
            self._hold_or_show(self._line)
            self._line = ""
        seen = record.observation
        if record.failed or seen.interrupted or seen.timed_out:
            for line in self._held:
                self._output_line(line)
        self._held.clear()
        self._end_of_traceback()
        if seen.status != 0:
            word = ", where 0 was expected" if record.failed else ", as expected"
            said = f"  exit status {seen.status}{'' if seen.interrupted else word}"
            self.console.print(Text(said, "red" if record.failed else "dim"))
        sent = [] if self._brief else seen.migrated
        for (revision, direction), group in groupby(sent, lambda s: (s.revision, s.direction)):
            self._revision(f"{direction or 'run'} of {revision}", list(group))

    def _hold_or_show(self, line: str) -> None:
        if self._brief:
            self._held.append(line)
        else:
            self._output_line(line)

    def _output_line(self, line: str) -> None:
        """Show a line, but of tracebacks only the error that the last one ends with."""
        if line.startswith(_TRACEBACK) and os.environ.get(TRACEBACKS) != "1":
            self._hidden += len(self._after) + 1
            self._after.clear()
        elif not self._hidden:
            self.console.print(Text("  ") + coloured(line), soft_wrap=True)
        elif line.startswith((" ", "\t")) and not self._after:
            self._hidden += 1
        else:
            self._after.append(line)

    def _end_of_traceback(self) -> None:
        if self._hidden:
            hidden = f"  Traceback: {self._hidden} lines, shown with {TRACEBACKS}=1"
            self.console.print(Text(hidden, "dim"))
            self._hidden = 0
            for line in self._after:
                self._output_line(line)
            self._after.clear()

    def _revision(self, name: str, sent: Sequence[Statement]) -> None:
        place = sent[0].place
        where = f" · {place.file}" if place else ""
        for part in self.console.wrapped(f"{name}{where}", self.console.width - 4):
            self.console.print(Text(f"  ┌ {part}", "blue"))
        for place, group in groupby(sent, lambda s: s.place):
            statements = list(group)
            for statement in statements[:_LONGEST]:
                line = f":{place.line}" if place else ""
                self._below(line, fold(statement.text), "")
                self._below("", costs(statement), "dim")
                if statement.failure:
                    error = f"{statement.failure.kind}: {statement.failure.message.strip()}"
                    self._below("", error, "red")
            if (more := len(statements) - _LONGEST) > 0:
                self._below("", f"and {more} more from this line", "dim")

    def _below(self, line: str, text: str, style: str) -> None:
        """Show a text at the right of a bar, wrapped, the line's number before it."""
        parts = self.console.wrapped(text, self.console.width - 10) or [""]
        if len(parts) > _LONGEST:
            parts = [*parts[: _LONGEST - 1], f"… {len(parts) - _LONGEST + 1} more lines"]
        for number, part in enumerate(parts):
            label = f"{line if number == 0 else '':>4}"
            row = Text.assemble(("  │ ", "blue"), (label, "dim"), "  ", (part, style))
            self.console.print(row, soft_wrap=True)

    def verdict(self, verdict: Verdict) -> None:
        """Show the verdict; its last line is the next thing to do."""
        if verdict.contrast:
            # Above the verdict, which then stays in sight.
            self.told(verdict.contrast)
        self.console.print()
        if verdict.trouble:
            self.trouble(verdict.trouble)
        else:
            head = f"{verdict.status}  {_summary(verdict)}"
            self.paragraph(head, "", Text(verdict.status, _STYLES[verdict.status]))
            for number, finding in enumerate(verdict.findings, 1):
                self.console.print()
                self._finding(number, finding)
            if verdict.findings:
                self.console.print()
        if verdict.takeaway:
            self.console.print()
            self.paragraph(" ".join(verdict.takeaway.split()))
            self.console.print()
        for note in verdict.notes:
            self.paragraph(note, "dim")
        mend = verdict.trouble.mend if verdict.trouble else ""
        for last in (mend, verdict.following):
            if last:
                self.console.print(Text(cleaned(last), "bold"), soft_wrap=True)

    def passing(self, text: str) -> None:
        """Show a line until the next thing is shown; only a window has such a line."""
        if self.console.is_terminal:
            shown = cleaned(text).replace("\n", " ")
            line = self.console.wrapped(shown, self.console.width - 2)[:1]
            self.console.file.write("\r\x1b[K" + "".join(line))
            self.console.file.flush()

    def row(self, status: str, name: str, said: str) -> None:
        """Show one of many verdicts: its status and whose it is, and below it why."""
        style = _STYLES.get(status, _ERROR_STYLE)
        self.paragraph(f"{status:5} {name}", "", Text(status, style))
        for line in self.console.wrapped(cleaned(said), self.console.width - 6) if said else ():
            self.console.print(Text(f"      {line}", "dim"), soft_wrap=True)

    @property
    def window(self) -> Window:
        """What the doctor is told of it."""
        console = self.console
        return Window(
            console.is_terminal, console.width, bool(console.color_system), console.encoding
        )

    def checkup(self, status: str, about: str, said: str, mend: str) -> None:
        """Show one thing that the doctor has looked at."""
        style = {"ok": "green", "mend": "yellow"}.get(status, "bold red")
        label = f"{status:5}{about:20} "
        if len(label) + 20 > self.console.width:
            label = f"{status:5}{about}: "
        lines = self.console.wrapped(f"{label}{cleaned(said)}", self.console.width - 5)
        for number, line in enumerate(lines):
            shown = Text("     " + line if number else line)
            if not number:
                shown.stylize(style, 0, len(status))
            self.console.print(shown, soft_wrap=True)
        if mend:
            self.console.print(Text(f"     {cleaned(mend)}", "bold"), soft_wrap=True)

    def keys(self, text: str) -> None:
        """Show what can be pressed."""
        self.console.print()
        self.paragraph(text, "reverse" if self.console.is_terminal else "")

    def anew(self) -> None:
        """Begin again at the top of an empty window; what is not a window goes on."""
        self.console.clear()

    def trouble(self, trouble: Trouble) -> None:
        """Show what ended a task with ERROR, but not what mends it."""
        self.paragraph(f"ERROR  {trouble.what}", "", Text("ERROR", _ERROR_STYLE))
        if trouble.why:
            self.paragraph(trouble.why)

    def note(self, text: str) -> None:
        """Show one sentence, in lines unless something in it is to be typed or copied."""
        if "invoke " in text or max(map(cell_len, text.split()), default=0) > self.console.width:
            self.console.print(Text(cleaned(text)), soft_wrap=True)
        else:
            self.paragraph(text)

    def told(self, difference: str) -> bool:
        """Show a difference and agree to it."""
        self.console.print()
        for line in difference.splitlines():
            shown = Text(cleaned(line), _DIFFERENCE.get(line[:1], ""))
            self.console.print(shown, soft_wrap=True)
        return True

    def agree(self, difference: str) -> bool:
        """Show a difference and ask whether to write it."""
        self.told(difference)
        return self.sure("Write this? [y/N] ")

    def sure(self, question: str) -> bool:
        """Ask; everything but yes is no."""
        try:
            return self.console.input(question, markup=False).strip().lower() in ("y", "yes")
        except EOFError:
            self.console.print()
            return False

    def paragraph(self, text: str, style: str = "", head: Text | None = None) -> None:
        """Show a text in whole words; ``head`` is its beginning, styled."""
        lines = self.console.wrapped(cleaned(text), self.console.width)
        for number, line in enumerate(lines):
            shown = Text(line, style)
            if head and number == 0:
                shown = Text.assemble(head, (line.removeprefix(head.plain), style))
            self.console.print(shown, soft_wrap=True)

    def _finding(self, number: int, finding: Finding) -> None:
        self.paragraph(f"{number}. {finding.what}", "bold")
        rows = []
        if "\n" in finding.expected + finding.actual:
            rows.append(("differs", "\n".join(_differing(finding))))
        elif (finding.expected or finding.actual) and not _says_both(finding):
            rows += [("expected", finding.expected), ("found", finding.actual)]
        rows += [("at", finding.place), ("why", finding.why), ("mend", finding.remedy)]
        rows = [(name, text) for name, text in rows if text or name in ("expected", "found")]
        longest = max((len(name) for name, _ in rows), default=0)
        for name, text in rows:
            self._labelled(name, longest, text)

    def _labelled(self, name: str, longest: int, text: str) -> None:
        """Show a text at the right of its name, wrapped."""
        parts = self.console.wrapped(cleaned(text), self.console.width - longest - 5) or [""]
        for number, part in enumerate(parts):
            label = f"   {name if number == 0 else '':{longest}}  "
            self.console.print(Text.assemble((label, "dim"), part), soft_wrap=True)


def plain(findings: Iterable[Finding], lab: str, width: int = 80) -> str:
    """Findings as they stand in ``mistakes.md``: the verdict without what differs by machine."""
    file = io.StringIO()
    screen = Screen(file, width)
    screen.verdict(Verdict("check", lab, tuple(findings)))
    return file.getvalue().strip() + "\n"


def costs(statement: Statement) -> str:
    """What a statement took, in one line: locks, cost and time."""
    locks = [f"{mode} on {table}" for table, mode in sorted(statement.locks.items())]
    rewrites = [f"rewrites {table}" for table in statement.rewrites]
    scans = [f"scans {table}" for table in statement.scans if table not in statement.rewrites]
    parts = [", ".join(locks) or "no new lock", ", ".join(rewrites + scans)]
    return " · ".join([*(p for p in parts if p), f"{statement.seconds * 1000:.1f} ms"])


def _summary(verdict: Verdict) -> str:
    if verdict.findings:
        count = len(verdict.findings)
        return f"{verdict.lab}: {count} finding{'s' if count > 1 else ''}"
    counted = [
        f"{number} {what if number > 1 else what.removesuffix('s')}"
        for what, number in verdict.verified.items()
        if number
    ]
    return f"{verdict.lab}: {', '.join(counted)} verified in {verdict.seconds:.1f} s"


def _says_both(finding: Finding) -> bool:
    """Whether the sentence sets the two side by side already."""
    what = finding.what
    before, found, _ = what.partition(", found ")
    told = bool(found) and "expected " in before
    return told and finding.expected in what and finding.actual in what


def _differing(finding: Finding) -> list[str]:
    """Expected lines with “-”, found ones with “+”, equal ones with a blank."""
    lines = difflib.ndiff(finding.expected.splitlines(), finding.actual.splitlines())
    return [line.rstrip() for line in lines if not line.startswith("?")]
