"""Progress is never half written, and two terminals lose none of it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from labkit import progress as module
from labkit.progress import LAPSED, NEW, PASSED, STARTED, Progress, Standing
from labkit.trouble import Trouble

LAB = "07-add-column"


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(tmp_path / ".labs")


def test_a_lab_that_nobody_began_is_new_and_nothing_is_written(
    progress: Progress, tmp_path: Path
) -> None:
    assert progress.of(LAB) == Standing(NEW, 0)
    assert not (tmp_path / ".labs").exists()


@pytest.mark.parametrize(
    ("verdicts", "state"),
    [([], STARTED), ([False], STARTED), ([True], PASSED), ([True, False], LAPSED),
     ([True, False, False], LAPSED), ([True, False, True], PASSED)],
)  # fmt: skip
def test_a_state_follows_from_the_verdicts(
    progress: Progress, verdicts: list[bool], state: str
) -> None:
    progress.started(LAB)
    for passed in verdicts:
        progress.judged(LAB, passed=passed)
    assert progress.of(LAB).state == state


def test_beginning_again_does_not_take_back_a_pass(progress: Progress) -> None:
    progress.judged(LAB, passed=True)
    progress.started(LAB)
    assert progress.of(LAB).state == PASSED


def test_a_lab_that_is_begun_anew_has_shown_no_hints(progress: Progress) -> None:
    progress.judged(LAB, passed=True)
    progress.hinted(LAB, 3)
    progress.begun_anew(LAB)
    assert progress.of(LAB) == Standing(LAPSED, 0)


@pytest.mark.parametrize(("levels", "reached"), [([1], 1), ([2, 1], 2), ([9], 3)])
def test_hints_are_never_taken_back(progress: Progress, levels: list[int], reached: int) -> None:
    for level in levels:
        progress.hinted(LAB, level)
    assert progress.of(LAB).hint == reached


def test_the_file_can_be_read_by_a_person(progress: Progress, tmp_path: Path) -> None:
    progress.judged(LAB, passed=True)
    progress.hinted(LAB, 1)
    text = (tmp_path / ".labs" / "progress.json").read_text()
    assert text == f'{{\n "{LAB}": {{\n  "state": "passed",\n  "hint": 1\n }}\n}}\n'


def test_two_terminals_lose_nothing(tmp_path: Path) -> None:
    names = [f"{number:02}-lab" for number in range(1, 31)]
    with ThreadPoolExecutor(8) as terminals:
        list(terminals.map(lambda n: Progress(tmp_path).judged(n, passed=True), names))
    assert {name: s.state for name, s in Progress(tmp_path).all().items()} == dict.fromkeys(
        names, PASSED
    )


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"07-add-column": "passed"}', '{"07-add-column": {"state": "done"}}',
     '{"07-add-column": {"state": "passed", "hint": 4}}',
     '{"07-add-column": {"state": "passed", "hint": true}}', "\x00" * 9, "\udcff"],
)  # fmt: skip
def test_a_file_that_makes_no_sense_is_set_aside_and_told(tmp_path: Path, text: str) -> None:
    told: list[str] = []
    file = tmp_path / "progress.json"
    file.write_bytes(text.encode(errors="surrogateescape"))
    progress = Progress(tmp_path, told.append)
    assert progress.all() == {}
    progress.judged(LAB, passed=True)
    (kept,) = tmp_path.glob("progress-*.broken")
    assert kept.read_bytes() == text.encode(errors="surrogateescape")
    assert told == [
        f"The progress file could not be read and is kept as {tmp_path.name}/{kept.name}. "
        "Rebuild: invoke check --all"
    ]
    assert json.loads(file.read_text()) == {LAB: {"state": "passed", "hint": 0}}


def test_a_file_that_cannot_be_opened_is_trouble(tmp_path: Path) -> None:
    (tmp_path / "progress.json").mkdir()
    with pytest.raises(Trouble) as told:
        Progress(tmp_path).all()
    assert told.value.what == f"{tmp_path / 'progress.json'} cannot be used: Is a directory."


def test_a_file_that_another_terminal_does_not_let_go_is_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOCK_SECONDS", 0)
    with FileLock(tmp_path / "progress.lock"), pytest.raises(Trouble) as told:
        Progress(tmp_path).started(LAB)
    assert (told.value.what, told.value.why, told.value.mend) == (
        "The progress file has been in use for more than 0 seconds.",
        "Another terminal is writing it, or was stopped while it did.",
        "End what runs there, then run this command again.",
    )
