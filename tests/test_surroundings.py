"""Tasks end well in whatever surroundings they are started."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.clone import NUMBER, OTHER, Clone
from tests.window import Window

LAB = NUMBER + 1
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def shown(clone: Clone, columns: int, **variables: str) -> str:
    """What a window shows of a run and of a check that fails."""
    environment = clone.environment(**{"TERM": "xterm", **variables})
    command = clone.command(["lab", LAB, "check", LAB])
    with Window(command, columns=columns, cwd=clone.root, env=environment) as window:
        assert window.status() == 1
    return window.text


# Windows.


def test_a_window_shows_colours_and_wraps_at_its_width(clone: Clone) -> None:
    text = shown(clone, 40)
    assert "\x1b[1;32mPASS\x1b[0m  " in text
    assert "\x1b[1;31mFAIL\x1b[0m  " in text
    ours = [_COLOUR.sub("", line) for line in text.splitlines() if "$ python shop.py" not in line]
    wide = [line for line in ours if cell_len(line) > 40]
    # What is to be typed stands on one line, so that it can be copied.
    assert wide == [
        f"Your turn: edit workspace/{OTHER}, then: invoke check {LAB}",
        f"Edit workspace/{OTHER}, then again: invoke check {LAB}",
    ]


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_a_window_without_colours_gets_none(clone: Clone, variables: dict[str, str]) -> None:
    text = shown(clone, 80, **variables)
    assert re.findall(r"\x1b\[(?:3|4|9|10)\d", text) == []
    if variables.get("TERM") == "dumb":
        assert "\x1b" not in text
    assert "PASS" in text and "FAIL" in text


# Where the output goes.


def test_a_reader_that_stops_early_ends_the_run_in_silence(clone: Clone) -> None:
    command = subprocess.Popen(
        clone.command(["lab", NUMBER]),
        cwd=clone.root,
        env=clone.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert command.stdout and command.stderr
    assert command.stdout.readline().startswith(b"Small ")
    command.stdout.close()
    assert (command.wait(60), command.stderr.read()) == (2, b"")
    command.stderr.close()


@pytest.mark.parametrize("words", [["lab", "x"], ["lab", "x", "--json"]])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no such file")
def test_an_output_that_is_full_is_told_on_stderr(clone: Clone, words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            clone.command(words),
            cwd=clone.root,
            env=clone.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == (
        "ERROR  The verdict cannot be written: No space left on device. Show it on the screen.\n"
    )


def test_a_closed_output_changes_no_verdict(clone: Clone) -> None:
    command = f"exec {shlex.join(clone.command(['lab', LAB]))} >&-"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=clone.root,
        env=clone.environment(),
        stderr=subprocess.PIPE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_system_without_utf_8_gets_what_it_can_show(clone: Clone) -> None:
    done = clone.invoke(
        "lab", LAB, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii"
    )
    assert done.status == 0
    assert done.lines[0] == "Smaller " + "-" * 72
    assert done.lines[-1].startswith("Your turn: ")


# Homes.


@pytest.mark.parametrize("home", ["", "/proc"], ids=["none", "read-only"])
def test_no_home_is_needed(clone: Clone, home: str) -> None:
    assert clone.invoke("lab", LAB, HOME=home).status == 0
