"""Recording writes down what a good run shows, as far as its author agrees, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labkit.authoring.recording import record
from labkit.lab import Lab
from labkit.messages import record as messages
from labkit.run import Runner
from labkit.server import Server
from labkit.trouble import Trouble
from tests import tiny
from tests.world import SCAFFOLD, Did, lab, page, play, revision

Record = Callable[..., list[str]]


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner() as runner:
        yield runner


@pytest.fixture
def recorded(server: Server, runner: Runner, tmp_path: Path) -> Record:
    """Records a lab; agrees to every file unless told otherwise."""

    def do(lab: Lab, agree: Callable[[str], bool] = lambda _: True) -> list[str]:
        return record(lab, server, runner, tmp_path / "state", agree)

    return do


def texts(lab: Lab) -> dict[str, str]:
    return {
        path.relative_to(lab.folder).as_posix(): path.read_text()
        for path in lab.folder.rglob("*")
        if path.is_file()
    }


def console(*lines: str) -> str:
    return "\n".join(["```console", *lines, "```", ""])


def test_a_lab_is_recorded_whole_and_only_once(tmp_path: Path, recorded: Record) -> None:
    tiny_lab = lab(tmp_path, tiny.PAGE, tiny.SOLUTION, tiny.MISTAKES)
    written = recorded(tiny_lab)
    assert sorted(written) == [
        "README.md",
        "mistakes.md",
        "snapshots/base.yaml",
        "snapshots/head.yaml",
        "snapshots/turn.yaml",
    ]
    first = texts(tiny_lab)
    assert first["solution.md"] == tiny.SOLUTION
    assert "values: [new, sent]" in first["snapshots/head.yaml"]
    assert "rows: {orders: []}" in first["snapshots/head.yaml"]
    assert "note: {type: text}" in first["snapshots/turn.yaml"]
    assert "alembic_version: []" in first["snapshots/base.yaml"]
    page = first["README.md"]
    # The claims stand behind what was said there, and the rest of the page is as it was.
    assert (
        """\
    # => a table and a type
    # => SQL: CREATE TYPE status AS ENUM ('new', 'sent')
    # => SQL: CREATE TABLE orders ( id INTEGER, status status )
