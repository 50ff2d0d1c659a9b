"""Handing a task over: with the stack up, it runs in the workspace container, as if it ran here.

It is imported before anything else, so it imports nothing that it does not always need.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from labkit.containers import note

# What runs outside: it is about the containers, is told a path, checks the labs themselves or needs
# no PostgreSQL. Every other task is handed over.
OUTSIDE = frozenset(
    {"up", "down", "logs", "doctor", "grade", "labs", "new", "index", "test", "bench"}
)
# Of the others, the ones that read what is typed.
_READING = frozenset({"shell", "record", "watch"})
_HELP = frozenset({"-h", "--help"})
_PROGRAMS = frozenset({"invoke", "inv"})
_PASSED = ("TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "LABS_TRACEBACK")
_CALL = "LABS_CALL"
# What `docker exec` leaves with when the container is not there or goes away, and a FAIL too.
_DOUBTFUL = frozenset({1, 125, 126, 127, 137, 143})

# The process that `docker exec` began has its parent outside the container.
_SIGNAL = """
for process in /proc/[0-9]*; do
  if grep -qz "^$1=$2$" $process/environ && grep -q '^PPid:.0$' $process/status; then
    kill -$3 ${process#/proc/}
  fi
done 2>/dev/null
"""


class _CaughtError(BaseException):
    """A signal that ends us, and so the task."""


def hand_over(root: Path, words: Sequence[str]) -> None:
    """Run the task in the workspace container and leave with its exit status.

    Returns if it runs here: the stack is not up, the task is one of ``OUTSIDE``, or
    LABS_DATABASE_URL names another server. Docker is not asked.

    Args:
        words: the command line, its program included.
    """
    if len(words) < 2 or not _is_program(Path(words[0])):
        return
    # What begins with "-" is for invoke itself, as --list is.
    if words[1] in OUTSIDE or words[1].startswith("-") or not _HELP.isdisjoint(words):
        return
    if os.environ.get("LABS_DATABASE_URL", "").strip():
        return
    known = note.read(root / ".labs")
    if known is None:
        return
    status = _run(known.container, words[1:])
    if status in _DOUBTFUL:
        _doubt(root, known.container, words, status)
    sys.exit(status)


def _is_program(path: Path) -> bool:
    # The second for `python -m invoke`.
    return path.stem in _PROGRAMS or (path.stem, path.parent.name) == ("__main__", "invoke")


def _run(container: str, words: Sequence[str]) -> int:
    terminal = sys.stdout.isatty() and sys.stderr.isatty()
    reads = words[0] in _READING or "record" in words
    typed = sys.stdin is not None and sys.stdin.isatty()
    call = os.urandom(8).hex()
    command = ["docker", "exec", "--env", f"{_CALL}={call}"]
    for name in _PASSED:
        if name in os.environ:
            command += ["--env", name]
    if reads or (terminal and typed):
        command.append("--interactive")
    if terminal and (typed or not reads):
        command.append("--tty")
    # On a terminal Ctrl-C is typed into the container. Elsewhere it comes to us, and the client
    # must live on to bring what the task says to it.
    alone = not terminal and not (reads and typed) and sys.platform != "win32"
    try:
        client = subprocess.Popen(
            [*command, container, *_inside(words)],
            stdin=None if reads or typed else subprocess.DEVNULL,
            process_group=0 if alone else None,
        )
    except FileNotFoundError:
        return 127
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _caught)
    while True:
        try:
            return client.wait()
        except KeyboardInterrupt:
            _send(container, call, "INT")
        except _CaughtError as caught:
            _send(container, call, str(caught))


def _inside(words: Sequence[str]) -> list[str]:
    # The program knows no argument that may be there or not, so that this one never comes to it.
    return ["bash"] if words == ["shell"] else ["invoke", *words]


def _caught(number: int, _: FrameType | None) -> NoReturn:
    raise _CaughtError(signal.Signals(number).name.removeprefix("SIG"))


def _send(container: str, call: str, name: str) -> None:
    """Pass a signal on: the client of ``docker exec`` does not."""
    subprocess.run(
        ["docker", "exec", container, "sh", "-c", _SIGNAL, "sh", _CALL, call, name],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def _doubt(root: Path, container: str, words: Sequence[str], status: int) -> None:
    """Say why, if it was the container and not the task that ended so."""
    from labkit.containers.engine import Engine
    from labkit.ending import end
    from labkit.messages import compose as messages
    from labkit.show import Screen

    task = words[1]

    def action() -> None:
        if Engine(root, os.environ).runs(container):
            sys.exit(status)
        raise messages.stopped_meanwhile(task) if status in (137, 143) else messages.not_up()

    end(action, Screen(), task=task, lab="", machine="--json" in words)
