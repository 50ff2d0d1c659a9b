"""What a run used is counted by what the installed Alembic has, and written down as a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.authoring import index, indexing
from labkit.authoring.coverage import Used, covered, form, typed, used
from labkit.authoring.surface import surface
from labkit.lab import Lab
from labkit.messages.record import indexed
from labkit.observation import Observation
from labkit.page import Command
from labkit.run import Runner
from labkit.server import Server
from labkit.trial import Record
from labkit.trouble import Trouble
from tests.world import lab


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ("head", "head"),
        ("heads", "heads"),
        ("base", "base"),
        ("0002", "id"),
        ("ae1", "id"),
        ("+1", "+N"),
        ("0001+2", "+N"),
        ("-1", "-N"),
        ("head-2", "-N"),
        ("0001:0002", "from:to"),
        (":head", "from:to"),
        ("shop@head", "branch@head"),
    ],
)
def test_a_target_has_a_form(target: str, meant: str) -> None:
    assert form(target) == meant


def test_a_command_line_is_read_as_alembic_reads_it() -> None:
    line = ["-x", "tenant=a", "-n", "other", "upgrade", "0001:head", "--sql"]
    assert set(typed(line)) == {
        ("option", "-x"),
        ("option", "--name"),
        ("command", "upgrade"),
        ("option", "upgrade --sql"),
        ("target", "from:to"),
    }


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        (["--version"], {("option", "--version")}),
        (["upgrade"], set()),
        (["migrate"], set()),
        (["current", "-v"], {("command", "current"), ("option", "current --verbose")}),
        (
            ["-q", "stamp", "a", "b"],
            {("option", "--quiet"), ("command", "stamp"), ("target", "id")},
        ),
    ],
)
def test_only_what_alembic_understands_counts(line: list[str], seen: Used) -> None:
    assert set(typed(line)) == seen


def record(status: int, *words: str, use: str = "add_column") -> Record:
    seen = Observation("", "", status, 0.1, programs=(words,), used=frozenset({("op", use)}))
    return Record(Command("", 1), seen)


def test_a_command_that_failed_covers_nothing() -> None:
    assert used([record(1, "python", "/bin/alembic", "upgrade", "head")]) == set()


def test_another_program_is_no_command_of_alembic() -> None:
    found = used([record(0, "python", "-m", "alembic", "heads"), record(0, "python", "heads.py")])
    assert found == {("op", "add_column"), ("command", "heads")}


def test_what_the_installed_alembic_does_not_have_covers_nothing() -> None:
    assert used([record(0, "python", use="create_magic")]) == set()


def test_the_surface_is_that_of_the_installed_alembic() -> None:
    counts = {group: len(items) for group, items in surface().items()}
    assert counts == {
        "op": 27,
        "command": 15,
        "option": 37,
        "target": 8,
        "configure": 27,
        "ini": 20,
    }


def test_the_tables_say_what_they_were_made_of(tmp_path: Path) -> None:
    source = "".join(
        f"{name}\n<!-- generated: {name}, by `invoke index` -->\n<!-- end of {name} -->\n"
        for name in ("labs", "coverage")
    )
    page = "## Explanation\n\nA `b` is | one.\nNo more.\n"
    made = lab(tmp_path, page)
    by_lab: dict[int, Used] = {1: {("op", "execute")}, 12: {("op", "execute"), ("ini", "cwd")}}
    text = index.with_parts(source.replace("labs\n", "labs\n", 1), [made], by_lab)
    assert "| 1 | [](01-tiny/README.md) | A `b` is \\| one. |" in text
    assert "| `execute` | 1, 12 |" in text
    assert index.read(text) == by_lab
    assert index.is_current(text)
    assert index.with_parts(text, [made], by_lab) == text
    assert covered(by_lab, "op", "ini") == (2, 47)


PLACES = "".join(
    f"<!-- generated: {name}, by `invoke index` -->\n<!-- end of {name} -->\n"
    for name in ("labs", "coverage")
)


def write(readme: Path, made: Lab, server: Server, runner: Runner) -> bool:
    return indexing.write(readme, [made], server, runner, readme.parent / "state", lambda _: None)


def test_the_tables_are_written_once_for_pages_that_stay_as_they_are(
    server: Server, shared_runner: Runner, tmp_path: Path
) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(PLACES)
    made = lab(tmp_path, "```console\n$ alembic heads\n```\n")
    assert write(readme, made, server, shared_runner)
    assert ("command", "heads") in index.read(readme.read_text())[1]
    assert not write(readme, made, server, shared_runner)


def test_nothing_is_written_of_a_page_that_does_not_hold(
    server: Server, shared_runner: Runner, tmp_path: Path
) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(PLACES)
    made = lab(tmp_path, "```console\n$ alembic heads\n# => Output: 0001 (head)\n```\n")
    with pytest.raises(Trouble) as told:
        write(readme, made, server, shared_runner)
    assert (
        told.value.what == "The page of 01-tiny does not hold, so the tables are left as they are."
    )
    assert told.value.mend == "invoke record 1"
    assert readme.read_text() == PLACES


def test_an_author_is_told_what_was_written() -> None:
    assert indexed("labs/README.md", changed=True) == [
        "Written: labs/README.md.",
        "Read what changed: git diff labs/README.md",
    ]
    assert indexed("labs/README.md", changed=False) == [
        "labs/README.md was right already.",
        "Go on: invoke test",
    ]


def test_a_readme_without_a_place_for_the_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no place for its part “labs”"):
        index.with_parts("# The labs\n", [], {})
