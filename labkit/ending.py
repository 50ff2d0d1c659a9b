"""Endings: each task ends with a verdict or one clear message, and with exit status 0, 1 or 2."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from labkit.messages import ending as messages
from labkit.show import TRACEBACKS, Screen
from labkit.trouble import Trouble
from labkit.verdict import ERROR, EXIT_STATUS, Verdict


def end(
    action: Callable[[], Verdict | None], screen: Screen, *, task: str, lab: str, machine: bool
) -> NoReturn:
    """Do what a task does, show how it ended, and leave with its exit status.

    Args:
        action: does it; None means that there is nothing to judge.
        machine: print the verdict as JSON and nothing else.
    """
    try:
        verdict = action()
    except Trouble as trouble:
        verdict = Verdict(task, lab, trouble=trouble)
    except KeyboardInterrupt:
        verdict = Verdict(task, lab, trouble=messages.interrupted(task))
    except BrokenPipeError:
        # Whoever read the output has gone; there is nobody left to tell.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(EXIT_STATUS[ERROR])
    except Exception as error:
        if os.environ.get(TRACEBACKS) == "1":
            raise
        verdict = Verdict(task, lab, trouble=messages.fault(error, TRACEBACKS))
    if verdict is None:
        sys.exit(0)
    if machine:
        print(json.dumps(verdict.as_dict(), indent=2, ensure_ascii=False))
    else:
        screen.verdict(verdict)
    sys.exit(verdict.exit_status)
