"""What an author is told about a lab that does not prove itself."""

from __future__ import annotations

from labkit.mistake import Mistake
from labkit.page import File, Step
from labkit.verdict import Finding

UNTOUCHED_PASSES = Finding(
    "The untouched example passes the check of “Your turn”.",
    "a check that fails until something was done",
    "PASS",
    "README.md",
    "The check looks at nothing that the task changes.",
)


def way_differs(way: str, what: str) -> Finding:
    """The chain that a page ends with does not lead where one upgrade of it does."""
    return Finding(
        f"The page's chain of revisions does not hold {way}.",
        "what one `alembic upgrade heads` of an empty database leads to",
        what,
        "README.md",
        "",
        f"Mend it, or show it, and say so below that command: # => differs: {way}",
    )


def way_does_not_differ(way: str, line: int) -> Finding:
    """A page says that a way leads elsewhere, and it does not."""
    return Finding(
        f"The page says that its chain differs {way}, and it does not.",
        "another schema",
        "the same one",
        f"README.md:{line}",
    )


def loose_step(step: Step) -> Finding:
    """A step of mistakes.md that nobody takes."""
    what = step.path if isinstance(step, File) else f"`{step.text}`"
    return Finding(
        f"{what} stands above the first mistake, so it belongs to none.",
        "a step below a heading of the second level",
        "a step above the first one",
        f"mistakes.md:{step.line}",
    )


def mistake_passes(mistake: Mistake) -> Finding:
    """A wrong answer is not caught."""
    return Finding(
        f"The mistake “{mistake.name}” passes the check.",
        "a check that catches it",
        "PASS",
        f"mistakes.md:{mistake.line}",
    )


def no_verdict(mistake: Mistake) -> Finding:
    """Nothing says what a wrong answer is told."""
    return Finding(
        f"The mistake “{mistake.name}” has no verdict.",
        "a fence that opens with ```text verdict",
        "no such fence, or an empty one",
        f"mistakes.md:{mistake.line}",
        "",
        "invoke record writes it.",
    )


def other_verdict(mistake: Mistake, verdict: str) -> Finding:
    """A wrong answer gets another verdict than the one written down."""
    return Finding(
        f"The mistake “{mistake.name}” gets another verdict.",
        mistake.verdict,
        verdict,
        f"mistakes.md:{mistake.verdict_line or mistake.line}",
    )
