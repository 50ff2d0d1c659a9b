"""Recording: an author's run that writes snapshots and refreshes what the page claims."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from labkit import page as pages
from labkit import snapshot, workspace
from labkit.authoring.refresh import Edit, applied, refreshed
from labkit.authoring.rehearsal import Answer, Rehearsal, rehearsed
from labkit.lab import Lab
from labkit.messages import record as messages
from labkit.mistake import Mistake, mistakes
from labkit.need import impossible, possible
from labkit.page import Page
from labkit.run import Runner
from labkit.server import Server
from labkit.show import plain
from labkit.snapshot import Snapshot
from labkit.trial import Record


class _Draft(Lab):
    """A lab whose snapshots need not be there yet."""

    @cached_property
    def page(self) -> Page:
        return pages.read(self.folder / "README.md")

    @cached_property
    def solution(self) -> Page:
        return pages.read(self.folder / "solution.md")

    @cached_property
    def mistakes(self) -> Page:
        return pages.read(self.folder / "mistakes.md")


def record(
    lab: Lab, server: Server, runner: Runner, state: Path, agree: Callable[[str], bool]
) -> list[str]:
    """Run a lab's page, its solution and its mistakes, and write down what is true.

    A solution or mistakes that are not there yet are passed over.

    Args:
        agree: shown the difference of one file, says whether it is written.

    Returns:
        The files written, relative to the lab.

    Raises:
        Trouble: a command of the page or of the solution failed and nothing said that it would, or
            one name stands for two snapshots; nothing is written then.
    """
    written: list[str] = []

    def offer(path: Path, text: str) -> None:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        name = path.relative_to(lab.folder).as_posix()
        if before != text and agree(_difference(name, before, text)):
            workspace.write(lab.folder, name, text)
            written.append(name)

    draft = _Draft(lab.folder)
    with rehearsed(draft, server, runner, state) as rehearsal:
        _trust("README.md", rehearsal.trial.records)
        solved = _solved(draft, rehearsal)
        exam = solved.exam.trial.records if solved else []
        for name, taken in _snapshots([*rehearsal.trial.records, *exam]).items():
            offer(draft.snapshot(name), snapshot.dump(taken))
        edits = refreshed(draft.page, rehearsal.trial.records, _hidden(rehearsal))
        offer(draft.page.path, applied(draft.page.source, edits))
        if (draft.folder / "mistakes.md").exists():
            _record_mistakes(draft, rehearsal, offer)
    return written


def _solved(lab: Lab, rehearsal: Rehearsal) -> Answer | None:
    if not (lab.folder / "solution.md").exists():
        return None
    answer = rehearsal.attempt(possible(lab.solution.steps, rehearsal.version))
    _trust("solution.md", answer.own.records)
    _trust("README.md", answer.exam.trial.records)
    return answer


def _record_mistakes(lab: Lab, rehearsal: Rehearsal, offer: Callable[[Path, str], None]) -> None:
    wanted = {step.snapshot for step in lab.page.checks if step.snapshot}
    if not wanted <= lab.snapshots:
        # Without them there is nothing to judge by: the author did not want them written.
        return
    page = lab.mistakes
    edits: list[Edit] = []
    for mistake in mistakes(page):
        if impossible(mistake.steps, rehearsal.version):
            continue
        judged = rehearsal.answer(mistake.steps)
        verdict = plain(judged.findings, lab.name)
        if judged.findings and verdict != mistake.verdict:
            edits.append(_verdict_edit(page, mistake, verdict.splitlines()))
    offer(page.path, applied(page.source, edits))


def _verdict_edit(page: Page, mistake: Mistake, verdict: list[str]) -> Edit:
    if mistake.verdict_line:
        first = mistake.verdict_line + 1
        return Edit(first, len(mistake.verdict.splitlines()), verdict)
    lines = page.source.splitlines()
    last = mistake.end - 1
    while not lines[last - 1].strip():
        last -= 1
    return Edit(last + 1, 0, ["", "```text verdict", *verdict, "```"])


def _trust(page: str, records: Sequence[Record]) -> None:
    """Raise Trouble where a run went wrong, so that what it left is not written down as true."""
    for record in records:
        if record.failed or record.left_early or not record.ended:
            raise messages.broken_run(page, record)


def _snapshots(records: Sequence[Record]) -> dict[str, Snapshot]:
    """The snapshots that commands asked for, by name.

    Raises:
        Trouble: where the same name stands for two schemas.
    """
    taken: dict[str, Snapshot] = {}
    for record in records:
        name = record.command.snapshot
        if name and record.snapshot is not None:
            if name in taken and snapshot.dump(taken[name]) != snapshot.dump(record.snapshot):
                raise messages.two_schemas(name, record.command.line)
            taken[name] = record.snapshot
    return taken


def _hidden(rehearsal: Rehearsal) -> list[str]:
    """What only this run prints: where its project and its database are."""
    url = rehearsal.database.url
    project = str(rehearsal.project)
    return [
        project,
        os.path.realpath(project),
        url,
        urlsplit(url).password or "",
        rehearsal.database.name,
    ]


def _difference(name: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(),
        after.splitlines(),
        f"{name} as it is",
        f"{name} as it was seen",
        lineterm="",
    )
    return "\n".join(lines)
