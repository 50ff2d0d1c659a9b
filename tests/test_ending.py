"""Every task ends with a verdict or one message, and with the exit status that belongs to it."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
from collections.abc import Callable

import pytest

from labkit.ending import end
from labkit.grading.session import typed
from labkit.show import Screen
from labkit.trouble import Trouble
from labkit.verdict import Finding, Verdict


def ended(action: Callable[[], Verdict | None], task: str = "lab") -> tuple[int, list[str]]:
    """The exit status and what was drawn."""
    file = io.StringIO()
    status: object = 0
    try:
        end(action, Screen(file, 100), task=task, lab="12")
    except SystemExit as left:
        status = left.code
    assert isinstance(status, int)
    return status, file.getvalue().splitlines()


def raising(error: BaseException) -> Callable[[], Verdict | None]:
    def action() -> Verdict | None:
        raise error

    return action


def test_a_pass_goes_on_with_the_next_task() -> None:
    status, lines = ended(lambda: Verdict("lab", "12-downgrading", following="Next."))
    assert (status, lines[-1]) == (0, "Next.")


def test_a_task_without_a_verdict_ends_in_silence() -> None:
    assert ended(lambda: None) == (0, [])


@pytest.mark.parametrize(
    ("encoding", "word", "shown"),
    [
        ("utf-8", "café", '"café"'),
        ("ascii", "café", '"caf\\u00e9"'),
        ("utf-8", "\udcff", '"\\udcff"'),
    ],
)
def test_what_a_machine_reads_can_always_be_written(
    monkeypatch: pytest.MonkeyPatch, encoding: str, word: str, shown: str
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding=encoding))
    end(lambda: Verdict("lab", "12", following=word), Screen(), task="lab", machine=True)
    assert f'"next": {shown}'.encode(encoding) in raw.getvalue()
    assert json.loads(raw.getvalue())["next"] == word


def test_a_fail_leaves_with_one() -> None:
    assert ended(lambda: Verdict("lab", "12", (Finding("Wrong."),)))[0] == 1


def test_trouble_leaves_with_two_and_ends_with_what_mends_it() -> None:
    assert ended(raising(Trouble("What.", "Why.", "Mend."))) == (
        2,
        ["", "ERROR  What.", "Why.", "Mend."],
    )


def test_trouble_that_nothing_mends_ends_with_another_try() -> None:
    status, lines = ended(raising(Trouble("What.")))
    assert (status, lines[-1]) == (2, "Run it again: invoke lab 12")


def test_another_try_is_typed_with_all_its_words() -> None:
    file = io.StringIO()
    with pytest.raises(SystemExit):
        end(
            raising(KeyboardInterrupt()),
            Screen(file, 100),
            task="grade",
            lab="a folder",
            typed=typed("a folder", lab="7", jobs="2", seconds="120", memory="64"),
        )
    assert file.getvalue().splitlines()[-1] == (
        "Run it again: invoke grade 'a folder' --lab 7 --jobs 2 --memory 64"
    )


@pytest.mark.parametrize(
    ("task", "why"),
    [
        ("lab", "Nothing was judged, and nothing of yours is lost."),
        ("reset", "Nothing was judged, and nothing of yours is lost."),
        ("record", "A file that you agreed to is written, any other is as it was."),
    ],
)
def test_ctrl_c_between_commands_is_told(task: str, why: str) -> None:
    assert ended(raising(KeyboardInterrupt()), task) == (
        2,
        [
            "",
            f"ERROR  `invoke {task}` was stopped by Ctrl-C.",
            why,
            f"Run it again: invoke {task} 12",
        ],
    )


def test_a_closed_window_ends_a_task_in_good_order() -> None:
    left = []

    def action() -> Verdict | None:
        try:
            os.kill(os.getpid(), signal.SIGHUP)
            signal.pause()
        finally:
            left.append("what was begun")
        return None

    before = signal.getsignal(signal.SIGHUP)
    status, lines = ended(action)
    assert (status, left) == (2, ["what was begun"])
    assert lines[1:3] == [
        "ERROR  `invoke lab` was ended from outside.",
        "Nothing of yours is lost.",
    ]
    assert signal.getsignal(signal.SIGHUP) == before


def test_a_full_disk_is_no_fault_of_ours() -> None:
    status, lines = ended(raising(OSError(errno.ENOSPC, "No space left on device")))
    assert status == 2
    assert lines[1:] == [
        "ERROR  The disk is full.",
        "Nothing of yours was lost: files are written whole or not at all.",
        "Free some space (df -h shows how much there is) and run the command again.",
    ]


def test_a_fault_of_ours_is_told_as_such_without_a_traceback() -> None:
    status, lines = ended(raising(ValueError("nonsense")))
    assert status == 2
    assert lines[1:] == [
        "ERROR  A fault in the labs themselves: ValueError: nonsense",
        "It is not your answer, and your files are as they were.",
        "See where it comes from with LABS_TRACEBACK=1 before the command, and report it.",
    ]


def test_a_fault_without_words_is_told_by_its_name() -> None:
    assert ended(raising(AssertionError()))[1][1] == (
        "ERROR  A fault in the labs themselves: AssertionError"
    )


def test_a_traceback_is_there_for_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_TRACEBACK", "1")
    with pytest.raises(ValueError, match="nonsense"):
        ended(raising(ValueError("nonsense")))


def test_the_verdict_for_machines_is_json_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    finding = Finding("Wrong.", "a", "b", "x.py:1", "Because.", "op.drop()")
    verdict = Verdict(
        "check", "12-é", (finding,), {"claims": 2}, notes=("N.",), following="Next.", source="PG"
    )
    with pytest.raises(SystemExit) as left:
        end(lambda: verdict, Screen(io.StringIO()), task="check", lab="12", machine=True)
    assert left.value.code == 1
    assert json.loads(capsys.readouterr().out) == {
        "task": "check",
        "lab": "12-é",
        "status": "FAIL",
        "exit_status": 1,
        "verified": {"claims": 2},
        "findings": [
            {
                "what": "Wrong.",
                "expected": "a",
                "actual": "b",
                "place": "x.py:1",
                "why": "Because.",
                "remedy": "op.drop()",
            }
        ],
        "error": None,
        "notes": ["N."],
        "next": "Next.",
        "source": "PG",
        "seconds": 0.0,
        "takeaway": "",
        "contrast": "",
    }


@pytest.mark.parametrize(
    ("trouble", "following"),
    [
        (Trouble("What.", "Why.", "Mend."), "Mend."),
        (Trouble("What."), "Run it again: invoke lab 12"),
    ],
)
def test_machines_are_told_of_trouble_too(
    trouble: Trouble, following: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        end(raising(trouble), Screen(io.StringIO()), task="lab", lab="12", machine=True)
    told = json.loads(capsys.readouterr().out)
    assert left.value.code == 2
    assert (told["status"], told["next"]) == ("ERROR", following)
    assert told["error"] == {"what": "What.", "why": trouble.why, "mend": trouble.mend}
