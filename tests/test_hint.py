"""Hints come one level at a time, and speak of what was found where that says something."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.hint import Hint, hint, page_hints
from labkit.lab import Lab
from labkit.verdict import Finding
from tests import world

PAGE = """\
# Lab 1: Tiny

## Your turn

Do it.

<details>
<summary>Hint 1</summary>

Think.

</details>

<details><summary>Hint 2</summary>

Look at `x`.

</details>
"""
FINDING = Finding("a is wrong", "1", "2", "versions/0001.py:3", "Because.", "op.mend()")


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return world.lab(tmp_path, PAGE)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    file = tmp_path / "project" / "versions" / "0001.py"
    file.parent.mkdir(parents=True)
    file.write_text("one\ntwo\nthree\nfour\nfive\nsix\n")
    return tmp_path / "project"


def given(
    lab: Lab, project: Path, level: int, finding: Finding = FINDING, *, tried: bool = True
) -> Hint:
    return hint(lab, level, [finding], project, tried=tried)


def test_the_hints_of_a_page_are_its_details_in_your_turn(lab: Lab) -> None:
    assert page_hints(lab.page) == ["Think.", "Look at `x`."]


@pytest.mark.parametrize(
    ("level", "text"), [(1, "Think."), (2, "Look at `x`."), (3, "Look at `x`.")]
)
def test_an_untouched_example_gets_the_hints_of_the_page(
    lab: Lab, project: Path, level: int, text: str
) -> None:
    assert given(lab, project, level, tried=False) == Hint(level, (text,))


def test_a_nudge_names_the_first_finding_and_no_line(lab: Lab, project: Path) -> None:
    assert given(lab, project, 1) == Hint(1, ("First: a is wrong", "Think."))


def test_where_to_look_shows_the_lines_around(lab: Lab, project: Path) -> None:
    assert given(lab, project, 2) == Hint(
        2,
        ("Look at versions/0001.py:3:", "Because."),
        "    1  one\n    2  two\n>   3  three\n    4  four\n    5  five",
    )


@pytest.mark.parametrize("place", ["", "versions/0001.py", "gone.py:1", "../other.py:1", "x:99"])
def test_where_there_is_no_line_the_page_speaks(lab: Lab, project: Path, place: str) -> None:
    (project.parent / "other.py").write_text("secret\n")
    found = given(lab, project, 2, Finding("a is wrong", place=place))
    assert found == Hint(2, ("First: a is wrong", "Look at `x`."))


def test_the_last_level_has_the_remedy(lab: Lab, project: Path) -> None:
    found = given(lab, project, 3)
    assert found == Hint(3, ("First: a is wrong", "This would mend it:"), "op.mend()")


def test_a_finding_without_a_remedy_gets_the_last_hint_of_the_page(lab: Lab, project: Path) -> None:
    found = given(lab, project, 3, Finding("a is wrong"))
    assert found == Hint(3, ("First: a is wrong", "Look at `x`."))


def test_a_page_without_hints_says_where_to_read(tmp_path: Path) -> None:
    bare = world.lab(tmp_path, "# Lab 1: Tiny\n\n## Your turn\n\nDo it.\n")
    nothing = "The page gives no hint. Read its “Annotated code” once more with the task in mind."
    assert given(bare, tmp_path, 1, tried=False) == Hint(1, (nothing,))
    assert given(bare, tmp_path, 1) == Hint(1, ("First: a is wrong", "Because."))
