"""The embedded server: it starts, stays up, and is found again."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import psutil
import pytest

from labkit import server
from labkit.postgres.place import Place
from tests.drills import (
    FIND,
    ask,
    make_table,
    pid,
    runs,
    table_is_there,
    terminal,
)


def test_it_listens_on_the_loopback_only(lasting: Path) -> None:
    running = server.find(lasting)
    listening = psutil.Process(pid(lasting)).net_connections(kind="all")
    port = Place(lasting).port()
    assert [each.laddr for each in listening if each.status == "LISTEN"] == [("127.0.0.1", port)]
    version = ".".join(map(str, divmod(running.version, 10000)))
    assert running.source == f"embedded PostgreSQL {version} on 127.0.0.1:{port}"


def test_another_terminal_finds_the_same_server(lasting: Path) -> None:
    said = terminal(FIND, lasting).communicate()[0]
    assert said == f"{server.find(lasting).source}\n"


def test_two_terminals_that_start_at_once_share_one_server(folder: Path) -> None:
    terminals = [terminal(FIND, folder) for _ in range(2)]
    said = [each.communicate()[0] for each in terminals]
    assert said == [f"{server.find(folder).source}\n"] * 2


def test_it_outlives_the_terminal_that_started_it(lasting: Path) -> None:
    server.stop(lasting)
    other = terminal(FIND + "input()", lasting, start_new_session=True)
    assert other.stdout
    assert other.stdout.readline().startswith("embedded PostgreSQL")
    before = pid(lasting)
    os.killpg(other.pid, signal.SIGINT)
    os.killpg(other.pid, signal.SIGHUP)
    other.communicate()
    server.find(lasting)
    assert pid(lasting) == before


def test_it_keeps_nothing_that_a_logout_would_sweep(lasting: Path) -> None:
    server.find(lasting)
    process = psutil.Process(pid(lasting))
    # Only Linux has such a place, and only there psutil can look.
    maps = [each.path for each in getattr(process, "memory_maps", list)()]
    assert [path for path in maps if path.startswith("/dev/shm/PostgreSQL")] == []


def test_down_stops_it_and_may_be_repeated(lasting: Path) -> None:
    server.find(lasting)
    process = psutil.Process(pid(lasting))
    assert server.stop(lasting) is True
    assert not runs(process)
    assert server.stop(lasting) is False


def test_down_where_there_never_was_a_server(folder: Path) -> None:
    assert server.stop(folder / ".labs") is False
    assert not (folder / ".labs").exists()


def test_data_and_port_survive_a_stop(lasting: Path) -> None:
    make_table(lasting)
    before = server.find(lasting).source
    server.stop(lasting)
    assert table_is_there(lasting)
    assert server.find(lasting).source == before


def test_a_long_path_with_spaces_and_accents(lasting: Path) -> None:
    assert len(os.fsencode(lasting)) > 400
    assert not str(lasting).isascii()
    make_table(lasting)
    assert table_is_there(lasting)


@pytest.mark.parametrize("home", ["home", "home that cannot be written"])
def test_a_path_that_is_too_long_for_postgresql(
    folder: Path, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HOME", "TMPDIR"):
        monkeypatch.setenv(variable, str(folder / variable))
        (folder / variable).mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("labkit.postgres.place._OUTSIDE", folder / "outside")
    if "cannot" in home:
        (folder / "HOME" / ".local").touch()
    state = folder.joinpath(*["long" * 60] * 5, ".labs")
    state.parent.mkdir(parents=True)
    make_table(state)
    server.stop(state)
    assert table_is_there(state)
    where = Place(state).data.relative_to(folder).parts[0]
    assert where == ("outside" if os.geteuid() == 0 else "TMPDIR" if "cannot" in home else "HOME")


def test_a_clone_may_be_moved_while_its_server_runs(folder: Path) -> None:
    first, moved = folder / "first" / ".labs", folder / "moved" / ".labs"
    first.parent.mkdir()
    make_table(first)
    first.parent.rename(moved.parent)
    assert table_is_there(moved)
    assert server.find(moved).fresh("lab_more")


def test_a_copied_clone_has_a_server_of_its_own(folder: Path) -> None:
    first, copied = folder / "first" / ".labs", folder / "copied" / ".labs"
    first.parent.mkdir()
    make_table(first)
    pid_file = Place(first).pid_path
    server.stop(first)
    shutil.copytree(first, copied)
    for path in copied.rglob("*"):
        # As root the copies would be ours, which PostgreSQL refuses.
        owner = (first / path.relative_to(copied)).stat()
        os.chown(path, owner.st_uid, owner.st_gid)
    assert server.find(first)
    # As if it had been copied while the server ran.
    Place(copied).pid_path.write_bytes(pid_file.read_bytes())
    assert table_is_there(copied)
    assert pid(first) != pid(copied)
    assert table_is_there(first)


def test_no_variable_of_libpq_matters(lasting: Path) -> None:
    server.stop(lasting)
    hostile = {
        "PGHOST": "/nowhere",
        "PGPORT": "1",
        "PGUSER": "somebody",
        "PGPASSWORD": "wrong",
        "PGDATABASE": "none",
        "PGDATA": "/nowhere",
        "PGOPTIONS": "-c nonsense=1",
        "PGSERVICE": "none",
        "PGSSLMODE": "verify-full",
        "PGTZ": "Asia/Tokyo",
        "LC_ALL": "de_DE.UTF-8",
        "LANG": "xx_XX",
        "HOME": "/nowhere",
        "PATH": "",
    }
    for _ in ("started", "found running"):
        said = terminal(FIND, lasting, env=os.environ | hostile).communicate()[0]
        assert said == f"{server.find(lasting).source}\n"
    assert ask(server.find(lasting).admin_url, "SHOW timezone") == [("UTC",)]
