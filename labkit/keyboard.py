"""The keyboard: keys as they are pressed, without Enter, on a terminal that is put back after."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

msvcrt: Any = None
if sys.platform == "win32":
    import msvcrt
else:
    import termios
    import tty

_NAP = 0.02  # seconds between two looks where nothing can be waited for


class Keyboard:
    """What is pressed on standard input, where that is a terminal. A context manager.

    Ctrl-C stays a signal. ``knock`` ends a wait from another thread or a signal's handler.
    """

    def __init__(self) -> None:
        self.there = sys.stdin is not None and sys.stdin.isatty()
        self._before: list[Any] | None = None
        self._heard, self._knocked = os.pipe()
        os.set_blocking(self._heard, False)
        os.set_blocking(self._knocked, False)
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Keyboard:
        if self.there and sys.platform != "win32":
            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
            # Somebody who comes back after Ctrl-Z finds the shell's settings.
            self._handle(signal.SIGCONT, self._came_back)
            self._handle(signal.SIGWINCH, lambda *_: self.knock())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._put_back()
        os.close(self._heard)
        os.close(self._knocked)

    def knock(self) -> None:
        """End the wait that goes on, or the next one."""
        with contextlib.suppress(OSError):
            os.write(self._knocked, b".")

    def pressed(self, seconds: float | None = None) -> str:
        """The key pressed first, in lower case; "" after a knock or where the time is over.

        Where the terminal has gone it is “q”.
        """
        if sys.platform == "win32":
            return self._pressed_there(seconds)
        ready, _, _ = select.select(
            [self._heard, *([sys.stdin] if self.there else [])], [], [], seconds
        )
        if self._heard in ready:
            self._hear()
        if sys.stdin not in ready:
            return ""
        try:
            data = os.read(sys.stdin.fileno(), 64)
        except OSError:
            data = b""
        # A key of several letters, as an arrow, is none that anybody here knows.
        return data.decode("utf-8", "replace").lower() if data else "q"

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Give the terminal to somebody who asks for whole lines."""
        self._put_back()
        try:
            yield
        finally:
            if self._before is not None and sys.platform != "win32":
                tty.setcbreak(sys.stdin)

    def _hear(self) -> bool:
        try:
            return bool(os.read(self._heard, 1 << 10))
        except BlockingIOError:
            return False

    def _put_back(self) -> None:
        if self._before is not None and sys.platform != "win32":
            with contextlib.suppress(termios.error):
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def _handle(self, number: int, handler: Any) -> None:
        self._handlers[number] = signal.signal(number, handler)

    def _came_back(self, *_: object) -> None:
        if sys.platform != "win32":
            with contextlib.suppress(termios.error):
                tty.setcbreak(sys.stdin)
        self.knock()

    def _pressed_there(self, seconds: float | None) -> str:
        end = None if seconds is None else time.monotonic() + seconds
        while not self._hear():
            if self.there and msvcrt.kbhit():
                return str(msvcrt.getwch()).lower()
            if end is not None and time.monotonic() >= end:
                break
            time.sleep(_NAP)
        return ""
