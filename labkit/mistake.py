"""Mistakes: the wrong answers that people give, each with the verdict it gets."""

from __future__ import annotations

from dataclasses import dataclass

from labkit.page import Page, Step


@dataclass(frozen=True)
class Mistake:
    """One wrong answer: what it changes, and its verdict as text ("" where none is written).

    ``line`` is the line of the page on which its heading stands, ``end`` the one behind its last.
    ``verdict_line`` is that of the opening of the fence with the verdict (0 where there is none).
    """

    name: str
    line: int
    end: int
    steps: tuple[Step, ...]
    verdict: str
    verdict_line: int


def mistakes(page: Page) -> list[Mistake]:
    """The mistakes of a page, one below each heading of the second level."""
    tops = [(text, line) for level, text, line in page.headings if level == 2]
    ends = [line for _, line in tops[1:]] + [len(page.source.splitlines()) + 1]
    found = []
    for (name, begin), end in zip(tops, ends, strict=False):
        verdicts = [f for f in page.fences if "verdict" in f.flags and begin < f.line < end]
        found.append(
            Mistake(
                name,
                begin,
                end,
                tuple(step for step in page.steps if begin < step.line < end),
                verdicts[0].text if verdicts else "",
                verdicts[0].line if verdicts else 0,
            )
        )
    return found


def loose_steps(page: Page) -> list[Step]:
    """The steps above the first mistake, which belong to none."""
    first = min((line for level, _, line in page.headings if level == 2), default=None)
    return [step for step in page.steps if first is None or step.line < first]
