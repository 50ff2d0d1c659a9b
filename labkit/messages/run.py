"""What running a command has to say."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from labkit.trouble import Trouble


def alembic_cannot_be_loaded(error: str) -> Trouble:
    """The prepared process could not load Alembic, SQLAlchemy or the driver."""
    return Trouble(
        f"Alembic cannot be loaded: {error}",
        "A package is missing from this Python environment, or one in it is broken.",
        "Set the environment up again with the first command of README.md.",
    )


def no_room(folder: str | os.PathLike[str], reason: str) -> Trouble:
    """The folder for temporary files takes nothing."""
    return Trouble(
        f"What the command does cannot be recorded in {os.fspath(folder)}: {reason}",
        "The disk is full most likely, or the folder for temporary files may not be written to.",
        "Make room there, or name another folder: export TMPDIR=FOLDER",
    )


def cannot_start(command: str, project: Path, error: OSError) -> Trouble:
    """The shell could not be started."""
    if not project.is_dir():
        return Trouble(
            f"The project folder {project} is not there.",
            "It was moved or removed while its commands were still to run.",
            "Run the lab again: it lays its files down anew.",
        )
    shown = command if len(command) <= 60 else command[:59] + "…"
    why = ""
    if error.errno == errno.E2BIG:
        why = "The command and its environment together are longer than this system allows."
    return Trouble(f"The command could not be started: {shown}: {error.strerror}", why)
