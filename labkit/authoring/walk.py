"""A walk: the chain of a project, run in each way in one empty database."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import socket
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg2

from labkit import look, snapshot, way
from labkit.authoring import walker
from labkit.compare import compare
from labkit.run import Runner
from labkit.schema.address import connect
from labkit.snapshot import Snapshot
from labkit.trial import CHECK_SECONDS, environment

# What a statement may hold a semicolon in, and the one that ends it.
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|\$(\w*)\$.*?\$\1\$|--[^\n]*|;""", re.DOTALL)

# Words for Alembic go out, and what the walker answers comes back.
_Steps = Generator[Sequence[str], tuple[str, str], None]
_Step = Generator[Sequence[str], tuple[str, str], str | None]


def walk(
    project: Path, url: str, written: str, tables: Sequence[str], runner: Runner
) -> list[tuple[str, str]]:
    """(way, what is wrong) for each way that does not lead where all must lead.

    Args:
        project: a copy of the folder that the page left behind.
        url: that of an empty database.
        written: that of the database that the page left behind.
        tables: those whose rows count too.
    """
    walked = _Walk(url, written, tables)
    with socket.create_server(("127.0.0.1", 0)) as door:
        words = ["python", walker.__file__, str(door.getsockname()[1])]
        talk = _Talk(walked, door)
        with contextlib.closing(talk):
            seen = runner.run(
                shlex.join(words),
                project=project,
                env=environment(url),
                on_output=talk.hear,
                timeout=CHECK_SECONDS,
                observe=False,
            )
    if seen.status != 0:
        lines = seen.output.split("\n")
        said = [line for line in lines if line.strip() and not line.startswith(walker.MARK)]
        walked.found.append((way.IN_ONE, said[-1] if said else f"exit status {seen.status}"))
    return walked.found


class _Talk:
    """What a walk says to its walker, as soon as that has answered."""

    def __init__(self, walked: _Walk, door: socket.socket) -> None:
        self._walked = walked
        self._door = door
        self._steps: _Steps | None = None
        self._line: socket.socket | None = None
        self._heard = ""

    def hear(self, text: str) -> None:
        """Take what the walker printed."""
        *lines, self._heard = (self._heard + text).split("\n")
        for line in lines:
            if line.startswith(walker.MARK):
                self._go_on(json.loads(line.removeprefix(walker.MARK)))

    def _go_on(self, answer: Any) -> None:
        try:
            if self._steps is None or self._line is None:
                self._line, _ = self._door.accept()
                self._steps = self._walked.run(answer)
                words = next(self._steps)
            else:
                words = self._steps.send(answer)
        except StopIteration:
            self.close()
        else:
            self._line.sendall(json.dumps(words).encode() + b"\n")

    def close(self) -> None:
        """Say no more, which ends the walker."""
        if self._line is not None:
            self._line.close()
            self._line = None


class _Walk:
    """One walk; ``found`` lists (way, what is wrong with it)."""

    def __init__(self, url: str, written: str, tables: Sequence[str]) -> None:
        self._url = url
        self._written = written
        self._tables = tables
        self.found: list[tuple[str, str]] = []

    def run(self, chain: Sequence[tuple[str, str]]) -> _Steps:
        """Walk it: ``chain`` holds of each revision what a downgrade names that takes it back."""
        stepwise = empty = self._seen()
        for revision, below in chain:
            above = yield from self._there_and_back(revision, below, stepwise)
            if above is None:
                return
            stepwise = above
        if (yield from self._alembic(way.STEP_BY_STEP, "downgrade", "base")) is None:
            return
        self._compare(way.STEP_BY_STEP, empty, self._seen(), "after `alembic downgrade base`")
        if (yield from self._alembic(way.IN_ONE, "upgrade", "heads")) is None:
            return
        whole = self._seen()
        self._compare(way.STEP_BY_STEP, whole, stepwise, "at the head", rows=False)
        written = snapshot.read(self._written)
        if written.alembic_version == whole.alembic_version:  # else it stands somewhere else
            self._compare(way.AS_WRITTEN, whole, written, rows=False)
        yield from self._offline(whole)

    def _there_and_back(
        self, revision: str, below: str, before: Snapshot
    ) -> Generator[Sequence[str], tuple[str, str], Snapshot | None]:
        """One revision up, down and up again: the schema then, None where a command failed."""
        for direction, target in (("upgrade", revision), ("downgrade", below)):
            if (yield from self._alembic(way.STEP_BY_STEP, direction, target)) is None:
                return None
        where = f"after revision {revision} went up and down"
        self._compare(way.STEP_BY_STEP, before, self._seen(), where)
        again = yield from self._alembic(way.STEP_BY_STEP, "upgrade", revision)
        return None if again is None else self._seen()

    def _offline(self, whole: Snapshot) -> _Steps:
        yield from self._alembic(way.STEP_BY_STEP, "downgrade", "base")
        connection = connect(self._url)
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS alembic_version")
            script = yield from self._alembic(way.OFFLINE, "upgrade", "heads", "--sql")
            if script is None:
                return
            try:
                for statement in statements(script):
                    cursor.execute(statement)
            except psycopg2.Error as error:
                first = str(error).strip().partition("\n")[0]
                self.found.append((way.OFFLINE, f"the script fails: {first}"))
                return
        self._compare(way.OFFLINE, whole, self._seen())

    def _alembic(self, of: str, *words: str) -> _Step:
        """Have a command run: what it printed, None where it failed."""
        said, failure = yield words
        if failure:
            self.found.append((of, f"`alembic {' '.join(words)}` fails: {failure}"))
            return None
        return said

    def _seen(self) -> Snapshot:
        return look.schema(self._url, self._tables)

    def _compare(
        self, of: str, wanted: Snapshot, there: Snapshot, where: str = "", *, rows: bool = True
    ) -> None:
        leave = ("alembic_version",) if rows else ("alembic_version", "row")
        for difference in compare(wanted, there):
            # A column that comes back is the last one, which no migration can change.
            if difference.kind not in leave and difference.part != "column order":
                told = f"{difference.sentence}{', ' if where else ''}{where}"
                self.found.append((of, told))


def statements(script: str) -> Iterator[str]:
    """The statements of a script, as psql would send them."""
    begin = 0
    for token in _TOKEN.finditer(script):
        if token[0] == ";":
            yield script[begin : token.start()]
            begin = token.end()
    if script[begin:].strip():
        yield script[begin:]
