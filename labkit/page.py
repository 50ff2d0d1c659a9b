"""Pages: a Markdown file read into the steps that it asks for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from markdown_it import MarkdownIt
from markdown_it.token import Token

from labkit import claim as claim_module
from labkit.annotation import Annotation, annotations_in
from labkit.claim import Claim, ClaimError
from labkit.messages import page as messages
from labkit.need import Need, need
from labkit.way import differing

PARTS = (
    "Explanation",
    "Diagram",
    "Annotated code",
    "Key takeaway",
    "Why it matters",
    "Your turn",
)
_ATTRIBUTE = re.compile(r'(?:([a-z-]+)="([^"]*)"|(\S+))')
_FENCE_OR_CLAIM = re.compile(r"^\s*(?:```|~~~)|(?:#|--)\s*=>")
_KEYS = ("title", "snapshot", "rows")
_FLAGS = ("check", "live", "verdict")


@dataclass(frozen=True)
class File:
    """A step that writes a file: ``path`` is relative to the project, with slashes.

    ``line`` is the page's line of the file's first line, ``need`` what the step needs.
    """

    path: str
    text: str
    language: str
    line: int
    claims: tuple[Claim, ...] = ()
    need: Need | None = None


@dataclass(frozen=True)
class Command:
    """A step that runs a command line; ``line`` is the page's line of its “$ ”.

    ``snapshot`` names what the schema must equal afterwards ("" for nothing), ``rows`` the tables
    whose rows belong to it. ``check`` marks a step of “Your turn”, ``live`` one that looks at the
    learner's own database. ``need`` is what the step needs, ``differs`` the ways of running the
    chain of which the page says here that they lead elsewhere.
    """

    text: str
    line: int
    claims: tuple[Claim, ...] = ()
    snapshot: str = ""
    rows: tuple[str, ...] = ()
    check: bool = False
    live: bool = False
    need: Need | None = None
    differs: tuple[str, ...] = ()


Step = File | Command


@dataclass(frozen=True)
class Fence:
    """A fenced block as it stands on the page; ``line`` is the line of its opening."""

    language: str
    attributes: dict[str, str]
    flags: tuple[str, ...]
    text: str
    line: int
    part: str
    heading: str


@dataclass(frozen=True)
class Page:
    """A page of a lab.

    ``headings`` lists (level, text, line); ``steps`` is what the page asks for, in its order.
    """

    path: Path
    source: str
    title: str
    headings: tuple[tuple[int, str, int], ...]
    fences: tuple[Fence, ...]
    steps: tuple[Step, ...]

    @property
    def example(self) -> tuple[Step, ...]:
        """The steps that a run of the page takes."""
        return tuple(s for s in self.steps if isinstance(s, File) or not s.check)

    @property
    def checks(self) -> tuple[Command, ...]:
        """The steps that judge an answer to “Your turn”."""
        return tuple(s for s in self.steps if isinstance(s, Command) and s.check)

    def part(self, name: str) -> str:
        """The Markdown source of a part, its heading left out ("" where it is missing)."""
        tops = [(text, line) for level, text, line in self.headings if level == 2]
        lines = self.source.splitlines()
        for index, (text, line) in enumerate(tops):
            if text == name:
                end = tops[index + 1][1] - 1 if index + 1 < len(tops) else len(lines)
                return "\n".join(lines[line:end]).strip()
        return ""


def read(path: Path, snapshots: Collection[str] | None = None) -> Page:
    """Read a page from its file; see ``parse``."""
    try:
        source = path.read_text(encoding="utf-8")
    except OSError as error:
        raise messages.unreadable(path, error.strerror or str(error)) from None
    except UnicodeDecodeError as error:
        raise messages.not_text(path, error.start) from None
    return parse(source, path, snapshots)


def parse(source: str, path: Path, snapshots: Collection[str] | None = None) -> Page:
    """Read a page into its steps.

    Args:
        snapshots: the names that a fence may ask for; None allows all (while they are recorded).

    Raises:
        Trouble: with every fault of the page, each with its line and what to write instead.
    """
    reader = _Reader(source, snapshots)
    if reader.faults:
        raise messages.faults(path, sorted(reader.faults))
    return Page(
        path,
        source,
        reader.title,
        tuple(reader.headings),
        tuple(reader.fences),
        tuple(reader.steps),
    )


class _Reader:
    """One pass over the tokens of a page; ``faults`` holds (line, what, instead)."""

    def __init__(self, source: str, snapshots: Collection[str] | None) -> None:
        self.lines = source.splitlines()
        self.snapshots = snapshots
        self.title = ""
        self.headings: list[tuple[int, str, int]] = []
        self.fences: list[Fence] = []
        self.steps: list[Step] = []
        self.faults: list[tuple[int, str, str]] = []
        self._part = self._heading = ""
        tokens = MarkdownIt("commonmark").parse(source)
        for index, token in enumerate(tokens):
            if token.type == "heading_open":
                self._note_heading(token, tokens[index + 1].content)
            elif token.type == "fence":
                self._note_fence(token)
            elif token.type in ("html_block", "code_block"):
                self._note_raw(token)

    def _fault(self, line: int, what: str, instead: str) -> None:
        self.faults.append((line, what, instead))

    def _note_heading(self, token: Token, text: str) -> None:
        level, line = int(token.tag[1]), (token.map or [0])[0] + 1
        self.headings.append((level, text, line))
        if level == 1 and not self.title:
            self.title = text
        if level == 2:
            self._part = text
        self._heading = text

    def _note_raw(self, token: Token) -> None:
        """Fault what looks like a fence or a claim where Markdown sees neither."""
        first = (token.map or [0])[0] + 1
        for line, text in enumerate(self.lines[first - 1 : (token.map or [0, 0])[1]], first):
            if _FENCE_OR_CLAIM.search(text):
                self._fault(line, *messages.NOT_A_FENCE)

    def _note_fence(self, token: Token) -> None:
        first, end = token.map or [0, 0]
        line = first + 1
        last = self.lines[end - 1].strip() if end <= len(self.lines) else ""
        if end - first < 2 or not last.startswith(token.markup) or set(last) != {token.markup[0]}:
            self._fault(line, *messages.UNENDED_FENCE)
            return
        language, _, rest = token.info.strip().partition(" ")
        attributes, flags = self._attributes(rest, line)
        fence = Fence(language, attributes, flags, token.content, line, self._part, self._heading)
        self.fences.append(fence)
        if language == "console":
            self._note_console(fence)
        else:
            self._note_other(fence)

    def _attributes(self, rest: str, line: int) -> tuple[dict[str, str], tuple[str, ...]]:
        attributes: dict[str, str] = {}
        flags: list[str] = []
        for key, value, word in _ATTRIBUTE.findall(rest):
            empty = not value.strip() and key != "title"
            if key in _KEYS and (empty or key in attributes):
                self._fault(line, *messages.empty_or_twice(key))
            elif key in _KEYS:
                attributes[key] = value
            elif word in _FLAGS:
                flags.append(word)
            else:
                name = key or word.partition("=")[0]
                near = difflib.get_close_matches(name, _KEYS + _FLAGS, 1)
                self._fault(line, *messages.unknown_attribute(key or word, near))
        return attributes, tuple(flags)

    def _note_other(self, fence: Fence) -> None:
        for offset, text in enumerate(fence.text.splitlines(), 1):
            if text.startswith("$ "):
                self._fault(fence.line + offset, *messages.COMMAND_OUTSIDE_CONSOLE)
        for word in ("snapshot", "rows"):
            if word in fence.attributes:
                self._fault(fence.line, *messages.only_on_console(word))
        if "check" in fence.flags or "live" in fence.flags:
            self._fault(fence.line, *messages.only_on_console("check"))
        if "title" not in fence.attributes:
            for found in self._claims(fence, in_file=False):
                self._fault(found.line, *messages.UNTRIED_CLAIM)
            return
        path = fence.attributes["title"]
        if fault := _path_fault(path):
            self._fault(fence.line, *messages.bad_path(path, fault))
            return
        claims = tuple(self._claims(fence, in_file=True))
        needed = self._need(fence, annotations_in(fence.text, fence.language))
        file = File(path, fence.text, fence.language, fence.line + 1, claims, needed)
        self.steps.append(file)

    def _claims(self, fence: Fence, *, in_file: bool) -> list[Claim]:
        try:
            return claim_module.claims(fence.text, fence.language, fence.line + 1, in_file=in_file)
        except ClaimError as bad:
            self._fault(fence.line + bad.line, bad.what, bad.instead)
            return []

    def _need(self, fence: Fence, notes: Sequence[Annotation]) -> Need | None:
        try:
            return need(notes)
        except ClaimError as bad:
            self._fault(fence.line + bad.line, bad.what, bad.instead)
            return None

    def _differs(self, fence: Fence, notes: Sequence[Annotation]) -> tuple[str, ...]:
        try:
            return differing(notes)
        except ClaimError as bad:
            self._fault(fence.line + bad.line, bad.what, bad.instead)
            return ()

    def _note_console(self, fence: Fence) -> None:
        if "title" in fence.attributes:
            self._fault(fence.line, *messages.TITLE_ON_CONSOLE)
        if "live" in fence.flags and "check" not in fence.flags:
            self._fault(fence.line, *messages.LIVE_WITHOUT_CHECK)
        name = fence.attributes.get("snapshot", "")
        if name and self.snapshots is not None and name not in self.snapshots:
            near = difflib.get_close_matches(name, self.snapshots, 1)
            self._fault(fence.line, *messages.missing_snapshot(name, near))
        if "rows" in fence.attributes and not name:
            self._fault(fence.line, *messages.ROWS_WITHOUT_SNAPSHOT)
        commands = self._command_lines(fence)
        if not commands:
            self._fault(fence.line, *messages.NO_COMMAND)
            return
        claims = self._claims(fence, in_file=False)
        notes = annotations_in(fence.text, fence.language)
        for index, (line, text) in enumerate(commands):
            final = index + 1 == len(commands)
            end = len(self.lines) + 1 if final else commands[index + 1][0]
            rows = fence.attributes.get("rows", "") if final else ""
            self.steps.append(
                Command(
                    text,
                    line,
                    tuple(c for c in claims if line < c.line < end),
                    name if final else "",
                    tuple(word.strip() for word in rows.split(",") if word.strip()),
                    "check" in fence.flags,
                    "live" in fence.flags,
                    self._need(fence, [n for n in notes if line < fence.line + n.line < end]),
                    self._differs(fence, [n for n in notes if line < fence.line + n.line < end]),
                )
            )

    def _command_lines(self, fence: Fence) -> list[tuple[int, str]]:
        """(page line, command) for each “$ ” line, with its “> ” lines joined to it."""
        commands: list[tuple[int, str]] = []
        for line, text in enumerate(fence.text.splitlines(), fence.line + 1):
            if text.startswith("$ "):
                commands.append((line, text[2:].strip()))
            elif text.startswith("> ") and commands:
                begun, so_far = commands[-1]
                commands[-1] = (begun, f"{so_far}\n{text[2:]}")
            elif text.lstrip().startswith("# =>"):
                if not commands:
                    self._fault(line, *messages.CLAIM_BEFORE_COMMAND)
            elif text.strip():
                self._fault(line, *messages.LOOSE_OUTPUT)
        return commands


def _path_fault(path: str) -> str:
    """Why a path may not be written, "" where it may."""
    pure = PurePosixPath(path)
    if not path or path.endswith("/"):
        return "it names no file"
    if pure.is_absolute() or PureWindowsPath(path).drive or path.startswith("~"):
        return "it is absolute"
    if ".." in pure.parts:
        return "it leaves the project"
    if "\\" in path:
        return "it has a backslash"
    if pure.as_posix() != path:
        return f"its plain form is {pure.as_posix()}"
    return ""
