"""What invoke does not understand is told in one message, with what comes near."""

from __future__ import annotations

import inspect
import re

import pytest
from invoke.collection import Collection
from invoke.main import program

import tasks
from labkit.process.words import Reading, usage, with_all
from labkit.trouble import Trouble


def read(line: str) -> Reading:
    return Reading(line.split(), Collection.from_module(tasks), program.initial_context)


def told(line: str) -> tuple[str, str, str]:
    trouble = read(line).trouble
    assert trouble is not None
    return trouble.what, trouble.why, trouble.mend


@pytest.mark.parametrize(
    "line",
    [
        "lab 12",
        "lab downgrading --json",
        "lab --json 12",
        "lab --lab 12",
        "check 12 -j",
        "restore 12 --at 2026-11-22_174512",
        "restore 12 --at=2026-11-22_174512",
        "record 12 --yes",
        "lab 12 check 12",
        "lab lab",
        "lab 12 down",
        "down",
        "",
    ],
)
def test_what_invoke_understands_is_left_to_it(line: str) -> None:
    reading = read(line)
    assert (reading.trouble, reading.help_on) == (None, None)


@pytest.mark.parametrize("task", ["lab", "check", "shell", "reset", "restore", "record"])
def test_a_task_without_its_lab_says_how_labs_are_named(task: str) -> None:
    assert told(task) == (
        f"`invoke {task}` has to be told which lab.",
        "A lab goes by its number, its folder's name or a unique part of it.",
        f"See all labs with `invoke labs`, then for example: invoke {task} 1",
    )


def test_another_task_without_its_word_says_what_that_is() -> None:
    assert told("grade --jobs 2") == (
        "`invoke grade` has to be told FOLDER.",
        "It holds a folder for each submission: a workspace, or one project with --lab.",
        "invoke grade --help",
    )
    assert told("new 31")[0] == "`invoke new` has to be told TITLE."


def test_a_misspelt_task_is_answered_with_what_was_meant() -> None:
    assert told("chekc 12 --json") == (
        "There is no task “chekc”.",
        "Near it is check.",
        "invoke check 12 --json",
    )


def test_a_word_that_is_no_task_is_answered_with_all_of_them() -> None:
    what, why, mend = told("xyzzy")
    assert what == "There is no task “xyzzy”."
    known = why.removeprefix("The tasks are ").removesuffix(".").split(", ")
    assert sorted(known) == sorted(Collection.from_module(tasks).task_names)
    assert mend == "invoke --list"


def test_a_number_alone_is_answered_with_a_task() -> None:
    assert told("12") == (
        "12 alone does not say what to do with lab 12.",
        "A task stands before it: lab runs its page, shell opens it, check judges your answer.",
        "invoke lab 12",
    )


def test_a_word_too_many_is_named() -> None:
    assert told("lab 12 13") == (
        "After `invoke lab 12`, “13” is one word too many.",
        "A task takes one lab; several tasks follow one another with all their words.",
        "invoke lab 12",
    )


def test_a_misspelt_second_task_is_named() -> None:
    what, why, _ = told("lab 12 chek 12")
    assert what == "After `invoke lab 12`, “chek” is one word too many."
    assert why == "A task takes one lab; if a second task was meant, near it is check."


@pytest.mark.parametrize("line", ["lab 12 --jsno", "lab --jsno 12", "lab --jsno=1 12"])
def test_an_unknown_option_is_named_wherever_it_stands(line: str) -> None:
    assert told(line) == (
        "`invoke lab` has no option --jsno.",
        "Near it is --json.",
        "invoke lab --help",
    )


def test_an_option_that_comes_near_nothing_is_answered_with_those_there_are() -> None:
    assert told("record 12 --xx")[1] == "It has --all, --check, --yes."
    assert told("shell 12 --xx")[1] == "It has none at all."


def test_an_option_before_the_task_is_told_to_stand_behind_it() -> None:
    assert told("--json lab 12") == (
        "--json stands before the task.",
        "What stands there is for invoke itself.",
        "Put it at the end: invoke lab 1 --json",
    )


def test_an_option_that_nobody_knows_before_the_task_is_named() -> None:
    assert told("--nonsense") == ("invoke itself has no option --nonsense.", "", "invoke --help")


def test_an_option_without_its_value_is_named() -> None:
    assert told("restore 12 --at") == (
        "--at of `invoke restore` needs a value after it.",
        "",
        "invoke restore --help",
    )


@pytest.mark.parametrize("line", ["lab --help", "lab -h", "lab 12 --help", "lab 12 --json -h"])
def test_help_is_shown_wherever_it_is_asked_for(line: str) -> None:
    context = read(line).help_on
    assert context is not None
    assert usage(context, "Run it.") == "\n".join(
        [
            "invoke lab LAB [--json]",
            "",
            "Run it.",
            "",
            "  LAB     a number, a folder name or a unique part of one: 12, downgrading",
            "  --json  print the verdict as JSON and nothing else",
        ]
    )


def test_help_on_a_task_without_words_is_short() -> None:
    context = read("bench -h").help_on
    assert context is not None
    assert usage(context, "List them.") == "invoke bench\n\nList them."


def test_help_tells_what_an_option_takes() -> None:
    context = read("restore -h").help_on
    assert context is not None
    assert usage(context, "").startswith("invoke restore [LAB] [--at AT]\n")


def test_trouble_is_no_surprise_to_python() -> None:
    assert isinstance(read("12").trouble, Trouble)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["record", "--all"], ["record", "all", "--all"]),
        (["record", "--check", "--all"], ["record", "all", "--check", "--all"]),
        (["record", "7", "--all"], ["record", "7", "--all"]),
        (["record", "--all", "check", "7"], ["record", "all", "--all", "check", "7"]),
        (["lab", "--all"], ["lab", "--all"]),
        (["labs"], ["labs"]),
    ],
)
def test_all_stands_in_the_place_of_a_lab_where_a_task_knows_it(
    words: list[str], meant: list[str]
) -> None:
    assert with_all(words, Collection.from_module(tasks)) == meant


# Help and completion.


@pytest.mark.parametrize("name", sorted(Collection.from_module(tasks).task_names))
def test_every_task_has_help_with_an_example(name: str) -> None:
    task = Collection.from_module(tasks)[name]
    told = inspect.getdoc(task) or ""
    assert re.search(rf"^Example: invoke {name}\b", told, re.MULTILINE)
    context = read(f"{name} --help").help_on
    assert context is not None
    assert [a.name for a in context.args.values() if not a.help] == []


def test_a_task_that_can_do_without_a_lab_is_given_an_empty_word() -> None:
    collection = Collection.from_module(tasks)
    assert with_all(["restore"], collection) == ["restore", ""]
    assert with_all(["restore", "labs"], collection) == ["restore", "", "labs"]
    assert with_all(["restore", "12"], collection) == ["restore", "12"]
    assert with_all(["check", "--all", "--json"], collection) == ["check", "all", "--all", "--json"]
    assert with_all(["reset", "12", "--all"], collection) == ["reset", "12", "--all"]
