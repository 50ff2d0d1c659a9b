"""What an author is told about a lab that does not prove itself."""

from __future__ import annotations

from labkit.mistake import Mistake
from labkit.verdict import Finding

UNTOUCHED_PASSES = Finding(
    "The untouched example passes the check of “Your turn”.",
    "a check that fails until something was done",
    "PASS",
    "README.md",
    "The check looks at nothing that the task changes.",
)


def mistake_passes(mistake: Mistake) -> Finding:
    """A wrong answer is not caught."""
    return Finding(
        f"The mistake “{mistake.name}” passes the check.",
        "a check that catches it",
        "PASS",
        f"mistakes.md:{mistake.line}",
    )


def other_verdict(mistake: Mistake, verdict: str) -> Finding:
    """A wrong answer gets another verdict than the one written down."""
    return Finding(
        f"The mistake “{mistake.name}” gets another verdict.",
        mistake.verdict,
        verdict,
        f"mistakes.md:{mistake.verdict_line or mistake.line}",
    )
