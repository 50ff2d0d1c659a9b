"""A class on one server: seats that have their own databases and enter no other's."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from labkit import lab as labs
from labkit import server
from labkit.postgres import seat
from labkit.server import Server
from labkit.trouble import Trouble
from tests.drills import ROOT, ask


@pytest.fixture
def names(server: Server) -> Iterator[list[str]]:
    made = [f"{name}-{secrets.token_hex(3)}" for name in ("ada", "grace")]
    yield made
    for name in made:
        ask(server.admin_url, f'DROP DATABASE IF EXISTS "{name}_lab_12"')
        ask(server.admin_url, f'DROP ROLE IF EXISTS "{name}"')


def settings(line: str) -> dict[str, str]:
    """The variables of a line that was printed for a learner."""
    words = [word.partition("=") for word in line.split()]
    return {name: value.strip("'") for name, _, value in words}


def test_each_seat_works_in_its_own_database_and_enters_no_other(
    class_url: str,
    names: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert seat.main(names) == 0
    lines = capsys.readouterr().out.splitlines()
    urls = []
    for name, line in zip(names, lines, strict=True):
        for variable, value in settings(line).items():
            monkeypatch.setenv(variable, value)
        database = labs.find(ROOT / "labs", "12").database
        assert database == f"{name}_lab_12"
        urls.append(server.find(tmp_path / name).fresh(database).url)
    rights = (
        "SELECT current_user, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user"
    )
    assert ask(urls[0], rights) == [(names[0], False, False)]
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        ask(urls[0], "SELECT 1", dbname=f"{names[1]}_lab_12")


def test_a_seat_keeps_the_password_of_its_file(
    class_url: str, names: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "password"
    for _ in range(2):
        assert seat.main(["--password-file", str(file), names[0]]) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    login = {"user": names[0], "password": file.read_text()}
    assert ask(class_url, "SELECT current_user", **login) == [(names[0],)]


@pytest.mark.parametrize("name", ["Ada", "1st", "a b", "a" * 21, "ä"])
def test_a_name_that_cannot_be_one_is_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(Trouble) as told:
        seat.prefix({"LABS_PREFIX": name})
    assert str(told.value) == (
        f"“{name}” cannot be the name of a seat.\n"
        "A name begins with a letter from a to z and has up to 20 of a-z, 0-9, - and _.\n"
        "Choose another one, in LABS_PREFIX and for the seat."
    )


def test_somebody_elses_role_is_left_alone(
    class_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"other_{secrets.token_hex(3)}"
    ask(class_url, f"CREATE ROLE {name}")
    try:
        assert seat.main([name]) == 2
        said = capsys.readouterr().err
        assert f"The role {name} exists on this server and is no seat." in said
        assert "Somebody else made it, so it is left as it is." in said
        assert "Choose another name for the seat." in said
    finally:
        ask(class_url, f"DROP ROLE {name}")
