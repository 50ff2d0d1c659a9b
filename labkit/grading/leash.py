"""The leash: a pipe that the grader holds and a cell feels, so that nothing of a cell outlives it.

Once it is let go, which the end of the grader does too, the cell kills all that is behind its
fence. The system does that in one step, so that not even who forks without end is quicker.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from pathlib import Path

import psutil

from labkit.process import fence

# The version of Landlock from which a signal stays behind the fence.
_SIGNALS_STAY = 6
_PATIENCE = 20.0  # seconds in which a cell that is let go has to end
_ROUNDS = 100


def signals_stay() -> bool:
    """Whether a fence on this system keeps signals in."""
    return fence.version() >= _SIGNALS_STAY


class Leash:
    """The cell's end, its standard input. Made before the fence is raised."""

    def __init__(self) -> None:
        self._pipe = os.dup(0)
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        self._grader = os.getppid()
        os.kill(self._grader, 0)
        self._ends = False

    def follow(self) -> None:
        """Have a thread end this process and all that it started once the leash is let go.

        To be called behind the fence. Where signals would leave it there is no such thread: the
        grader has to find what a cell has started.
        """
        try:
            os.kill(self._grader, 0)
        except PermissionError:
            self._ends = signals_stay()
        except ProcessLookupError:
            return
        if self._ends:
            threading.Thread(target=self._end, daemon=True).start()

    def wait(self) -> None:
        """Wait to be ended; what a submission left running would else lose its parent."""
        while self._ends:
            signal.pause()
        self._feel()

    def _feel(self) -> None:
        while os.read(self._pipe, 1):
            pass

    def _end(self) -> None:
        self._feel()
        with contextlib.suppress(OSError):
            # Whoever is in reach but this process: all behind the fence, and nobody else.
            os.kill(-1, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()
        os._exit(0)


def let_go(process: subprocess.Popen[bytes], scratch: Path) -> None:
    """End a cell, and all that it has started; ``scratch`` is its folder."""
    if process.stdin and signals_stay():
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
    if process.poll() is None:
        killed = _kill_all(process.pid, scratch)
        process.kill()
        process.wait()
        psutil.wait_procs(killed, timeout=1)
    if process.stdin:
        process.stdin.close()


def _kill_all(cell: int, scratch: Path) -> list[psutil.Process]:
    """Stop whatever belongs to a cell until nothing new comes, then kill all of it."""
    stopped: dict[int, psutil.Process] = {}
    for _ in range(_ROUNDS):
        new = [one for one in _started(cell, scratch) if one.pid not in stopped]
        if not new:
            break
        for one in new:
            with contextlib.suppress(psutil.Error):
                one.suspend()
            stopped[one.pid] = one
    for one in stopped.values():
        with contextlib.suppress(psutil.Error):
            one.kill()
    return list(stopped.values())


def _started(cell: int, scratch: Path) -> list[psutil.Process]:
    """The processes below a cell, and those that have its folder in their environment."""
    below: set[int] = set()
    with contextlib.suppress(psutil.Error):
        below = {one.pid for one in psutil.Process(cell).children(recursive=True)}
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if one.pid == cell:
                continue
            if one.pid in below or one.environ().get("HOME") == str(scratch / "home"):
                found.append(one)
    return found
