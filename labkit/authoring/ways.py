"""The ways of a chain: what a page ends with leads to one schema, whatever way it is run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from labkit import workspace
from labkit.authoring.rehearsal import Rehearsal
from labkit.authoring.walk import walk
from labkit.messages import proof as messages
from labkit.page import Command
from labkit.verdict import Finding


def ways(rehearsal: Rehearsal) -> Iterator[Finding]:
    """What is wrong with a way that the page does not say differs, and the other way round."""
    commands = [step for step in rehearsal.steps if isinstance(step, Command)]
    told = {way: command.line for command in commands for way in command.differs}
    tables = sorted({table for command in commands for table in command.rows})
    found = _walked(rehearsal, tables)
    for way, what in found:
        if way not in told:
            yield messages.way_differs(way, what)
    for way in sorted(set(told) - {way for way, _ in found}):
        yield messages.way_does_not_differ(way, told[way])


def _walked(rehearsal: Rehearsal, tables: list[str]) -> list[tuple[str, str]]:
    with ExitStack() as stack:
        project = stack.enter_context(workspace.copied(rehearsal.project, rehearsal.project.parent))
        url = stack.enter_context(rehearsal.server.throwaway(rehearsal.lab.database)).url
        return walk(project, url, rehearsal.database.url, tables, rehearsal.runner)
