"""Whatever ends a task before its end, nothing is lost and the next one says what happened."""

from __future__ import annotations

import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit import server as servers
from labkit.postgres.place import Place
from labkit.server import Server
from tests import clone as clones
from tests.clone import NAME, NUMBER, Clone
from tests.drills import ask
from tests.window import PATIENCE, Window

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A pipe at which the small lab waits until somebody opens the other end."""
    path = tmp_path / "gate"
    os.mkfifo(path)
    return path


@pytest.fixture
def own(small_labs: Path) -> Iterator[Clone]:
    """A clone with an embedded server of its own."""
    made = Path(tempfile.mkdtemp(prefix="labs-tasks-"))
    # As root the server runs as somebody else, who has to pass through.
    made.chmod(0o711)
    root = made / "Ordner mit Leerstellen, é und ß"
    clones.copy_repository(root, small_labs)
    yield Clone(root)
    servers.stop(root / ".labs")
    home = Place(root / ".labs").home
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(made)


def window(clone: Clone, *words: object, **variables: str) -> Window:
    environment = clone.environment(TERM="xterm", **variables)
    return Window(clone.command(words), cwd=clone.root, env=environment)


def lines(window: Window) -> list[str]:
    """What was shown, without its colours."""
    return _COLOUR.sub("", window.text).splitlines()


def sessions(server: Server) -> list[int]:
    """The server's processes that work for the small lab."""
    look = f"SELECT pid FROM pg_stat_activity WHERE datname LIKE 'lab\\_{NUMBER}%'"
    return [row[0] for row in ask(server.admin_url, look)]


