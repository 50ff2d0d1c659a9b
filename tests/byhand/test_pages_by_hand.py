"""Each page stands alone: copied by hand into an empty folder, it does what it says."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from labkit.server import Database, Server
from tests.byhand.environment import build, variables
from tests.byhand.reader import Copied, copied, wrong

LABS = Path(__file__).resolve().parents[2] / "labs"
PAGES = sorted(LABS.glob("[0-9][0-9]-*/README.md"))


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with what `pip install alembic sqlalchemy psycopg2-binary` brings."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "by-hand"
    with FileLock(shared / "by-hand.lock"):
        return folder / "bin" / "python" if folder.exists() else build(folder)


@pytest.fixture(scope="module")
def typist(python: Path) -> Iterator[subprocess.Popen[str]]:
    """Somebody who types commands there."""
    with subprocess.Popen(
        [python, "-I", Path(__file__).with_name("typist.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def type_in(typist: subprocess.Popen[str], command: str, folder: Path, url: str) -> dict[str, Any]:
    assert typist.stdin is not None and typist.stdout is not None
    asked = {"command": command, "folder": str(folder), "environment": variables(url)}
    print(json.dumps(asked), file=typist.stdin, flush=True)
    answer: dict[str, Any] = json.loads(typist.stdout.readline())
    return answer


def test_nothing_is_there_but_what_pip_brings(python: Path) -> None:
    look = "import importlib.util as u, sys; print([n for n in sys.argv[1:] if u.find_spec(n)])"
    names = ["alembic", "sqlalchemy", "psycopg2", "labkit", "pytest", "yaml", "pip"]
    told = subprocess.run([python, "-I", "-c", look, *names], capture_output=True, text=True)
    assert told.stdout == "['alembic', 'sqlalchemy', 'psycopg2']\n", told.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_a_page_that_is_copied_by_hand_does_what_it_says(
    page: Path,
    typist: subprocess.Popen[str],
    server: Server,
    database: Database,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    commands = 0
    for step in copied(page.read_text(encoding="utf-8"), server.version // 10000):
        if step.path:
            path = folder / step.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text, encoding="utf-8")
            continue
        commands += 1
        done = type_in(typist, step.text, folder, database.url)
        fault = wrong(step, done["status"], done["output"])
        assert not fault, f"$ {step.text}\n{done['output']}\n{fault}"
    assert commands > 0


def test_a_command_is_typed_with_and_without_a_shell(
    typist: subprocess.Popen[str], database: Database, tmp_path: Path
) -> None:
    plain = type_in(typist, "alembic heads", tmp_path, database.url)
    shell = type_in(typist, "alembic heads; exit $?", tmp_path, database.url)
    assert plain == shell
    assert plain["status"] == 255


@pytest.mark.parametrize(
    ("status", "output", "fault"),
    [
        (0, "one\n", ""),
        (0, "  one\n\n", ""),
        (0, "two\n", "it does not print ['o...']"),
        (1, "one\n", "it ends with 1"),
    ],
)
def test_what_a_command_prints_is_compared(status: int, output: str, fault: str) -> None:
    assert wrong(Copied("x", claims=[("Output", ["o..."])]), status, output) == fault


def test_a_failure_has_to_come_and_to_be_the_one_on_the_page() -> None:
    command = Copied("x", claims=[("Error", ["...no such table"])])
    assert wrong(command, 1, "INFO\npsycopg2: no such table\nmore") == ""
    assert wrong(command, 0, "no such table") == "it ends with 0"
    assert wrong(command, 1, "no such tables") == "it does not fail with ['...no such table']"


def test_a_page_is_read_to_your_turn_for_one_version() -> None:
    source = (
        '```ini title="a.ini"\n[a]\n```\n'
        "```console\n$ one \\\n> more\n# => Output: 1\n# =>   2\n# => Version: 3\n"
        "$ old\n# => needs: PostgreSQL before 15\n```\n"
        "## Your turn\n```console check\n$ two\n```\n"
    )
    assert [(s.path, s.text) for s in copied(source, 18)] == [
        ("a.ini", "[a]\n"),
        ("", "one \\\nmore"),
    ]
    assert [s.text for s in copied(source, 14)][-1] == "old"
