"""Rehearsals: a lab run as its author proves it, away from every learner's files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from labkit import workspace
from labkit.audience import Silent, watch
from labkit.exam import attempt
from labkit.judge import Judgement, judge_check, judge_page
from labkit.lab import Lab
from labkit.page import Step
from labkit.run import Runner
from labkit.server import Database, Server
from labkit.trial import Trial


class Rehearsal:
    """One run of a lab's page, and any number of answers tried on what it left behind.

    Attributes:
        trial: the run of the page.
        judgement: what the judge says of it.
    """

    def __init__(
        self, lab: Lab, project: Path, database: Database, server: Server, runner: Runner
    ) -> None:
        self.lab = lab
        self._server = server
        self._runner = runner
        self._project = project
        self._database = database
        self.trial = Trial(project, database.url, runner)
        watch(self.trial, lab.page.example, Silent())

    @property
    def judgement(self) -> Judgement:
        """What the judge says of the page."""
        page = self.lab.page
        return judge_page(page, page.example, self.trial.records, self.lab.folder / "snapshots")

    def answer(self, steps: Sequence[Step]) -> Judgement:
        """What the judge says of an answer."""
        page = self.lab.page
        records = self.attempt(steps).records
        return judge_check(page, page.checks, records, self.lab.folder / "snapshots")

    def attempt(self, steps: Sequence[Step]) -> Trial:
        """Try an answer: files and commands on top of the example, then the checks."""
        live = any(step.live for step in self.lab.page.checks)
        state = self._project.parent
        with ExitStack() as stack:
            project = stack.enter_context(workspace.copied(self._project, state))
            url = self._database.url
            if live:
                template = self._database.name
                copy = self._server.throwaway(self.lab.database, template=template)
                url = stack.enter_context(copy).url
            watch(Trial(project, url, self._runner), steps, Silent())
            return attempt(
                self.lab,
                project,
                url,
                server=self._server,
                runner=self._runner,
                scratch=state,
                audience=Silent(),
            )


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
