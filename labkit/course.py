"""The course: the labs of one repository, with the server and the workspace they run in.

Each verb that a learner types is a method here; ``tasks.py`` only calls it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import psycopg2

from labkit import lab as labs
from labkit import recording, server, snapshot
from labkit.audience import Audience, watch
from labkit.exam import attempt
from labkit.judge import Judgement, judge_check, judge_page
from labkit.lab import Lab
from labkit.messages import course as messages
from labkit.proof import proofs
from labkit.rehearsal import rehearsed
from labkit.run import Runner
from labkit.server import Server
from labkit.trial import Trial
from labkit.trouble import Trouble
from labkit.verdict import Verdict
from labkit.workspace import Kept, Workspace


class Course:
    """The labs below ``root/labs``, played in ``root/workspace``.

    Use it as a context manager: what it started for a command ends with it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = root / ".labs"
        self.workspace = Workspace(root / "workspace", self.state)
        self._stack = ExitStack()

    def __enter__(self) -> Course:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def labs(self) -> list[Lab]:
        """All labs, in their order."""
        return labs.all_labs(self.root / "labs")

    def lab(self, word: str) -> Lab:
        """The lab that a word stands for."""
        return labs.find(self.root / "labs", word)

    @cached_property
    def runner(self) -> Runner:
        """Runs commands; asking for it starts it in the background."""
        return self._stack.enter_context(Runner())

    @cached_property
    def server(self) -> Server:
        """The PostgreSQL in use."""
        return server.find(self.state)

    def run(self, lab: Lab, audience: Audience) -> Verdict:
        """Run a lab's page: in its project, or beside it where there are edits."""
        started = time.monotonic()
        runner = self.runner
        page = lab.page
        with self.workspace.held(lab.name):
            edits = self.edits(lab)
            notes: tuple[str, ...] = ()
            with ExitStack() as stack:
                if edits:
                    notes = (messages.ran_beside(self._shown(lab), edits),)
                    project = stack.enter_context(self.workspace.beside(lab.name))
                    name = stack.enter_context(self._spare_database(lab))
                    database = self.server.fresh(name)
                else:
                    project = self.workspace.begin(lab.name)
                    database = self.server.fresh(lab.database)
                    stack.callback(self._finish, lab, database.url)
                audience.opened(page.title, self.server.source)
                trial = Trial(project, database.url, runner)
                watch(trial, page.example, audience)
            judged = judge_page(page, page.example, trial.records, lab.folder / "snapshots")
        return self._verdict("lab", lab, judged, trial, notes, started)

    def check(self, lab: Lab, audience: Audience) -> Verdict:
        """Judge the learner's files against the checks of “Your turn”."""
        started = time.monotonic()
        runner = self.runner
        if not self.workspace.is_loaded(lab.name):
            raise messages.not_loaded(lab)
        trial = attempt(
            lab,
            self.workspace.project(lab.name),
            self.server_url(lab),
            server=self.server,
            runner=runner,
            state=self.state,
            audience=audience,
        )
        page = lab.page
        judged = judge_check(page, page.checks, trial.records, lab.folder / "snapshots")
        return self._verdict("check", lab, judged, trial, (), started)

    def server_url(self, lab: Lab) -> str:
        """The DATABASE_URL of a lab that was loaded."""
        database = self.server.database(lab.database)
        if database is None:
            raise messages.no_database(lab)
        return database.url

    def edits(self, lab: Lab) -> list[str]:
        """What the learner changed: files by their path, and “the database”."""
        changed = self.workspace.edits(lab.name)
        mark = self.workspace.database_mark(lab.name)
        if mark and self.server.exists(lab.database) and mark != self._mark(self.server_url(lab)):
            changed.append("the database")
        return changed

    def reset(self, lab: Lab, audience: Audience) -> Verdict:
        """Set the learner's edits aside and run the page from the start."""
        kept = self.set_aside(lab)
        verdict = self.run(lab, audience)
        if kept is None:
            return verdict
        note = messages.set_aside(kept.stamp, str(kept.folder.relative_to(self.root)))
        return replace(verdict, notes=(*verdict.notes, note))

    def record(self, lab: Lab, agree: Callable[[str], bool]) -> Verdict:
        """For authors: write down what a lab's run shows, then say what still speaks against it.

        Args:
            agree: is shown the difference of one file, and says whether it is written.
        """
        started = time.monotonic()
        state = self.state / "copies"
        written = recording.record(lab, self.server, self.runner, state, agree)
        lab = Lab(lab.folder)
        with rehearsed(lab, self.server, self.runner, state) as rehearsal:
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

    def restore(self, stamp: str) -> list[str]:
        """Bring back what was set aside at a time, or list all of it; what was done, in words."""
        kept = self.workspace.kept()
        if not stamp:
            return messages.all_kept(kept)
        meant = [item for item in kept if item.stamp == stamp]
        if not meant:
            raise messages.nothing_kept(stamp)
        said = []
        for item in meant:
            replaced = self.bring_back(item)
            said.append(messages.brought_back(item, replaced))
        return said

    def set_aside(self, lab: Lab) -> Kept | None:
        """Move the learner's edits and their database away; None where there are none."""
        with self.workspace.held(lab.name):
            if not self.edits(lab):
                return None
            kept = self.workspace.set_aside(lab.name)
            if self.server.exists(lab.database):
                self.server.rename(lab.database, kept_database(lab, kept))
        return kept

    def bring_back(self, kept: Kept) -> Kept | None:
        """Put what was set aside in its place; what is there now is set aside instead."""
        lab = self.lab(kept.lab)
        replaced = self.set_aside(lab)
        with self.workspace.held(lab.name):
            self.workspace.clear(lab.name)
            self.workspace.bring_back(kept)
            old = kept_database(lab, kept)
            if self.server.exists(old):
                self.server.drop(lab.database)
                self.server.rename(old, lab.database)
        return replaced

    def stop(self) -> str:
        """Stop the embedded server; what was done, in words."""
        return messages.STOPPED if server.stop(self.state) else messages.NOT_RUNNING

    def _finish(self, lab: Lab, url: str) -> None:
        try:
            mark = self._mark(url)
        except (Trouble, psycopg2.Error):
            mark = ""
        self.workspace.finish(lab.name, mark)

    def _mark(self, url: str) -> str:
        """A mark of all that is in a database, which changes when anything does."""
        tables = snapshot.read(url).content.get("tables", {})
        whole = snapshot.dump(snapshot.read(url, rows=sorted(tables)))
        return hashlib.sha256(whole.encode()).hexdigest()

    @contextmanager
    def _spare_database(self, lab: Lab) -> Iterator[str]:
        name = f"{lab.database}_example"
        try:
            yield name
        finally:
            self.server.drop(name)

    def _shown(self, lab: Lab) -> str:
        return str(self.workspace.project(lab.name).relative_to(self.root))

    def _verdict(
        self,
        task: str,
        lab: Lab,
        judged: Judgement,
        trial: Trial,
        notes: tuple[str, ...],
        started: float,
    ) -> Verdict:
        last = trial.records[-1].observation if trial.records else None
        trouble = messages.interrupted(last) if last and last.interrupted else None
        verdict = Verdict(
            task,
            lab.name,
            tuple(judged.findings),
            dict(judged.verified),
            trouble,
            notes=notes,
            source=self.server.source,
            seconds=time.monotonic() - started,
        )
        return messages.with_following(verdict, lab, self._shown(lab), self.labs())


def kept_database(lab: Lab, kept: Kept) -> str:
    """The name of the database that was set aside together with a folder."""
    return f"{lab.database}_kept_{kept.stamp.replace('-', '')}"
