"""Whatever ends a task before its end, nothing is lost and the next one says what happened."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from labkit.server import Server
from tests.clone import ANSWER, NAME, NUMBER, OTHER, Clone
from tests.drills import ask
from tests.window import Window


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A pipe at which the small lab waits until somebody opens the other end."""
    path = tmp_path / "gate"
    os.mkfifo(path)
    return path


def window(clone: Clone, *words: object, **variables: str) -> Window:
    return Window(
        clone.command(words), cwd=clone.root, env=clone.environment(TERM="xterm", **variables)
    )


def let_pass(gate: Path) -> None:
    gate.open("w").close()


def sessions(server: Server, database: str) -> list[int]:
    """The server's processes that work for a database."""
    rows = ask(
        server.admin_url, f"SELECT pid FROM pg_stat_activity WHERE datname LIKE '{database}%'"
    )
    return [row[0] for row in rows]


def test_ctrl_c_ends_a_page_with_one_message(clone: Clone, server: Server) -> None:
    with window(clone, "lab", NUMBER, HANG="1") as seen:
        seen.wait_for("hanging")
        seen.type("\x03")
        assert seen.status() == 2
    print(seen.text)
    *_, what, why, last = seen.text.replace("\x1b[0m", "").splitlines()
    assert "Traceback" not in seen.text
    assert (
        "ERROR" in seen.text and "Stopped by Ctrl-C while `alembic upgrade head` ran." in seen.text
    )
    assert why == "Nothing was judged, and nothing of yours is lost."
    assert last.endswith(f"Run it again: invoke lab {NUMBER}")
    assert sessions(server, f"lab_{NUMBER}") == []
    done = clone.invoke("check", NUMBER)
    print(done.out)
    done = clone.invoke("lab", NUMBER)
    print(done.out)
    assert done.status == 0
    assert 0


def test_sigkill(clone: Clone, server: Server) -> None:
    with window(clone, "lab", NUMBER, HANG="1") as seen:
        seen.wait_for("hanging")
        seen.kill()
        assert seen.status() == -9
    done = clone.invoke("check", NUMBER)
    print(done.out)
    done = clone.invoke("lab", NUMBER)
    print(done.out)
    assert done.status == 0
    print(os.listdir(clone.root / ".labs"))
    assert sessions(server, f"lab_{NUMBER}") == []
    assert 0


def test_terminated(clone: Clone, server: Server) -> None:
    with window(clone, "lab", NUMBER, HANG="1") as seen:
        seen.wait_for("hanging")
        for pid in sessions(server, f"lab_{NUMBER}"):
            ask(server.admin_url, f"SELECT pg_terminate_backend({pid})")
        print(seen.status())
    print(seen.text)
    with window(clone, "lab", NUMBER, HANG="1") as seen:
        seen.wait_for("hanging")
        seen.process.send_signal(signal.SIGHUP)
        print(seen.status())
    print(seen.text)
    assert 0
