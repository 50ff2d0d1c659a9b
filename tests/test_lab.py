"""A lab is found by what people type, and a near miss is answered with near labs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from labkit.lab import all_labs, find
from labkit.trouble import Trouble

NAMES = ("01-initializing-alembic", "07-add-column", "08-drop-column", "12-downgrading")


@pytest.fixture
def labs(tmp_path: Path) -> Path:
    for name in (*NAMES, "notes", "1-short"):
        (tmp_path / name).mkdir()
    (tmp_path / "README.md").write_text("")
    return tmp_path


def test_only_numbered_folders_are_labs(labs: Path) -> None:
    assert [lab.name for lab in all_labs(labs)] == list(NAMES)


@pytest.mark.parametrize(
    "word",
    [
        "12",
        "012",
        "12-downgrading",
        "downgrading",
        "DOWNGRADING",
        "downgr",
        " 12 ",
        "labs/12-downgrading/",
    ],
)
def test_a_lab_is_found_by_number_name_or_part(labs: Path, word: str) -> None:
    assert find(labs, word).name == "12-downgrading"


def test_a_whole_name_wins_over_names_that_contain_it(labs: Path) -> None:
    (labs / "09-column").mkdir()
    assert find(labs, "column").name == "09-column"


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("downgradign", "12-downgrading"),
        ("inizializing", "01-initializing-alembic"),
        ("13", "12-downgrading"),
        ("drop-colunm", "08-drop-column"),
    ],
)
def test_an_unknown_lab_names_the_nearest_first(labs: Path, word: str, near: str) -> None:
    with pytest.raises(Trouble) as told:
        find(labs, word)
    assert told.value.what == f"No lab is called “{word}”."
    assert re.match(f"Near it (is {near}\\.$|are {near}, )", told.value.why)
    assert told.value.mend == f"invoke lab {int(near[:2])}"


def test_what_mends_a_wrong_word_is_the_same_task_again(labs: Path) -> None:
    for word in ("downgradign", "column"):
        with pytest.raises(Trouble) as told:
            find(labs, word, "check")
        assert told.value.mend.startswith("invoke check ")


@pytest.mark.parametrize("word", ["", "  "])
def test_no_word_at_all_is_answered_with_how_labs_are_named(labs: Path, word: str) -> None:
    with pytest.raises(Trouble) as told:
        find(labs, word, "check")
    assert told.value.what == "`invoke check` has to be told which lab."


@pytest.mark.parametrize("word", ["zzzzzz", "%", "../..", "²", "٣", "9" * 5000, "-1", "\0"])
def test_a_word_that_comes_near_nothing_says_so(labs: Path, word: str) -> None:
    with pytest.raises(Trouble) as told:
        find(labs, word)
    assert told.value.why == "Nothing comes near it."
    assert told.value.mend == "See all labs: invoke labs"


def test_a_part_of_several_names_lists_them(labs: Path) -> None:
    with pytest.raises(Trouble) as told:
        find(labs, "column")
    assert told.value.what == "“column” could be 2 labs."
    assert told.value.why == "They are 07-add-column, 08-drop-column."