def left_behind(server: Server) -> list[int]:
    """Those of them that stay: PostgreSQL looks after a while only whether its client is there."""
    deadline = time.monotonic() + PATIENCE
    while (left := sessions(server)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


# Ctrl-C.


def test_ctrl_c_in_the_middle_of_a_page_is_told_and_the_next_run_is_whole(
    clone: Clone, server: Server
) -> None:
    with window(clone, "lab", NUMBER, HANG="1") as seen:
        seen.wait_for("hanging")
        seen.type("\x03")
        assert seen.status() == 2
    assert lines(seen)[-4:] == [
        "ERROR  Stopped by Ctrl-C while `alembic upgrade head` ran. It was in",
        "migrations/versions/0002_name.py:14.",
        "Nothing was judged, and nothing of yours is lost.",
        f"Run it again: invoke lab {NUMBER}",
    ]
    assert left_behind(server) == []
    done = clone.invoke("lab", NUMBER)
    assert done.status == 0
    assert "cut off" not in done.out
    assert done.lines[-1].startswith("Your turn: ")


def test_ctrl_c_in_the_middle_of_a_check_leaves_the_answer(clone: Clone, server: Server) -> None:
    clone.invoke("lab", NUMBER)
    answer = clone.answer()
    with window(clone, "check", NUMBER, HANG="1") as seen:
        seen.wait_for("$ alembic upgrade head")
        while not any("pg_sleep" in query for query in queries(server)):
            assert seen.process.poll() is None
        seen.type("\x03")
        assert seen.status() == 2
    assert lines(seen)[-2:] == [
        "Nothing was judged, and nothing of yours is lost.",
        f"Run it again: invoke check {NUMBER}",
    ]
    assert answer.read_text() == clones.ANSWER
    assert list((clone.root / ".labs" / "scratch").iterdir()) == []
    assert sorted(clones.databases(server)) == [f"lab_{NUMBER}", f"lab_{NUMBER}_end"]


def queries(server: Server) -> list[str]:
    look = f"SELECT query FROM pg_stat_activity WHERE datname LIKE 'lab\\_{NUMBER}%'"
    return [row[0] for row in ask(server.admin_url, look)]


def test_ctrl_c_while_a_task_is_loaded_is_an_error(clone: Clone) -> None:
    module = clone.root / "labkit" / "guidance.py"
    pressed = "import os\nimport signal\n\nos.kill(os.getpid(), signal.SIGINT)\n"
    module.write_text(
        module.read_text().replace("import annotations\n", f"import annotations\n{pressed}")
    )
    done = clone.invoke("check", NUMBER)
    assert (done.status, done.err) == (2, "")
    assert done.lines == [
        "",
        "ERROR  Stopped by Ctrl-C before it began.",
        f"Run it again: invoke check {NUMBER}",
    ]


# A task that is killed.


def test_after_a_kill_the_next_run_says_so_and_keeps_what_was_left(
    clone: Clone, server: Server
) -> None:
    with window(clone, "lab", NUMBER, HANG="1") as seen:
        seen.wait_for("hanging")
        seen.kill()
    mine = clone.project / "mine.txt"
    mine.write_text("written after the kill")
    done = clone.invoke("lab", NUMBER)
    assert done.status == 0
    assert " ".join(done.lines[:2]).startswith(
        f"The last run of lab {NUMBER} was cut off before its end, and what it left was moved away."
    )
    (kept,) = (clone.root / "workspace" / ".kept").glob(f"*/{NAME}/mine.txt")
    assert kept.read_text() == "written after the kill"
    assert f"Back: invoke restore {NUMBER} --at {kept.parents[1].name}" in done.out
    assert left_behind(server) == []


def test_a_closed_window_ends_a_run_with_all_it_started(clone: Clone, server: Server) -> None:
    with window(clone, "lab", NUMBER, HANG="1") as seen:
        seen.wait_for("hanging")
        seen.process.send_signal(signal.SIGHUP)
        assert seen.status() == 2
    assert lines(seen)[-3:] == [
        "ERROR  `invoke lab` was ended from outside.",
        "Nothing of yours is lost.",
        f"Run it again: invoke lab {NUMBER}",
    ]
    assert left_behind(server) == []


# A server that goes away.


def test_a_lost_connection_is_an_error_and_no_fail(clone: Clone, server: Server) -> None:
    with window(clone, "lab", NUMBER, HANG="1") as seen:
        seen.wait_for("hanging")
        for pid in sessions(server):
            ask(server.admin_url, f"SELECT pg_terminate_backend({pid})")
        assert seen.status() == 2
    shown = lines(seen)
    assert (
        "ERROR  PostgreSQL went away while `alembic upgrade head` ran: server closed the" in shown
    )
    assert shown[-1] == f"Run it again: invoke lab {NUMBER}"
    assert not any(line.startswith(("FAIL", "Traceback (")) for line in shown)


def test_a_killed_server_is_an_error_and_back_for_the_next_task(own: Clone) -> None:
    place = Place(own.root / ".labs")
    with window(own, "lab", NUMBER, HANG="1") as seen:
        seen.wait_for("hanging")
        os.kill(int(place.pid_file()[0]), signal.SIGKILL)
        assert seen.status() == 2
    shown = lines(seen)
    assert any(line.startswith("ERROR  PostgreSQL went away while ") for line in shown)
    assert shown[-1] == f"Run it again: invoke lab {NUMBER}"
    done = own.invoke("lab", NUMBER)
    assert (done.status, done.lines[-3][:4]) == (0, "PASS")
    os.kill(int(place.pid_file()[0]), signal.SIGKILL)
    assert own.invoke("check", NUMBER).status == 1
    done = own.invoke("down")
    assert done.lines == ["PostgreSQL is stopped; its data stays. Any lab starts it again."]


# Two terminals.


def test_a_second_terminal_waits_for_the_same_lab(clone: Clone, gate: Path) -> None:
    with window(clone, "lab", NUMBER, GATE=str(gate)) as first:
        first.wait_for("at the gate")
        with window(clone, "lab", NUMBER) as second:
            second.wait_for(
                f"Another terminal is working on lab {NUMBER}; waiting until it is done."
            )
            gate.open("w").close()
            assert (first.status(), second.status()) == (0, 0)


def test_two_terminals_run_different_labs_at_once(clone: Clone, gate: Path) -> None:
    with window(clone, "lab", NUMBER, GATE=str(gate)) as first:
        first.wait_for("at the gate")
        assert clone.invoke("lab", NUMBER + 1).status == 0
        gate.open("w").close()
        assert first.status() == 0
