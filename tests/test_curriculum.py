"""The ways through the labs, what they cover, and what comes next."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit import curriculum
from labkit.lab import Lab
from labkit.overview import Overview
from labkit.progress import LAPSED, PASSED, STARTED, Standing
from labkit.trouble import Trouble

LABS = [Lab(Path(f"{number:02}-lab-{'abc'[number % 3]}")) for number in range(1, 31)]


def standings(**states: str) -> dict[str, Standing]:
    by_number = {f"lab{lab.number}": lab.name for lab in LABS}
    return {by_number[key]: Standing(state) for key, state in states.items()}


def numbers(path: str) -> list[int]:
    return [lab.number for lab in curriculum.along(LABS, curriculum.path(path))]


@pytest.mark.parametrize(
    ("passed", "percent"),
    [(0, 0), (1, 3), (3, 10), (14, 46), (15, 50), (16, 53), (25, 80), (29, 92), (30, 95)],
)
def test_coverage_grows_with_every_lab(passed: int, percent: int) -> None:
    assert curriculum.coverage(range(1, passed + 1)) == percent


def test_coverage_counts_a_lab_once_and_none_beyond_the_thirty() -> None:
    assert curriculum.coverage([16, 16, 31, 99]) == 3


def test_the_path_of_people_who_know_another_tool_is_short() -> None:
    assert numbers("migrating") == [1, 2, 3, 11, 12, 13, 14, 17]


def test_the_path_of_people_who_are_new_has_all_labs() -> None:
    assert numbers("new") == list(range(1, 31))


def test_the_reference_is_sorted_by_title() -> None:
    titles = [lab.title for lab in curriculum.along(LABS, curriculum.path("reference"))]
    assert titles == sorted(titles) and len(titles) == 30


@pytest.mark.parametrize(("word", "meant"), [("migrate", "migrating"), ("x", "new")])
def test_an_unknown_path_is_answered_with_all_of_them(word: str, meant: str) -> None:
    with pytest.raises(Trouble) as told:
        curriculum.path(word)
    assert told.value.what == f"No path is called “{word}”."
    assert told.value.why == (
        "There are 3: new, for people new to Alembic; migrating, for people coming from Flyway, "
        "Liquibase or Django; reference, for people looking something up."
    )
    assert told.value.mend == f"invoke labs --path {meant}"


def test_the_next_lab_is_the_first_that_has_not_passed() -> None:
    known = standings(lab1=PASSED, lab2=LAPSED, lab3=STARTED)
    assert curriculum.next_lab(LABS, known) is LABS[1]


def test_behind_a_lab_come_those_after_it_and_then_the_ones_before() -> None:
    known = standings(lab30=PASSED, lab1=PASSED)
    assert curriculum.next_lab(LABS, known, LABS[11]) is LABS[12]
    assert curriculum.next_lab(LABS, known, LABS[29]) is LABS[1]


def test_there_is_no_next_lab_where_all_have_passed() -> None:
    known = {lab.name: Standing(PASSED) for lab in LABS}
    assert curriculum.next_lab(LABS, known) is None


def overview(path: str, known: dict[str, Standing]) -> Overview:
    way = curriculum.path(path)
    return Overview.of(curriculum.along(LABS, way), way, known)


def test_an_overview_marks_the_milestones_of_the_whole_way() -> None:
    rows = overview("new", {}).rows
    assert {row.lab.number: row.milestone for row in rows if row.milestone} == {
        15: 50,
        25: 80,
        30: 95,
    }
    assert not any(row.milestone for row in overview("migrating", {}).rows)


def test_an_overview_says_how_much_is_covered_and_what_to_type() -> None:
    told = overview("new", standings(lab1=PASSED, lab2=STARTED))
    assert told.summary == "1 of 30 labs passed: 3 % of Alembic covered so far"
    assert told.following == "Next: invoke check 2"
    assert overview("new", {}).following == "Next: invoke lab 1"
    assert overview("reference", {}).following == "Look something up: invoke labs --find WORD"


def test_an_overview_of_labs_that_all_passed_says_so() -> None:
    known = {lab.name: Standing(PASSED) for lab in LABS}
    told = overview("migrating", known)
    assert told.summary == "8 of 8 labs passed: 26 % of Alembic covered so far"
    assert told.following == "Every one of these labs has passed."
