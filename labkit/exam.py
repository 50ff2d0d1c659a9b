"""Exams: the checks of “Your turn” run on an answer, and the journey of its own revisions."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from labkit import snapshot, workspace
from labkit.audience import Audience, watch
from labkit.journey import Journey, walk
from labkit.judge import Judgement, judge_check
from labkit.judging.journey_judge import judge_journey
from labkit.lab import Lab
from labkit.need import possible
from labkit.observation import Observation
from labkit.page import Command, File
from labkit.run import Runner
from labkit.server import Server
from labkit.trial import CHECK_SECONDS, Trial


@dataclass(frozen=True)
class Start:
    """An answer as it is before the exam.

    Attributes:
        project: the folder with the answer; it stays as it is.
        live_url: the database that “check live” looks at; any other check has one of its own.
        given: the fingerprint of each file as the page left it.
        end: the name of a database as the page left it, "" where there is none.
        files: those of the project that a page wrote, by path.
    """

    project: Path
    live_url: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    end: str = ""
    files: Mapping[str, File] = field(default_factory=dict)


@dataclass(frozen=True)
class Exam:
    """An answer that was examined: what the checks did, and what its own revisions did."""

    lab: Lab
    checks: tuple[Command, ...]
    trial: Trial
    journey: Journey

    @property
    def interrupted(self) -> Observation | None:
        """The command that Ctrl-C ended."""
        last = self.trial.records[-1] if self.trial.records else None
        if last and last.observation.interrupted:
            return last.observation
        return self.journey.interrupted.observation if self.journey.interrupted else None

    def judged(self) -> Judgement:
        """What speaks against the answer, all at once."""
        folder = self.lab.folder / "snapshots"
        judged = judge_check(self.lab.page, self.checks, self.trial.records, folder)
        wanted = {check.snapshot for check in self.checks if check.snapshot}
        schemas = [snapshot.load(folder / f"{name}.yaml") for name in sorted(wanted)]
        judge_journey(self.journey, self.trial.records, schemas, judged)
        return judged


def examine(
    lab: Lab,
    start: Start,
    *,
    server: Server,
    runner: Runner,
    scratch: Path,
    audience: Audience,
) -> Exam:
    """Run a page's checks on a copy of an answer, and its own revisions up, down and up again.

    Args:
        scratch: a folder that copies may be made in.
    """
    page = lab.page
    checks = possible(page.checks, server.version)
    with ExitStack() as stack:
        copy = stack.enter_context(workspace.copied(start.project, scratch))
        url = ""
        if not all(step.live for step in checks):
            url = stack.enter_context(server.throwaway(lab.database)).url
        audience.opened(f"{page.title}: your turn", server.source)
        trial = Trial(
            copy,
            url,
            runner,
            live_url=start.live_url,
            timeout=CHECK_SECONDS,
            files=start.files,
            costs=audience.costs,
        )
        watch(trial, checks, audience)
    exam = Exam(lab, checks, trial, Journey())
    if exam.interrupted:
        return exam
    journey = walk(
        lab,
        start.project,
        trial.records,
        given=start.given,
        end=start.end,
        server=server,
        runner=runner,
        scratch=scratch,
        audience=audience,
    )
    return replace(exam, journey=journey)
