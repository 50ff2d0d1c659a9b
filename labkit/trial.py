"""Trials: the steps of a page taken one by one, and what each of them left behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from psycopg2 import errors, sql

from labkit import claim as claims
from labkit import workspace
from labkit.judging import disorder, history, outage
from labkit.judging.history import Revision
from labkit.look import looking, schema
from labkit.observation import Observation
from labkit.page import Command, File, Step
from labkit.run import Runner
from labkit.schema.catalog.names import parts
from labkit.snapshot import Snapshot
from labkit.trouble import Trouble
from labkit.verdict import Finding

# A check has to end, even when the answer does not.
CHECK_SECONDS = 60.0

# What a terminal tells its programs. They would wrap and colour their output by it, and a command
# has no terminal here.
_OF_A_TERMINAL = frozenset(
    ("COLUMNS", "LINES", "FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS", "COLORTERM")
)


@dataclass(frozen=True)
class Record:
    """What a command did and left behind.

    ``files`` are the page's files by path, as long as they stood in the project as the page has
    them. ``snapshot`` is the live schema afterwards, None where nothing asked for it and where the
    command failed or did not end; ``rows`` counts the rows of the tables that a claim names, None
    for a table that is not there. ``revisions`` are those of the project where there is a snapshot,
    ``history`` is what is wrong with the revision files where the command failed for it. ``stands``
    is what ``alembic_version`` holds where that alone was looked at.
    """

    command: Command
    observation: Observation
    files: Mapping[str, File] = field(default_factory=dict)
    snapshot: Snapshot | None = None
    rows: Mapping[str, int | None] = field(default_factory=dict)
    revisions: tuple[Revision, ...] = ()
    history: tuple[Finding, ...] = ()
    stands: frozenset[str] | None = None

    @property
    def versions(self) -> frozenset[str] | None:
        """The rows of ``alembic_version``; None where it was not looked at, or is not there."""
        if self.snapshot is None:
            return self.stands
        held = self.snapshot.alembic_version
        return None if held is None else frozenset(held)

    @property
    def ended(self) -> bool:
        """False where the command was stopped."""
        return not (self.observation.interrupted or self.observation.timed_out)

    @property
    def left_early(self) -> bool:
        """True where the program was left in the middle, and looks like a success."""
        failure = self.observation.failure
        if failure is None or self.observation.status != 0:
            return False
        if failure.kind == "ended":
            # A process in the background has no end of its own either.
            return "&" not in self.command.text
        return failure.kind == "SystemExit" and failure.place is not None

    @property
    def failed(self) -> bool:
        """True where the command failed and nothing said it would."""
        expected = any(claim.kind == "Error" for claim in self.command.claims)
        return self.observation.status != 0 and not expected


class Trial:
    """Steps taken in one project folder with one database.

    Args:
        project: the folder that files are written to and commands run in; it exists.
        url: what DATABASE_URL is for the commands.
        runner: runs them.
        live_url: what it is for a “check live”, where there is one.
        timeout: seconds that one command may take, None for no limit.
        files: files of a page that stand in the project already, by path.
        costs: whether all is read that statements cost, or only what a claim asks for.
    """

    def __init__(
        self,
        project: Path,
        url: str,
        runner: Runner,
        *,
        live_url: str = "",
        timeout: float | None = None,
        files: Mapping[str, File] | None = None,
        costs: bool = True,
    ) -> None:
        self.project = project
        self.url = url
        self.live_url = live_url
        self.runner = runner
        self.timeout = timeout
        self.costs = costs
        self.files: dict[str, File] = dict(files or {})
        self.records: list[Record] = []

    def take(
        self,
        steps: Sequence[Step],
        on_begin: Callable[[Command], None] | None = None,
        on_output: Callable[[str], None] | None = None,
    ) -> Iterator[File | Record]:
        """Take the steps; end early after an interrupt or a failure that nothing announced."""
        for step in steps:
            if isinstance(step, File):
                workspace.write(self.project, step.path, step.text)
                self.files[step.path] = step
                yield step
                continue
            if on_begin:
                on_begin(step)
            record = self._run(step, on_output)
            self.records.append(record)
            yield record
            if record.failed or not record.ended:
                return

    def _run(self, command: Command, on_output: Callable[[str], None] | None) -> Record:
        url = self.live_url if command.live else self.url
        env = {k: v for k, v in environment(url).items() if k not in _OF_A_TERMINAL}
        observation = self.runner.run(
            command.text,
            project=self.project,
            env=env,
            on_output=on_output,
            timeout=self.timeout,
            costs=self.costs or _asks_costs([command, *self.files.values()]),
        )
        record = Record(command, observation, self._unchanged_files())
        if observation.interrupted:
            return record
        if trouble := outage.outage(observation, url):
            raise trouble
        if not record.ended:
            return record
        if record.failed:
            return replace(record, history=tuple(disorder.behind(self.project, observation)))
        return self._looked(record, url)

    def _looked(self, record: Record, url: str) -> Record:
        """The record with what its claims need to be seen in the database.

        Raises:
            Trouble: the database cannot be read.
        """
        command = record.command
        kinds = {claim.kind for claim in command.claims}
        tables = [t for c in command.claims if c.kind == "Rows" for t in claims.rows(c.text)]
        try:
            if command.snapshot:
                record = replace(
                    record,
                    snapshot=schema(url, command.rows),
                    revisions=tuple(history.read(self.project)[0]),
                )
            elif "Version" in kinds:
                record = replace(
                    record,
                    stands=versions(url),
                    revisions=tuple(history.read(self.project)[0]),
                )
            return replace(record, rows=count_rows(url, tables))
        except Trouble as trouble:
            raise outage.away(command.text, url) or trouble from None

    def _unchanged_files(self) -> dict[str, File]:
        """The page's files that no command has changed: the lines of others are not the page's."""
        unchanged = {}
        for path, file in self.files.items():
            try:
                there = (self.project / path).read_bytes()
            except OSError:
                continue
            if there == file.text.encode():
                unchanged[path] = file
        return unchanged


def _asks_costs(steps: Sequence[Step]) -> bool:
    return any(claim.kind in ("Locks", "Cost") for step in steps for claim in step.claims)


def environment(url: str) -> dict[str, str]:
    """The environment of a lab's commands.

    It is the caller's, but nothing in it can lead to another database or another configuration,
    and ``alembic`` and ``python`` are those beside the running interpreter.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LABS_", "PG", "ALEMBIC_"))
    }
    path = kept.get("PATH", os.defpath)
    return {
        **kept,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), path]),
        "DATABASE_URL": url,
        # A byte-code file from the same second would hide an edit.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def versions(url: str) -> frozenset[str] | None:
    """The rows of ``alembic_version``, None where there is no such table.

    Raises:
        Trouble: it cannot be read, or a lock on it is held too long.
    """
    with looking(url) as cursor:
        try:
            cursor.execute("SELECT version_num FROM public.alembic_version")
        except errors.UndefinedTable:
            return None
        return frozenset(row[0] for row in cursor.fetchall())


def count_rows(url: str, tables: Sequence[str]) -> dict[str, int | None]:
    """The number of rows of each table (``name`` or ``schema.name``); None where there is none.

    Raises:
        Trouble: one cannot be read, or a lock on it is held too long.
    """
    if not tables:
        return {}
    counts: dict[str, int | None] = {}
    with looking(url) as cursor:
        for table in tables:
            name = sql.Identifier(*(parts(table) or [table]))
            try:
                cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(name))
                row = cursor.fetchone()
                counts[table] = row[0] if row else None
            except errors.UndefinedTable:
                counts[table] = None
    return counts
