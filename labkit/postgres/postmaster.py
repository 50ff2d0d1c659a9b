"""The processes of the embedded server, told apart from others that took over their numbers."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from labkit.postgres.place import Place

# Fast, immediate, and what no process can refuse; each with the seconds that it gets.
_STOP: tuple[tuple[int, float], ...]
if sys.platform == "win32":
    _STOP = ((signal.SIGTERM, 5),)
else:
    _STOP = ((signal.SIGINT, 10), (signal.SIGQUIT, 3), (signal.SIGKILL, 3))


def find(place: Place) -> psutil.Process | None:
    """The living postmaster of this place; None when its pid file is missing or stale."""
    lines = place.pid_file()
    if not lines or not lines[0].isdigit():
        return None
    try:
        process = psutil.Process(int(lines[0]))
    except psutil.NoSuchProcess:
        return None
    return process if _belongs(process, place.data) else None


def clear(place: Place) -> None:
    """End what a dead postmaster has left running, and remove its pid file."""
    for process in list(_left(place.data)):
        with suppress(psutil.Error):
            process.kill()
        _wait(process, 3)
    place.pid_path.unlink(missing_ok=True)


def end(process: psutil.Process) -> None:
    """Stop a postmaster, and with it its children: politely first."""
    with suppress(psutil.NoSuchProcess):
        # One that was stopped by a signal would hear nothing else.
        process.resume()
    for number, patience in _STOP:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
        if _wait(process, patience):
            return


def _wait(process: psutil.Process, patience: float) -> bool:
    """Whether a process ends within so many seconds; its parent may be slow to take notice."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.005)
    return False


def _left(data: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter(["name"]):
        if (process.info["name"] or "").startswith("postgres") and _belongs(process, data):
            yield process


def _belongs(process: psutil.Process, data: Path) -> bool:
    # Every process of a PostgreSQL server works in its data directory.
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.name().startswith("postgres") and Path(process.cwd()).samefile(data)
    except (psutil.Error, OSError):
        return False
