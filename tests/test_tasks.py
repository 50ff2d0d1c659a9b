"""The tasks as a learner meets them: typed in a clone, their output in a pipe."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from labkit.server import Server
from tests import clone as clones
from tests.clone import NAME, NUMBER, OTHER, WRONG, Clone, Done

LAB = NUMBER + 1


@dataclass(frozen=True)
class Story:
    """What a learner saw who ran a lab and gave a wrong answer."""

    lab: Done
    check: Done
    machine: Done


@pytest.fixture(scope="module")
def story(
    server: Server, small_labs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    for name in clones.databases(server):
        server.drop(name)
    root = tmp_path_factory.mktemp("story") / "mit Leerstellen, é und ß"
    clones.copy_repository(root, small_labs)
    clone = Clone(root, {"LABS_DATABASE_URL": server.admin_url})
    lab = clone.invoke("lab", NUMBER)
    clone.answer(WRONG)
    yield Story(lab, clone.invoke("check", NUMBER), clone.invoke("check", NUMBER, "--json"))
    shutil.rmtree(root)


# What a run shows.


def test_a_run_shows_each_command_with_what_it_printed_and_sent(story: Story) -> None:
    text = re.sub(r"\d+\.\d (m?s)", r"N \1", story.lab.out)
    assert (
        text
        == f"""\
Small {"─" * 74}
PostgreSQL 18.4 from LABS_DATABASE_URL

wrote alembic.ini, migrations/env.py,
migrations/versions/0001_create_products.py, migrations/versions/0002_name.py,
gate.py

$ alembic upgrade 0001
  ┌ upgrade of 0001 · migrations/versions/0001_create_products.py
  │  :11  CREATE TABLE products ( name TEXT )
  │       no new lock · N ms

$ alembic upgrade head
  ┌ upgrade of 0002 · migrations/versions/0002_name.py
  │  :15  ALTER TABLE products ALTER COLUMN name SET NOT NULL
  │       ACCESS EXCLUSIVE on products · scans products · N ms

$ python gate.py
  café


PASS  {NAME}: 8 claims, 1 snapshot, 3 commands verified in N s
A shell with its database, to try things: invoke shell {NUMBER}
Your turn: edit workspace/{NAME}, then: invoke check {NUMBER}
"""
    )


def test_a_pass_leaves_with_zero_and_says_nothing_on_stderr(story: Story) -> None:
    assert (story.lab.status, story.lab.err) == (0, "")


@pytest.mark.parametrize("what", ["lab", "check", "machine"])
def test_piped_output_has_no_escape_codes_and_no_trailing_blanks(story: Story, what: str) -> None:
    done: Done = getattr(story, what)
    assert "\x1b" not in done.out
    assert [line for line in done.out.split("\n") if line != line.rstrip()] == []


def test_a_wrong_answer_leaves_with_one_and_all_its_findings(story: Story) -> None:
    assert story.check.status == 1
    assert story.check.lines[2:12] == [
        "$ alembic current",
        "$ alembic upgrade head",
        "$ python gate.py",
        "Up, down and up again, from where the page ends: 0003",
        "$ alembic upgrade 0003",
        "$ alembic downgrade 0002",
        "$ alembic upgrade 0003",
        "",
        f"FAIL  {NAME}: 3 findings",
        "",
    ]
    assert story.check.lines[-6:] == [
        "3. products.price: expected integer DEFAULT 0, found integer NOT NULL",
        "   at   migrations/versions/0003_price.py:11",
        "   why  Seen after `python gate.py`, against the snapshot “turn”.",
        "",
        f"Stuck? One hint at a time: invoke hint {NUMBER}",
        f"Edit workspace/{NAME}, then again: invoke check {NUMBER}",
    ]


def test_machines_get_the_same_verdict_as_json_and_nothing_else(story: Story) -> None:
    told = json.loads(story.machine.out)
    assert (story.machine.status, story.machine.err) == (1, "")
    assert (told["task"], told["lab"], told["status"], told["exit_status"]) == (
        "check",
        NAME,
        "FAIL",
        1,
    )
    assert len(told["findings"]) == 3
    assert told["findings"][2]["place"] == "migrations/versions/0003_price.py:11"
    assert told["next"] == f"Edit workspace/{NAME}, then again: invoke check {NUMBER}"


# Tasks one after the other.


def test_one_task_follows_another_as_long_as_they_pass(clone: Clone) -> None:
    done = clone.invoke("lab", LAB, "check", LAB, "down")
    assert done.status == 1
    heads = [line[:4] for line in done.lines if line.startswith(("PASS", "FAIL"))]
    assert heads == ["PASS", "FAIL"]
    assert "No PostgreSQL of the labs" not in done.out


def test_what_reset_prints_brings_everything_back(clone: Clone, server: Server) -> None:
    clone.invoke("lab", LAB)
    notes = clone.root / "workspace" / OTHER / "notes.txt"
    notes.write_text("mine\n")
    done = clone.invoke("reset", LAB)
    assert done.status == 0
    assert notes.read_text() == "bread\n"
    command = done.out.partition("Back: invoke ")[2].splitlines()[0]
    back = clone.invoke(*command.split())
    assert back.status == 0
    assert notes.read_text() == "mine\n"
    assert back.lines[-1] == f"Go on where you were: invoke shell {LAB}"


# What a task cannot make sense of.


def test_a_word_that_invoke_does_not_know_is_an_error_and_no_fail(clone: Clone) -> None:
    done = clone.invoke("chekc", LAB)
    assert (done.status, done.err) == (2, "")
    assert done.lines == [
        "",
        "ERROR  There is no task “chekc”.",
        "Near it is check.",
        f"invoke check {LAB}",
    ]


def test_a_missing_lab_is_told_to_machines_as_json(clone: Clone) -> None:
    done = clone.invoke("lab", "--json")
    assert (done.status, done.err) == (2, "")
    assert json.loads(done.out)["error"]["what"] == "`invoke lab` has to be told which lab."


def test_an_unknown_lab_names_those_that_come_near(clone: Clone) -> None:
    done = clone.invoke("check", "smal")
    assert done.status == 2
    assert done.lines[1:] == [
        "ERROR  “smal” could be 2 labs.",
        f"They are {NAME}, {OTHER}.",
        f"invoke check {NUMBER}",
    ]


def test_help_on_a_task_is_shown_and_nothing_is_run(clone: Clone) -> None:
    done = clone.invoke("lab", "--help")
    assert done.status == 0
    assert done.lines[0] == "invoke lab LAB [--json]"
    assert not (clone.root / ".labs").exists()


def test_invoke_alone_lists_the_labs(clone: Clone) -> None:
    done = clone.invoke()
    assert (done.status, done.lines) == (
        0,
        [
            f"> {NUMBER} Small   new",
            f"  {LAB} Smaller new",
            "",
            "0 of 2 labs passed: 0 % of Alembic covered so far",
            f"Next: invoke lab {NUMBER}",
        ],
    )


def test_forgetting_what_docker_never_kept_says_so(clone: Clone) -> None:
    done = clone.invoke("down", "--volumes")
    assert (done.status, done.lines) == (
        0,
        ["Docker keeps no data of this clone.", "No PostgreSQL of the labs is running."],
    )


def test_stopping_what_does_not_run_says_so(clone: Clone) -> None:
    done = clone.invoke("down")
    assert (done.status, done.lines) == (0, ["No PostgreSQL of the labs is running."])
