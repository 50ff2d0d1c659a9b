"""Exams: the checks of “Your turn”, run on an answer."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from labkit import workspace
from labkit.audience import Audience, watch
from labkit.lab import Lab
from labkit.need import possible
from labkit.page import File
from labkit.run import Runner
from labkit.server import Server
from labkit.trial import CHECK_SECONDS, Trial


def attempt(
    lab: Lab,
    project: Path,
    live_url: str,
    *,
    server: Server,
    runner: Runner,
    scratch: Path,
    audience: Audience,
    files: Mapping[str, File] | None = None,
) -> Trial:
    """Run a page's checks on a copy of a project, so that the answer itself stays as it is.

    Args:
        live_url: the database that “check live” looks at; any other check has one of its own.
        scratch: a folder that the copy may be made in.
        files: those of the project that a page wrote, by path.
    """
    page = lab.page
    checks = possible(page.checks, server.version)
    with ExitStack() as stack:
        copy = stack.enter_context(workspace.copied(project, scratch))
        url = ""
        if not all(step.live for step in checks):
            url = stack.enter_context(server.throwaway(lab.database)).url
        audience.opened(f"{page.title}: your turn", server.source)
        trial = Trial(copy, url, runner, live_url=live_url, timeout=CHECK_SECONDS, files=files)
        watch(trial, checks, audience)
        return trial
