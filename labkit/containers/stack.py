"""The Compose stack of a clone: brought up, taken down and looked at from outside."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from labkit.containers import compose, note
from labkit.containers.engine import Done, Engine, complaint, tail
from labkit.messages import compose as messages
from labkit.trouble import Trouble

_WORKSPACE = "workspace"
_DATABASE = "db"
_PATIENCE = 5.0  # seconds until the workspace container has left its note


class Stack:
    """The containers of ``compose.yaml`` in ``root``.

    Args:
        watched: somebody looks on, so that Docker's own progress may be shown.
    """

    def __init__(self, root: Path, watched: bool = False) -> None:
        self.root = root
        self.state = root / ".labs"
        self.engine = Engine(root, os.environ)
        self.watched = watched

    def up(self) -> Iterator[str]:
        """Build what is needed, start both containers and wait until a lab can run.

        Yields what happens, a sentence each; the last ones say what is there now.

        Raises:
            Trouble: it cannot be done, and why.
        """
        self.engine.need_compose()
        self.engine.environment |= self._ids()
        yield messages.BUILDING
        self._do("build", _WORKSPACE, shown=self.watched)
        yield messages.STARTING
        # A database that runs goes on with the folder that it has mounted, deleted or not.
        deleted = not compose.password_path(self.state).exists()
        self._start(*(["--force-recreate", _DATABASE] if deleted else []))
        source = self._source()
        if source is None:
            yield messages.MENDING
            self._start("--force-recreate", _DATABASE)
            source = self._source()
            if source is None:
                raise messages.wrong_password()
        yield messages.up(source)
        yield messages.next_thing()

    def was_used(self) -> bool:
        """Whether there may be containers or data of this clone; Docker is not asked."""
        return (self.state / "compose").is_dir()

    def down(self, forget: bool = False) -> str:
        """Remove the containers, and with ``forget`` the data; what was done, in words.

        Where Docker cannot be asked, the tasks at least do without it from now on.

        Raises:
            Trouble: the data cannot be forgotten, and why.
        """
        try:
            self.engine.need_compose()
            self.engine.environment |= self._ids()
            self._do("down", "--remove-orphans", *(["--volumes"] if forget else []))
        except Trouble as trouble:
            if forget:
                raise
            note.path(self.state).unlink(missing_ok=True)
            return messages.let_go(trouble.what)
        note.path(self.state).unlink(missing_ok=True)
        if forget:
            compose.password_path(self.state).unlink(missing_ok=True)
        return messages.down(forget)

    def logs(self, follow: bool = False) -> None:
        """Show what the containers have logged.

        Raises:
            Trouble: there is no Docker to ask.
        """
        self.engine.need_compose()
        words = ["logs", "--tail", "200", *(["--follow"] if follow else [])]
        if self.engine.compose(*words, shown=True).status != 0:
            self.engine.is_rootless()

    def _start(self, *how: str) -> None:
        # The workspace waits for the database by itself.
        self._do("up", "--detach", "--no-build", *how, _WORKSPACE)
        if not self._has_noted():
            # It runs, and its note was deleted.
            self._do("up", "--detach", "--no-build", "--no-deps", "--force-recreate", _WORKSPACE)
            if not self._has_noted():
                raise messages.workspace_does_not_start(self._log(_WORKSPACE))

    def _has_noted(self) -> bool:
        """Whether the workspace that runs has left its note; it gets a moment to do so."""
        container = self.engine.compose("ps", "--quiet", _WORKSPACE).said
        deadline = time.monotonic() + _PATIENCE
        while container and time.monotonic() < deadline:
            known = note.read(self.state)
            if known and container.startswith(known.container):
                return True
            time.sleep(0.05)
        return False

    def _source(self) -> str | None:
        """The line that says which database it is; None when it refuses the password."""
        known = note.read(self.state)
        if known is None:
            raise messages.gone()
        done = self.engine.docker(
            "exec", known.container, "python", "-m", "labkit.containers.compose"
        )
        if done.status == compose.REFUSED:
            return None
        if done.status != 0:
            raise complaint(done.said) or messages.refused(["invoke", "up"], tail(done.said))
        return done.said

    def _do(self, *words: str, shown: bool = False) -> None:
        done = self.engine.compose(*words, shown=shown)
        if done.status != 0 and shown:
            # What was shown was not kept. It fails again at the same place, and sooner.
            done = self.engine.compose(*words)
        if done.status != 0:
            raise self._trouble(done, list(words))

    def _trouble(self, done: Done, words: list[str]) -> Trouble:
        known = complaint(done.said, self._setting("LABS_DB_PORT", "25432"))
        if known:
            return known
        if "project name must not be empty" in done.said:
            return messages.no_project_name(self.root)
        if "unhealthy" in done.said or f"{_DATABASE}-1 exited" in done.said:
            return messages.db_does_not_start(self._log(_DATABASE))
        return messages.refused(["docker", "compose", *words], tail(done.said))

    def _log(self, service: str) -> str:
        done = self.engine.compose("logs", "--no-log-prefix", "--tail", "8", service)
        return done.said if done.status == 0 else ""

    def _ids(self) -> Mapping[str, str]:
        """The ids that the workspace needs for its files to be the clone owner's."""
        # With a rootless engine root in the container is the person outside.
        rootless = self.engine.is_rootless()
        if sys.platform == "win32" or self._setting("LAB_UID", ""):
            return {}
        owner = self.root.stat()
        if rootless:
            return {"LAB_UID": "0", "LAB_GID": "0"}
        if owner.st_uid == 0:
            return {}
        return {"LAB_UID": str(owner.st_uid), "LAB_GID": str(owner.st_gid)}

    def _setting(self, name: str, default: str) -> str:
        """A variable as Compose sees it: from the environment, else from ``.env``."""
        if os.environ.get(name):
            return os.environ[name]
        try:
            lines = (self.root / ".env").read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return default
        values = [line.partition("=")[2].strip() for line in lines if line.startswith(f"{name}=")]
        return values[-1] if values else default
