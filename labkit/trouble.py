"""Trouble: something outside the learner's answer went wrong, told in three sentences."""

from __future__ import annotations


class Trouble(Exception):  # noqa: N818 - the word a learner would use for it
    """What ends a task with ERROR (exit status 2).

    Args:
        what: what happened, one sentence.
        why: why it is likely, one sentence, or "" when nothing useful can be said.
        mend: the command or the change that mends it, or "" when there is none.
    """

    def __init__(self, what: str, why: str = "", mend: str = "") -> None:
        super().__init__("\n".join(part for part in (what, why, mend) if part))
        self.what = what
        self.why = why
        self.mend = mend


class Stopped(Trouble):
    """What ended a task was the learner's own Ctrl-C."""
