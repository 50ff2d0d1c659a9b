"""Tours: what is done with all labs that were begun, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable

from labkit.audience import Silent
from labkit.course import Course
from labkit.lab import Lab
from labkit.messages import tour as messages
from labkit.messages.ending import interrupted
from labkit.progress import LAPSED
from labkit.trouble import Stopped, Trouble
from labkit.verdict import ERROR, FAIL, PASS, Finding, Verdict

# Told which lab begins, how many are done, and how many there are.
OnLab = Callable[[Lab, int, int], None]


def begun(course: Course) -> list[Lab]:
    """The labs that somebody began, by the progress file or by what is in the workspace."""
    known = course.progress.all()
    return [
        lab for lab in course.labs() if lab.name in known or course.workspace.is_loaded(lab.name)
    ]


def check_all(course: Course, on_lab: OnLab) -> Verdict:
    """Check every lab that was begun, and bring the progress to what is true.

    Raises:
        Trouble: none was, or nothing can be judged.
    """
    started = time.monotonic()
    labs = begun(course)
    if not labs:
        raise messages.NOTHING_BEGUN
    findings: list[Finding] = []
    failing: list[Lab] = []
    for number, lab in enumerate(labs):
        on_lab(lab, number, len(labs))
        if not course.workspace.is_loaded(lab.name):
            course.progress.judged(lab.name, passed=False)
            lapsed = course.progress.of(lab.name).state == LAPSED
            findings.append(messages.gone(lab, lapsed=lapsed))
            failing.append(lab)
            continue
        if course.work(lab).database is None and any(step.live for step in lab.page.checks):
            findings.append(messages.without_database(lab))
            failing.append(lab)
            continue
        verdict = course.check(lab, Silent())
        if verdict.status == ERROR and isinstance(verdict.trouble, Trouble):
            raise verdict.trouble
        if verdict.status == FAIL:
            lapsed = course.progress.of(lab.name).state == LAPSED
            findings.append(messages.fails(lab, len(verdict.findings), lapsed=lapsed))
            failing.append(lab)
    return Verdict(
        "check",
        messages.counted(len(labs)),
        tuple(findings),
        {"answers": len(labs) - len(failing)},
        notes=tuple(course.said()),
        following=messages.after_checks(failing),
        source=course.server.source,
        seconds=time.monotonic() - started,
    )


def reset_all(course: Course, on_lab: OnLab) -> Verdict:
    """Set the edits of all labs aside, each with the command that brings them back.

    Raises:
        Trouble: no lab was begun, or one cannot be reset.
    """
    started = time.monotonic()
    labs = [lab for lab in begun(course) if course.workspace.project(lab.name).is_dir()]
    if not labs:
        raise messages.NOTHING_BEGUN
    findings: list[Finding] = []
    notes: list[str] = []
    for number, lab in enumerate(labs):
        on_lab(lab, number, len(labs))
        hearing = _Noting()
        trouble: Trouble | None
        try:
            verdict = course.reset(lab, hearing)
            trouble = verdict.trouble
        except Trouble as raised:
            trouble = raised
        except KeyboardInterrupt:
            trouble = interrupted("reset")
        notes += hearing.said
        if trouble:
            raise _with(trouble, notes)
        if verdict.status != PASS:
            findings.append(messages.page_fails(lab))
    return Verdict(
        "reset",
        messages.counted(len(labs)),
        tuple(findings),
        {"pages": len(labs) - len(findings)},
        notes=tuple(notes),
        following=messages.AFTER_RESETS,
        source=course.server.source,
        seconds=time.monotonic() - started,
    )


def _with(trouble: Trouble, notes: list[str]) -> Trouble:
    """Trouble that also tells the way back of what was set aside before it."""
    why = "\n".join([trouble.why, *notes]).strip()
    return (Stopped if isinstance(trouble, Stopped) else Trouble)(trouble.what, why, trouble.mend)


class _Noting(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def noted(self, text: str) -> None:
        """Keep it for the end."""
        self.said.append(text)
