"""The standing of a process: whatever a program can tell of how it was started.

A fork takes it over from the shim, a plain process has it already; both then see to it that
their streams behave alike and that ``labkit`` is not in the program's way.
"""

from __future__ import annotations

import fcntl
import io
import os
import resource
import signal
import struct
import sys
import termios
import time
from typing import Any

PIPE = "LABS_PIPE"


def adopt(request: dict[str, Any], folder: int, passed: list[int]) -> None:
    """Take over what the shim was started with; ``passed`` are its descriptors, received."""
    numbers = request["descriptors"]
    clear = max([*numbers, *passed, folder]) + 1
    moved = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, clear) for number in [folder, *passed]]
    for number in [folder, *passed]:
        os.close(number)
    for number, held in zip(numbers, moved[1:], strict=True):
        os.dup2(held, number)
    os.fchdir(moved[0])
    for held in moved:
        os.close(held)
    os.umask(request["umask"])
    os.environb.clear()
    os.environb.update(request["environment"])
    time.tzset()
    kept = {signal.SIGPIPE, getattr(signal, "SIGXFSZ", signal.SIGPIPE)}
    for number in signal.valid_signals() - kept:
        if number in request["ignored"]:
            signal.signal(number, signal.SIG_IGN)
        elif number == signal.SIGINT:
            signal.signal(number, signal.default_int_handler)
        elif signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, request["blocked"])
    for number, soft, hard in request["limits"]:
        if resource.getrlimit(number) != (soft, hard):
            resource.setrlimit(number, (soft, hard))


def streams() -> None:
    """Have stdout buffer by the line where the command's output is watched, else by the block.

    The streams stay the same objects: Alembic keeps one as the default of an argument.
    """
    watched = _watched(sys.stdout)
    for stream, by_line in ((sys.stdout, watched), (sys.stderr, True)):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=by_line, write_through=False)
    messaging = sys.modules.get("alembic.util.messaging")
    if messaging is not None:
        messaging.TERMWIDTH = _width()  # type: ignore[attr-defined]


def hide() -> None:
    """Let ``import labkit`` mean whatever it means to the program."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "labkit"]:
        del sys.modules[name]


def _watched(stream: Any) -> bool:
    try:
        known = os.fstat(stream.fileno())
        told = f"{known.st_dev}:{known.st_ino}"
        return told == os.environ.get(PIPE) or stream.isatty()
    except (OSError, ValueError, AttributeError):
        return False


def _width() -> int | None:
    """The terminal's width as Alembic reads it when it is imported."""
    try:
        told = fcntl.ioctl(0, termios.TIOCGWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
    except OSError:
        return None
    return struct.unpack("HHHH", told)[1] or None
