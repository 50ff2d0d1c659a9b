"""The stage: a lab's page played in its project, or beside it, while no other terminal may."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from labkit.audience import Audience, watch
from labkit.lab import Lab
from labkit.messages import course as messages
from labkit.observation import Observation
from labkit.page import Step
from labkit.run import Runner
from labkit.server import Server
from labkit.trial import Trial
from labkit.work import DATABASE, Work
from labkit.workspace import Hold, Workspace


@contextmanager
def held(workspace: Workspace, lab: Lab, audience: Audience) -> Iterator[Hold]:
    """Keep other terminals out of a lab, and tell what the last one left behind."""

    def wait() -> None:
        audience.noted(messages.waiting(lab))

    with workspace.held(lab.name, wait) as hold:
        if hold.cut_off and not workspace.was_cut_off(lab.name):
            audience.noted(messages.cut_off(lab))
        yield hold


def settled(work: Work, workspace: Workspace, audience: Audience) -> list[str]:
    """What the learner has edited, once what nobody can run beside is set aside."""
    lab = work.lab
    if workspace.was_cut_off(lab.name):
        kept = work.set_aside()
        audience.noted(messages.cut_off_in_place(lab, kept))
    edits = work.edits()
    if edits == [DATABASE] and not workspace.is_known(lab.name):
        kept = work.set_aside()
        audience.noted(messages.unknown_database(lab, kept))
        return []
    return edits


def in_place(
    work: Work,
    steps: Sequence[Step],
    server: Server,
    runner: Runner,
    audience: Audience,
    *,
    end: bool = True,
) -> Trial:
    """Take steps in the learner's own project and database, where nothing is edited.

    Args:
        end: whether they lead to the end of the page.
    """
    written: dict[str, str] = {}
    whole = False
    try:
        project, database = work.begin()
        trial = Trial(project, database.url, runner)
        try:
            _watch(trial, work.lab, steps, server, audience)
        finally:
            written = {path: file.text for path, file in trial.files.items()}
        whole = not interrupted(trial)
        if whole and end:
            work.keep_end(database)
    finally:
        work.finish(written, whole=whole)
    return trial


def beside(
    work: Work,
    steps: Sequence[Step],
    server: Server,
    hold: Hold,
    runner: Runner,
    audience: Audience,
) -> Trial:
    """Take all steps of a page in a folder and a database of their own."""
    project = hold.scratch / work.lab.name
    project.mkdir()
    with server.throwaway(work.lab.database) as database:
        trial = Trial(project, database.url, runner)
        _watch(trial, work.lab, steps, server, audience)
        if not interrupted(trial):
            if not server.exists(work.end):
                work.keep_end(database)
            if work.database is None:
                work.adopt(database)
    return trial


def interrupted(trial: Trial) -> Observation | None:
    """The command that Ctrl-C ended."""
    seen = [record.observation for record in trial.records]
    return next((one for one in seen if one.interrupted), None)


def _watch(
    trial: Trial, lab: Lab, steps: Sequence[Step], server: Server, audience: Audience
) -> None:
    audience.opened(lab.page.title, server.source)
    watch(trial, steps, audience)
