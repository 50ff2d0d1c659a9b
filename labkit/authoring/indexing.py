"""Indexing: an author's run of all pages that writes the tables of the labs' README."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from labkit import workspace
from labkit.authoring import index
from labkit.authoring.coverage import used
from labkit.authoring.rehearsal import rehearsed
from labkit.lab import Lab
from labkit.messages import record as messages
from labkit.run import Runner
from labkit.server import Server


def write(
    readme: Path,
    labs: Sequence[Lab],
    server: Server,
    runner: Runner,
    state: Path,
    on_lab: Callable[[Lab], None],
) -> bool:
    """Run each page, and write the generated parts of the README; returns whether they changed.

    Raises:
        Trouble: a page does not hold; nothing is written then.
    """
    by_lab = {}
    for lab in labs:
        on_lab(lab)
        with rehearsed(lab, server, runner, state) as rehearsal:
            if rehearsal.judgement.findings:
                raise messages.no_index(lab)
            by_lab[lab.number] = used(rehearsal.trial.records)
    source = readme.read_text(encoding="utf-8")
    text = index.with_parts(source, labs, by_lab)
    if text != source:
        workspace.write(readme.parent, readme.name, text)
    return text != source
