"""Verdicts: what a run or a check found, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.trouble import Trouble

PASS, FAIL, ERROR = "PASS", "FAIL", "ERROR"
EXIT_STATUS = {PASS: 0, FAIL: 1, ERROR: 2}


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    ``what`` is a sentence; ``expected`` and ``actual`` stand side by side where there are two to
    show; ``place`` is ``FILE:LINE`` of the line that caused it; ``why`` says why it is likely;
    ``remedy`` is an ``op.*`` call or a command that mends it.
    """

    what: str
    expected: str = ""
    actual: str = ""
    place: str = ""
    why: str = ""
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """The finding for machines; all keys are always there."""
        return {
            "what": self.what,
            "expected": self.expected,
            "actual": self.actual,
            "place": self.place,
            "why": self.why,
            "remedy": self.remedy,
        }


@dataclass(frozen=True)
class Verdict:
    """The end of a task.

    ``verified`` counts what was compared ("claims": 23); ``trouble`` is set where nothing could be
    judged; ``following`` is the next thing to do, one line; ``notes`` are sentences about what was
    kept or moved. After a pass ``takeaway`` says what to remember, ``contrast`` how the answer
    differs from the page's.
    """

    task: str
    lab: str
    findings: tuple[Finding, ...] = ()
    verified: Mapping[str, int] = field(default_factory=dict)
    trouble: Trouble | None = None
    following: str = ""
    notes: tuple[str, ...] = ()
    source: str = ""
    seconds: float = 0.0
    takeaway: str = ""
    contrast: str = ""

    @property
    def status(self) -> str:
        """PASS, FAIL or ERROR."""
        if self.trouble:
            return ERROR
        return FAIL if self.findings else PASS

    @property
    def exit_status(self) -> int:
        """0, 1 or 2."""
        return EXIT_STATUS[self.status]

    def as_dict(self) -> dict[str, Any]:
        """The verdict for machines, ready for JSON."""
        trouble = self.trouble
        return {
            "task": self.task,
            "lab": self.lab,
            "status": self.status,
            "exit_status": self.exit_status,
            "verified": dict(self.verified),
            "findings": [finding.as_dict() for finding in self.findings],
            "error": trouble and {"what": trouble.what, "why": trouble.why, "mend": trouble.mend},
            "notes": list(self.notes),
            "next": self.following or (trouble.mend if trouble else ""),
            "source": self.source,
            "seconds": round(self.seconds, 3),
            "takeaway": self.takeaway,
            "contrast": self.contrast,
        }
