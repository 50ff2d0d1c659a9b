"""Shells: a lab's project with its own database, to play in."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from labkit.course import Course
from labkit.lab import Lab
from labkit.messages import course as course_messages
from labkit.messages import shell as messages
from labkit.postgres import binaries, connection
from labkit.show import Screen
from labkit.trial import environment
from labkit.trouble import Trouble
from labkit.verdict import ERROR, Verdict

_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


def open_shell(course: Course, lab: Lab, screen: Screen) -> Verdict | None:
    """Open the learner's shell in a lab's project; run the page first where it was not yet.

    Returns:
        The verdict of that run where it could not be judged, so that there is nothing to play in.
    """
    if not course.workspace.is_loaded(lab.name) or course.work(lab).database is None:
        verdict = course.run(lab, screen)
        if verdict.status == ERROR:
            return verdict
        screen.verdict(verdict)
    database = course.work(lab).database
    if database is None:
        raise course_messages.no_database(lab)
    screen.note(messages.opened(lab, course.server.source))
    # The shell's own exit status is that of the last thing typed in it, and no verdict.
    program = _program()
    with _left_to_the_shell():
        try:
            subprocess.run(
                [program],
                cwd=course.workspace.project(lab.name),
                env=shell_environment(database.url, lab),
                check=False,
            )
        except OSError as error:
            raise messages.cannot_start(lab, program, error) from None
    # A shell that was left with Ctrl-D has not ended its last line.
    screen.note("")
    screen.note(messages.closed(lab))
    return None


def shell_environment(url: str, lab: Lab) -> dict[str, str]:
    """DATABASE_URL for Alembic, the same for psql, and a prompt that says which lab it is."""
    parameters = connection.parse(url)
    libpq = {_VARIABLES[name]: parameters[name] for name in _VARIABLES if name in parameters}
    given = {**environment(url), **libpq, "PS1": f"lab {lab.number}> "}
    with suppress(Trouble):
        # Behind whatever is installed, so that there is a psql in any case.
        given["PATH"] += os.pathsep + str(binaries.find().folder)
    return given


def _program() -> str:
    """The learner's own shell, as long as it can be started."""
    return shutil.which(os.environ.get("SHELL") or "sh") or "/bin/sh"


@contextmanager
def _left_to_the_shell() -> Iterator[None]:
    """Leave Ctrl-C to the shell and what runs in it, as ``system`` of the C library does."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
