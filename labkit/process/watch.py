"""The watch over a running command: its output is read, and it is ended when it has to end."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Protocol

from labkit.process.output import Output

GRACE = 2.0  # seconds that a command has to end by itself after an interrupt
STACK = 0.2  # seconds that it then has to say where it stands
DRAIN = 0.2  # seconds for the output of processes that outlive the command
POLL = 0.05


class Process(Protocol):
    """A command that runs: a shell, or a visit."""

    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def signal_all(self, number: int) -> None: ...


class Leader(subprocess.Popen[bytes]):
    """A process that leads a group of its own, which is signalled as one.

    It is looked at without the lock of ``Popen``: a Ctrl-C at the moment at which that is taken
    leaves it taken, and whoever waits then waits for ever.
    """

    def poll(self) -> int | None:
        """Return its exit status, -n for signal n, None as long as it runs."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # a Ctrl-C came between its end and this
                self.returncode = 0
            else:
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit status once it is over; raise TimeoutExpired after so many seconds."""
        end_at = None if timeout is None else time.monotonic() + timeout
        pause = 0.0005
        while (status := self.poll()) is None:
            now = time.monotonic()
            if end_at is not None and now >= end_at:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            time.sleep(pause if end_at is None else min(pause, end_at - now))
            pause = min(pause * 2, POLL)
        return status

    def signal_all(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


class Watch:
    """Follows one command whose output comes by ``reading``."""

    def __init__(
        self,
        process: Process,
        reading: int,
        on_output: Callable[[str], None] | None,
        timeout: float | None,
        stopping: Callable[[], bool] | None = None,
    ) -> None:
        self._process = process
        self._reading = reading
        self._open = True
        self._on_output = on_output
        self._stopping = stopping
        self._end_at = time.monotonic() + timeout if timeout is not None else None
        self._kill_at: float | None = None
        self._drained_at: float | None = None
        self.output = Output()
        self.interrupted = False
        self.timed_out = False

    def follow(self) -> None:
        """Return when the command is over.

        Ctrl-C interrupts it, a second one kills it; so does the timeout, and then the grace.
        """
        while True:
            try:
                while not self._step():
                    pass
                return
            except KeyboardInterrupt:
                if self.interrupted:
                    self._process.signal_all(signal.SIGKILL)
                self.interrupted = True
                self._interrupt()

    def end(self) -> None:
        """Kill the command if it is still there."""
        if self._process.poll() is None:
            self._process.signal_all(signal.SIGKILL)
            self._process.wait()

    def _step(self) -> bool:
        now = time.monotonic()
        if self._end_at is not None and now >= self._end_at and not self.timed_out:
            self.timed_out = True
            self._interrupt()
        if self._stopping and not self.interrupted and self._stopping():
            self.interrupted = True
            self._interrupt()
        if self._kill_at is not None and now >= self._kill_at:
            self._kill()
        if self._open:
            ready, _, _ = select.select([self._reading], [], [], POLL)
            if ready:
                data = os.read(self._reading, 1 << 16)
                self._open = bool(data)
                self._deliver(data)
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(POLL)
        if self._process.poll() is None:
            return False
        if self._drained_at is None:
            self._drained_at = now + DRAIN
        return not self._open or now >= self._drained_at

    def _deliver(self, data: bytes) -> None:
        text = self.output.add(data, final=not data)
        if text and self._on_output is not None:
            self._on_output(text)

    def _interrupt(self) -> None:
        self._process.signal_all(signal.SIGINT)
        if self._kill_at is None:
            self._kill_at = time.monotonic() + GRACE

    def _kill(self) -> None:
        """Kill the command, after it had a moment to write its stack: see ``Observer.start``."""
        self._process.signal_all(signal.SIGURG)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STACK)
        self._process.signal_all(signal.SIGKILL)
