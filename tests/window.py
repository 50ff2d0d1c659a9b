"""Windows: pseudo-terminals in which a task runs as it does before a learner."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

PATIENCE = 60.0
_LOG_IN = "import os, sys; os.login_tty(0); os.execv(sys.argv[1], sys.argv[1:])"


class Window:
    """A terminal of a size; what is typed reaches whatever runs in front, Ctrl-C as its signal."""

    def __init__(self, command: Sequence[str], *, columns: int = 80, **options: Any) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (40, columns))
        self.text = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _LOG_IN, *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            **options,
        )
        os.close(slave)

    def __enter__(self) -> Window:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)

    def wait_for(self, words: str) -> None:
        """Read until these words were shown after everything that was waited for before."""
        start = len(self.text)
        while words not in self.text[start:]:
            assert self._read(), f"{words!r} never came: {self.text}"

    def type(self, text: str) -> None:
        """Type something; “\\x03” is Ctrl-C."""
        os.write(self._master, text.encode())

    def kill(self) -> None:
        """End the task as nothing can prevent it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def status(self) -> int:
        """Read to the end and return the task's exit status."""
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    def _read(self) -> bool:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self._master], [], [], 0.1)
            if ready:
                try:
                    data = os.read(self._master, 1 << 16)
                except OSError:
                    return False
                self.text += data.decode("utf-8", "replace").replace("\r\n", "\n")
                return bool(data)
            if self.process.poll() is not None:
                return False
        raise AssertionError(f"nothing was shown for {PATIENCE:.0f} s: {self.text}")
