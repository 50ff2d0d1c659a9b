"""The record of a command: lines of JSON that its processes append as they go.

The first line is a header that the reader wrote. A line is appended with one write to a file
opened for it, so that what a killed process has told stays readable and a process that closes
every descriptor still tells. When a line does not fit on the disk the file is emptied: a record
without its header is known to be lost, while one with a gap would pass for the truth.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from labkit.observation import Failure, Place, Statement

RECORD = "LABS_RECORD"
PROJECT = "LABS_PROJECT"

HEADER = {"kind": "header"}


class Lost(Exception):  # noqa: N818 - what happened to the record, not a fault of the reader
    """The record could not be written to its end: the disk is full, most likely."""


def plain(parameters: Any) -> Any:
    """Return bound parameters as values that JSON has, keeping their names or their order."""
    if isinstance(parameters, Mapping):
        return {str(name): plain(value) for name, value in parameters.items()}
    if isinstance(parameters, (list, tuple)):
        return [plain(value) for value in parameters]
    if parameters is None or isinstance(parameters, (str, int, float, bool)):
        return parameters
    return str(parameters)


def append(path: str, line: Mapping[str, Any]) -> None:
    """Add one line to the record at ``path``; empties the record when it does not fit."""
    data = json.dumps(line, default=str, separators=(",", ":")).encode() + b"\n"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0))
    try:
        if os.write(handle, data) != len(data):
            os.ftruncate(handle, 0)
    except OSError:
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def begin(path: Path) -> None:
    """Make a new record. Raises OSError when it cannot be written."""
    path.write_text(json.dumps(HEADER) + "\n", encoding="utf-8")


def read(path: Path, project: Path) -> tuple[tuple[Statement, ...], Failure | None]:
    """Return the statements of a record, in the order sent, and the failure that ended it.

    Raises Lost when the record is not whole.
    """
    lines = list(_lines(path))
    if not lines or lines[0] != HEADER:
        raise Lost(str(path))
    places = _Places(project)
    sent: dict[tuple[int, int], dict[str, Any]] = {}
    failure: Failure | None = None
    alive: dict[int, dict[str, Any] | None] = {}
    for line in lines[1:]:
        pid = line["pid"]
        match line["kind"]:
            case "start":
                alive[pid] = None
            case "sent":
                sent[pid, line["number"]] = line
                if pid in alive:
                    alive[pid] = line
            case "done":
                sent[pid, line["number"]].update(line)
                if pid in alive:
                    alive[pid] = None
            case "failure":
                failure = places.failure(line)
            case "end":
                alive.pop(pid, None)
    if failure is None:
        for line in alive.values():
            failure = _unended(places, line)
    statements = tuple(s for line in sent.values() for s in _statements(line, places))
    return statements, failure


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for data in file:
            if not data.endswith(b"\n"):
                return
            yield json.loads(data)


def _unended(places: _Places, last: dict[str, Any] | None) -> Failure:
    """What is known of a process that never reached its own end: killed, or left by os._exit."""
    where = places.place(last) if last else None
    return Failure("ended", "The process ended before Python could end it.", where)


def _statements(line: dict[str, Any], places: _Places) -> Iterator[Statement]:
    """One statement for each text: an executemany has several, and the cost is the first one's."""
    texts = line["texts"]
    rows = line["parameters"] if line["many"] else [line["parameters"]] * len(texts)
    failure = line.get("failure")
    for number, text in enumerate(texts):
        first, last = number == 0, number == len(texts) - 1
        yield Statement(
            text=text,
            template=line["template"],
            parameters=rows[number] if rows else None,
            place=places.place(line),
            revision=line.get("revision"),
            direction=line.get("direction"),
            seconds=line.get("seconds", 0.0) / len(texts),
            locks=line.get("locks", {}) if first else {},
            rewrites=tuple(line.get("rewrites", ())) if first else (),
            scans=tuple(line.get("scans", ())) if first else (),
            failure=places.failure(failure) if failure and last else None,
        )


class _Places:
    """Turns the absolute file names of a record into places of the project."""

    def __init__(self, project: Path) -> None:
        self._root = Path(os.path.realpath(project))

    def place(self, line: Mapping[str, Any]) -> Place | None:
        if not line.get("file"):
            return None
        file = Path(line["file"])
        try:
            return Place(file.relative_to(self._root).as_posix(), line["line"])
        except ValueError:
            return Place(file.as_posix(), line["line"])

    def failure(self, line: Mapping[str, Any]) -> Failure:
        return Failure(line["error"], line["message"], self.place(line), line["sqlstate"])
