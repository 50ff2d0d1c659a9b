"""A configuration that leads Alembic nowhere is told in more words than Alembic has."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.judging import configuration, disorder
from labkit.observation import Observation
from labkit.run import Runner
from labkit.trial import environment
from labkit.verdict import Finding


@pytest.fixture
def run(shared_runner: Runner, tmp_path: Path) -> Observation:
    return shared_runner.run("alembic current", project=tmp_path, env=environment(""))


def test_a_file_that_is_gone_is_told(run: Observation, tmp_path: Path) -> None:
    assert disorder.behind(tmp_path, run) == [
        Finding(
            "There is no alembic.ini, so Alembic does not know where the revisions are.",
            "alembic.ini, with script_location in its section [alembic]",
            "no such file",
            "",
            "It was deleted, renamed or moved.",
            "Bring it back; or have a new one written: alembic init FOLDER",
        )
    ]


@pytest.mark.parametrize(
    ("text", "found", "line"),
    [
        ("", "no such section", 1),
        ("[other]\nscript_location = m\n", "no such section", 1),
        ("[other]\n\n[alembic]\n# script_location = m\n", "no such line in that section", 3),
        ("[alembic:north]\nscript_location = m\n", "no such section", 1),
    ],
)
def test_a_file_that_does_not_say_where_is_told(
    shared_runner: Runner, tmp_path: Path, text: str, found: str, line: int
) -> None:
    (tmp_path / "alembic.ini").write_text(text, encoding="utf-8")
    seen = shared_runner.run("alembic current", project=tmp_path, env=environment(""))
    assert configuration.behind(tmp_path, seen) == [
        Finding(
            "alembic.ini does not say where the revisions are.",
            "script_location in its section [alembic]",
            found,
            f"alembic.ini:{line}",
            "The line was deleted or commented out, or stands in another section.",
            "Below [alembic]: script_location = %(here)s/FOLDER",
        )
    ]


@pytest.mark.parametrize(
    "command", ["alembic -c other.ini current", "mkdir s; cd s; alembic current"]
)
def test_a_command_that_looks_elsewhere_is_left_to_alembic(
    shared_runner: Runner, tmp_path: Path, command: str
) -> None:
    seen = shared_runner.run(command, project=tmp_path, env=environment(""))
    assert seen.failure is not None
    assert configuration.behind(tmp_path, seen) == []


def test_a_project_with_the_other_file_is_left_to_alembic(
    shared_runner: Runner, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.alembic]\nprepend_sys_path = []\n")
    seen = shared_runner.run("alembic current", project=tmp_path, env=environment(""))
    assert seen.failure is not None
    assert configuration.behind(tmp_path, seen) == []


def test_another_failure_is_not_that_of_the_file(shared_runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = m\n", encoding="utf-8")
    seen = shared_runner.run("alembic current", project=tmp_path, env=environment(""))
    assert seen.failure is not None
    assert disorder.behind(tmp_path, seen) == []
