"""A shell opens in the lab's project, with its database, and leaves everything as it is."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from labkit.audience import Silent
from labkit.course import Course
from labkit.lab import Lab
from labkit.shell import open_shell, shell_environment
from labkit.show import Screen
from labkit.trouble import Trouble
from labkit.verdict import Verdict
from tests.clone import NUMBER, OTHER, Clone
from tests.window import Window

LAB = NUMBER + 1


@pytest.fixture
def lab(course: Course) -> Lab:
    return course.lab(str(LAB))


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The learner's shell is a program that writes down where it was started, and with what."""
    program, told = tmp_path / "shell", tmp_path / "told"
    program.write_text(f'#!/bin/sh\npwd > "{told}"\nenv >> "{told}"\nexit 3\n')
    program.chmod(0o755)
    monkeypatch.setenv("SHELL", str(program))
    return told


def opened(course: Course, lab: Lab) -> tuple[Verdict | None, list[str]]:
    file = io.StringIO()
    return open_shell(course, lab, Screen(file, 100)), file.getvalue().splitlines()


def test_a_shell_stands_in_the_project_with_its_database(
    course: Course, lab: Lab, told: Path
) -> None:
    course.run(lab, Silent())
    verdict, lines = opened(course, lab)
    place, *variables = told.read_text().splitlines()
    database = course.work(lab).database
    assert database is not None
    assert Path(place) == course.workspace.project(lab.name).resolve()
    assert f"DATABASE_URL={database.url}" in variables
    assert f"PGDATABASE=lab_{LAB}" in variables
    assert verdict is None
    *said, blank, following = lines
    assert (blank, following) == ("", f"Next: invoke check {LAB}")
    assert " ".join(said) == (
        f"Lab {LAB}, {course.server.source}. DATABASE_URL is set, psql knows it too; `exit` leaves."
    )


def test_a_shell_leaves_edits_alone(course: Course, lab: Lab, told: Path) -> None:
    course.run(lab, Silent())
    notes = course.workspace.project(lab.name) / "notes.txt"
    notes.write_text("mine\n")
    assert opened(course, lab)[1][0].startswith(f"Lab {LAB}, ")
    assert notes.read_text() == "mine\n"


def test_a_shell_before_the_lab_runs_its_page_first(course: Course, lab: Lab, told: Path) -> None:
    lines = opened(course, lab)[1]
    assert lines[0].startswith("Smaller ─")
    assert any(line.startswith(f"PASS  {OTHER}: ") for line in lines)
    assert told.exists()


def test_a_shell_whose_database_is_gone_gets_one(course: Course, lab: Lab, told: Path) -> None:
    course.run(lab, Silent())
    notes = course.workspace.project(lab.name) / "notes.txt"
    notes.write_text("mine\n")
    course.server.drop(lab.database)
    opened(course, lab)
    assert f"PGDATABASE=lab_{LAB}" in told.read_text()
    assert notes.read_text() == "mine\n"


def test_no_shell_opens_where_the_page_could_not_be_run(
    course: Course, lab: Lab, told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Verdict("lab", lab.name, trouble=Trouble("Stopped."))
    monkeypatch.setattr(Course, "run", lambda *_: stopped)
    assert opened(course, lab) == (stopped, [])
    assert not told.exists()


def test_a_shell_that_is_not_there_is_replaced(
    course: Course, lab: Lab, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    course.run(lab, Silent())
    monkeypatch.setenv("SHELL", "/nowhere/fish")
    assert opened(course, lab)[1][-1] == f"Next: invoke check {LAB}"


def test_a_shell_that_is_no_program_is_told(
    course: Course, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course.run(lab, Silent())
    program = tmp_path / "noshell"
    program.write_bytes(b"\0not a program")
    program.chmod(0o755)
    monkeypatch.setenv("SHELL", str(program))
    with pytest.raises(Trouble) as said:
        opened(course, lab)
    assert said.value.what == f"The shell {program} cannot be started: Exec format error."
    assert said.value.why == "It is what the variable SHELL names."
    assert said.value.mend == f"Name another one: SHELL=/bin/sh invoke shell {LAB}"


def test_psql_is_told_all_that_the_url_says(lab: Lab) -> None:
    url = "postgresql+psycopg2://me%40x:p%25w@/lab_12?host=/run/pg&port=5433&sslmode=require"
    given = shell_environment(url, lab)
    names = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE")
    assert [given[name] for name in names] == [
        "/run/pg",
        "5433",
        "me@x",
        "p%w",
        "lab_12",
        "require",
    ]


def test_no_variable_leads_a_shell_elsewhere(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGSERVICE", "LABS_DATABASE_URL", "ALEMBIC_CONFIG"):
        monkeypatch.setenv(name, "elsewhere")
    assert "elsewhere" not in shell_environment("postgresql://me@here/x", lab).values()


def test_what_is_piped_into_a_shell_is_run_by_it(clone: Clone) -> None:
    script = "ls\nalembic --version\npsql -Atc 'SELECT name FROM products'\nfalse\n"
    done = clone.invoke("shell", LAB, stdin=script, SHELL="/bin/sh")
    assert done.status == 0
    assert done.lines[-6:-4] == ["notes.txt", "shop.py"]
    assert done.lines[-4].startswith("alembic ")
    assert done.lines[-3:] == ["lamp", "", f"Next: invoke check {LAB}"]
    assert done.err == ""


def test_ctrl_c_in_a_shell_ends_what_runs_in_it_and_not_the_shell(clone: Clone) -> None:
    environment = clone.environment(SHELL="/bin/sh", TERM="xterm", ENV="")
    with Window(clone.command(["shell", LAB]), cwd=clone.root, env=environment) as window:
        window.wait_for("`exit` leaves.")
        window.wait_for(f"lab {LAB}> ")
        # What it repeats shows that it runs, and is not about to.
        window.type("cat\nonce more\n")
        window.wait_for("once more\nonce more\n")
        window.type("\x03")
        window.wait_for(f"lab {LAB}> ")
        window.type("psql -Atc 'SELECT name FROM products'\n")
        window.wait_for("lamp\n")
        window.wait_for(f"lab {LAB}> ")
        window.type("\x04")
        assert window.status() == 0
    assert window.text.splitlines()[-1] == f"Next: invoke check {LAB}"
