"""Recording: an author's run that writes snapshots and refreshes what the page claims."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path

from labkit import snapshot, workspace
from labkit.lab import Lab
from labkit.messages import record as messages
from labkit.mistake import mistakes
from labkit.page import read
from labkit.refresh import Edit, applied, refreshed
from labkit.rehearsal import Rehearsal, rehearsed
from labkit.run import Runner
from labkit.server import Server
from labkit.show import plain
from labkit.snapshot import Snapshot
from labkit.trial import Record


def record(
    lab: Lab, server: Server, runner: Runner, state: Path, agree: Callable[[str], bool]
) -> list[str]:
    """Run a lab's page, its solution and its mistakes, and write down what is true.

    Args:
        agree: shown the difference of one file, says whether it is written.

    Returns:
        The files written, relative to the lab.
    """
    written: list[str] = []

    def offer(path: Path, text: str) -> None:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if before != text and agree(_difference(path.relative_to(lab.folder), before, text)):
            workspace.write(lab.folder, path.relative_to(lab.folder).as_posix(), text)
            written.append(path.relative_to(lab.folder).as_posix())

    lab = Lab(lab.folder)
    lab.__dict__["page"] = read(lab.folder / "README.md")
    with rehearsed(lab, server, runner, state) as rehearsal:
        for name, taken in _snapshots(rehearsal.trial.records):
            offer(lab.snapshot(name), snapshot.dump(taken))
        page = lab.page
        edits = refreshed(page, rehearsal.trial.records)
        offer(page.path, applied(page.source, edits))
        _record_answers(lab, rehearsal, offer)
    return written


def _record_answers(lab: Lab, rehearsal: Rehearsal, offer: Callable[[Path, str], None]) -> None:
    solution = read(lab.folder / "solution.md")
    trial = rehearsal.attempt(solution.steps)
    for name, taken in _snapshots(trial.records):
        offer(lab.snapshot(name), snapshot.dump(taken))
    page = read(lab.folder / "mistakes.md")
    edits: list[Edit] = []
    for mistake in mistakes(page):
        judged = rehearsal.answer(mistake.steps)
        verdict = plain(judged.findings, lab.name)
        if mistake.verdict_line and verdict != mistake.verdict:
            first = mistake.verdict_line + 1
            edits.append(Edit(first, len(mistake.verdict.splitlines()), verdict.splitlines()))
    offer(page.path, applied(page.source, edits))


def _snapshots(records: Sequence[Record]) -> list[tuple[str, Snapshot]]:
    """(name, snapshot) for each that a command asked for and that can be trusted.

    Raises:
        Trouble: where the same name stands for two schemas.
    """
    taken: dict[str, Snapshot] = {}
    for record in records:
        name = record.command.snapshot
        if not name or record.snapshot is None or record.failed:
            continue
        if name in taken and snapshot.dump(taken[name]) != snapshot.dump(record.snapshot):
            raise messages.two_schemas(name, record.command.line)
        taken[name] = record.snapshot
    return list(taken.items())


def _difference(path: Path, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(),
        after.splitlines(),
        f"{path} as it is",
        f"{path} as it was seen",
        lineterm="",
    )
    return "\n".join(lines)
