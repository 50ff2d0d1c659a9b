"""Visits: a simple command taken to the fork server without a shell and a shim on the way.

What a program finds is what it would find behind those two. They cost several times what a short
program itself does.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labkit.process import shim

_UMASK = re.compile(rb"^Umask:\s*([0-7]+)", re.MULTILINE)


class Visit:
    """A program that the fork server runs for this process; to be followed as a ``Popen`` is.

    Attributes:
        returncode: its exit status, -n for signal n, None as long as it is not known to be over.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.returncode: int | None = None
        self._connection = connection
        self._heard = b""

    def poll(self) -> int | None:
        """Return ``returncode``, after a look without waiting."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return ``returncode`` once it is over; raise TimeoutExpired after so many seconds."""
        while self.returncode is None:
            ready, _, _ = select.select([self._connection], [], [], timeout)
            if not ready:
                raise subprocess.TimeoutExpired("a visit", timeout or 0)
            try:
                told = self._connection.recv(4 - len(self._heard))
            except ConnectionError:
                told = b""
            self._heard += told
            if not told:  # the server is gone, and it kills what it leaves
                self._over(9)
            elif len(self._heard) == 4:
                self._over(int.from_bytes(self._heard, "big"))
        return self.returncode

    def signal_all(self, number: int) -> None:
        """Signal the program, and its group where a terminal would."""
        with contextlib.suppress(OSError):
            self._connection.send(bytes([number]))

    def _over(self, status: int) -> None:
        self.returncode = os.waitstatus_to_exitcode(status)
        self._connection.close()


def begin(
    known: Mapping[str, Any],
    door: socket.socket,
    words: list[str],
    folder: Path,
    environment: Mapping[str, str],
    output: int,
) -> Visit | None:
    """Begin a program in ``folder``, as a shell's only command; None where it takes a shell.

    Args:
        known: what the shims know, see ``Prepared``.
        door: the Runner's end of it.
        output: the descriptor of both its output streams; it reads from nowhere.

    Raises:
        OSError: the folder cannot be entered.
    """
    name, *rest = words
    asked = shim.asked(known, name, rest)
    if asked is None or asked.options:
        return None
    kind, target, _, executable = asked.program
    if kind not in ("file", "command", "module"):
        return None
    if kind == "file" and not (folder / target).is_file():
        return None
    there = _as_by_a_shell(environment, folder, executable)
    if not known["door"] or shim.settled(there) != known["settled"]:
        return None
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    opened: list[int] = []
    try:
        with theirs:
            opened.append(os.open(folder, os.O_RDONLY))
            opened.append(os.open(os.devnull, os.O_RDWR))
            shim.knock(door, theirs.fileno())
        numbers = [0, 1, 2, known["door"][0]]
        passed = [*opened, output, output, door.fileno()]
        coded = {os.fsencode(k): os.fsencode(v) for k, v in there.items()}
        shim.hand_over(mine, asked.program, coded, numbers, passed, _umask())
    except ConnectionError:  # it has been killed
        mine.close()
        return None
    except BaseException:
        mine.close()
        raise
    finally:
        for number in opened:
            os.close(number)
    return Visit(mine)


def _as_by_a_shell(environment: Mapping[str, str], folder: Path, executable: str) -> dict[str, str]:
    """The environment with what a shell adds to it."""
    named = environment.get("PWD", "")
    with contextlib.suppress(OSError):
        if not (Path(named).is_absolute() and folder.samefile(named)):
            named = ""
    pwd = named or os.path.realpath(folder)
    return {"SHLVL": "0", **environment, "PWD": pwd, "_": executable}


def _umask() -> int:
    """This process's file mode mask, left alone where the system tells it otherwise."""
    with contextlib.suppress(OSError):
        if told := _UMASK.search(Path("/proc/self/status").read_bytes()):
            return int(told[1], 8)
    return shim.umask()
