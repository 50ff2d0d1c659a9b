"""Running: a command line is run as a shell would run it, and what it did is collected.

``alembic`` and ``python`` in that line meet a shim first, which has them served by a fork of a
prepared process; see ``shim`` and ``forkserver``. Where the system cannot fork, or LABS_NO_FORK
is set, the shim starts plain processes that observe themselves.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import marshal
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from labkit import leftovers, record, standing
from labkit.messages import run as messages
from labkit.observation import Observation
from labkit.output import Output

GRACE = 2.0
DRAIN = 0.2
POLL = 0.05

_HERE = Path(__file__).resolve().parent
_NAMES = ("alembic", "python", "python3")


class Runner:
    """Runs commands one after the other, and ends all they started when it is closed.

    Making one takes no time: the prepared process gets ready in the background, and the first
    ``run`` waits for it. A context manager.
    """

    def __init__(self, fork: bool | None = None) -> None:
        """``fork`` says whether to fork; None lets the system and LABS_NO_FORK decide."""
        wanted = not os.environ.get("LABS_NO_FORK") if fork is None else fork
        self._fork = wanted and hasattr(os, "fork")
        self._folder = Path(tempfile.mkdtemp(prefix="labs-"))
        self._count = 0
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._door: socket.socket | None = None
        self._ready = False
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the prepared process and everything that commands left running."""
        for end in (self._control, self._door):
            if end is not None:
                end.close()
        if self._server is not None:
            try:
                self._server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        if self._folder.exists():
            leftovers.end(str(self._folder))

    def run(
        self,
        command: str,
        *,
        project: Path,
        env: Mapping[str, str],
        on_output: Callable[[str], None] | None = None,
        timeout: float | None = None,
    ) -> Observation:
        """Run ``command`` with a shell in the folder ``project`` and return what it did.

        ``env`` is the whole environment, ``timeout`` in seconds. ``on_output`` gets all output as
        it comes. Ctrl-C is passed on to the command, which has two seconds to end by itself.

        Raises Trouble when there is nothing to run it with: no project, no shell, no Alembic.
        """
        self._wait_ready()
        self._count += 1
        told = self._folder / f"{self._count}.jsonl"
        record.begin(told)
        reading, writing = os.pipe()
        known = os.fstat(writing)
        environment = {
            **env,
            "PATH": os.pathsep.join([str(self._folder / "bin"), env.get("PATH", os.defpath)]),
            "PYTHONUNBUFFERED": "1",
            record.RECORD: str(told),
            record.PROJECT: os.path.realpath(project),
            standing.PIPE: f"{known.st_dev}:{known.st_ino}",
            leftovers.FOLDER: str(self._folder),
        }
        began = time.perf_counter()
        try:
            shell = subprocess.Popen(
                [_shell(), "-c", command],
                cwd=project,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
                pass_fds=[self._door.fileno()] if self._door is not None else [],
            )
        finally:
            os.close(writing)
        watch = _Watch(shell, reading, on_output, timeout)
        try:
            watch.follow()
        finally:
            os.close(reading)
            watch.end()
        seconds = time.perf_counter() - began
        statements, failure = record.read(told, project)
        status = shell.returncode if shell.returncode >= 0 else 128 - shell.returncode
        return Observation(
            command=command,
            output=watch.output.text,
            status=status,
            seconds=seconds,
            statements=statements,
            failure=failure,
            interrupted=watch.interrupted,
            timed_out=watch.timed_out,
            cut=watch.output.cut,
        )

    def _start(self) -> None:
        alembic = Path(sysconfig.get_path("scripts")) / "alembic"
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
        environment.pop("PYTHONPATH", None)
        self._control, control = socket.socketpair()
        door: socket.socket | None = None
        known = (0, 0, 0)
        if self._fork:
            self._door, door = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            status = os.fstat(self._door.fileno())
            known = (self._door.fileno(), status.st_dev, status.st_ino)
        prepared = {
            "door": known if self._fork else None,
            "python": sys.executable,
            "alembic": str(alembic),
            "interpreter": _interpreter(alembic),
            "observed": str(_HERE / "observed.py"),
            "settled": _settled(environment),
        }
        binaries = self._folder / "bin"
        binaries.mkdir()
        (self._folder / "prepared").write_bytes(marshal.dumps(prepared))
        words = [sys.executable, "-I", "-S", str(_HERE / "shim.py"), str(self._folder / "prepared")]
        for name in _NAMES:
            file = binaries / name
            file.write_text(f'#!/bin/sh\nexec {shlex.join(words)} {name} "$@"\n')
            file.chmod(0o755)
        door_number = door.fileno() if door is not None else -1
        code = (
            "import sys; path = sys.path[1:]; "
            f"sys.path[0] = {str(_HERE.parent)!r}; "
            "from labkit.forkserver import main; "
            f"main(path, {control.fileno()}, {door_number}, {str(self._folder)!r})"
        )
        with (self._folder / "server.log").open("wb") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={**environment, leftovers.FOLDER: str(self._folder)},
                cwd="/",
                start_new_session=True,
                pass_fds=[n for n in (control.fileno(), door_number) if n >= 0],
            )
        control.close()
        if door is not None:
            door.close()

    def _wait_ready(self) -> None:
        if self._ready:
            return
        assert self._control is not None
        with self._control.makefile("rb") as file:
            line = file.readline()
        told = json.loads(line) if line else {"error": "It ended without a word."}
        if "error" in told:
            raise messages.alembic_cannot_be_imported(told["error"])
        self._ready = True


