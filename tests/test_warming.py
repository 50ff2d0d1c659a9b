"""Warming: with the installed Alembic it gets to its end, which nothing else would tell."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
import sqlalchemy.engine

from labkit.process import failing
from labkit.process.warming import warm
from labkit.run import Runner
from labkit.trial import environment


def test_all_of_it_is_what_alembic_and_libpq_have(capfd: pytest.CaptureFixture[str]) -> None:
    before = psutil.Process().num_fds()
    warm()
    assert capfd.readouterr() == ("", "")
    assert psutil.Process().num_fds() == before


def test_the_first_command_line_of_a_fork_was_there_before_it(tmp_path: Path) -> None:
    # What is from before the fork is frozen, and the collector does not list it.
    program = """
import gc
from alembic.config import CommandLine
for _ in range(2):
    parser = CommandLine(prog="alembic").parser
    print(any(there is parser for there in gc.get_objects()))
"""
    (tmp_path / "lines.py").write_text(program, encoding="utf-8")
    with Runner(fork=True) as runner:
        seen = runner.run("python lines.py", project=tmp_path, env=environment(""))
    assert seen.output == "False\nTrue\n"


def test_where_modules_are_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    file = sqlalchemy.engine.__file__
    where = Path(file).resolve()
    failing.remember_modules()
    monkeypatch.setattr("os.path.realpath", None)
    assert Path(failing.real_path(file)) == where


def test_a_variable_of_the_runner_alone_is_none_of_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_RUNNER", "1")
    given = environment("")
    del given["OF_THE_RUNNER"]
    with Runner(fork=True) as runner:
        program = "python -c 'import os; print(os.environ.get(\"OF_THE_RUNNER\"))'"
        assert runner.run(program, project=tmp_path, env=given).output == "None\n"
