"""A pass shows how the page's answer differs, and nothing that differs in looks alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.lab import Lab
from labkit.schema import tree
from labkit.solution import contrast
from tests import world
from tests.world import revision

OURS = revision("0002", "0001", "op.execute('SELECT 1')  # => as asked")
SOLUTION = f"""\
# Solution

```python title="versions/0002_ours.py"
{OURS}```
"""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return world.lab(tmp_path, "# Lab 1: Tiny\n", SOLUTION)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    (made / "versions").mkdir(parents=True)
    (made / "versions" / "0001.py").write_text(revision("0001", None))
    return made


def told(lab: Lab, project: Path, name: str, text: str) -> str:
    """What is told of an answer that adds one file to what the page left."""
    given = tree.fingerprints(project)
    (project / "versions" / name).write_text(text)
    return contrast(lab, project, given)


def test_both_are_shown_whole_without_the_annotations(lab: Lab, project: Path) -> None:
    lines = told(lab, project, "0002_ours.py", revision("0002", "0001", "pass")).splitlines()
    assert lines[:2] == [
        "--- versions/0002_ours.py, yours",
        "+++ versions/0002_ours.py, the page's solution",
    ]
    assert [line for line in lines[2:] if line[0] in "+-"] == [
        "-    pass",
        "+    op.execute('SELECT 1')",
    ]
    assert " revision = '0002'" in lines


def test_a_revision_of_another_name_is_known_by_its_id(lab: Lab, project: Path) -> None:
    assert told(lab, project, "mine.py", revision("0002", "0001")).startswith(
        "--- versions/mine.py, yours\n"
    )


def test_the_only_own_revision_is_meant_whatever_its_id(lab: Lab, project: Path) -> None:
    assert told(lab, project, "mine.py", revision("ab12", "0001")).startswith(
        "--- versions/mine.py, yours\n"
    )


def test_other_quotes_comments_and_blanks_are_no_difference(lab: Lab, project: Path) -> None:
    mine = OURS.replace("'SELECT 1'", '"SELECT 1"').replace("# => as asked", "# mine\n")
    assert told(lab, project, "0002_ours.py", mine) == (
        "versions/0002_ours.py is what the page's solution has."
    )


def test_a_file_that_nobody_wrote_is_nothing_of_theirs(lab: Lab, project: Path) -> None:
    lines = contrast(lab, project, tree.fingerprints(project)).splitlines()
    assert lines[0] == "--- nothing of yours"


def test_commands_of_the_solution_are_told(tmp_path: Path, project: Path) -> None:
    lab = world.lab(tmp_path, "# L\n", "# Solution\n\n```console\n$ alembic upgrade head\n```\n")
    assert contrast(lab, project, {}) == (
        "The page's solution then runs:\n  $ alembic upgrade head"
    )
