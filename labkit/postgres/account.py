"""The account that the embedded server runs as: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.messages import embedded as messages

if sys.platform != "win32":
    import pwd

_PREFERRED = ("postgres", "_postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """An account other than ours; ``options`` go to ``subprocess``."""

    name: str
    uid: int
    gid: int

    @property
    def options(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give the account something that we made, with all that is in it."""
        for folder, _, files in os.walk(path):
            os.chown(folder, self.uid, self.gid)
            for name in files:
                os.chown(Path(folder) / name, self.uid, self.gid, follow_symlinks=False)
        if not path.is_dir():
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether the account can enter a folder and read what lies there.

        Raises:
            Trouble: this process may not become that account.
        """
        return self._try(["/bin/sh", "-c", 'test -x "$1" && test -r "$1"', "sh", str(path)])

    def runs(self, program: Path) -> bool:
        """Whether the account can run a program that knows ``-V``."""
        return self._try([str(program), "-V"])

    def _try(self, command: list[str]) -> bool:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                **self.options,
            )
        except OSError:
            if command[0] == "/bin/sh":
                raise messages.cannot_become(self.name) from None
            return False
        return done.returncode == 0


def choose(state: Path, data: Path) -> Account | None:
    """The account for the server of a state folder; None means the one we run as.

    Root hands it to whoever owns the data already, else to the owner of the state folder, so that
    one ``sudo`` changes nothing for the next command, else to an account that every system has.

    Raises:
        Trouble: we are root and there is no such account.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    for path in (data, state):
        try:
            owner = path.stat().st_uid
            if owner != 0:
                return _account(pwd.getpwuid(owner))
        except (OSError, KeyError):
            continue
    for name in _PREFERRED:
        try:
            return _account(pwd.getpwnam(name))
        except KeyError:
            continue
    raise messages.no_account()


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
