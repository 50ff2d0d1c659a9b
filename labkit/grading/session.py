"""A grading session: from a folder of submissions to a table and three files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from labkit.course import Course
from labkit.grading import report
from labkit.grading.grader import Grade, Grader, Limits
from labkit.grading.submission import Submission, submissions
from labkit.messages import grade as messages
from labkit.verdict import PASS, Finding, Verdict

_MIB = 1 << 20
# What holds where nothing is typed.
SECONDS, MEMORY = "120", "1024"


def grade(
    course: Course,
    folder: Path,
    *,
    lab: str,
    jobs: str,
    seconds: str,
    memory: str,
    on_progress: Callable[[str], None],
    on_row: Callable[[str, str, str], None],
) -> Verdict:
    """Grade a folder of submissions, and write the reports beside it.

    Args:
        lab: the one lab that is graded, "" for all.
        jobs: how many are judged at a time, "" for one a processor.
        seconds: what each may take.
        memory: what each process of it may use, in MB.
        on_progress: is told how far it is.
        on_row: is told each submission with its lab, its status, and what speaks against a pass.

    Raises:
        Trouble: nothing can be graded, and why.
    """
    started = time.monotonic()
    only = course.lab(lab, "grade FOLDER --lab") if lab else None
    limits = Limits(_number("seconds", seconds), _number("memory", memory) * _MIB)
    at_once = _number("jobs", jobs) if jobs else os.cpu_count() or 1
    folder = folder.absolute()
    found = submissions(folder, course.labs(), only)
    done: list[Grade] = []

    def on_done(made: Grade) -> None:
        done.append(made)
        on_progress(messages.progress(len(done), len(found)))

    on_progress(messages.progress(0, len(found)))
    target = folder.with_name(f"{folder.name}-grades")
    try:
        grades = Grader(course.root, course.state, limits, at_once).grade(found, on_done)
    except BaseException as error:
        # Ctrl-C, a closed window, a server that is gone: what was judged until then is kept.
        if done:
            report.write(target, _with_the_rest(found, done))
        if done and isinstance(error, KeyboardInterrupt):
            raise messages.stopped(len(done), len(found), target) from None
        raise
    report.write(target, grades)
    for made in grades:
        name = made.submission.lab.name if made.submission.lab else "-"
        on_row(
            made.status,
            " ".join(f"{made.submission.name}  {name}".splitlines()),
            report.first(made),
        )
    return _verdict(grades, target, time.monotonic() - started, course)


def typed(folder: str, *, lab: str, jobs: str, seconds: str, memory: str) -> list[str]:
    """The words behind ``invoke grade`` that ask for this."""
    words = [folder]
    for name, value, usual in (
        ("--lab", lab, ""),
        ("--jobs", jobs, ""),
        ("--seconds", seconds, SECONDS),
        ("--memory", memory, MEMORY),
    ):
        words += [name, value] if value != usual else []
    return words


def _with_the_rest(found: Sequence[Submission], done: Sequence[Grade]) -> list[Grade]:
    """A grade for each submission, also for those that nobody judged."""
    known = {(made.submission.name, made.submission.lab): made for made in done}
    return [
        known.get((one.name, one.lab)) or Grade(one, trouble=messages.not_graded(one.name))
        for one in found
    ]


def _verdict(grades: list[Grade], target: Path, seconds: float, course: Course) -> Verdict:
    passed, failed, errors = report.counted(grades)
    findings: tuple[Finding, ...] = ()
    if passed < len(grades):
        findings = (Finding(messages.summary(passed, failed, errors)),)
    unfenced = any(made.status == PASS and not made.fenced for made in grades)
    return Verdict(
        "grade",
        target.name.removesuffix("-grades"),
        findings,
        {"submissions": len(grades)},
        notes=(messages.NO_FENCE,) if unfenced else (),
        following=messages.following(str(target / report.FILES[1])),
        source=course.server.source,
        seconds=seconds,
    )


def _number(option: str, said: str) -> int:
    if not said.isdecimal() or not 0 < int(said) < 1_000_000:
        raise messages.no_number(option, said)
    return int(said)
