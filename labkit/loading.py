"""Loading: a Ctrl-C while the modules of a task are read ends it as one that comes later does."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Sequence
from typing import Any

from labkit.messages import ending as messages

_ERROR = 2
_before: list[Any] = []


def begin(words: Sequence[str]) -> None:
    """Take Ctrl-C for ERROR; ``words`` is the command line, its program included."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        return

    def stop(*_: object) -> None:
        print(f"\nERROR  {messages.STOPPED_EARLY}")
        print(messages.again(shlex.join(words[1:]), ""), flush=True)
        sys.exit(_ERROR)

    try:
        _before.append(signal.signal(signal.SIGINT, stop))
    except ValueError:  # of a thread that is not the main one
        return


def end() -> None:
    """Let Ctrl-C be what it was."""
    while _before:
        signal.signal(signal.SIGINT, _before.pop())
