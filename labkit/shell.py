"""Shells: a lab's project with its own database, to play in."""

from __future__ import annotations

import os
import subprocess
from urllib.parse import urlsplit

from labkit.course import Course
from labkit.lab import Lab
from labkit.messages import shell as messages
from labkit.show import Screen
from labkit.trial import environment


def open_shell(course: Course, lab: Lab, screen: Screen) -> None:
    """Open the learner's shell in a lab's project; run the page first where it was not yet."""
    if not course.workspace.is_loaded(lab.name) or not course.server.exists(lab.database):
        screen.verdict(course.run(lab, screen))
    project = course.workspace.project(lab.name)
    url = course.server_url(lab)
    screen.note(messages.opened(lab, course.server.source))
    program = os.environ.get("SHELL") or "/bin/sh"
    # The shell's own exit status is that of the last thing typed in it, and no verdict.
    subprocess.run([program], cwd=project, env=shell_environment(url, lab), check=False)
    screen.note(messages.closed(lab))


def shell_environment(url: str, lab: Lab) -> dict[str, str]:
    """DATABASE_URL for Alembic, the same for psql, and a prompt that says which lab it is."""
    parts = urlsplit(url)
    return {
        **environment(url),
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port or 5432),
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": parts.path.lstrip("/"),
        "PS1": f"lab {lab.number}> ",
    }
