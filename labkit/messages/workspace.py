"""What a learner is told when a file cannot be read, written or moved."""

from __future__ import annotations

import errno
import shlex
from pathlib import Path

from labkit.trouble import Trouble


def not_written(path: Path, reason: str, code: int | None = None) -> Trouble:
    """The file system refused."""
    if code in (errno.ENOSPC, errno.EDQUOT):
        return Trouble(
            f"{path} was not written: the disk is full.",
            "Nothing was lost: a file is written whole or not at all.",
            "Free some space (df -h shows how much there is) and run the command again.",
        )
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Trouble(
            f"{path} cannot be used: {reason}.",
            "It is read-only or belongs to somebody else.",
            f"ls -ld {shlex.quote(str(path.parent))} shows whose it is; make it yours, "
            "or work in a clone of your own.",
        )
    shown = shlex.quote(str(path.parent))
    return Trouble(f"{path} cannot be used: {reason}.", "", f"See what is there: ls -la {shown}")


def held(lab: str, seconds: int) -> Trouble:
    """Another terminal has the lab."""
    return Trouble(
        f"Another terminal has been working on {lab} for more than {seconds} seconds.",
        "A run of it is still going on there.",
        "Let it end or stop it with Ctrl-C, then run this command again.",
    )


def leads_out(path: str) -> Trouble:
    """A link in the project points somewhere else."""
    return Trouble(
        f"{path} was not written: a link in the project leads out of it.",
        "A folder of the project was replaced by a link.",
        "Remove the link, or run `invoke reset` for this lab.",
    )
