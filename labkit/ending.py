"""Endings: each task ends with a verdict or one clear message, and with exit status 0, 1 or 2."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn

from labkit.messages import ending as messages
from labkit.show import TRACEBACKS, Screen
from labkit.trouble import Trouble
from labkit.verdict import ERROR, EXIT_STATUS, Verdict


def end(
    action: Callable[[], Verdict | None],
    screen: Screen,
    *,
    task: str,
    lab: str = "",
    typed: Sequence[str] = (),
    machine: bool = False,
) -> None:
    """Do what a task does, show how it ended, and leave with its exit status unless that is 0.

    Args:
        action: does it; None means that there is nothing to judge.
        typed: what was typed behind the task, where that is more than a lab.
        machine: print the verdict as JSON and nothing else.
    """
    again = messages.again(task, shlex.join(typed) or lab)
    try:
        with _ended_from_outside():
            verdict = _tried(action, task, lab, again)
        if verdict is None:
            return
        if machine:
            print(_as_json(verdict), flush=True)
        else:
            screen.verdict(verdict)
    except BrokenPipeError:
        # Whoever read the output has gone; there is nobody left to tell.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        _leave()
    except OSError as error:
        # The verdict itself could not be written.
        with contextlib.suppress(OSError):
            print(f"ERROR  {messages.unwritten(error)}", file=sys.stderr)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        _leave()
    if verdict.exit_status:
        sys.exit(verdict.exit_status)


def _leave() -> NoReturn:
    sys.exit(EXIT_STATUS[ERROR])


def _tried(action: Callable[[], Verdict | None], task: str, lab: str, again: str) -> Verdict | None:
    try:
        return action()
    except Trouble as trouble:
        return _verdict(task, lab, again, trouble)
    except KeyboardInterrupt:
        return _verdict(task, lab, again, messages.interrupted(task))
    except _EndedError:
        return _verdict(task, lab, again, messages.ended(task))
    except BrokenPipeError:
        raise
    except Exception as error:
        if os.environ.get(TRACEBACKS) == "1":
            raise
        return _verdict(task, lab, again, messages.fault(error, TRACEBACKS))


def _verdict(task: str, lab: str, again: str, trouble: Trouble) -> Verdict:
    verdict = Verdict(task, lab, trouble=trouble)
    return verdict if trouble.mend else replace(verdict, following=again)


def _as_json(verdict: Verdict) -> str:
    """The verdict for machines, its letters escaped only where they could not be written."""
    told = verdict.as_dict()
    text = json.dumps(told, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(told, indent=2)
    return text


class _EndedError(BaseException):
    """Raised where the process is told to end, so that what it started ends with it."""


@contextmanager
def _ended_from_outside() -> Iterator[None]:
    """Take SIGTERM and SIGHUP, as of a closed window, for an orderly end."""

    def stop(*_: object) -> None:
        raise _EndedError

    names = [getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")]
    before = [(number, signal.signal(number, stop)) for number in names if number]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
