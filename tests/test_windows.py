"""Every task of a learner fits its window, keeps its colours to windows, and says what to do.

A watch, which does not end by itself, is tried the same way beside its other tests.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from labkit.server import Server
from tests import clone as clones
from tests.clone import NAME, NUMBER, OTHER, WRONG, Clone
from tests.window import Window

_CODE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_COLOUR = re.compile(r"\x1b\[[0-9;]*\b(?:3\d|4\d|9\d|10\d)\b[0-9;]*m")
# What is to be typed, a path, what a program prints and a file of the page stand on one line, so
# that they can be copied.
_UNBROKEN = re.compile(r"invoke [a-z]|^[$>] |^[-+@ ]|^Read the grades: /")
# These show a text as it is.
_PLAIN = ("solution", "restore", "restore one")

# What is typed, and what the last line has to say.
_TASKS = {
    "labs": (("labs",), "Next: invoke check {lab}"),
    "find": (("labs", "--find", "gate.py"), "Run one: invoke lab {lab}"),
    "lab": (("lab", "{lab}"), "Your turn: edit workspace/{name}, then: invoke check {lab}"),
    "check": (("check", "{lab}"), "Edit workspace/{name}, then again: invoke check {lab}"),
    "hint": (("hint", "{lab}"), "Try it: invoke check {lab}. The "),
    "solution": (
        ("solution", "{lab}", "--anyway"),
        "Write it yourself now, then: invoke check {lab}",
    ),
    "schema": (("schema", "{lab}", "--diff", "turn"), "See the whole schema: invoke schema {lab}"),
    "goto": (("goto", "{lab}", "0001"), "Look around: invoke shell {lab}"),
    "reset": (("reset", "{lab}"), "Your turn: edit workspace/{name}, then: invoke check {lab}"),
    "restore": (("restore",), "Bring one back: invoke restore {lab} --at "),
    "restore one": (("restore", "{lab}"), "Go on where you were: invoke shell {lab}"),
    "next": (("next",), "Your turn: edit workspace/{name}, then: invoke check {lab}"),
    "doctor": (("doctor",), "All is well. Begin: invoke lab 1"),
    "grade": (("grade", "{folder}"), "Read the grades: {folder}-grades/grades.csv"),
    "unknown": (("lab", "nonsense"), "See all labs: invoke labs"),
}


@pytest.fixture(scope="module")
def begun(
    server: Server, small_labs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clone]:
    """A clone in which the page of the small lab has run."""
    for name in clones.databases(server):
        server.drop(name)
    root = tmp_path_factory.mktemp("windows") / "clone"
    clones.copy_repository(root, small_labs)
    clone = Clone(root, {"LABS_DATABASE_URL": server.admin_url, "TERM": "xterm"})
    assert clone.invoke("lab", NUMBER).status == 0
    (root / "all" / "ada" / OTHER).mkdir(parents=True)
    yield clone


@pytest.fixture
def edited(begun: Clone) -> Clone:
    """The clone with a wrong answer, and an older one that is set aside."""
    answer = begun.answer(WRONG)
    kept = begun.root / "workspace" / ".kept" / "2026-01-02_030405" / NAME
    if not kept.exists():
        shutil.copytree(begun.project, kept)
    assert answer.exists()
    return begun


def filled(text: str, clone: Clone) -> str:
    return text.format(lab=NUMBER, name=NAME, folder=clone.root / "all")


def words(task: str, clone: Clone) -> list[str]:
    return [filled(word, clone) for word in _TASKS[task][0]]


def says_what_to_do(task: str, lines: list[str], clone: Clone) -> bool:
    """Whether the last line does, in whole."""
    return lines[-1].startswith(filled(_TASKS[task][1], clone))


def shown(clone: Clone, columns: int, task: str, **variables: str) -> str:
    environment = clone.environment(**variables)
    command = clone.command(words(task, clone))
    with Window(command, columns=columns, cwd=clone.root, env=environment) as window:
        window.status()
        return window.text


def lines_of(text: str) -> list[str]:
    """What stood in the window in the end: a bar that is gone is no line."""
    return [_CODE.sub("", line).rpartition("\r")[2].rstrip() for line in text.splitlines()]


def too_long(task: str, lines: list[str], columns: int) -> list[str]:
    """The lines that are wider than the window and need not be."""
    if task == "solution":  # files
        return []
    return [line for line in lines if cell_len(line) > columns and not _UNBROKEN.search(line)]


@pytest.mark.parametrize("task", _TASKS)
def test_a_window_of_40_columns_without_colours_shows_it_whole(edited: Clone, task: str) -> None:
    text = shown(edited, 40, task, NO_COLOR="1")
    assert _COLOUR.findall(text) == []
    lines = lines_of(text)
    assert too_long(task, lines, 40) == []
    assert says_what_to_do(task, lines, edited), text


@pytest.mark.parametrize("task", _TASKS)
def test_a_window_of_80_columns_shows_it_whole_and_in_colours(edited: Clone, task: str) -> None:
    text = shown(edited, 80, task)
    assert bool(_CODE.search(text)) is (task not in _PLAIN)
    lines = lines_of(text)
    assert too_long(task, lines, 80) == []
    assert says_what_to_do(task, lines, edited), text


@pytest.mark.parametrize("task", _TASKS)
def test_a_pipe_gets_words_and_nothing_else(edited: Clone, task: str) -> None:
    done = edited.invoke(*words(task, edited))
    assert done.err == ""
    assert re.findall(r"[\x00-\x08\x0b-\x1f\x7f]", done.out) == []
    assert [line for line in done.lines if line != line.rstrip()] == []
    assert says_what_to_do(task, done.lines, edited), done.out
