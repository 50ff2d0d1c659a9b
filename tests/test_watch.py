"""A lab that is watched: each save is checked, and whatever ends the watch leaves nothing."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from labkit import guidance, lookout, saves
from labkit.course import Course
from labkit.keyboard import Keyboard
from labkit.process import leftovers
from labkit.saves import Saves
from labkit.server import Server
from labkit.show import Screen
from labkit.verdict import Verdict
from tests import clone as clones
from tests.clone import ANSWER, NAME, NUMBER, OTHER, WRONG, Clone
from tests.drills import ask
from tests.window import Window

_CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_NEVER = "while True:\n    pass\n"
KEYS = "h hint  s solution  n next  c check  q quit"


def watching(clone: Clone, columns: int = 80, **variables: str) -> Window:
    """A window in which the small lab is watched."""
    environment = clone.environment(TERM="xterm", **variables)
    command = clone.command(["watch", NUMBER])
    return Window(command, columns=columns, cwd=clone.root, env=environment)


@pytest.fixture
def loaded(clone: Clone, server: Server) -> Clone:
    """A clone where the page of the small lab has run, and the live part of its task is done."""
    assert clone.invoke("lab", NUMBER).status == 0
    database = server.database(f"lab_{NUMBER}")
    assert database
    ask(database.url, "INSERT INTO products (name) VALUES ('lamp')")
    ask(database.url, "UPDATE alembic_version SET version_num = '0003'")
    return clone


def screens(window: Window) -> list[list[str]]:
    """What stood on the screen, each time that it was cleared."""
    return [_CODES.sub("", text).splitlines() for text in window.text.split("\x1b[2J\x1b[H")]


def heads(window: Window) -> list[str]:
    """The verdicts, one for each time that the screen was cleared."""
    lines = [line for screen in screens(window) for line in screen]
    return [line[:4] for line in lines if line.startswith(("PASS  ", "FAIL  "))]


def told(lines: list[str]) -> list[str]:
    """Lines without how long it took."""
    return [re.sub(r"\d+\.\d+ s", "N s", line) for line in lines]


def settings(window: Window) -> list[object]:
    """How the terminal treats what is typed."""
    return list(termios.tcgetattr(window._master))


def left(clone: Clone) -> list[str]:
    """Processes that the clone's tasks have left running."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(str(clone.root)) or (
                leftovers.FOLDER in process.environ() and str(clone.root) in process.cmdline()
            ):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


# Saves and verdicts.


def test_a_save_is_checked_and_its_verdict_is_all_that_stands_on_the_screen(loaded: Clone) -> None:
    with watching(loaded) as window:
        window.wait_for(KEYS)
        loaded.answer()
        window.wait_for(KEYS)
        window.type("q")
        assert window.status() == 0
    first, second = screens(window)[1:3]
    assert told(second)[0] == "migrations/versions/0003_price.py saved, checked in N s."
    passing = re.findall(r"\x1b\[K([^\x1b\r\n]*checking …|Checking …)", window.text)
    assert passing[:2] == ["Checking …", "migrations/versions/0003_price.py saved, checking …"]
    head = f"PASS  {NAME}: 4 claims, 1 snapshot, 3 commands, 1 round trip verified in N s"
    assert head in told(second)
    assert second[-3:] == [f"Go on: invoke lab {NUMBER + 1}", "", KEYS]
    assert first[1].startswith(f"FAIL  {NAME}: ")
    assert KEYS in first


def test_the_watch_leaves_with_the_last_verdict_on_the_screen(loaded: Clone) -> None:
    loaded.answer(WRONG)
    with watching(loaded) as window:
        window.wait_for(KEYS)
        window.type("q")
        assert window.status() == 1
    last = screens(window)[-1]
    assert last[1].startswith(f"FAIL  {NAME}: ")
    assert last[-1] == f"Edit workspace/{NAME}, then again: invoke check {NUMBER}"


@pytest.mark.parametrize("columns", [40, 80])
def test_no_line_is_wider_than_the_window(loaded: Clone, columns: int) -> None:
    loaded.answer(WRONG)
    with watching(loaded, columns, NO_COLOR="1") as window:
        window.wait_for("quit")
        window.type("q")
        window.status()
    assert re.findall(r"\x1b\[(?:3|4|9|10)\d", window.text) == []
    shown = [line for screen in screens(window)[1:] for line in screen]
    # What is to be typed stands on one line, so that it can be copied.
    typed = f"then again: invoke check {NUMBER}"
    assert [line for line in shown if len(line) > columns and typed not in line] == []


