"""The course: the labs of one repository, with the server and the workspace they run in.

Each verb that a learner types is a method here; ``tasks.py`` only calls it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from labkit import curriculum, server, stage
from labkit import lab as labs
from labkit.audience import Audience
from labkit.exam import Start, examine
from labkit.judge import Judgement, judge_page
from labkit.lab import Lab
from labkit.mention import Mention, mentions
from labkit.messages import course as messages
from labkit.messages import curriculum as curriculum_messages
from labkit.messages import hint as hint_messages
from labkit.messages import need as need_messages
from labkit.messages import progress as progress_messages
from labkit.need import impossible, possible
from labkit.observation import Observation
from labkit.overview import Overview
from labkit.page import Step
from labkit.progress import HINTS, Progress
from labkit.run import Runner
from labkit.server import Server
from labkit.solution import contrast
from labkit.trouble import Trouble
from labkit.verdict import FAIL, PASS, Verdict
from labkit.work import Work
from labkit.workspace import Hold, Kept, Workspace


class Course:
    """The labs below ``root/labs``, played in ``root/workspace``.

    Use it as a context manager: what it started for a command ends with it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = root / ".labs"
        self.workspace = Workspace(root / "workspace", self.state)
        self._stack = ExitStack()
        self._said: list[str] = []

    def __enter__(self) -> Course:
        return self

    def __exit__(self, *_: object) -> None:
        if made := self.__dict__.get("server"):
            made.discard()
        self._stack.close()

    def labs(self) -> list[Lab]:
        """All labs, in their order."""
        return labs.all_labs(self.root / "labs")

    @cached_property
    def progress(self) -> Progress:
        """How far the learner has come."""
        return Progress(self.state, self._said.append)

    def overview(self, path: str = "new") -> Overview:
        """The labs of a path with how far each has come, and what comes next.

        Raises:
            Trouble: there is no such path, or nobody can read how far they have come.
        """
        way = curriculum.path(path)
        return Overview.of(
            curriculum.along(self.labs(), way), way, self.progress.all(), self.said()
        )

    def mentions(self, word: str, path: str = "new") -> list[Mention]:
        """Where the pages of a path's labs speak of a word.

        Raises:
            Trouble: nowhere, or there is no such path.
        """
        return mentions(curriculum.along(self.labs(), curriculum.path(path)), word)

    def go_on(self, path: str, audience: Audience) -> Verdict | None:
        """Run the first lab of a path that has not passed; None where all have.

        Raises:
            Trouble: there is no such path.
        """
        labs = curriculum.along(self.labs(), curriculum.path(path))
        coming = curriculum.next_lab(labs, self.progress.all())
        if coming is None:
            audience.noted(messages.NOTHING_LEFT if labs else curriculum_messages.NO_LABS)
            return None
        return self.run(coming, audience)

    def lab(self, word: str, task: str = "lab") -> Lab:
        """The lab that a word stands for; ``task`` is what somebody wants to do with it."""
        return labs.find(self.root / "labs", word, task)

    @cached_property
    def runner(self) -> Runner:
        """Runs commands; asking for it starts it in the background."""
        return self._stack.enter_context(Runner())

    @cached_property
    def server(self) -> Server:
        """The PostgreSQL in use."""
        return server.find(self.state)

    def work(self, lab: Lab) -> Work:
        """What the learner has of a lab."""
        return Work(lab, self.workspace, self.server)

    def run(self, lab: Lab, audience: Audience) -> Verdict:
        """Run a lab's page: in its project, or beside it where there are edits."""
        started = time.monotonic()
        page, runner = lab.page, self.runner
        with self.held(lab, audience) as hold:
            work = self.work(lab)
            edits = stage.settled(work, self.workspace, audience)
            version = self.server.version
            steps = possible(page.example, version)
            notes = need_messages.skipped(impossible(page.example, version), version)
            if edits:
                notes = (*notes, messages.ran_beside(self._shown(lab), edits))
                trial = stage.beside(work, steps, self.server, hold, runner, audience)
            else:
                trial = stage.in_place(work, steps, self.server, runner, audience)
        judged = judge_page(page, steps, trial.records, lab.folder / "snapshots")
        if not stage.interrupted(trial):
            self._note(lambda: self.progress.started(lab.name))
        return self._verdict("lab", lab, judged, stage.interrupted(trial), notes, started)

    def check(self, lab: Lab, audience: Audience, *, remedies: bool = False) -> Verdict:
        """Judge the learner's files against the checks of “Your turn”.

        Args:
            remedies: tell what mends a finding though no hint has told it yet.
        """
        started = time.monotonic()
        page, runner = lab.page, self.runner
        with self.held(lab, audience) as hold:
            if not self.workspace.is_loaded(lab.name):
                raise messages.not_loaded(lab)
            work = self.work(lab)
            database = work.database
            if database is None and any(step.live for step in page.checks):
                raise messages.no_database(lab)
            version = self.server.version
            checks, skipped = (choose(page.checks, version) for choose in (possible, impossible))
            if skipped and not checks:
                raise need_messages.nothing_to_check(lab, skipped, version)
            exam = examine(
                lab,
                Start(
                    self.workspace.project(lab.name),
                    database.url if database else "",
                    self.workspace.given(lab.name),
                    work.end,
                ),
                server=self.server,
                runner=runner,
                scratch=hold.scratch,
                audience=audience,
            )
        judged = exam.judged()
        if not exam.interrupted:
            passed = not judged.findings
            self._note(lambda: self.progress.judged(lab.name, passed=passed))
        notes = need_messages.skipped(skipped, version)
        verdict = self._verdict("check", lab, judged, exam.interrupted, notes, started)
        return self._explained(verdict, lab, remedies=remedies)

    def reset(self, lab: Lab, audience: Audience) -> Verdict:
        """Set the learner's edits aside and run the page from the start."""
        note = ""
        with self.held(lab, audience):
            work = self.work(lab)
            if stage.settled(work, self.workspace, audience):
                kept = work.set_aside()
                note = messages.set_aside(lab, kept, self._kept_in(kept))
                self._note(lambda: self.progress.begun_anew(lab.name))
                # At once as well, in case the page does not run to its end.
                audience.noted(note)
        verdict = self.run(lab, audience)
        return replace(verdict, notes=(*verdict.notes, note)) if note else verdict

    def play_to(self, lab: Lab, steps: Sequence[Step], audience: Audience) -> list[str]:
        """Lay a lab down as these first steps of its page leave it; edits are set aside.

        Returns:
            What was set aside, in sentences.
        """
        said = []
        with self.held(lab, audience):
            work = self.work(lab)
            if stage.settled(work, self.workspace, audience):
                kept = work.set_aside()
                said.append(messages.set_aside(lab, kept, self._kept_in(kept)))
                self._note(lambda: self.progress.begun_anew(lab.name))
            trial = stage.in_place(work, steps, self.server, self.runner, audience, end=False)
        if stopped := stage.interrupted(trial):
            raise messages.interrupted(stopped)
        self._note(lambda: self.progress.started(lab.name))
        return [*said, *self.said()]

    def kept(self) -> list[str]:
        """All that was set aside, a line each; the last one says how to bring it back."""
        found = [(lab, kept) for lab in self.labs() for kept in self.workspace.kept(lab.name)]
        return messages.all_kept([(lab, kept, kept.files) for lab, kept in found])

    def restore(self, lab: Lab, stamp: str, audience: Audience) -> list[str]:
        """Bring back what was set aside of a lab, the newest or that of a time.

        Returns:
            What was done, in sentences; the last one is the next thing to do.
        """
        with self.held(lab, audience):
            kept = self.workspace.kept(lab.name)
            meant = [item for item in kept if stamp in ("", item.stamp)]
            if not meant:
                raise messages.nothing_kept(lab, stamp, kept)
            work = self.work(lab)
            stage.settled(work, self.workspace, audience)
            complete = work.has_database(meant[0])
            replaced = work.bring_back(meant[0])
            rest = [item for item in self.workspace.kept(lab.name) if item != replaced]
        return messages.brought_back(
            lab, self._shown(lab), meant[0], replaced, rest, complete=complete
        )

    def stop(self) -> str:
        """Stop the embedded server; what was done, in words."""
        return messages.STOPPED if server.stop(self.state) else messages.NOT_RUNNING

    @contextmanager
    def held(self, lab: Lab, audience: Audience) -> Iterator[Hold]:
        """Keep other terminals out of a lab, and tell what the last one left behind."""
        with stage.held(self.workspace, lab, audience) as hold:
            yield hold

    def _note(self, change: Callable[[], None]) -> None:
        """Note progress; a verdict is worth more than that, so it stands where this fails."""
        try:
            change()
        except Trouble as trouble:
            self._said.append(progress_messages.unwritten(trouble.what))

    def following(self, lab: Lab) -> Lab | None:
        """The lab that comes after one that passed."""
        labs = self.labs()
        try:
            return curriculum.next_lab(labs, self.progress.all(), lab)
        except Trouble:
            return next((other for other in labs if other.number > lab.number), None)

    def _kept_in(self, kept: Kept) -> str:
        return str(kept.folder.relative_to(self.root))

    def _shown(self, lab: Lab) -> str:
        return str(self.workspace.project(lab.name).relative_to(self.root))

    def _verdict(
        self,
        task: str,
        lab: Lab,
        judged: Judgement,
        interrupted: Observation | None,
        notes: Sequence[str],
        started: float,
    ) -> Verdict:
        verdict = Verdict(
            task,
            lab.name,
            tuple(judged.findings),
            dict(judged.verified),
            messages.interrupted(interrupted) if interrupted else None,
            notes=(*self.server.notices, *self.said(), *notes),
            source=self.server.source,
            seconds=time.monotonic() - started,
        )
        following = self.following(lab) if task == "check" else None
        return messages.with_following(verdict, lab, self._shown(lab), following)

    def _explained(self, verdict: Verdict, lab: Lab, *, remedies: bool) -> Verdict:
        """A check's verdict with what a pass teaches, or without what no hint has told yet."""
        if verdict.status == PASS:
            given = self.workspace.given(lab.name)
            with suppress(Trouble):
                beside = contrast(lab, self.workspace.project(lab.name), given)
                verdict = replace(verdict, contrast=beside)
            return replace(verdict, takeaway=lab.page.part("Key takeaway"))
        if verdict.status == FAIL and not remedies:
            notes = (*verdict.notes, hint_messages.stuck(lab))
            if self._hinted(lab) < HINTS:
                hidden = tuple(replace(one, remedy="") for one in verdict.findings)
                return replace(verdict, findings=hidden, notes=notes)
            return replace(verdict, notes=notes)
        return verdict

    def _hinted(self, lab: Lab) -> int:
        try:
            return self.progress.of(lab.name).hint
        except Trouble:
            return 0

    def said(self) -> list[str]:
        """What there is to tell of the progress file since this was asked last."""

        said, self._said[:] = [*self._said], []
        return said
