"""What the embedded server survives, and what it says when it cannot."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from labkit import server
from labkit.postgres import binaries, connection, embedded
from labkit.postgres.place import Place
from labkit.trouble import Trouble
from tests.drills import (
    FIND,
    ask,
    make_table,
    pid,
    runs,
    table_is_there,
    terminal,
)


def test_a_killed_server_is_started_again_with_its_data(lasting: Path) -> None:
    make_table(lasting)
    os.kill(pid(lasting), signal.SIGKILL)
    assert table_is_there(lasting)


def test_a_server_killed_under_an_open_session_is_started_by_the_next_use(lasting: Path) -> None:
    running = server.find(lasting)
    running.fresh("lab_before")
    os.kill(pid(lasting), signal.SIGKILL)
    assert running.exists("lab_before")


def test_a_killed_backend_takes_all_sessions_along_and_the_next_use_goes_on(lasting: Path) -> None:
    running = server.find(lasting)
    [(backend,)] = ask(
        running.admin_url,
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'alembic-labs'"
        " AND pid <> pg_backend_pid() ORDER BY backend_start DESC LIMIT 1",
    )
    os.kill(backend, signal.SIGKILL)
    assert running.fresh("lab_after")


def test_processes_that_outlive_the_server_do_not_keep_it_from_starting(lasting: Path) -> None:
    make_table(lasting)
    postmaster = psutil.Process(pid(lasting))
    orphan = postmaster.children()[0]
    # A stopped process does not notice that the server is gone.
    orphan.suspend()
    postmaster.kill()
    postmaster.wait()
    assert table_is_there(lasting)
    assert not runs(orphan)


def test_a_stale_pid_file_is_mended(lasting: Path) -> None:
    make_table(lasting)
    pid_file = Place(lasting).pid_path
    stale = pid_file.read_text()
    for number in (os.getpid(), os.getppid(), 1, 2**22 + 1, -5, "nonsense"):
        server.stop(lasting)
        pid_file.write_text("\n".join([str(number), *stale.splitlines()[1:]]))
        assert table_is_there(lasting)
    server.stop(lasting)
    pid_file.write_text("")
    assert table_is_there(lasting)


def test_a_pid_file_that_names_another_server_is_not_believed(
    lasting: Path, server_of_the_run: Place
) -> None:
    server.stop(lasting)
    shutil.copy(server_of_the_run.pid_path, Place(lasting).data)
    other = server_of_the_run.pid_file()[0]
    server.find(lasting)
    assert pid(lasting) != int(other)
    assert psutil.Process(int(other)).is_running()


@pytest.fixture
def server_of_the_run(server: server.Server) -> Place:
    return Place(Path(os.environ["LABKIT_TEST_STATE"]))


def test_another_port_is_taken_when_its_own_is_in_use(lasting: Path) -> None:
    server.find(lasting)
    port = Place(lasting).port()
    assert port
    server.stop(lasting)
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        server.find(lasting)
        assert Place(lasting).port() != port
        server.stop(lasting)
    server.find(lasting)
    assert Place(lasting).port() == port


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_a_lost_secret_costs_no_data(lasting: Path, state: str) -> None:
    make_table(lasting)
    if state == "stopped":
        server.stop(lasting)
    (lasting / "secret").unlink()
    assert table_is_there(lasting)


def test_a_broken_secret_is_replaced(lasting: Path) -> None:
    make_table(lasting)
    (lasting / "secret").write_bytes(b"short")
    assert table_is_there(lasting)
    assert stat.S_IMODE((lasting / "secret").stat().st_mode) == 0o600


def test_an_interrupted_initdb_is_done_again(folder: Path) -> None:
    first = terminal(FIND, folder, start_new_session=True)
    home = folder / "server"
    while not list(home.glob("draft-*/data/base")):
        assert first.poll() is None
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    make_table(folder)
    assert table_is_there(folder)
    assert not list(home.glob("draft-*"))


def test_a_server_that_does_not_answer(lasting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.find(lasting)
    port = Place(lasting).port()
    monkeypatch.setattr("labkit.postgres.connection.TIMEOUT", 1)
    psutil.Process(pid(lasting)).suspend()
    with pytest.raises(Trouble) as caught:
        server.find(lasting)
    assert caught.value.what == (
        f"The embedded PostgreSQL runs and does not answer on 127.0.0.1:{port}."
    )
    assert caught.value.mend == "Stop it with `invoke down` and run the command again."
    monkeypatch.undo()
    assert server.stop(lasting) is True
    assert server.find(lasting)


def test_a_command_that_is_stuck_while_starting(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from filelock import FileLock

    monkeypatch.setattr(embedded, "PATIENCE", 0.1)
    with FileLock(folder / "server.lock"), pytest.raises(Trouble) as caught:
        server.find(folder)
    assert caught.value.what == (
        "Another command has been starting or stopping PostgreSQL for 0 seconds."
    )
    assert caught.value.why == "It is probably stuck, or stopped in another terminal."
    assert caught.value.mend == "End it there (Ctrl-C) and run the command again."
    assert caught.value.why == "It is probably stuck, or stopped in another terminal."
    assert caught.value.mend == "End it there (Ctrl-C) and run the command again."
    assert caught.value.why == "It is probably stuck, or stopped in another terminal."
    assert caught.value.mend == "End it there (Ctrl-C) and run the command again."


def test_no_connection_left(lasting: Path) -> None:
    running = server.find(lasting)
    opened = []
    try:
        for url in (running.fresh("lab_greedy").url, running.admin_url):
            with pytest.raises(psycopg2.OperationalError):
                while True:
                    opened.append(connection.connect(connection.parse(url)))
        with pytest.raises(Trouble) as caught:
            server.find(lasting)
    finally:
        for each in opened:
            each.close()
    assert caught.value.what == (
        "The server has no connection left for this command:"
        f" embedded PostgreSQL on 127.0.0.1:{Place(lasting).port()}."
    )
    assert server.find(lasting)


# What it cannot mend.


@pytest.fixture
def stopped(lasting: Path) -> Iterator[Place]:
    """The data of a server that does not run; what a test does to them is undone."""
    server.find(lasting)
    server.stop(lasting)
    place = Place(lasting)
    kept = {path: path.read_bytes() for path in (place.data / "PG_VERSION", control_of(place))}
    yield place
    for path, content in kept.items():
        path.write_bytes(content)
        shutil.chown(path, place.data.owner(), place.data.group())


def control_of(place: Place) -> Path:
    return place.data / "global" / "pg_control"


def test_damaged_data_are_told_with_the_end_of_the_log(stopped: Place) -> None:
    control_of(stopped).write_bytes(b"damaged")
    with pytest.raises(Trouble) as caught:
        server.find(stopped.state)
    assert caught.value.what == (
        f"The embedded PostgreSQL does not start with the data in {stopped.data}."
    )
    assert caught.value.why.startswith("They are probably damaged. Its log ends with:\n")
    assert "global/pg_control" in caught.value.why
    before, command, after = caught.value.mend.split("`")
    assert shlex.split(command) == ["mv", str(stopped.data), f"{stopped.data}-broken"]
    assert (before, after) == (
        "Set them aside with ",
        " and run the command again: it makes new ones, and your files are not touched.",
    )


def test_data_without_a_version_are_told(stopped: Place) -> None:
    (stopped.data / "PG_VERSION").unlink()
    with pytest.raises(Trouble) as caught:
        server.find(stopped.state)
    assert caught.value.why == "They are damaged."


def test_data_of_another_version_are_set_aside_and_come_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_table(folder)
    here = binaries.find()
    assert here.wheel
    older = Place(folder).home / "older"
    binaries.Binaries(here.wheel / "pginstall" / "bin", "16", here.wheel).copy(older)
    server.stop(folder)
    monkeypatch.setenv("LABS_PG_BIN", str(older / here.wheel.name / "pginstall" / "bin"))
    changed = server.find(folder)
    aside = Place(folder).home / f"data-{here.major}"
    assert changed.notices == (
        f"The data of PostgreSQL {here.major} were set aside as {aside}, since PostgreSQL 16 runs"
        f" now and cannot read them. They come back when PostgreSQL {here.major} runs again.",
    )
    assert not changed.exists("lab_kept")
    server.stop(folder)
    monkeypatch.delenv("LABS_PG_BIN")
    assert table_is_there(folder)
