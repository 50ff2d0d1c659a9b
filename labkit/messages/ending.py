"""What a learner is told when a task ends before its end."""

from __future__ import annotations

import errno

from labkit.trouble import Trouble


def interrupted(task: str) -> Trouble:
    """Ctrl-C between commands."""
    return Trouble(
        f"`invoke {task}` was stopped by Ctrl-C.",
        "Nothing was judged, and none of your files was touched.",
        "",
    )


def fault(error: Exception, variable: str) -> Trouble:
    """A fault nobody foresaw."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return Trouble(
            "The disk is full.",
            "Nothing of yours was lost: files are written whole or not at all.",
            "Free some space (df -h shows how much there is) and run the command again.",
        )
    return Trouble(
        f"A fault in the labs themselves: {type(error).__name__}: {error}",
        "It is not your answer, and your files are as they were.",
        f"See where it comes from with {variable}=1 before the command, and report it.",
    )