def test_in_a_pipe_each_verdict_follows_the_last(loaded: Clone) -> None:
    with subprocess.Popen(
        loaded.command(["watch", NUMBER]),
        cwd=loaded.root,
        env=loaded.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout
        shown = []
        for line in process.stdout:
            shown.append(line.rstrip("\n"))
            if line == "Ctrl-C ends it.\n":
                if shown.count("Ctrl-C ends it.") == 2:
                    break
                loaded.answer()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read().splitlines()
        assert process.wait(30) == 0
    heads = [line[:4] for line in (*shown, *rest) if line.startswith(("PASS", "FAIL"))]
    assert heads == ["FAIL", "PASS", "PASS"]
    assert "\x1b" not in "".join([*shown, *rest])


def test_a_lab_that_was_not_run_is_run_first(clone: Clone) -> None:
    with watching(clone) as window:
        window.wait_for(KEYS)
        window.type("q")
        window.status()
    assert "$ alembic upgrade 0001" in window.text
    assert screens(window)[-1][1].startswith(f"FAIL  {NAME}: ")


def test_a_key_checks_again_what_changed_in_the_database(loaded: Clone, server: Server) -> None:
    loaded.answer()
    with watching(loaded) as window:
        window.wait_for(KEYS)
        # As the administrator: the watch gives the lab's role its password whenever it likes.
        ask(server.admin_url, "DELETE FROM products", dbname=f"lab_{NUMBER}")
        window.type("c")
        window.wait_for(KEYS)
        window.type("q")
        assert window.status() == 1
    assert heads(window) == ["PASS", "FAIL", "FAIL"]


def test_a_save_ends_the_check_of_the_save_before(loaded: Clone) -> None:
    started = time.monotonic()
    with watching(loaded) as window:
        window.wait_for(KEYS)
        loaded.answer(_NEVER)
        window.wait_for("$ alembic current")
        loaded.answer()
        window.wait_for(KEYS)
        window.type("q")
        assert window.status() == 0
    assert time.monotonic() - started < 40
    assert heads(window)[0] == "FAIL"
    assert heads(window)[-1] == "PASS"


def test_a_server_that_is_away_is_told_and_the_watch_goes_on(loaded: Clone, server: Server) -> None:
    loaded.answer()
    with watching(loaded) as window:
        window.wait_for(KEYS)
        server.drop(f"lab_{NUMBER}")
        window.type("c")
        window.wait_for(KEYS)
        window.type("q")
        assert window.status() == 2
    assert screens(window)[-1][1:] == [
        f"ERROR  The database of lab {NUMBER} is gone.",
        "The server was made anew, or another server is in use now.",
        f"Make it again; your files stay as they are: invoke lab {NUMBER}",
    ]


# The end.


def test_quitting_puts_the_terminal_back(loaded: Clone) -> None:
    with watching(loaded) as window:
        before = settings(window)
        window.wait_for(KEYS)
        assert settings(window) != before
        window.type("q")
        window.status()
        assert settings(window) == before
    assert left(loaded) == []
    assert window.process.returncode == 1


@pytest.mark.parametrize("answer", [ANSWER, _NEVER])
def test_ctrl_c_leaves_nothing_behind(loaded: Clone, server: Server, answer: str) -> None:
    with watching(loaded) as window:
        before = settings(window)
        window.wait_for(KEYS)
        loaded.answer(answer)
        window.wait_for("$ alembic current")
        window.type("\x03")
        window.status()
        assert settings(window) == before
    assert [name for name in clones.databases(server) if "throwaway" in name] == []
    assert left(loaded) == []
    assert "Traceback" not in window.text


def test_a_window_that_is_closed_leaves_nothing_behind(loaded: Clone, server: Server) -> None:
    with watching(loaded) as window:
        window.wait_for(KEYS)
        os.close(window._master)
        window._master = os.open(os.devnull, os.O_RDONLY)
        window.process.wait(30)
    assert [name for name in clones.databases(server) if "throwaway" in name] == []
    assert left(loaded) == []


def test_a_watch_that_is_quit_before_its_first_verdict_says_how_to_come_back(
    loaded: Clone,
) -> None:
    loaded.answer(_NEVER)
    with watching(loaded) as window:
        window.wait_for("$ alembic current")
        window.type("q")
        assert window.status() == 0
    assert screens(window)[-1] == [f"Watch it again: invoke watch {NUMBER}"]


# What is a save.


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Saves]:
    project = tmp_path / "project"
    project.mkdir()
    (project / "a.py").write_text("1\n")
    with Saves(project) as made:
        yield made


def until(watched: Saves, *names: str) -> None:
    """Wait until exactly these were saved."""
    seen: set[str] = set()
    deadline = time.monotonic() + 20
    while seen != set(names):
        assert time.monotonic() < deadline, seen
        seen.update(watched.taken())
        time.sleep(0.01)


