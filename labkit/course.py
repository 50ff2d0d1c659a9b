"""The course: the labs of one repository, with the server and the workspace they run in.

Each verb that a learner types is a method here; ``tasks.py`` only calls it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from labkit import curriculum, server
from labkit import lab as labs
from labkit.audience import Audience, watch
from labkit.authoring import indexing, recording
from labkit.authoring.proof import proofs
from labkit.authoring.rehearsal import rehearsed
from labkit.exam import Start, examine
from labkit.judge import Judgement, judge_page
from labkit.lab import Lab
from labkit.mention import Mention, mentions
from labkit.messages import course as messages
from labkit.messages import curriculum as curriculum_messages
from labkit.messages import need as need_messages
from labkit.messages import progress as progress_messages
from labkit.messages import record as record_messages
from labkit.need import impossible, possible
from labkit.observation import Observation
from labkit.overview import Overview
from labkit.page import Step
from labkit.progress import Progress
from labkit.run import Runner
from labkit.server import Server
from labkit.trial import Trial
from labkit.trouble import Trouble
from labkit.verdict import Verdict
from labkit.work import DATABASE, Work
from labkit.workspace import Hold, Workspace


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
            curriculum.along(self.labs(), way), way, self.progress.all(), self._drained()
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
        with self._held(lab, audience) as hold:
            work = self.work(lab)
            edits = self._settled(work, audience)
            version = self.server.version
            steps = possible(page.example, version)
            notes = need_messages.skipped(impossible(page.example, version), version)
            if edits:
                notes = (*notes, messages.ran_beside(self._shown(lab), edits))
                trial = self._beside(work, steps, hold, runner, audience)
            else:
                trial = self._in_place(work, steps, runner, audience)
        judged = judge_page(page, steps, trial.records, lab.folder / "snapshots")
        if not _interrupted(trial):
            self._note(lambda: self.progress.started(lab.name))
        return self._verdict("lab", lab, judged, _interrupted(trial), notes, started)

    def check(self, lab: Lab, audience: Audience) -> Verdict:
        """Judge the learner's files against the checks of “Your turn”."""
        started = time.monotonic()
        page, runner = lab.page, self.runner
        with self._held(lab, audience) as hold:
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
        return self._verdict("check", lab, judged, exam.interrupted, notes, started)

    def reset(self, lab: Lab, audience: Audience) -> Verdict:
        """Set the learner's edits aside and run the page from the start."""
        note = ""
        with self._held(lab, audience):
            work = self.work(lab)
            if self._settled(work, audience):
                kept = work.set_aside()
                note = messages.set_aside(lab, kept, str(kept.folder.relative_to(self.root)))
                self._note(lambda: self.progress.begun_anew(lab.name))
                # At once as well, in case the page does not run to its end.
                audience.noted(note)
        verdict = self.run(lab, audience)
        return replace(verdict, notes=(*verdict.notes, note)) if note else verdict

    def restore(self, lab: Lab, stamp: str, audience: Audience) -> list[str]:
        """Bring back what was set aside of a lab, the newest or that of a time.

        Returns:
            What was done, in sentences; the last one is the next thing to do.
        """
        with self._held(lab, audience):
            kept = self.workspace.kept(lab.name)
            meant = [item for item in kept if stamp in ("", item.stamp)]
            if not meant:
                raise messages.nothing_kept(lab, stamp, kept)
            work = self.work(lab)
            self._settled(work, audience)
            complete = work.has_database(meant[0])
            replaced = work.bring_back(meant[0])
            rest = [item for item in self.workspace.kept(lab.name) if item != replaced]
        return messages.brought_back(
            lab, self._shown(lab), meant[0], replaced, rest, complete=complete
        )

    def rehearse(self, lab: Lab, agree: Callable[[str], bool], audience: Audience) -> list[str]:
        """For authors: offer what a lab's run shows; returns the files that were written.

        Args:
            agree: is shown the difference of one file, and says whether it is written.
        """
        with self._held(lab, audience) as hold:
            return recording.record(lab, self.server, self.runner, hold.scratch, agree)

    def record(self, lab: Lab, agree: Callable[[str], bool], audience: Audience) -> Verdict:
        """For authors: write down what a lab's run shows, then say what still speaks against it.

        Args:
            agree: is shown the difference of one file, and says whether it is written.
        """
        started = time.monotonic()
        written = self.rehearse(lab, agree, audience)
        lab = Lab(lab.folder)
        with (
            self._held(lab, audience) as hold,
            rehearsed(lab, self.server, self.runner, hold.scratch) as rehearsal,
        ):
            all_proofs = list(proofs(rehearsal))
        found = tuple(finding for proof in all_proofs for finding in proof.findings)
        return Verdict(
            "record",
            lab.name,
            found,
            {"proofs": len(all_proofs)},
            notes=(messages.written(written),),
            following=messages.after_recording(lab, bool(found)),
            source=self.server.source,
            seconds=time.monotonic() - started,
        )

    def index(self, audience: Audience) -> list[str]:
        """For authors: write the generated parts of the labs' README.

        Returns:
            What was done, in sentences; the last one is the next thing to do.
        """
        readme = self.root / "labs" / "README.md"

        def told(lab: Lab) -> None:
            audience.noted(record_messages.indexing(lab))

        changed = indexing.write(readme, self.labs(), self.server, self.runner, self.state, told)
        return record_messages.indexed(readme.relative_to(self.root).as_posix(), changed=changed)

    def stop(self) -> str:
        """Stop the embedded server; what was done, in words."""
        return messages.STOPPED if server.stop(self.state) else messages.NOT_RUNNING

    @contextmanager
    def _held(self, lab: Lab, audience: Audience) -> Iterator[Hold]:
        def wait() -> None:
            audience.noted(messages.waiting(lab))

        with self.workspace.held(lab.name, wait) as hold:
            if hold.cut_off and not self.workspace.was_cut_off(lab.name):
                audience.noted(messages.cut_off(lab))
            yield hold

    def _settled(self, work: Work, audience: Audience) -> list[str]:
        """What the learner has edited, once what nobody can run beside is set aside."""
        lab = work.lab
        if self.workspace.was_cut_off(lab.name):
            kept = work.set_aside()
            audience.noted(messages.cut_off_in_place(lab, kept))
        edits = work.edits()
        if edits == [DATABASE] and not self.workspace.is_known(lab.name):
            kept = work.set_aside()
            audience.noted(messages.unknown_database(lab, kept))
            return []
        return edits

    def _in_place(
        self, work: Work, steps: Sequence[Step], runner: Runner, audience: Audience
    ) -> Trial:
        written: dict[str, str] = {}
        whole = False
        try:
            project, database = work.begin()
            trial = Trial(project, database.url, runner)
            try:
                self._watch(trial, work.lab, steps, audience)
            finally:
                written = {path: file.text for path, file in trial.files.items()}
            whole = not _interrupted(trial)
            if whole:
                work.keep_end(database)
        finally:
            work.finish(written, whole=whole)
        return trial

    def _beside(
        self, work: Work, steps: Sequence[Step], hold: Hold, runner: Runner, audience: Audience
    ) -> Trial:
        project = hold.scratch / work.lab.name
        project.mkdir()
        with self.server.throwaway(work.lab.database) as database:
            trial = Trial(project, database.url, runner)
            self._watch(trial, work.lab, steps, audience)
            if not _interrupted(trial):
                if not self.server.exists(work.end):
                    work.keep_end(database)
                if work.database is None:
                    work.adopt(database)
        return trial

    def _watch(self, trial: Trial, lab: Lab, steps: Sequence[Step], audience: Audience) -> None:
        audience.opened(lab.page.title, self.server.source)
        watch(trial, steps, audience)

    def _note(self, change: Callable[[], None]) -> None:
        """Note progress; a verdict is worth more than that, so it stands where this fails."""
        try:
            change()
        except Trouble as trouble:
            self._said.append(progress_messages.unwritten(trouble.what))

    def _following(self, lab: Lab) -> Lab | None:
        """The lab that comes after one that passed."""
        labs = self.labs()
        try:
            return curriculum.next_lab(labs, self.progress.all(), lab)
        except Trouble:
            return next((other for other in labs if other.number > lab.number), None)

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
            notes=(*self.server.notices, *self._drained(), *notes),
            source=self.server.source,
            seconds=time.monotonic() - started,
        )
        following = self._following(lab) if task == "check" else None
        return messages.with_following(verdict, lab, self._shown(lab), following)

    def _drained(self) -> list[str]:
        said, self._said[:] = [*self._said], []
        return said


def _interrupted(trial: Trial) -> Observation | None:
    seen = [record.observation for record in trial.records]
    return next((one for one in seen if one.interrupted), None)
