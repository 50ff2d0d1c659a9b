"""Saves: what a learner saves in a project, as the system tells it, or as a look at it shows.

A folder that reaches a container or a machine from outside may change without a word. So the files
are looked at every now and then in any case; once that shows a save nobody told of, they are looked
at often.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from watchfiles import Change, DefaultFilter, watch

from labkit.schema import tree

# Milliseconds that a burst of writes, as of an editor that writes beside and renames, may pause.
_PAUSE = 20
_BURST = 200
LOOK = 0.5  # seconds between two looks where the system tells
POLL = 0.2  # and where it does not

_Seen = dict[str, tuple[int, int, int]]


class Saves:
    """The saves below one folder, which may come and go. A context manager.

    Args:
        folder: the folder of a project; the one above it is there.
        told: whether the system is trusted to tell; a folder where it does not is noticed.
        on_save: called by another thread when there is something to be taken.

    Attributes:
        polling: true where the files are looked at because nothing tells of them.
    """

    def __init__(
        self, folder: Path, on_save: Callable[[], None] = lambda: None, *, told: bool = True
    ) -> None:
        self.polling = not told
        self._folder = folder
        self._on_save = on_save
        self._filter = DefaultFilter(ignore_dirs=[*DefaultFilter.ignore_dirs, *tree.IGNORED])
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._saved: set[str] = set()
        self._known = self._look()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Saves:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(timeout=5)

    @property
    def waiting(self) -> bool:
        """Whether something was saved that nobody has taken."""
        with self._lock:
            return bool(self._saved)

    def taken(self) -> list[str]:
        """The paths saved since the last call, relative to the folder, in their order."""
        with self._lock:
            saved, self._saved = self._saved, set()
        return sorted(saved)

    def _follow(self) -> None:
        # A folder with too many below it for the system, or none at all, is looked at as well.
        with contextlib.suppress(OSError, RuntimeError):
            self._listen()
        self.polling = True
        while not self._over.wait(POLL):
            self._compare()

    def _listen(self) -> None:
        """Follow what the system tells; returns where it does not."""
        if self.polling:
            return
        untold = 0
        for told in watch(
            # The project itself may be moved away and made anew.
            self._folder.parent,
            watch_filter=self._meant,
            debounce=_BURST,
            step=_PAUSE,
            rust_timeout=int(LOOK * 1000),
            yield_on_timeout=True,
            stop_event=self._over,
            raise_interrupt=False,
            ignore_permission_denied=True,
        ):
            changed = self._compare()
            if told:
                untold = 0
            elif changed or untold:
                # What was just written may still be told.
                untold += 1
            if untold > 1:
                return

    def _meant(self, change: Change, path: str) -> bool:
        return Path(path).is_relative_to(self._folder) and self._filter(change, path)

    def _compare(self) -> bool:
        now = self._look()
        changed = {path for path, _ in now.items() ^ self._known.items()}
        self._known = now
        if changed:
            with self._lock:
                self._saved |= changed
            self._on_save()
        return bool(changed)

    def _look(self) -> _Seen:
        """Each file with what changes when it is saved."""
        seen: _Seen = {}
        for below, names, files in os.walk(self._folder):
            names[:] = [name for name in names if self._wanted(below, name)]
            for name in files:
                path = Path(below, name)
                if self._wanted(below, name):
                    with contextlib.suppress(OSError):
                        known = path.lstat()
                        shown = path.relative_to(self._folder).as_posix()
                        seen[shown] = known.st_mtime_ns, known.st_size, known.st_ino
        return seen

    def _wanted(self, below: str, name: str) -> bool:
        path = Path(self._folder.name, Path(below).relative_to(self._folder), name)
        return self._filter(Change.modified, str(path))