class _Watch:
    """Reads a command's output until the command is over, and ends it when it has to end."""

    def __init__(
        self,
        shell: subprocess.Popen[bytes],
        reading: int,
        on_output: Callable[[str], None] | None,
        timeout: float | None,
    ) -> None:
        self._shell = shell
        self._reading = reading
        self._on_output = on_output
        self._timeout = time.monotonic() + timeout if timeout is not None else None
        self._kill_at: float | None = None
        self._drained_at: float | None = None
        self.output = Output()
        self.interrupted = False
        self.timed_out = False

    def follow(self) -> None:
        """Return when the command is over; Ctrl-C and the timeout make it so."""
        while True:
            try:
                if self._step():
                    return
            except KeyboardInterrupt:
                self._interrupt(hard=self.interrupted)
                self.interrupted = True

    def end(self) -> None:
        """Kill what is left of the command and reap its shell."""
        if self._shell.poll() is None:
            self._signal(signal.SIGKILL)
            self._shell.wait()

    def _step(self) -> bool:
        now = time.monotonic()
        if self._timeout is not None and now >= self._timeout and not self.timed_out:
            self.timed_out = True
            self._interrupt(hard=False)
        if self._kill_at is not None and now >= self._kill_at:
            self._signal(signal.SIGKILL)
        ready, _, _ = select.select([self._reading], [], [], POLL)
        if ready:
            data = os.read(self._reading, 1 << 16)
            self._deliver(data, final=not data)
            if not data:
                self._reading_over = True
                return self._reap()
        elif self._shell.poll() is not None:
            if self._drained_at is None:
                self._drained_at = now + DRAIN
            return now >= self._drained_at
        return False

    def _reap(self) -> bool:
        while True:
            deadline = self._kill_at or self._timeout
            try:
                self._shell.wait(deadline and max(0.0, deadline - time.monotonic()))
                return True
            except subprocess.TimeoutExpired:
                if self._kill_at is not None:
                    self._signal(signal.SIGKILL)
                else:
                    self.timed_out = True
                    self._interrupt(hard=False)

    def _deliver(self, data: bytes, final: bool) -> None:
        text = self.output.add(data, final)
        if text and self._on_output is not None:
            self._on_output(text)

    def _interrupt(self, hard: bool) -> None:
        self._signal(signal.SIGKILL if hard else signal.SIGINT)
        if self._kill_at is None:
            self._kill_at = time.monotonic() + GRACE

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._shell.pid, number)


def _shell() -> str:
    return shutil.which("bash") or "/bin/sh"


def _interpreter(script: Path) -> str:
    """The interpreter that a console script names, as long as it is one of this environment."""
    try:
        first = script.read_bytes().partition(b"\n")[0].decode()
    except (OSError, UnicodeDecodeError):
        first = ""
    named = first.removeprefix("#!").strip()
    same = Path(named).parent == Path(sys.executable).parent and os.access(named, os.X_OK)
    return named if same else sys.executable


def _settled(environment: Mapping[str, str]) -> dict[str, str]:
    """What the prepared process was started with and a fork cannot change; the shim's own rule."""
    spec = importlib.util.spec_from_file_location("labs_shim", _HERE / "shim.py")
    assert spec is not None and spec.loader is not None
    shim: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shim)
    told: dict[str, str] = shim.settled(environment)
    return told
