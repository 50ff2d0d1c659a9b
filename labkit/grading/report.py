"""Reports: the grades as JSON, as CSV, and as the JUnit XML that build servers read."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from labkit import workspace
from labkit.grading.grader import Grade
from labkit.verdict import ERROR, FAIL, PASS

FILES = ("grades.json", "grades.csv", "junit.xml")
COLUMNS = ("submission", "lab", "status", "findings", "first", "seconds")
# What XML 1.0 has no way to hold.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A spreadsheet would calculate what begins with one of these.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(folder: Path, grades: Sequence[Grade]) -> None:
    """Write the three files, each whole or not at all.

    Raises:
        Trouble: the folder cannot be written.
    """
    for name, text in zip(FILES, (as_json(grades), as_csv(grades), as_junit(grades)), strict=True):
        workspace.write(folder, name, text)


def counted(grades: Sequence[Grade]) -> tuple[int, int, int]:
    """How many passed, failed, and could not be judged."""
    passed, failed, errors = (sum(g.status == s for g in grades) for s in (PASS, FAIL, ERROR))
    return passed, failed, errors


def first(grade: Grade) -> str:
    """The first thing that speaks against a pass, "" for a pass."""
    if grade.trouble:
        return grade.trouble.what
    return grade.findings[0].what if grade.findings else ""


def as_json(grades: Sequence[Grade]) -> str:
    """All that is known of each submission."""
    passed, failed, errors = counted(grades)
    told = {
        "passed": passed,
        "failed": failed,
        "errors": errors,
        "submissions": [_as_dict(grade) for grade in grades],
    }
    return _shown(json.dumps(told, indent=1, ensure_ascii=False)) + "\n"


def as_csv(grades: Sequence[Grade]) -> str:
    """One row for each submission, with the names of the columns above."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(COLUMNS)
    for grade in grades:
        words = (_name(grade), _lab(grade), grade.status, first(grade))
        name, lab, status, said = (_safe(word) for word in words)
        rows.writerow([name, lab, status, len(grade.findings), said, f"{grade.seconds:.1f}"])
    return file.getvalue()


def as_junit(grades: Sequence[Grade]) -> str:
    """A test suite in which each submission is a test of its lab."""
    _, failed, errors = counted(grades)
    suite = ElementTree.Element(
        "testsuite",
        name="Alembic Labs",
        tests=str(len(grades)),
        failures=str(failed),
        errors=str(errors),
        time=f"{sum(grade.seconds for grade in grades):.1f}",
    )
    for grade in grades:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=_written(_lab(grade)),
            name=_written(_name(grade)),
            time=f"{grade.seconds:.1f}",
        )
        if grade.status != PASS:
            kind = "error" if grade.trouble else "failure"
            told = ElementTree.SubElement(case, kind, message=_written(first(grade)))
            told.text = _written(_details(grade))
    ElementTree.indent(suite)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return head + ElementTree.tostring(suite, encoding="unicode") + "\n"


def _as_dict(grade: Grade) -> dict[str, Any]:
    trouble = grade.trouble
    return {
        "submission": _name(grade),
        "lab": _lab(grade),
        "status": grade.status,
        "verified": grade.verified,
        "findings": [finding.as_dict() for finding in grade.findings],
        "error": trouble and {"what": trouble.what, "why": trouble.why, "mend": trouble.mend},
        "seconds": round(grade.seconds, 3),
    }


def _details(grade: Grade) -> str:
    if grade.trouble:
        return str(grade.trouble)
    lines = []
    for number, finding in enumerate(grade.findings, 1):
        lines.append(f"{number}. {finding.what}")
        for name, text in finding.as_dict().items():
            if text and name != "what":
                lines.append(f"   {name}: {text}")
    return "\n".join(lines)


def _name(grade: Grade) -> str:
    return grade.submission.name


def _lab(grade: Grade) -> str:
    return grade.submission.lab.name if grade.submission.lab else ""


def _safe(text: str) -> str:
    shown = " ".join(_written(text).split())
    return f"'{shown}" if text.startswith(_FORMULA) else shown


def _shown(text: str) -> str:
    """A text that can be encoded: names and errors may hold what is no letter."""
    return text.encode("utf-8", "replace").decode()


def _written(text: str) -> str:
    return _NO_XML.sub("�", _shown(text))
