"""The record of a command: lines of JSON that its processes append as they go.

The first line is a header that the Runner wrote. A line is appended with one write to a file
opened for it, so that what a killed process has told stays readable and a process that closes
every descriptor still tells. When a line does not fit on the disk the file is emptied: a record
without its header is known to be lost, while one with a gap would pass for the truth.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.observation import Failure, Place, Statement

RECORD = "LABS_RECORD"
PROJECT = "LABS_PROJECT"
COSTS = "LABS_COSTS"

_HEADER = {"kind": "header"}
_ENCODER = json.JSONEncoder(default=str, separators=(",", ":"))
_STACK_LINE = re.compile(r'  File "(.*)", line (\d+) in ')


class Lost(Exception):  # noqa: N818 - what happened to the record, not a fault of the reader
    """The record could not be written to its end: the disk is full, most likely."""


def begin(path: Path) -> None:
    """Make a new record. Raises OSError when it cannot be written."""
    path.write_text(json.dumps(_HEADER) + "\n", encoding="utf-8")


def remove(path: Path) -> None:
    """Remove a record that has been read; a process that outlives its command tells no more."""
    path.unlink(missing_ok=True)
    Path(stack_of(path)).unlink(missing_ok=True)


def append(path: str, line: Mapping[str, Any]) -> None:
    """Add one line to the record at ``path``; empties the record when it does not fit."""
    data = _ENCODER.encode(line).encode() + b"\n"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0))
    try:
        if os.write(handle, data) != len(data):
            os.ftruncate(handle, 0)
    except OSError:
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def plain(parameters: Any) -> Any:
    """Return bound parameters as values that JSON has, keeping their names or their order."""
    if isinstance(parameters, Mapping):
        return {str(name): plain(value) for name, value in parameters.items()}
    if isinstance(parameters, (list, tuple)):
        return [plain(value) for value in parameters]
    if parameters is None or isinstance(parameters, (str, int, float, bool)):
        return parameters
    return str(parameters)


def stack_of(path: str | os.PathLike[str]) -> str:
    """Return the file beside a record in which a process that is to be killed writes its stack."""
    return f"{os.fspath(path)}.stack"


@dataclass(frozen=True)
class Recorded:
    """What a record holds: statements in the order sent, the failure that ended it, the gaps.

    ``programs`` are the words of each Python program, ``used`` the parts of Alembic it used.
    """

    statements: tuple[Statement, ...]
    failure: Failure | None
    gaps: tuple[str, ...]
    programs: tuple[tuple[str, ...], ...] = ()
    used: frozenset[tuple[str, str]] = frozenset()


def read(path: Path, project: Path) -> Recorded:
    """Return what the record at ``path`` holds, with places relative to ``project``.

    Of several processes that failed, the last one's failure is returned. Raises Lost when the
    record is not whole.
    """
    lines = list(_lines(path))
    if not lines or lines[0] != _HEADER:
        raise Lost("a part of the record did not fit")
    places = _Places(project)
    sent: dict[tuple[int, int], dict[str, Any]] = {}
    begun: set[int] = set()
    failure: Failure | None = None
    programs: list[tuple[str, ...]] = []
    used: set[tuple[str, str]] = set()
    for line in lines[1:]:
        pid = line["pid"]
        used.update((kind, name) for kind, name in line.get("uses", ()))
        match line["kind"]:
            case "start":
                begun.add(pid)
                programs.append(tuple(line["argv"]))
            case "sent":
                sent[pid, line["number"]] = line
            case "done":
                sent[pid, line["number"]].update(line, done=True)
            case "failure":
                failure = places.failure(line)
            case "end":
                begun.discard(pid)
    waiting = [line for line in sent.values() if "done" not in line]
    if begun and failure is None:
        place = _last_place(path, project) or (places.place(waiting[-1]) if waiting else None)
        failure = Failure("ended", "The process ended before Python could end it.", place)
    statements = tuple(s for line in sent.values() for s in _statements(line, places))
    gaps = tuple(line["gap"] for line in lines if "gap" in line)
    return Recorded(statements, failure, gaps, tuple(programs), frozenset(used))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for data in file:
            if data.endswith(b"\n"):
                yield json.loads(data)


def _statements(line: dict[str, Any], places: _Places) -> Iterator[Statement]:
    """One statement for each text: an executemany has several, and its cost is the first one's."""
    texts = line["texts"]
    rows = line["parameters"] if line["many"] else [line["parameters"]]
    place = places.place(line)
    failure: Failure | None
    if "done" not in line:
        failure = Failure("unfinished", "Its process ended before it was done.", place)
    else:
        failed = line.get("failure")
        failure = places.failure({**line, **failed}) if failed else None
    for number, text in enumerate(texts):
        first, last = number == 0, number == len(texts) - 1
        yield Statement(
            text=text,
            template=line["template"],
            parameters=rows[number],
            place=place,
            revision=line.get("revision"),
            direction=line.get("direction"),
            seconds=line.get("seconds", 0.0) / len(texts),
            locks=line.get("locks", {}) if first else {},
            rewrites=tuple(line.get("rewrites", ())) if first else (),
            scans=tuple(line.get("scans", ())) if first else (),
            failure=failure if last else None,
            outside=line.get("outside", False),
        )


def _last_place(path: Path, project: Path) -> Place | None:
    """The innermost line of the project in the stack that a killed process wrote.

    It is written without Python's help, so that names have their other letters escaped.
    """
    try:
        text = Path(stack_of(path)).read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return None
    root = os.path.realpath(project) + os.sep
    shown = root.encode("ascii", "backslashreplace").decode()
    for told in map(_STACK_LINE.match, text.splitlines()):
        if told and told[1].startswith(shown):
            rest = told[1].removeprefix(shown)
            name = re.sub(
                r"\\(?:x(..)|u(....)|U(.{8}))",
                lambda m: chr(int(m[1] or m[2] or m[3], 16)),
                rest,
            )
            return Place(name.replace(os.sep, "/"), int(told[2]))
    return None


class _Places:
    """Turns the absolute file names of a record into places of the project."""

    def __init__(self, project: Path) -> None:
        self._root = Path(os.path.realpath(project))

    def place(self, line: Mapping[str, Any]) -> Place | None:
        if not line.get("file"):
            return None
        file = Path(line["file"])
        if file.is_relative_to(self._root):
            file = file.relative_to(self._root)
        return Place(file.as_posix(), line["line"])

    def failure(self, line: Mapping[str, Any]) -> Failure:
        return Failure(line["error"], line["message"], self.place(line), line["sqlstate"])
