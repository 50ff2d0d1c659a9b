"""A verdict passes, fails or could not be reached, and says the same to people and machines."""

from __future__ import annotations

import json

import pytest

from labkit.trouble import Trouble
from labkit.verdict import ERROR, FAIL, PASS, Finding, Verdict

FINDING = Finding("a is wrong", "1", "2", "x.py:3", "because", "op.a()")
TROUBLE = Trouble("It broke.", "The disk is full.", "Make room.")


@pytest.mark.parametrize(
    ("verdict", "status", "exit_status"),
    [
        (Verdict("lab", "1"), PASS, 0),
        (Verdict("lab", "1", (FINDING,)), FAIL, 1),
        (Verdict("lab", "1", trouble=TROUBLE), ERROR, 2),
        (Verdict("lab", "1", (FINDING,), trouble=TROUBLE), ERROR, 2),
    ],
)
def test_pass_fail_and_error_are_three_things(
    verdict: Verdict, status: str, exit_status: int
) -> None:
    assert (verdict.status, verdict.exit_status) == (status, exit_status)


def test_a_machine_reads_all_that_a_person_does() -> None:
    verdict = Verdict(
        "check",
        "07-add-column",
        (FINDING, Finding("b is wrong")),
        {"claims": 3},
        following="invoke check 7",
        notes=("noted",),
        source="embedded",
        seconds=1.23456,
    )
    assert json.loads(json.dumps(verdict.as_dict())) == {
        "task": "check",
        "lab": "07-add-column",
        "status": "FAIL",
        "exit_status": 1,
        "verified": {"claims": 3},
        "findings": [
            {
                "what": "a is wrong",
                "expected": "1",
                "actual": "2",
                "place": "x.py:3",
                "why": "because",
                "remedy": "op.a()",
            },
            {
                "what": "b is wrong",
                "expected": "",
                "actual": "",
                "place": "",
                "why": "",
                "remedy": "",
            },
        ],
        "error": None,
        "notes": ["noted"],
        "next": "invoke check 7",
        "source": "embedded",
        "seconds": 1.235,
        "takeaway": "",
        "contrast": "",
    }


def test_trouble_tells_a_machine_what_mends_it() -> None:
    told = Verdict("lab", "", trouble=TROUBLE).as_dict()
    assert told["error"] == {
        "what": "It broke.",
        "why": "The disk is full.",
        "mend": "Make room.",
    }
    assert (told["status"], told["next"]) == ("ERROR", "Make room.")
