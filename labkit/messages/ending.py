"""What a learner is told when a task ends before its end."""

from __future__ import annotations

import errno

from labkit.trouble import Trouble

STOPPED_EARLY = "Stopped by Ctrl-C before it began."


def interrupted(task: str) -> Trouble:
    """Ctrl-C between commands."""
    why = "Nothing was judged, and nothing of yours is lost."
    if task == "record":
        why = "A file that you agreed to is written, any other is as it was."
    return Trouble(f"`invoke {task}` was stopped by Ctrl-C.", why)


def ended(task: str) -> Trouble:
    """The system or a closed window ended the task."""
    return Trouble(f"`invoke {task}` was ended from outside.", "Nothing of yours is lost.")


def again(task: str, lab: str) -> str:
    """What to do where nothing better is known."""
    return f"Run it again: invoke {task} {lab}".rstrip()


def full() -> Trouble:
    """The system has no room for a file, whosever it is."""
    return Trouble(
        "The disk is full.",
        "Nothing of yours was lost: files are written whole or not at all.",
        "Free some space (df -h shows how much there is) and run the command again.",
    )


def fault(error: Exception, variable: str) -> Trouble:
    """A fault nobody foresaw."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return full()
    said = f": {error}" if str(error) else ""
    return Trouble(
        f"A fault in the labs themselves: {type(error).__name__}{said}",
        "It is not your answer, and your files are as they were.",
        f"See where it comes from with {variable}=1 before the command, and report it.",
    )


def unwritten(error: OSError) -> str:
    """The verdict cannot be printed where standard output leads."""
    return f"The verdict cannot be written: {error.strerror or error}. Show it on the screen."
