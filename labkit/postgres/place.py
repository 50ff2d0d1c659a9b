"""Where the embedded server keeps its things, inside the state folder or beside it."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from labkit.messages import embedded as messages
from labkit.postgres.account import Account

# Where root's server keeps its data when its account may not enter the clone.
_OUTSIDE = Path("/var/lib/alembic-labs")
# Bytes; a path with 1024 is cut by PostgreSQL, and it adds to the one that it is given.
_LONGEST = 900

# A disk, a quota or a limit on files: for us they are one.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DATABASE = 8 << 20
_PROBE = 1 << 20


@dataclass(frozen=True)
class Place:
    """The server's folder; ``home`` is a real folder, or a link to one outside the state folder."""

    state: Path

    @property
    def home(self) -> Path:
        return (self.state / "server").resolve()

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def pid_path(self) -> Path:
        return self.data / "postmaster.pid"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def lock(self) -> Path:
        return self.state / "server.lock"

    def port(self) -> int | None:
        """The port that the server of this place took, as long as its pid file is there."""
        lines = self.pid_file()
        return int(lines[3]) if len(lines) > 3 and lines[3].isdigit() else None

    def is_where_it_started(self) -> bool:
        """Whether the running server still finds its data; it cannot when they were moved."""
        lines = self.pid_file()
        try:
            return Path(lines[1]).samefile(self.data)
        except (IndexError, OSError):
            return False

    def pid_file(self) -> list[str]:
        """The lines of ``postmaster.pid``; none when there is no such file."""
        try:
            text = self.pid_path.read_text(errors="surrogateescape")
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [line.strip() for line in text.splitlines()]

    def major(self) -> int | None:
        """The major version of the data here; None without data, 0 when they are broken."""
        if not self.data.exists():
            return None
        try:
            return int((self.data / "PG_VERSION").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def tail(self, lines: int = 8) -> str:
        """The last lines of the server's log."""
        try:
            text = self.log.read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def is_full(self) -> bool:
        """Whether there is no room for one more database: a look that costs nothing."""
        disk = self.home if self.home.exists() else self.state
        return shutil.disk_usage(disk).free < _DATABASE

    def refuses_files(self) -> bool:
        """Whether nothing can be written; a server on a full disk cannot even log that."""
        try:
            with tempfile.TemporaryFile(dir=self.home) as probe:
                probe.write(bytes(_PROBE))
        except OSError as error:
            return error.errno in FULL
        return False

    def make(self, account: Account | None) -> None:
        """Make the folder, so that the account that runs the server can reach it.

        Raises:
            OSError: it cannot be made.
            Trouble: this process may not become that account.
        """
        link = self.state / "server"
        if link.is_symlink() and not link.exists():
            link.unlink()
        if not link.exists():
            link.mkdir(mode=0o700)
            if account:
                account.own(link)
        closed = account is not None and not account.reaches(self.home)
        if not closed and len(os.fsencode(self.home)) <= _LONGEST:
            return
        if account and (link.is_symlink() or any(link.iterdir())):
            raise messages.out_of_reach(account.name, self.home)
        outside = _outside()
        if account:
            account.own(outside)
        link.rmdir()
        link.symlink_to(outside)

    def exchange(self, found: int, wanted: int) -> Path:
        """Rename the data of one major version, and bring back those of another if they exist.

        Returns the path where the first are now.
        """
        target = self.home / f"data-{found}"
        if target.exists():
            target = self.home / f"data-{found}-{datetime.now():%Y-%m-%d-%H%M%S}"
        self.data.rename(target)
        earlier = self.home / f"data-{wanted}"
        if earlier.exists():
            earlier.rename(self.data)
        return target

    def sweep(self) -> None:
        """Remove what an interrupted start has left; the data are never among it."""
        for draft in self.home.glob("draft-*"):
            shutil.rmtree(draft, ignore_errors=True)


def _outside() -> Path:
    """A new folder for a server whose clone is out of its reach.

    It is a temporary one only if nothing else can be written, since the system sweeps those.
    """
    if sys.platform != "win32" and os.geteuid() == 0:
        _OUTSIDE.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="server-", dir=_OUTSIDE))
    try:
        states = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        (states / "alembic-labs").mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="server-", dir=states / "alembic-labs"))
    except (OSError, RuntimeError):
        return Path(tempfile.mkdtemp(prefix="alembic-labs-"))


def make_state(state: Path) -> None:
    """Make the state folder; made by root in somebody's clone it becomes theirs.

    Raises:
        OSError: it cannot be made.
    """
    if not state.is_dir():
        state.mkdir(parents=True, exist_ok=True)
        _give(state, state.parent)


def hand_over(state: Path) -> None:
    """As root, give the files that we made in the state folder to the folder's owner."""
    for name in ("secret", "server.lock"):
        if (state / name).exists():
            _give(state / name, state)


def _give(path: Path, example: Path) -> None:
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    owner = example.stat()
    if owner.st_uid != 0:
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


@contextmanager
def told(state: Path) -> Iterator[None]:
    """Tell what the system refuses in the state folder as a ``Trouble``."""
    try:
        yield
    except OSError as error:
        folder = Path(error.filename).parent if error.filename else state
        if error.errno in FULL:
            raise messages.disk_full(folder) from error
        said = os.strerror(error.errno) if error.errno else str(error)
        raise messages.not_writable(folder, said) from error
