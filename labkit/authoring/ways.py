"""The ways of a chain: what a page ends with leads to one schema, whatever way it is run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from labkit import workspace
from labkit.authoring.rehearsal import Rehearsal
from labkit.messages import proof as messages
from labkit.page import Command
from labkit.trial import CHECK_SECONDS, environment
from labkit.verdict import Finding

_ROOT = Path(__file__).resolve().parents[2]


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
        words = ["python", "-m", "labkit.authoring.walk", rehearsal.database.url, *tables]
        seen = rehearsal.runner.run(
            shlex.join(words),
            project=project,
            env={**environment(url), "PYTHONPATH": str(_ROOT)},
            timeout=CHECK_SECONDS,
            observe=False,
        )
    lines = seen.output.strip().splitlines()
    if seen.status != 0 or not lines:
        return [("in one", lines[-1] if lines else f"exit status {seen.status}")]
    return [(way, what) for way, what in json.loads(lines[-1])]
