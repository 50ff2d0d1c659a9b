"""The workspace: the folders that a learner edits, in which no edit is ever lost.

What was loaded into a project stands in ``.labs/loaded/LAB.json``: the fingerprint of each file, a
mark of the database, and whether the page ran to its end. While a page runs it says only that;
found later, it tells that the run was cut off, and whatever is there counts as an edit.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock
from filelock import Timeout as LockTimeout

from labkit.messages import workspace as messages
from labkit.schema import tree
from labkit.trouble import Trouble

_LOCK_SECONDS = 120
# A file that is not whole yet.
_DRAFT = ".writing-"
_WHOLE = {"whole": True}


@dataclass(frozen=True)
class Kept:
    """Edits that were set aside: which lab's, when (``2026-11-22_174512``), and where."""

    lab: str
    stamp: str
    folder: Path

    @property
    def files(self) -> int:
        """How many files there are, those of tools left out."""
        with told(self.folder):
            return len(tree.fingerprints(self.folder))


@dataclass(frozen=True)
class Hold:
    """A lab that no other terminal may touch: an empty folder to work in, gone afterwards.

    ``cut_off`` is true where whoever held the lab before was killed.
    """

    scratch: Path
    cut_off: bool


class Workspace:
    """The project folders of the labs.

    Args:
        folder: holds one project folder for each lab, and ``.kept`` for edits set aside.
        state: holds what was loaded into them, one small file for each lab.
    """

    def __init__(self, folder: Path, state: Path) -> None:
        self.folder = folder
        self._state = state
        self._loaded = state / "loaded"

    def project(self, lab: str) -> Path:
        """The folder of a lab's project, there or not."""
        return self.folder / lab

    def edits(self, lab: str) -> list[str]:
        """Paths in the project that are new, changed or gone since it was loaded."""
        project, loaded = self.project(lab), self._read(lab)
        if not project.is_dir():
            return []
        with told(project):
            there = tree.fingerprints(project)
        before = loaded.get("files", {}) if loaded else {}
        return sorted(p for p in before.keys() | there.keys() if before.get(p) != there.get(p))

    def given(self, lab: str) -> dict[str, str]:
        """The fingerprint of each file that a page left in the project, by path."""
        return dict((self._read(lab) or {}).get("files", {}))

    def is_loaded(self, lab: str) -> bool:
        """True where a page that ran to its end left a project, and that is still there."""
        loaded = self._read(lab)
        return loaded is not None and loaded.get("whole") is True and self.project(lab).is_dir()

    def was_cut_off(self, lab: str) -> bool:
        """True where a run did not even come to say how it ended; the caller holds the lab."""
        return "running" in (self._read(lab) or {})

    def is_known(self, lab: str) -> bool:
        """True where a project is there, and what was in its database when it was loaded."""
        return bool(self.database_mark(lab)) and self.project(lab).is_dir()

    def database_mark(self, lab: str) -> str:
        """What ``finish`` was told of the database, "" where nothing is known."""
        return str((self._read(lab) or {}).get("database", ""))

    @contextmanager
    def held(self, lab: str, on_wait: Callable[[], None] = lambda: None) -> Iterator[Hold]:
        """Keep other terminals out of a lab; ``on_wait`` is called where one has to be waited for.

        Raises:
            Trouble: the other one takes too long.
        """
        scratch = self._state / "scratch" / lab
        with told(self._loaded):
            self._loaded.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._loaded / f"{lab}.lock")
            try:
                lock.acquire(timeout=0)
            except LockTimeout:
                on_wait()
                try:
                    lock.acquire(timeout=_LOCK_SECONDS)
                except LockTimeout:
                    raise messages.held(lab, _LOCK_SECONDS) from None
        try:
            cut_off = scratch.exists()
            shutil.rmtree(scratch, ignore_errors=True)
            with told(scratch):
                scratch.mkdir(parents=True)
            yield Hold(scratch, cut_off)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            lock.release()

    def begin(self, lab: str) -> Path:
        """Empty an unedited project and return it; the caller has looked at ``edits``."""
        project = self.project(lab)
        with told(project):
            project.mkdir(parents=True, exist_ok=True)
            before = (self._read(lab) or {}).get("files", {})
            write(self._loaded, f"{lab}.json", json.dumps({"running": True}))
            for path in before:
                (project / path).unlink(missing_ok=True)
            tree.prune(project)
        return project

    def clear(self, lab: str) -> None:
        """Remove an unedited project; the caller has looked at ``edits``."""
        if self.project(lab).is_dir():
            tree.remove_empty(self.begin(lab))
        with told(self._loaded):
            (self._loaded / f"{lab}.json").unlink(missing_ok=True)

    def finish(
        self, lab: str, database: str, written: Mapping[str, str], *, whole: bool = True
    ) -> None:
        """Note what is in the project now as loaded, and a mark of its database.

        Args:
            written: the text of each file that the page wrote, by path. One that says something
                else by now was edited while the page ran, and counts as an edit.
            whole: whether the page ran to its end.
        """
        with told(self.folder):
            files = tree.fingerprints(self.project(lab))
        for path in files.keys() & written.keys():
            files[path] = tree.fingerprint(written[path].encode())
        self._note(lab, {"files": files, "database": database, "whole": whole})

    def mark_database(self, lab: str, database: str) -> None:
        """Note a mark of a database that was made anew beside files that are the learner's."""
        self._note(lab, {"files": {}, **(self._read(lab) or {}), "database": database} | _WHOLE)

    def set_aside(self, lab: str) -> Kept:
        """Move the whole project, as far as there is one, to a dated folder."""
        with told(self.folder):
            stamp = datetime.now().strftime("%Y-%m-%d_%H%M%S")
            kept = self.folder / ".kept" / stamp
            number = 1
            while (kept / lab).exists():
                number += 1
                kept = self.folder / ".kept" / f"{stamp}-{number}"
            kept.mkdir(parents=True, exist_ok=True)
            if self.project(lab).is_dir():
                self.project(lab).rename(kept / lab)
            else:
                (kept / lab).mkdir()
            manifest = self._loaded / f"{lab}.json"
            if manifest.exists():
                manifest.rename(kept / f"{lab}.json")
        return Kept(lab, kept.name, kept / lab)

    def kept(self, lab: str) -> list[Kept]:
        """All that was set aside of a lab, the newest first."""
        found = (self.folder / ".kept").glob(f"*/{lab}/")
        return sorted(
            (Kept(lab, path.parent.name, path) for path in found),
            key=lambda kept: kept.stamp,
            reverse=True,
        )

    def bring_back(self, kept: Kept) -> None:
        """Move what was set aside to its place, which is free."""
        with told(self.folder):
            manifest = kept.folder.with_name(f"{kept.lab}.json")
            if manifest.exists():
                manifest.rename(self._loaded / f"{kept.lab}.json")
            kept.folder.rename(self.project(kept.lab))
            tree.remove_empty(kept.folder.parent)

    def _note(self, lab: str, loaded: dict[str, Any]) -> None:
        with told(self._loaded):
            write(self._loaded, f"{lab}.json", json.dumps(loaded, indent=1))

    def _read(self, lab: str) -> dict[str, Any] | None:
        try:
            loaded = json.loads((self._loaded / f"{lab}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        usable = isinstance(loaded, dict) and isinstance(loaded.get("files", {}), dict)
        return loaded if usable else None


def write(project: Path, path: str, text: str) -> None:
    """Write a file below the project, whole or not at all.

    Raises:
        Trouble: where a link leads out of the project, or the disk does not take it.
    """
    target = project / path
    with told(target):
        if not target.parent.resolve().is_relative_to(project.resolve()):
            raise messages.leads_out(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=_DRAFT)
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
    with told(state):
        state.mkdir(parents=True, exist_ok=True)
        holder = Path(tempfile.mkdtemp(dir=state, prefix="copy-"))
    try:
        copy = holder / project.name
        with told(project):
            shutil.copytree(project, copy, symlinks=True, ignore=tree.copied_not)
        yield copy
    finally:
        shutil.rmtree(holder, ignore_errors=True)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Tell an error of the file system as Trouble."""
    try:
        yield
    except Trouble:
        raise
    except shutil.Error as error:
        raise messages.not_written(path, str(error.args[0][0][2])) from None
    except OSError as error:
        named = Path(error.filename or path)
        raise messages.not_written(
            path if named.name.startswith(_DRAFT) else named,
            error.strerror or str(error),
            error.errno,
        ) from None
