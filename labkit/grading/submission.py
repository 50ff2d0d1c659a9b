"""Submissions: the answers in a grader's folder, and the copies of them that are judged.

``FOLDER/NAME/`` is what one person hands in: a workspace, in which each project has the name of its
lab; or a clone of the repository, whose ``workspace`` that is; or, where one lab is asked for, its
project itself. ``commands.txt`` in a project holds the commands that bring the lab's database, as
the page leaves it, to the state that a “check live” looks at, a line each.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labkit.lab import Lab
from labkit.messages import grade as messages
from labkit.schema import tree
from labkit.trouble import Trouble

COMMANDS = "commands.txt"
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
# What a project may be at most: files and folders, and bytes of all of them together.
MOST_FILES = 2_000
MOST_BYTES = 32 << 20


@dataclass(frozen=True)
class Submission:
    """One answer to one lab. ``project`` is its folder, None where there is none to judge."""

    name: str
    lab: Lab | None
    project: Path | None


def submissions(folder: Path, labs: Sequence[Lab], only: Lab | None) -> list[Submission]:
    """The answers in a folder by name and lab; what is no folder is left out.

    Args:
        only: the one lab that is graded, None for all that are handed in.

    Raises:
        Trouble: there is no such folder, or nothing in it.
    """
    try:
        names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise messages.no_folder(folder, error.strerror or str(error)) from None
    found = []
    for name in names:
        path = folder / name
        if path.is_symlink() or path.is_dir():
            found += _of_one(path, labs, only)
    if not found:
        raise messages.nothing_there(folder)
    return found


def _of_one(path: Path, labs: Sequence[Lab], only: Lab | None) -> list[Submission]:
    if path.is_symlink() or not os.access(path, os.R_OK | os.X_OK):
        return [Submission(path.name, only, path)]
    home = path / "workspace"
    if home.is_symlink() or not home.is_dir():
        home = path
    there = {lab.name for lab in labs if (home / lab.name).is_dir()}
    if only is not None:
        if only.name in there:
            return [Submission(path.name, only, home / only.name)]
        return [Submission(path.name, only, None if there else path)]
    if not there:
        return [Submission(path.name, None, None)]
    return [Submission(path.name, lab, home / lab.name) for lab in labs if lab.name in there]


def copy(project: Path, target: Path) -> None:
    """Copy a project; a link that leads out of it is left out, and so is what is no file.

    Raises:
        Trouble: it is a link itself, cannot be read, or is too large.
    """
    if project.is_symlink():
        raise messages.is_link(project)
    root = project.resolve()
    files = size = 0
    try:
        target.mkdir(parents=True)
        for below, names, others in os.walk(project, onerror=_raise):
            inside = Path(below).relative_to(project)
            names[:] = [name for name in names if name not in tree.IGNORED]
            links = [name for name in names if Path(below, name).is_symlink()]
            files += len(names)
            if files > MOST_FILES:
                raise messages.too_large(project, MOST_FILES, MOST_BYTES)
            for name in names:
                if name not in links:
                    (target / inside / name).mkdir()
            for name in (*links, *others):
                path = Path(below, name)
                if path.is_symlink():
                    _copy_link(path, root, target / inside / name)
                elif path.is_file():
                    files, size = files + 1, size + path.stat().st_size
                    if files > MOST_FILES or size > MOST_BYTES:
                        raise messages.too_large(project, MOST_FILES, MOST_BYTES)
                    shutil.copyfile(path, target / inside / name)
                    (target / inside / name).chmod(0o700 if os.access(path, os.X_OK) else 0o600)
    except OSError as error:
        raise messages.unreadable(Path(error.filename or project), error.strerror or "") from None


def is_empty(project: Path) -> bool:
    """Whether there is nothing in a project but archives, if that."""
    try:
        return all(path.suffix.lower() in _ARCHIVES for path in project.iterdir())
    except OSError:
        return False


def _copy_link(path: Path, root: Path, target: Path) -> None:
    to = path.readlink()
    # Unlike pathlib's this says of a loop that it leads nowhere.
    end = Path(os.path.realpath(path))
    if not to.is_absolute() and end != path and end.exists() and end.is_relative_to(root):
        target.symlink_to(to)


def _raise(error: OSError) -> None:
    raise error


def commands(project: Path) -> list[str] | None:
    """The commands that a submission brings for the database; None where it brings none.

    Raises:
        Trouble: they cannot be read.
    """
    path = project / COMMANDS
    if not path.exists():
        return None
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise messages.unreadable(path, getattr(error, "strerror", "") or "it is no text") from None
    stripped = [line.strip().removeprefix("$ ").strip() for line in lines]
    return [line for line in stripped if line and not line.startswith("#")]


__all__ = ["COMMANDS", "Submission", "Trouble", "commands", "copy", "submissions"]
