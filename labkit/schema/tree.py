"""Trees: the files below a project folder, told apart by what they hold."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from pathlib import Path

_BYTE_CODE = "__pycache__"
# What tools leave behind is nobody's edit, and is not copied for a check.
IGNORED = {_BYTE_CODE, ".venv", "venv", ".git", "node_modules", ".mypy_cache", ".ruff_cache"}


def fingerprint(content: bytes) -> str:
    """What tells one content from another, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def fingerprints(folder: Path) -> dict[str, str]:
    """The fingerprint of each file below a folder, by its relative path with slashes.

    Raises:
        OSError: a file cannot be read.
    """
    found = {}
    for below, names, files in os.walk(folder):
        names[:] = [name for name in names if name not in IGNORED]
        for name in files:
            path = Path(below, name)
            if name.endswith(".pyc"):
                continue
            if path.is_symlink():
                mark = fingerprint(os.fsencode(path.readlink()))
            elif path.is_file():
                with path.open("rb") as file:
                    mark = hashlib.file_digest(file, "sha256").hexdigest()
            else:
                continue
            found[path.relative_to(folder).as_posix()] = mark
    return found


def prune(folder: Path) -> None:
    """Remove the folders below that hold nothing, and byte code; a repository stays as it is.

    Raises:
        OSError: a folder cannot be read.
    """
    for path in folder.iterdir():
        if path.name == _BYTE_CODE:
            shutil.rmtree(path, ignore_errors=True)
        elif path.is_dir() and not path.is_symlink() and path.name not in IGNORED:
            prune(path)
            remove_empty(path)


def remove_empty(folder: Path) -> None:
    """Remove a folder if it holds nothing."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def copied_not(folder: str, names: list[str]) -> set[str]:
    """The names in a folder that a copy leaves out, as ``shutil.copytree`` asks for them."""
    special = {n for n in names if not (Path(folder, n).is_file() or Path(folder, n).is_dir())}
    return special | (IGNORED & set(names))
