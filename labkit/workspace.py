"""The workspace: the folders that a learner edits, in which no edit is ever lost."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock
from filelock import Timeout as LockTimeout

from labkit.messages import workspace as messages
from labkit.trouble import Trouble

# What tools leave behind is nobody's edit, and is not copied for a check.
_IGNORED = {"__pycache__", ".venv", "venv", ".git", "node_modules", ".mypy_cache", ".ruff_cache"}
_LOCK_SECONDS = 120


@dataclass(frozen=True)
class Kept:
    """Edits that were set aside: which lab's, when (``2026-11-22_174512``), and where."""

    lab: str
    stamp: str
    folder: Path


class Workspace:
    """The project folders of the labs.

    Args:
        folder: holds one project folder for each lab, and ``.kept`` for edits set aside.
        state: holds what was loaded into them, one small file for each lab.
    """

    def __init__(self, folder: Path, state: Path) -> None:
        self.folder = folder
        self._loaded = state / "loaded"

    def project(self, lab: str) -> Path:
        """The folder of a lab's project, there or not."""
        return self.folder / lab

    def edits(self, lab: str) -> list[str]:
        """Paths in the project that are new, changed or gone since it was loaded."""
        project, loaded = self.project(lab), self._read(lab)
        if not project.is_dir():
            return []
        there = fingerprints(project)
        if loaded is None:
            return sorted(there)
        before = loaded["files"]
        return sorted(p for p in before.keys() | there.keys() if before.get(p) != there.get(p))

    def is_loaded(self, lab: str) -> bool:
        """True where the project was loaded and is still there."""
        return self._read(lab) is not None and self.project(lab).is_dir()

    def database_mark(self, lab: str) -> str:
        """What ``finish`` was told of the database, "" where nothing was loaded."""
        loaded = self._read(lab)
        return str(loaded.get("database", "")) if loaded else ""

    @contextmanager
    def held(self, lab: str) -> Iterator[None]:
        """Keep other terminals out of a lab's folder for a while."""
        with _told(self._loaded):
            self._loaded.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._loaded / f"{lab}.lock", timeout=_LOCK_SECONDS)
            try:
                lock.acquire()
            except LockTimeout:
                raise messages.held(lab, _LOCK_SECONDS) from None
        try:
            yield
        finally:
            lock.release()

    def begin(self, lab: str) -> Path:
        """Empty an unedited project and return it; the caller has looked at ``edits``."""
        project = self.project(lab)
        with _told(project):
            project.mkdir(parents=True, exist_ok=True)
            loaded = self._read(lab)
            for path in loaded["files"] if loaded else ():
                (project / path).unlink(missing_ok=True)
            _prune(project)
        return project

    def clear(self, lab: str) -> None:
        """Remove an unedited project; the caller has looked at ``edits``."""
        project = self.begin(lab)
        with _told(project):
            project.rmdir()
            (self._loaded / f"{lab}.json").unlink(missing_ok=True)

    @contextmanager
    def beside(self, lab: str) -> Iterator[Path]:
        """An empty project of the same name, for one run that must not touch the learner's."""
        with _told(self._loaded):
            holder = Path(tempfile.mkdtemp(dir=self._loaded, prefix="beside-"))
            (holder / lab).mkdir()
        try:
            yield holder / lab
        finally:
            shutil.rmtree(holder, ignore_errors=True)

    def finish(self, lab: str, database: str) -> None:
        """Note all that is in the project now as loaded, and a mark of its database."""
        with _told(self._loaded):
            mark = {"files": fingerprints(self.project(lab)), "database": database}
            write(self._loaded, f"{lab}.json", json.dumps(mark, indent=1, ensure_ascii=False))

    def set_aside(self, lab: str) -> Kept:
        """Move the whole project to a dated folder."""
        with _told(self.folder):
            stamp = datetime.now().strftime("%Y-%m-%d_%H%M%S")
            kept = self.folder / ".kept" / stamp
            number = 1
            while (kept / lab).exists():
                number += 1
                kept = self.folder / ".kept" / f"{stamp}-{number}"
            kept.mkdir(parents=True, exist_ok=True)
            self.project(lab).rename(kept / lab)
            manifest = self._loaded / f"{lab}.json"
            if manifest.exists():
                manifest.rename(kept / f"{lab}.json")
        return Kept(lab, kept.name, kept / lab)

    def kept(self) -> list[Kept]:
        """All that was set aside, the newest first."""
        found = (self.folder / ".kept").glob("*/*/")
        return sorted(
            (Kept(path.name, path.parent.name, path) for path in found),
            key=lambda kept: kept.stamp,
            reverse=True,
        )

    def bring_back(self, kept: Kept) -> None:
        """Move what was set aside to its place, which is free."""
        with _told(self.folder):
            kept.folder.rename(self.project(kept.lab))
            manifest = kept.folder.with_name(f"{kept.lab}.json")
            if manifest.exists():
                manifest.rename(self._loaded / f"{kept.lab}.json")
            kept.folder.parent.rmdir()

    def _read(self, lab: str) -> dict[str, dict[str, str]] | None:
        try:
            loaded = json.loads((self._loaded / f"{lab}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return loaded if isinstance(loaded, dict) and "files" in loaded else None


def fingerprints(project: Path) -> dict[str, str]:
    """The SHA-256 of each file below a folder, by its relative path with slashes."""
    found = {}
    for folder, names, files in os.walk(project):
        names[:] = [name for name in names if name not in _IGNORED]
        for name in files:
            path = Path(folder, name)
            if name.endswith(".pyc"):
                continue
            if path.is_symlink():
                content = str(path.readlink()).encode()
            elif path.is_file():
                content = path.read_bytes()
            else:
                continue
            found[path.relative_to(project).as_posix()] = hashlib.sha256(content).hexdigest()
    return found


def write(project: Path, path: str, text: str) -> None:
    """Write a file below the project, whole or not at all.

    Raises:
        Trouble: where a link leads out of the project, or the disk does not take it.
    """
    target = project / path
    with _told(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.parent.resolve().is_relative_to(project.resolve()):
            raise messages.leads_out(path)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
            Path(name).chmod(mode)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def copied(project: Path, state: Path) -> Iterator[Path]:
    """A copy of a project that is gone afterwards, so that a check leaves the original alone."""
    with _told(state):
        state.mkdir(parents=True, exist_ok=True)
        holder = Path(tempfile.mkdtemp(dir=state, prefix="copy-"))
    try:
        copy = holder / project.name
        with _told(project):
            shutil.copytree(project, copy, symlinks=True, ignore=_leave_out)
        yield copy
    finally:
        shutil.rmtree(holder, ignore_errors=True)


def _leave_out(folder: str, names: list[str]) -> set[str]:
    special = {n for n in names if not (Path(folder, n).is_file() or Path(folder, n).is_dir())}
    return special | (_IGNORED & set(names))


def _prune(project: Path) -> None:
    """Remove the folders that hold nothing any more, and what tools left behind."""
    for folder, names, _files in os.walk(project, topdown=False):
        for name in names:
            path = Path(folder, name)
            if name == "__pycache__":
                shutil.rmtree(path, ignore_errors=True)
            elif not path.is_symlink() and not any(path.iterdir()):
                path.rmdir()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell an error of the file system as Trouble."""
    try:
        yield
    except Trouble:
        raise
    except shutil.Error as error:
        raise messages.not_written(path, str(error.args[0][0][2])) from None
    except OSError as error:
        raise messages.not_written(
            Path(error.filename or path), error.strerror or str(error), error.errno
        ) from None
