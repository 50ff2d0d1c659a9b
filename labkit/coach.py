"""The coach: hints for somebody who is stuck, and the page's answer for whoever wants to see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labkit.audience import Audience
from labkit.course import Course
from labkit.hint import Hint, hint
from labkit.lab import Lab
from labkit.messages import hint as messages
from labkit.page import Command, File
from labkit.progress import HINTS, PASSED
from labkit.solution import contrast
from labkit.verdict import ERROR, PASS, Verdict


@dataclass(frozen=True)
class Help:
    """What somebody who asked for help is shown; ``following`` is the next thing to do."""

    title: str
    hint: Hint
    following: str


def help_with(course: Course, lab: Lab, audience: Audience) -> Help | Verdict | list[str]:
    """The next hint, about the state that the answer is in.

    Returns:
        The verdict of the check where nothing could be judged; sentences where the answer passes.
    """
    verdict = course.check(lab, audience, remedies=True)
    if verdict.status == ERROR:
        return verdict
    if verdict.status == PASS:
        return messages.passes(lab)
    level = min(course.progress.of(lab.name).hint + 1, HINTS)
    course.progress.hinted(lab.name, level)
    found = hint(
        lab,
        level,
        verdict.findings,
        course.workspace.project(lab.name),
        tried=bool(course.work(lab).edits()),
    )
    title = messages.title(lab, level, HINTS)
    return Help(title, found, messages.after(lab, level, HINTS))


@dataclass(frozen=True)
class Shown:
    """The page's answer: its text, and how the learner's differs from it ("" before a pass)."""

    text: str
    contrast: str
    following: str


def solution(course: Course, lab: Lab, sure: Callable[[str], bool]) -> Shown | list[str]:
    """The page's answer to “Your turn”, once the learner's own has passed or they insist.

    Args:
        sure: asks a question that is answered with yes or no.

    Returns:
        Sentences where it is not shown.

    Raises:
        Trouble: the lab has none.
    """
    passed = course.progress.of(lab.name).state == PASSED
    if not (lab.folder / "solution.md").exists():
        raise messages.no_solution(lab)
    if not passed and not sure(messages.sure(lab)):
        return messages.kept_back(lab)
    parts = []
    for step in lab.solution.steps:
        if isinstance(step, File):
            parts.append(f"{step.path}\n\n{step.text.rstrip()}")
        elif isinstance(step, Command):
            parts.append(f"$ {step.text}")
    project = course.workspace.project(lab.name)
    beside = contrast(lab, project, course.workspace.given(lab.name)) if passed else ""
    return Shown("\n\n".join(parts), beside, messages.after_solution(lab, passed=passed))