"""
        in page
    )
    assert '    op.drop_table("orders")\n    # => SQL: DROP TABLE orders\n    status.drop(' in page
    assert "$ alembic upgrade head && echo up\n# => Output: up\n# => Version: 0001\n" in page
    kept = [line for line in page.splitlines() if "=> SQL" not in line and "=> Output" not in line]
    assert kept == (SCAFFOLD + tiny.PAGE).splitlines()
    assert first["mistakes.md"].count("\n```text verdict\nFAIL  01-tiny: 1 finding\n") == 2

    assert recorded(Lab(tiny_lab.folder)) == []
    assert texts(tiny_lab) == first


def test_nothing_is_written_that_was_not_agreed_to(tmp_path: Path, recorded: Record) -> None:
    """Without the snapshots there is nothing to judge the mistakes by."""
    tiny_lab = lab(tmp_path, tiny.PAGE, tiny.SOLUTION, tiny.MISTAKES)
    before = texts(tiny_lab)
    shown: list[str] = []

    def refuse(difference: str) -> bool:
        shown.append(difference)
        return False

    assert recorded(tiny_lab, refuse) == []
    assert texts(tiny_lab) == before
    assert [difference.splitlines()[0] for difference in shown] == [
        "--- snapshots/head.yaml as it is",
        "--- snapshots/base.yaml as it is",
        "--- snapshots/turn.yaml as it is",
        "--- README.md as it is",
    ]
    assert "+    # => SQL: DROP TABLE orders" in shown[-1].splitlines()
    assert "+++ README.md as it was seen" in shown[-1].splitlines()


def test_one_file_can_be_agreed_to_without_the_others(tmp_path: Path, recorded: Record) -> None:
    tiny_lab = lab(tmp_path, tiny.PAGE)
    assert recorded(tiny_lab, lambda shown: "base.yaml" in shown) == ["snapshots/base.yaml"]
    assert "=> SQL" not in texts(tiny_lab)["README.md"]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("ls nothing", "ls: cannot access 'nothing': No such file or directory"),
        ("python -c 'raise ValueError(5)'", "ValueError: 5"),
        ("false", "It printed nothing."),
    ],
)
def test_a_page_whose_command_fails_is_told_and_not_recorded(
    tmp_path: Path, recorded: Record, command: str, reason: str
) -> None:
    broken = lab(tmp_path, console("$ echo one", f"$ {command}", "$ echo three"))
    before = texts(broken)
    with pytest.raises(Trouble) as told:
        recorded(broken)
    assert told.value.what.startswith(f"`{command}` failed with exit status ")
    assert told.value.what.endswith(" (README.md:20), so nothing was recorded.")
    assert told.value.why == reason
    assert told.value.mend == "Mend it. If it is meant to fail, write “# => Error: …” below it."
    assert texts(broken) == before


def test_a_command_that_does_not_end_is_told() -> None:
    steps = page("```console\n$ sleep 99\n```\n").steps
    [seen] = play(steps, Did(status=130, timed_out=True, seconds=60.4))
    told = messages.broken_run("README.md", seen)
    assert told.what == (
        "`sleep 99` did not end within 60 s (README.md:2), so nothing was recorded."
    )
    assert told.why == "It printed nothing."


def test_a_broken_history_is_told_with_its_file(tmp_path: Path, recorded: Record) -> None:
    text = revision("0002", "0001")
    broken = lab(
        tmp_path,
        f'```python title="versions/0002.py"\n{text}```\n' + console("$ alembic upgrade head"),
    )
    with pytest.raises(Trouble) as told:
        recorded(broken)
    assert told.value.why == (
        "Revision 0002 follows 0001, and no file has that id. (versions/0002.py:4)"
    )


def test_an_exit_within_a_migration_is_not_recorded(tmp_path: Path, recorded: Record) -> None:
    text = revision("0001", None, "raise SystemExit")
    broken = lab(
        tmp_path,
        f'```python title="versions/0001.py"\n{text}```\n' + console("$ alembic upgrade head"),
    )
    with pytest.raises(Trouble) as told:
        recorded(broken)
    assert told.value.what.startswith("`alembic upgrade head` was left in the middle (README.md:")


def test_a_solution_that_fails_is_told_and_nothing_is_recorded(
    tmp_path: Path, recorded: Record
) -> None:
    broken = lab(tmp_path, console("$ echo one"), console("$ false"))
    with pytest.raises(Trouble) as told:
        recorded(broken)
    assert "(solution.md:2)" in told.value.what
    assert "Output" not in texts(broken)["README.md"]


def test_a_check_that_fails_on_the_solution_is_told(tmp_path: Path, recorded: Record) -> None:
    check = "```console check\n$ cat answer\n```\n"
    broken = lab(tmp_path, check, console("$ echo yes > question"))
    with pytest.raises(Trouble) as told:
        recorded(broken)
    assert told.value.what.startswith("`cat answer` failed with exit status 1 (README.md:19)")


def test_one_name_for_two_schemas_is_told(tmp_path: Path, recorded: Record) -> None:
    twice = tiny.PAGE.replace('snapshot="base"', 'snapshot="head"')
    with pytest.raises(Trouble) as told:
        recorded(lab(tmp_path, twice))
    assert told.value.what == (
        "The snapshot “head” would have to hold two different schemas (see line 46)."
    )
    assert told.value.why == (
        "Two fences name it, and the schema or the rows that they ask for differ."
    )
    assert told.value.mend == "Give one of them another name."


def test_one_name_for_a_schema_of_the_page_and_another_of_the_check_is_told(
    tmp_path: Path, recorded: Record
) -> None:
    page = tiny.PAGE.replace('snapshot="turn"', 'snapshot="head"')
    tiny_lab = lab(tmp_path, page, tiny.SOLUTION)
    with pytest.raises(Trouble, match="two different schemas"):
        recorded(tiny_lab)
    assert not (tiny_lab.folder / "snapshots").exists()


def test_paths_and_names_of_the_run_do_not_get_onto_the_page(
    tmp_path: Path, recorded: Record
) -> None:
    printing = "import os; print(os.getcwd()); print('db', os.environ['DATABASE_URL'])"
    plain = lab(tmp_path, console(f'$ python -c "{printing}"', "$ echo in $PWD/x"))
    recorded(plain)
    page = texts(plain)["README.md"]
    assert "# =>   db ...\n" in page
    assert "# => Output: in .../x\n" in page
    assert "postgres" not in page


def test_an_old_verdict_is_replaced_and_a_new_one_put_at_the_end(
    tmp_path: Path, recorded: Record
) -> None:
    mistakes = """\
        # Mistakes

        ## One

        ```text verdict
        FAIL  an old one
        of two lines
        ```

        Behind.

        ## Two
        """
    check = console("$ cat answer").replace("console", "console check")
    written = lab(tmp_path, check, console("$ echo yes > answer"), mistakes)
    recorded(written)
    verdict = """\
```text verdict
FAIL  01-tiny: 1 finding

1. `cat answer` failed with exit status 1.
   expected  exit status 0
   found     cat: answer: No such file or directory
```
"""
    assert texts(written)["mistakes.md"] == (
        f"# Mistakes\n\n## One\n\n{verdict}\nBehind.\n\n## Two\n\n{verdict}"
    )
    assert recorded(Lab(written.folder)) == []
