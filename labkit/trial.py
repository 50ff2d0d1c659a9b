"""Trials: the steps of a page taken one by one, and what each of them left behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from psycopg2 import errors, sql

from labkit import claim as claims
from labkit import history, outage, snapshot, workspace
from labkit.look import looking
from labkit.observation import Observation
from labkit.page import Command, File, Step
from labkit.run import Runner
from labkit.snapshot import Snapshot
from labkit.trouble import Trouble
from labkit.verdict import Finding

# A check has to end, even when the answer does not.
CHECK_SECONDS = 60.0


@dataclass(frozen=True)
class Record:
    """What a command did and left behind.

    ``files`` are the page's files as they stood when it ran, by path. ``snapshot`` is the live
    schema afterwards, None where nothing asked for it; ``rows`` counts the rows of the tables that
    a claim names, None for a table that is not there. ``history`` is what is wrong with the
    revision files where the command failed.
    """

    command: Command
    observation: Observation
    files: Mapping[str, File] = field(default_factory=dict)
    snapshot: Snapshot | None = None
    rows: Mapping[str, int | None] = field(default_factory=dict)
    history: tuple[Finding, ...] = ()

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
    """

    def __init__(
        self,
        project: Path,
        url: str,
        runner: Runner,
        *,
        live_url: str = "",
        timeout: float | None = None,
    ) -> None:
        self.project = project
        self.url = url
        self.live_url = live_url
        self.runner = runner
        self.timeout = timeout
        self.files: dict[str, File] = {}
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
            if record.failed or record.observation.interrupted or record.observation.timed_out:
                return

    def _run(self, command: Command, on_output: Callable[[str], None] | None) -> Record:
        url = self.live_url if command.live else self.url
        observation = self.runner.run(
            command.text,
            project=self.project,
            env=environment(url),
            on_output=on_output,
            timeout=self.timeout,
        )
        record = Record(command, observation, dict(self.files))
        if observation.interrupted:
            return record
        if trouble := outage.outage(observation, url):
            raise trouble
        if observation.timed_out:
            return record
        if record.failed:
            record = replace(record, history=tuple(history.faults(self.project)))
        return _looked(record, url)


def _looked(record: Record, url: str) -> Record:
    """The record with what its claims need to be seen in the database.

    Raises:
        Trouble: the database cannot be read.
    """
    command = record.command
    kinds = {claim.kind for claim in command.claims}
    tables = [t for c in command.claims if c.kind == "Rows" for t in claims.rows(c.text)]
    try:
        state = None
        if command.snapshot or "Version" in kinds:
            state = snapshot.read(url, command.rows)
        return replace(record, snapshot=state, rows=count_rows(url, tables))
    except Trouble as trouble:
        raise outage.away(command.text, url) or trouble from None


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
            name = sql.Identifier(*table.split("."))
            try:
                cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(name))
                row = cursor.fetchone()
                counts[table] = row[0] if row else None
            except errors.UndefinedTable:
                counts[table] = None
    return counts
