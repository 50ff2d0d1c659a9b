"""A step that needs another version of PostgreSQL is skipped, and that is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.audience import Silent
from labkit.authoring.proof import proofs
from labkit.authoring.rehearsal import rehearsed
from labkit.course import Course
from labkit.lab import Lab
from labkit.messages.need import nothing_to_check
from labkit.need import Need, impossible, possible
from labkit.page import Command
from labkit.run import Runner
from labkit.server import Server
from labkit.trouble import Trouble
from tests.clone import NUMBER
from tests.world import lab, page

OLD = "# => needs: PostgreSQL before 15"
NEW = "# => needs: PostgreSQL 15+"


@pytest.mark.parametrize(
    ("need", "met"),
    [(Need(least=15), {150018, 160000, 180004}), (Need(below=15), {140000, 140023})],
)
def test_a_need_is_met_from_a_version_on_or_before_it(need: Need, met: set[int]) -> None:
    versions = (140000, 140023, 150018, 160000, 180004)
    assert {version for version in versions if need.met(version)} == met


def test_a_file_and_a_command_say_what_they_need() -> None:
    read = page(f"""\
        ```python title="a.py"
        {NEW}
        import os  # => SQL statements: none
        ```
        ```python title="a.py"
        import sys
        {OLD}
        ```
        ```console
        $ one
        # => Output: 1
        {NEW}
        $ two
        ```
        """)
    assert [step.need for step in read.steps] == [Need(15), Need(below=15), Need(15), None]
    assert [str(step.need) for step in possible(read.steps, 140000)] == [
        "PostgreSQL before 15",
        "None",
    ]
    assert [step.line for step in impossible(read.steps, 180004)] == [6]


def test_what_a_command_needs_is_no_part_of_its_output() -> None:
    read = page(f"```console\n$ one\n# => Output: 1\n{NEW}\n```\n")
    assert [claim.lines for step in read.steps for claim in step.claims] == [("1",)]


@pytest.mark.parametrize(
    "said",
    [
        "needs: PostgreSQL 15",
        "Needs: PostgreSQL 15+",
        "needs : PostgreSQL 15+",
        "needs: Postgres 15+",
        "needs: PostgreSQL 9.6+",
        "needs: PostgreSQL 15+ and time",
    ],
)
def test_a_need_in_another_form_is_a_fault_of_the_page(said: str) -> None:
    with pytest.raises(Trouble, match="says no need") as told:
        page(f"```console\n$ one\n# => {said}\n```\n")
    assert "README.md:3: " in told.value.what
    assert "“needs: PostgreSQL 15+” or “needs: PostgreSQL before 15”, once" in told.value.what


def test_two_needs_of_one_step_are_a_fault_of_the_page() -> None:
    with pytest.raises(Trouble, match=r"README\.md:4: “needs: PostgreSQL before 15” says no need"):
        page(f"```console\n$ one\n{NEW}\n{OLD}\n```\n")


def test_a_run_skips_what_the_server_is_too_new_for_and_says_so(
    course: Course, tmp_path: Path
) -> None:
    source = f'```python title="old.py"\n{OLD}\n```\n```console\n$ false\n{OLD}\n$ true\n{NEW}\n```'
    made = write(tmp_path, f"# Lab 1: Tiny\n\n{source}\n\n## Your turn\n")
    verdict = course.run(made, Silent())
    assert (verdict.status, verdict.verified["commands"]) == ("PASS", 1)
    assert verdict.notes[0] == (
        "Skipped, needs PostgreSQL before 15 and this is PostgreSQL 18: old.py, `false`."
    )
    assert not (course.workspace.project(made.name) / "old.py").exists()


def test_a_check_skips_what_the_server_is_too_new_for_and_says_so(
    course: Course, tmp_path: Path
) -> None:
    made = write(
        tmp_path,
        f"# Lab 1: Tiny\n\n## Your turn\n\n```console check\n$ false\n{OLD}\n$ true\n```\n",
    )
    course.run(made, Silent())
    verdict = course.check(made, Silent())
    assert (verdict.status, verdict.notes) == (
        "PASS",
        ("Skipped, needs PostgreSQL before 15 and this is PostgreSQL 18: `false`.",),
    )


def test_a_task_that_cannot_be_judged_on_this_server_is_an_error(
    course: Course, tmp_path: Path
) -> None:
    made = write(
        tmp_path, f"# Lab 1: Tiny\n\n## Your turn\n\n```console check\n$ true\n{OLD}\n```\n"
    )
    course.run(made, Silent())
    with pytest.raises(Trouble) as told:
        course.check(made, Silent())
    assert told.value.what == (
        f"The task of lab {NUMBER} needs PostgreSQL before 15, and this is PostgreSQL 18."
    )


def test_somebody_with_an_old_server_is_told_how_to_use_the_one_of_the_labs(
    tmp_path: Path,
) -> None:
    trouble = nothing_to_check(
        lab(tmp_path, "Nothing."), [Command("true", 1, need=Need(15))], 140023
    )
    assert str(trouble.what) == "The task of lab 1 needs PostgreSQL 15+, and this is PostgreSQL 14."
    assert trouble.why == "LABS_DATABASE_URL or LABS_PG_BIN names a server of another version."
    assert trouble.mend.endswith("env -u LABS_DATABASE_URL -u LABS_PG_BIN invoke check 1")


def test_proofs_pass_over_an_answer_that_this_server_cannot_take(
    server: Server, shared_runner: Runner, tmp_path: Path
) -> None:
    wrong = f'## Old\n\n```python title="a.py"\n{OLD}\n```\n\n## New\n\n'
    made = lab(
        tmp_path,
        "## Your turn\n\n```console check\n$ cat answer\n```\n",
        f'```text title="answer"\n{OLD}\n```\n',
        f'{wrong}```text title="other"\n```\n',
    )
    with rehearsed(made, server, shared_runner, tmp_path) as rehearsal:
        names = [proof.name for proof in proofs(rehearsal)]
    assert names == ["the page", "the untouched example", "the mistake “New”"]


def test_proofs_of_a_task_that_this_server_cannot_judge_are_those_of_the_page(
    server: Server, shared_runner: Runner, tmp_path: Path
) -> None:
    made = lab(tmp_path, f"## Your turn\n\n```console check\n$ cat answer\n{OLD}\n```\n")
    with rehearsed(made, server, shared_runner, tmp_path) as rehearsal:
        assert [proof.name for proof in proofs(rehearsal)] == ["the page"]


def write(folder: Path, page: str) -> Lab:
    home = folder / f"{NUMBER}-tiny"
    home.mkdir()
    (home / "README.md").write_text(page, encoding="utf-8")
    return Lab(home)
