"""Views: the schema of a lab's database, as text, beside a snapshot, or as a diagram."""

from __future__ import annotations

import difflib
import shutil
import subprocess
import time
from pathlib import Path

from labkit import snapshot, workspace
from labkit.compare import compare
from labkit.course import Course
from labkit.erd import diagram
from labkit.lab import Lab
from labkit.messages import course as course_messages
from labkit.messages import view as messages
from labkit.verdict import Verdict

_RENDERER = "mmdc"
_SECONDS = 120


class View:
    """The schema that a lab's database has now.

    Raises:
        Trouble: there is no database, or it cannot be read.
    """

    def __init__(self, course: Course, lab: Lab) -> None:
        self._course = course
        self._lab = lab
        database = course.work(lab).database
        if database is None:
            raise course_messages.no_database(lab)
        self._url = database.url

    def text(self) -> str:
        """The schema as snapshots are written, without the line that is for authors."""
        written = snapshot.dump(snapshot.read(self._url)).splitlines()
        return "\n".join(line for line in written if not line.startswith("# "))

    def compared(self, name: str) -> Verdict:
        """The schema beside a snapshot of the lab, and the rows that this one holds.

        Raises:
            Trouble: the lab has no such snapshot.
        """
        started = time.monotonic()
        if name not in self._lab.snapshots:
            near = difflib.get_close_matches(name, self._lab.snapshots, 1, 0.4)
            raise messages.no_snapshot(self._lab, name, sorted(self._lab.snapshots), near)
        expected = snapshot.load(self._lab.snapshot(name))
        actual = snapshot.read(self._url, expected.row_tables)
        found = tuple(messages.differs(one, name) for one in compare(expected, actual))
        return Verdict(
            "schema",
            self._lab.name,
            found,
            {"snapshots": 1},
            following=messages.after(self._lab),
            source=self._course.server.source,
            seconds=time.monotonic() - started,
        )

    def drawn(self) -> list[str]:
        """Write a diagram beside the project, and a picture of it where that can be made.

        Returns:
            What was written, in sentences.
        """
        folder = self._course.workspace.folder
        name = f"{self._lab.name}.mmd"
        workspace.write(folder, name, diagram(snapshot.read(self._url)))
        shown = folder.relative_to(self._course.root)
        said = [messages.written(f"{shown}/{name}")]
        renderer = shutil.which(_RENDERER)
        if renderer is None:
            return [*said, messages.NO_RENDERER]
        picture = folder / f"{self._lab.name}.svg"
        fault = _rendered(renderer, folder / name, picture)
        return [*said, fault or messages.written(f"{shown}/{picture.name}")]


def _rendered(renderer: str, source: Path, picture: Path) -> str:
    """Have a picture made; why there is none, "" where there is one."""
    command = [renderer, "-i", str(source), "-o", str(picture)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return messages.not_rendered(str(error))
    last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
    return "" if done.returncode == 0 and picture.exists() else messages.not_rendered(last)
