"""The work on a lab: its project and its database, which are loaded and kept together.

Whoever calls holds the lab, so that no other terminal does the same at the same time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from labkit.lab import Lab
from labkit.mark import mark
from labkit.server import Database, Server
from labkit.trouble import Trouble
from labkit.workspace import Kept, Workspace

DATABASE = "the database"


class Work:
    """What a learner has of one lab, on one server."""

    def __init__(self, lab: Lab, workspace: Workspace, server: Server) -> None:
        self.lab = lab
        self._workspace = workspace
        self._server = server

    @property
    def project(self) -> Path:
        """The folder of the project, there or not."""
        return self._workspace.project(self.lab.name)

    @property
    def database(self) -> Database | None:
        """The database, None where there is none."""
        return self._server.database(self.lab.database)

    @property
    def end(self) -> str:
        """The name of the database that holds what the page left, there or not."""
        return f"{self.lab.database}_end"

    def edits(self) -> list[str]:
        """What the learner changed: files by their path, and “the database”.

        Raises:
            Trouble: the database cannot be read.
        """
        changed = self._workspace.edits(self.lab.name)
        if database := self.database:
            known = self._workspace.database_mark(self.lab.name)
            # One of which nothing is known may hold anything.
            if not known or known != mark(database.url):
                changed.append(DATABASE)
        return changed

    def begin(self) -> tuple[Path, Database]:
        """An empty project and an empty database, where nothing is edited."""
        return self._workspace.begin(self.lab.name), self._server.fresh(self.lab.database)

    def finish(self, written: Mapping[str, str], *, whole: bool) -> None:
        """Note what a run left behind: it is nobody's edit. See ``Workspace.finish``."""
        known = ""
        try:
            if database := self.database:
                known = mark(database.url)
        except Trouble:
            # Nobody but the run can have written there.
            with contextlib.suppress(Trouble):
                self._server.drop(self.lab.database)
        self._workspace.finish(self.lab.name, known, written, whole=whole)

    def keep_end(self, database: Database) -> None:
        """Keep a copy of a database as the page has left it, for the checks that begin there.

        Without it they begin in an empty one, so where there is no room that is all.
        """
        with contextlib.suppress(Trouble):
            self._server.drop(self.end)
            self._server.copy(database.name, self.end)

    def adopt(self, database: Database) -> None:
        """Make the database of another run the learner's, who has none."""
        self._server.rename(database.name, self.lab.database)
        if adopted := self.database:
            self._workspace.mark_database(self.lab.name, mark(adopted.url))

    def set_aside(self) -> Kept:
        """Move the project and the database away."""
        kept = self._workspace.set_aside(self.lab.name)
        if self._server.exists(self.lab.database):
            self._server.rename(self.lab.database, self._kept_database(kept))
        return kept

    def bring_back(self, kept: Kept) -> Kept | None:
        """Put what was set aside in its place; what stood there is set aside where it is edited."""
        replaced = self.set_aside() if self.edits() else None
        if replaced is None:
            self._workspace.clear(self.lab.name)
        if self.project.exists():
            # Not edited, but a repository or the like, which nobody counts.
            replaced = self.set_aside()
        if self.has_database(kept):
            self._server.drop(self.lab.database)
            self._server.rename(self._kept_database(kept), self.lab.database)
        self._workspace.bring_back(kept)
        return replaced

    def has_database(self, kept: Kept) -> bool:
        """True where the database that was set aside with a project is on this server."""
        return self._server.exists(self._kept_database(kept))

    def _kept_database(self, kept: Kept) -> str:
        return f"{self.lab.database}_kept_{kept.stamp.replace('-', '')}"