def test_writing_making_moving_and_deleting_are_saves(watched: Saves, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "a.py").write_text("2\n")
    until(watched, "a.py")
    (project / "below").mkdir()
    (project / "below" / "b.py").write_text("3\n")
    until(watched, "below/b.py")
    (project / "below" / "b.py").rename(project / "c.py")
    until(watched, "below/b.py", "c.py")
    (project / "c.py").unlink()
    until(watched, "c.py")


def test_what_editors_and_tools_leave_is_no_save(watched: Saves, tmp_path: Path) -> None:
    project = tmp_path / "project"
    for name in (".a.py.swp", "a.py~", "__pycache__/a.pyc", ".git/index", "node_modules/x.js"):
        path = project / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    (project / "a.py").write_text("2\n")
    until(watched, "a.py")


def test_a_project_that_is_moved_away_and_made_anew_is_still_watched(
    watched: Saves, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.rename(tmp_path / "kept")
    until(watched, "a.py")
    project.mkdir()
    (project / "b.py").write_text("1\n")
    until(watched, "b.py")


def silent(*_: object, stop_event: object, **__: object) -> Iterator[set[object]]:
    """A system that tells nothing."""
    while True:
        time.sleep(0.01)
        yield set()


def test_a_folder_that_tells_nothing_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saves, "watch", silent)
    project = tmp_path / "project"
    project.mkdir()
    with Saves(project) as watched:
        assert not watched.polling
        (project / "a.py").write_text("1\n")
        until(watched, "a.py")
        (project / "b.py").write_text("1\n")
        until(watched, "b.py")
        assert watched.polling


def refused(*_: object, **__: object) -> Iterator[set[object]]:
    """A system that has no room for one more folder to watch."""
    raise OSError(28, "OS file watch limit reached")
    yield set()


def test_a_system_that_watches_no_more_is_looked_at_and_that_is_told(
    course: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(saves, "watch", refused)
    lab = course.lab(OTHER)
    notes = course.workspace.project(lab.name) / "notes.txt"

    class Typist(Keyboard):
        """Somebody who saves, and quits once the verdict has come."""

        turns = 0

        def pressed(self, seconds: float | None = None) -> str:
            if seconds == 0:
                return ""
            self.turns += 1
            if self.turns == 2:
                return "q"
            notes.write_text("mine\n")
            return super().pressed(20)

    monkeypatch.setattr(lookout, "Keyboard", Typist)
    verdict = lookout.keep(course, lab, Screen, guidance.verbs(course))
    assert isinstance(verdict, Verdict)
    shown = " ".join(capsys.readouterr().out.split())
    assert "notes.txt saved, checked in" in shown
    assert (
        "The system tells of no save in this folder, as in a bind mount or on a network. So it is "
        "looked at five times a second."
    ) in shown


# Keys.


def test_a_key_shows_a_hint_below_the_verdict(loaded: Clone) -> None:
    loaded.answer(WRONG)
    with watching(loaded) as window:
        window.wait_for(KEYS)
        window.type("h")
        window.wait_for(KEYS)
        window.type("q")
        assert window.status() == 1
    shown = screens(window)[2]
    assert shown[1].startswith(f"FAIL  {NAME}: ")
    assert any("hint 1 of " in line for line in shown)
    assert shown[-1] == KEYS


def test_a_key_shows_the_solution_once_it_is_agreed_to(loaded: Clone) -> None:
    with watching(loaded) as window:
        before = settings(window)
        window.wait_for(KEYS)
        window.type("s")
        window.wait_for("[y/N]")
        assert settings(window) == before
        window.type("y\n")
        window.wait_for(KEYS)
        window.type("q")
        assert window.status() == 1
    assert "migrations/versions/0003_price.py" in screens(window)[2]


def test_a_key_goes_on_to_the_next_lab_and_watches_that(loaded: Clone) -> None:
    with watching(loaded) as window:
        window.wait_for(KEYS)
        window.type("n")
        window.wait_for("$ cat notes.txt")
        window.wait_for(KEYS)
        (loaded.root / "workspace" / OTHER / "notes.txt").write_text("bread\nmilk\n")
        window.wait_for("notes.txt saved, checked in")
        window.type("q")
        window.status()
    assert screens(window)[-1][1].startswith(f"FAIL  {OTHER}: ")


def test_behind_the_last_lab_there_is_nothing_to_go_on_to(loaded: Clone) -> None:
    shutil.rmtree(loaded.root / "labs" / OTHER)
    with watching(loaded) as window:
        window.wait_for(KEYS)
        window.type("n")
        window.wait_for(KEYS)
        window.type("q")
        window.status()
    said = [screen[0] for screen in screens(window)]
    assert "No other lab is left. See all of them: invoke labs" in said
