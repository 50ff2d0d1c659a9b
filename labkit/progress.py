"""Progress: how far a learner has come with each lab, in one small file that a person can read.

``.labs/progress.json`` holds an object for each lab that was begun: its state, and how many levels
of its hints were asked for. It is written whole or not at all, under a lock of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock
from filelock import Timeout as LockTimeout

from labkit import workspace
from labkit.messages import progress as messages

NEW, STARTED, PASSED, LAPSED = "new", "started", "passed", "passed but no longer"
STATES = (NEW, STARTED, PASSED, LAPSED)
HINTS = 3  # levels: a nudge, where to look, the remedy

_FILE = "progress.json"
_LOCK_SECONDS = 10


@dataclass(frozen=True)
class Standing:
    """How far one lab has come: one of ``STATES``, and the level of its hints, 0 to ``HINTS``."""

    state: str = NEW
    hint: int = 0


class Progress:
    """The progress file of one state folder.

    Args:
        state: the folder ``.labs``; it is made when something is written.
        on_broken: is told in a sentence that a file nobody can read was set aside.
    """

    def __init__(self, state: Path, on_broken: Callable[[str], None] = lambda _: None) -> None:
        self._state = state
        self._file = state / _FILE
        self._on_broken = on_broken

    def of(self, lab: str) -> Standing:
        """The standing of a lab by its folder's name; that of a new one where nothing is known."""
        return self.all().get(lab, Standing())

    def all(self) -> dict[str, Standing]:
        """The standings of all labs that were begun.

        Raises:
            Trouble: the file cannot be opened. One that makes no sense is set aside instead.
        """
        try:
            return self._read()
        except ValueError:
            with self._locked():
                return self._read_or_set_aside()

    def started(self, lab: str) -> None:
        """Note that a lab was begun; what was reached already stays."""
        self._change(lab, lambda before: STARTED if before.state == NEW else before.state)

    def judged(self, lab: str, *, passed: bool) -> None:
        """Note the verdict of a check; an answer that passed once and fails now has lapsed."""
        self._change(lab, lambda before: PASSED if passed else _fallen(before.state))

    def begun_anew(self, lab: str) -> None:
        """Note that a lab is back at its start, hints and all."""
        self._change(lab, lambda before: _fallen(before.state), hint=0)

    def hinted(self, lab: str, level: int) -> None:
        """Note the level of hints that was shown; a lower one than before changes nothing."""
        level = min(max(level, self.of(lab).hint), HINTS)
        self._change(lab, lambda before: before.state, hint=level)

    def _change(self, lab: str, state: Callable[[Standing], str], hint: int | None = None) -> None:
        with self._locked():
            known = self._read_or_set_aside()
            before = known.get(lab, Standing())
            after = Standing(state(before), before.hint if hint is None else hint)
            if after != before:
                self._write({**known, lab: after})

    def _read_or_set_aside(self) -> dict[str, Standing]:
        try:
            return self._read()
        except ValueError:
            stamp = datetime.now().strftime("%Y-%m-%d_%H%M%S")
            broken = self._file.with_name(f"progress-{stamp}.broken")
            with workspace.told(self._state):
                self._file.replace(broken)
            self._on_broken(messages.broken(f"{self._state.name}/{broken.name}"))
            return {}

    def _read(self) -> dict[str, Standing]:
        """Raises ValueError where the file makes no sense."""
        with workspace.told(self._file):
            try:
                written = self._file.read_bytes()
            except FileNotFoundError:
                return {}
        found = json.loads(written)
        if not isinstance(found, dict):
            raise ValueError(_FILE)
        return {lab: _standing(entry) for lab, entry in found.items()}

    def _write(self, known: dict[str, Standing]) -> None:
        entries = {lab: asdict(known[lab]) for lab in sorted(known)}
        workspace.write(self._state, _FILE, json.dumps(entries, indent=1) + "\n")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with workspace.told(self._state):
            self._state.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._state / "progress.lock")
            try:
                lock.acquire(timeout=_LOCK_SECONDS)
            except LockTimeout:
                raise messages.held(_LOCK_SECONDS) from None
        try:
            yield
        finally:
            lock.release()


def _standing(entry: object) -> Standing:
    if not isinstance(entry, dict):
        raise ValueError(_FILE)
    state, hint = entry.get("state"), entry.get("hint", 0)
    if state not in STATES or type(hint) is not int or not 0 <= hint <= HINTS:
        raise ValueError(_FILE)
    return Standing(state, hint)


def _fallen(state: str) -> str:
    """The state of an answer that does not pass, or not any more."""
    return LAPSED if state in (PASSED, LAPSED) else STARTED
