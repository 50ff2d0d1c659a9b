"""Rehearsals: a lab run as its author proves it, away from every learner's files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from labkit import workspace
from labkit.audience import Silent, watch
from labkit.exam import Exam, Start, examine
from labkit.judge import Judgement, judge_answer, judge_page
from labkit.lab import Lab
from labkit.need import possible
from labkit.page import Command, Page, Step
from labkit.run import Runner
from labkit.schema import tree
from labkit.server import Database, Server
from labkit.trial import CHECK_SECONDS, Trial


@dataclass(frozen=True)
class Answer:
    """An answer that was tried: what its own commands did, and what the checks did with it."""

    own: Trial
    exam: Exam


class Rehearsal:
    """One run of a lab's page, and any number of answers tried on what it left behind.

    Attributes:
        trial: the run of the page.
        version: that of the server, such as 180004.
        steps: those of the page that this server can take.
        checks: those of “Your turn”.

    Raises:
        KeyboardInterrupt: where Ctrl-C ended a command.
    """

    def __init__(
        self, lab: Lab, project: Path, database: Database, server: Server, runner: Runner
    ) -> None:
        self.lab = lab
        self.project = project
        self.database = database
        self.server = server
        self.runner = runner
        self._snapshots = lab.folder / "snapshots"
        self.version = server.version
        self.steps = possible(lab.page.example, self.version)
        self.checks = possible(lab.page.checks, self.version)
        self.trial = Trial(project, database.url, runner, timeout=CHECK_SECONDS)
        _watch(self.trial, self.steps)
        self._given = tree.fingerprints(project)

    @property
    def judgement(self) -> Judgement:
        """What the judge says of the page."""
        return judge_page(self.lab.page, self.steps, self.trial.records, self._snapshots)

    def answer(self, steps: Sequence[Step]) -> Judgement:
        """What the judge says of an answer to “Your turn”."""
        return self.judged(self.attempt(steps))

    def judged(self, answer: Answer) -> Judgement:
        """What the judge says of an answer that was tried."""
        return answer.exam.judged()

    def claimed(self, page: Page, steps: Sequence[Step], answer: Answer) -> Judgement:
        """What the judge says of the claims that a page with an answer makes itself."""
        records = answer.own.records
        return judge_answer(page, steps, records, answer.exam.trial.records, self._snapshots)

    def attempt(self, steps: Sequence[Step]) -> Answer:
        """Try an answer: files and commands on top of the example, then the checks."""
        live = any(step.live for step in self.checks)
        state = self.project.parent
        with ExitStack() as stack:
            project = stack.enter_context(workspace.copied(self.project, state))
            url = self.database.url
            if live or any(isinstance(step, Command) for step in steps):
                template = self.database.name
                copy = self.server.throwaway(self.lab.database, template=template)
                url = stack.enter_context(copy).url
            own = Trial(project, url, self.runner, timeout=CHECK_SECONDS, costs=False)
            _watch(own, steps)
            exam = examine(
                self.lab,
                Start(project, url, self._given, self.database.name, own.files),
                server=self.server,
                runner=self.runner,
                scratch=state,
                audience=Silent(),
            )
        if exam.interrupted:
            raise KeyboardInterrupt
        return Answer(own, exam)


def _watch(trial: Trial, steps: Sequence[Step]) -> None:
    watch(trial, steps, Silent())
    _raise_interrupt(trial)


def _raise_interrupt(trial: Trial) -> None:
    """Pass on a Ctrl-C that the runner has taken for its command's."""
    if trial.records and trial.records[-1].observation.interrupted:
        raise KeyboardInterrupt


@contextmanager
def rehearsed(lab: Lab, server: Server, runner: Runner, state: Path) -> Iterator[Rehearsal]:
    """Run a lab's page in a folder below ``state`` and a database that are gone afterwards."""
    with ExitStack() as stack:
        state.mkdir(parents=True, exist_ok=True)
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=state, prefix="rehearsal-"))
        project = Path(folder, lab.name)
        project.mkdir()
        database = stack.enter_context(server.throwaway(lab.database))
        yield Rehearsal(lab, project, database, server, runner)
