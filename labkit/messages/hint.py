"""What a learner is told who asks for help with “Your turn”."""

from __future__ import annotations

from labkit.lab import Lab
from labkit.trouble import Trouble
from labkit.verdict import Finding

NO_HINT = "The page gives no hint. Read its “Annotated code” once more with the task in mind."
REMEDY = "This would mend it:"
SOLUTION = "An answer, as the page has it:"
UNSEEN = "It is not shown."


def title(lab: Lab, level: int, levels: int) -> str:
    """Which hint it is."""
    return f"{lab.title}: hint {level} of {levels}"


def about(finding: Finding) -> str:
    """The first thing that is not as it should be."""
    return f"First: {finding.what}"


def where(place: str) -> str:
    """The line that caused the first finding."""
    return f"Look at {place}:"


def passes(lab: Lab) -> list[str]:
    """There is nothing to help with."""
    return [
        f"Your answer to lab {lab.number} passes; there is nothing to hint at.",
        f"See how the page does it: invoke solution {lab.number}",
    ]


def after(lab: Lab, level: int, levels: int) -> str:
    """What to do with a hint."""
    if level < levels:
        return f"Try it: invoke check {lab.number}. The next hint: invoke hint {lab.number}"
    return f"Try it: invoke check {lab.number}. The answer: invoke solution {lab.number}"


def sure(lab: Lab) -> str:
    """The question before an answer is shown to somebody who has not found one."""
    return f"Your answer to lab {lab.number} has not passed. Show the page's all the same? [y/N] "


def kept_back(lab: Lab) -> list[str]:
    """The answer is not shown."""
    return [UNSEEN, f"A hint instead: invoke hint {lab.number}"]


def after_solution(lab: Lab, *, passed: bool) -> str:
    """What to do after reading the answer."""
    if passed:
        return f"Go on: invoke next. Try another way: edit, then: invoke check {lab.number}"
    return f"Write it yourself now, then: invoke check {lab.number}"


def no_solution(lab: Lab) -> Trouble:
    """The lab has no solution."""
    return Trouble(
        f"Lab {lab.number} has no solution.md.",
        "Its folder is not whole.",
        f"git checkout -- labs/{lab.name}",
    )


def stuck(lab: Lab) -> str:
    """Where help is, below a verdict that fails."""
    return f"Stuck? One hint at a time: invoke hint {lab.number}"
