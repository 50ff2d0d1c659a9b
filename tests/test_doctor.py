"""The doctor: what it finds, what mends it, and that nothing of it must be kept secret."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import namedtuple
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from rich.cells import cell_len

from labkit import doctor
from labkit.authoring import versions
from labkit.containers import note
from labkit.containers.engine import Engine
from labkit.course import Course
from labkit.doctor import Checkup
from labkit.messages import compose as compose_messages
from labkit.postgres import connection
from labkit.process import fence
from labkit.server import Server
from labkit.terminal import Window
from tests.clone import Clone
from tests.drills import as_ordinary_user
from tests.window import Window as Pane

INSTALL = "python -m pip install --require-hashes -r requirements.lock"
WINDOW = Window(True, 80, True, "utf-8")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def found(course: Course, about: str, window: Window = WINDOW) -> list[Checkup]:
    return [one for one in doctor.examine(course, window) if one.about == about]


def password(server: Server) -> str:
    return connection.parse(server.admin_url)["password"]


# As it is typed.


def test_a_healthy_clone_is_told_so_without_a_password(clone: Clone, server: Server) -> None:
    done = clone.invoke("doctor")
    assert (done.status, done.err) == (0, "")
    assert "ok   PostgreSQL           PostgreSQL 18.4 from LABS_DATABASE_URL" in done.lines
    parameters = connection.parse(server.admin_url)
    where = "{host}, port {port}".format(**parameters)
    assert f"ok   address              {where}" in done.lines
    assert (
        "ok   role                 labs, a superuser; may create databases and roles" in done.lines
    )
    assert "ok   a database           made, entered and dropped" in done.lines
    assert done.lines[-1] == "All is well. Begin: invoke lab 1"
    assert re.fullmatch(r"PASS  doctor: \d+ things verified in \d+\.\d s", done.lines[-2])
    assert password(server) not in done.out


def test_a_server_that_is_away_is_an_error_with_what_mends_it(clone: Clone) -> None:
    url = "postgresql://me:geheim@127.0.0.1:1/postgres"
    done = clone.invoke("doctor", LABS_DATABASE_URL=url)
    assert done.status == 2
    mend = "Start it or correct LABS_DATABASE_URL, or unset that to use the embedded PostgreSQL."
    assert f"     {mend}" in done.lines
    assert done.lines[-2:] == [mend, "Mend what is above, then again: invoke doctor"]
    assert "geheim" not in done.out
    told = json.loads(clone.invoke("doctor", "--json", LABS_DATABASE_URL=url).out)
    assert (told["status"], told["error"]["mend"]) == ("ERROR", mend)
    assert "terminal" in " ".join(told["notes"])


def test_other_versions_than_the_recorded_ones_are_told(clone: Clone) -> None:
    (clone.root / "labs" / versions.FILE).write_text("alembic: 1.0.0\n")
    done = clone.invoke("doctor")
    assert done.status == 1
    here = versions.packages()["alembic"]
    line = f"mend alembic              {here}, and the labs were recorded with 1.0.0"
    at = done.lines.index(line)
    told = json.loads(clone.invoke("doctor", "--json").out)["findings"]
    assert told[0]["why"] == "Another version may print and send other things than the pages say."
    assert done.lines[at + 1] == "     python -m pip install --require-hashes -r requirements.lock"
    assert done.lines[-1] == "Mend what is above, then again: invoke doctor"


@pytest.mark.parametrize("columns", [40, 80])
def test_a_window_shows_it_at_its_width(clone: Clone, columns: int) -> None:
    environment = clone.environment(TERM="xterm")
    with Pane(clone.command(["doctor"]), columns=columns, cwd=clone.root, env=environment) as pane:
        assert pane.status() == 0
    lines = [_COLOUR.sub("", line) for line in pane.text.splitlines()]
    assert [line for line in lines if cell_len(line) > columns] == []
    assert f"xterm, {columns} columns," in " ".join(" ".join(lines).split())
    assert "\x1b[32mok\x1b[0m" in pane.text


# What is looked at.


def test_a_folder_that_cannot_be_written_is_an_error(course: Course, folder: Path) -> None:
    course.workspace.folder = folder / "workspace"
    course.workspace.folder.mkdir()
    course.workspace.folder.chmod(0o555)
    course.state = folder / ".labs"
    seen = as_ordinary_user(lambda: list(doctor._writing(course)))
    assert [(one.about, one.status) for one in seen] == [
        ("workspace", "ERROR"),
        ("state", "PASS"),
        ("temporary files", "PASS"),
    ]
    assert seen[0].said == f"{course.workspace.folder} cannot be written: Permission denied"
    assert seen[0].why == (
        "It belongs to somebody else, or is on a disk that is read-only or full."
    )
    assert seen[0].mend == f'Make it yours: sudo chown -R "$USER" {course.workspace.folder}'


@pytest.mark.parametrize(
    ("free", "status", "said", "why"),
    [
        (10 << 20, "ERROR", "10 MB free", "PostgreSQL stops where it has no room."),
        (
            100 << 20,
            "FAIL",
            "100 MB free",
            "The databases of all labs need a few hundred MB.",
        ),
        (5 << 30, "PASS", "5.0 GB free", ""),
    ],
)
def test_a_disk_is_full_or_soon(
    course: Course, monkeypatch: pytest.MonkeyPatch, free: int, status: str, said: str, why: str
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, free))
    (seen,) = doctor._disk(course)
    assert (seen.status, seen.said, seen.why) == (status, said, why)
    mend = "Free some space; see where it is: du -xh . | sort -h | tail"
    assert seen.mend == ("" if status == "PASS" else mend)


def test_a_role_that_makes_no_roles_is_told(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Server, "makes_roles", False)
    (seen,) = found(course, "role")
    assert (seen.status, seen.said) == ("FAIL", "labs may create databases, and no roles")
    assert seen.why == (
        "All labs share one role, so that the code of one can reach the databases of all others."
    )
    assert seen.mend == 'ALTER ROLE "labs" CREATEROLE'


def test_a_role_that_may_not_enter_its_database_is_an_error(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise OSError("no entry for postgresql://lab:geheim@host/db")

    course.server  # noqa: B018 - it is connected before nobody can
    monkeypatch.setattr(connection, "connect", refuse)
    (seen,) = found(course, "a database")
    assert seen.status == "ERROR"
    assert seen.said == "its role cannot enter it: no entry for postgresql://lab:…@host/db"
    assert seen.why == (
        "A database was made, and its role may not enter it: pg_hba.conf may not let it in."
    )
    assert seen.mend == (
        "Let roles in that begin with lab_, with scram-sha-256, in pg_hba.conf of that server."
    )


@pytest.mark.parametrize(("up", "status"), [(False, "PASS"), (True, "FAIL")])
def test_docker_is_missed_only_where_it_is_used(
    course: Course, monkeypatch: pytest.MonkeyPatch, up: bool, status: str
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise compose_messages.not_installed()

    monkeypatch.setattr(Engine, "docker", missing)
    if up:
        path = note.path(course.state)
        path.parent.mkdir(parents=True)
        path.write_text('{"container": "labs", "port": 5433}')
    (seen,) = found(course, "Docker")
    trouble = compose_messages.not_installed()
    assert (seen.status, seen.said) == (status, f"{trouble.what} The labs do without it.")
    assert seen.mend == (trouble.mend if up else "")


def test_a_docker_that_answers_is_told_and_so_is_its_stack(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\ncase $* in compose*) echo 2.40.3 ;; *) echo 28.5.1 28.5.2 ;; esac"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    assert found(course, "Docker")[0].said == "client 28.5.1, engine 28.5.2, Compose 2.40.3"
    path = note.path(course.state)
    path.parent.mkdir(parents=True)
    path.write_text('{"container": "labs", "port": 5433}')
    (seen,) = list(doctor._containers(course))[1:]
    assert (seen.about, seen.said) == ("containers", "up; the database is on 127.0.0.1, port 5433")


def test_labs_that_another_version_has_recorded_say_so(course: Course) -> None:
    (course.root / "labs" / versions.FILE).write_text("postgresql: '14.9'\n")
    (seen,) = found(course, "recorded with")
    assert (seen.status, seen.said) == ("PASS", "PostgreSQL 14.9; the labs hold on 14 and later")


def test_docker_is_not_looked_for_in_the_workspace_container(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABS_COMPOSE", "25432")
    assert list(found(course, "Docker")) == []


@pytest.mark.parametrize(
    ("window", "status", "said", "why", "mend"),
    [
        (
            Window(True, 30, True, "utf-8"),
            "FAIL",
            "30 columns, colours, utf-8",
            "Below 40 columns lines are broken in the middle.",
            "Make the window wider.",
        ),
        (
            Window(True, 80, False, "ascii"),
            "FAIL",
            "80 columns, no colours, ascii",
            "Signs that it has not are shown as question marks.",
            "export PYTHONUTF8=1 LANG=C.UTF-8",
        ),
        (Window(False, 80, False, "utf-8"), "PASS", "no window, no colours, utf-8", "", ""),
    ],
)
def test_a_terminal_that_shows_little_is_told(
    window: Window, status: str, said: str, why: str, mend: str
) -> None:
    seen = doctor._terminal(window)
    assert seen.status == status
    assert seen.said.endswith(said)
    assert (seen.why, seen.mend) == (why, mend)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (7, "Landlock 7"),
        (0, "none on plan9: a submission to `invoke grade` could read what you can"),
    ],
)
def test_a_system_without_a_fence_is_told(
    monkeypatch: pytest.MonkeyPatch, version: int, said: str
) -> None:
    monkeypatch.setattr(fence, "version", lambda: version)
    monkeypatch.setattr(sys, "platform", "plan9")
    assert doctor._fence() == Checkup("fence", "PASS", said)


def test_a_package_that_is_missing_is_told(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[[str], str] = metadata.version

    def version(name: str) -> str:
        if name == "watchfiles":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    seen = next(one for one in doctor._packages(course) if one.about == "watchfiles")
    assert (seen.status, seen.said, seen.mend) == ("FAIL", "not installed", INSTALL)


def test_a_home_is_not_named(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(course.root))
    said = [one.said for one in doctor._writing(course)]
    assert said[0] == "~/workspace can be written"
