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
from collections.abc import Iterable
from typing import Any

PIPE = "LABS_PIPE"

# What PYTHONUNBUFFERED is when the Runner set it, and not the command's own environment.
UNBUFFERED = "labs"


def adopt(request: dict[str, Any], passed: list[int]) -> None:
    """Take over what the shim was started with; ``passed`` are its folder and descriptors."""
    numbers = request["descriptors"]
    clear = max([*numbers, *passed]) + 1
    held = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, clear) for number in passed]
    for number in passed:
        os.close(number)
    for number, source in zip(numbers, held[1:], strict=True):
        os.dup2(source, number)
    os.fchdir(held[0])
    for source in held:
        os.close(source)
    os.umask(request["umask"])
    _adopt_environment(request["environment"])
    if sys.platform == "darwin":
        # libpq asks Kerberos otherwise, whose libraries do not survive a fork there.
        os.environ.setdefault("PGGSSENCMODE", "disable")
    time.tzset()
    _adopt_signals(request["ignored"], request["blocked"])
    for number, soft, hard in request["limits"]:
        if resource.getrlimit(number) != (soft, hard):
            resource.setrlimit(number, (soft, hard))


def _adopt_environment(wanted: dict[bytes, bytes]) -> None:
    """Change only what differs: C keeps each variable that is set in memory of its own."""
    there = os.environb
    for name in [name for name in there if name not in wanted]:
        del there[name]
    for name, value in wanted.items():
        if there.get(name) != value:
            there[name] = value


def _adopt_signals(ignored: list[int], blocked: list[int]) -> None:
    own = {signal.SIGPIPE, getattr(signal, "SIGXFSZ", signal.SIGPIPE)}
    for number in signal.valid_signals() - own:
        if number in ignored:
            signal.signal(number, signal.SIG_IGN)
        elif number == signal.SIGINT:
            signal.signal(number, signal.default_int_handler)
        elif signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def settle_streams() -> None:
    """Have stdout buffer by the line where the command's output is watched, else by the block.

    The streams stay the same objects: Alembic keeps one as the default of an argument.
    """
    if os.environ.get("PYTHONUNBUFFERED", UNBUFFERED) != UNBUFFERED:
        return
    for stream, by_line in ((sys.stdout, _watched(sys.stdout)), (sys.stderr, True)):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=by_line, write_through=False)


def measure_terminal() -> None:
    """Have Alembic wrap its messages at the width of the terminal it has now, if any."""
    messaging: Any = sys.modules.get("alembic.util.messaging")
    if messaging is not None:
        messaging.TERMWIDTH = _width()


def hide() -> None:
    """Let ``import labkit`` mean whatever it means to the program."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "labkit"]:
        del sys.modules[name]


def loaded() -> frozenset[str]:
    """Return the names that a program's own module may not have where it is to find that one.

    Asked before a fork: to go through the modules is to have a page of memory copied for each.
    """
    return frozenset(n for n in sys.modules if "." not in n) | {"sitecustomize", "usercustomize"}


def shadowed(folders: Iterable[str], names: frozenset[str]) -> set[str]:
    """Return the ``names`` that ``folders`` have something else to say about."""
    found = set()
    for folder in folders:
        try:
            entries = os.listdir(folder or ".")
        except OSError:
            continue
        for entry in entries:
            name, _, kind = entry.partition(".")
            module = kind in ("py", "pyc") or kind.endswith(("so", "pyd"))
            package = not kind and os.path.isfile(os.path.join(folder, entry, "__init__.py"))
            if name in names and (module or package):
                found.add(name)
    return found


def python_path() -> list[str]:
    """Return the entries that PYTHONPATH adds to ``sys.path``."""
    told = os.environ.get("PYTHONPATH", "")
    return [os.path.abspath(entry) for entry in told.split(os.pathsep)] if told else []


def _watched(stream: Any) -> bool:
    try:
        known = os.fstat(stream.fileno())
        told = f"{known.st_dev}:{known.st_ino}"
        return told == os.environ.get(PIPE) or bool(stream.isatty())
    except (OSError, ValueError, AttributeError):
        return False


def _width() -> int | None:
    """The terminal's width as Alembic reads it when it is imported."""
    try:
        told = fcntl.ioctl(0, termios.TIOCGWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
    except OSError:
        return None
    return struct.unpack("HHHH", told)[1] or None
