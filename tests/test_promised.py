"""What the labs promise is in them: as much of Alembic as they say, and each thing they name.

What the tables of labs/README.md say was seen in a run; that they say what was seen, each lab's own
proof holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from labkit import snapshot
from labkit.authoring import index
from labkit.authoring.coverage import Used, covered
from labkit.lab import Lab, all_labs
from labkit.page import Command, File

LABS = {lab.number: lab for lab in all_labs(Path(__file__).resolve().parents[1] / "labs")}
SEEN = index.read((LABS[1].folder.parent / "README.md").read_text(encoding="utf-8"))

# A lab, and what was seen of Alembic when its page ran.
USED = {
    "alembic init": (1, {("command", "init")}),
    "alembic.ini": (2, {("ini", "script_location"), ("ini", "file_template")}),
    "env.py": (3, {("configure", "connection"), ("configure", "url")}),
    "creating a revision": (4, {("command", "revision")}),
    "its message": (4, {("option", "revision --message")}),
    "upgrade and downgrade functions": (5, {("command", "upgrade"), ("command", "downgrade")}),
    "dependencies": (15, {("option", "revision --depends-on")}),
    "create_table and drop_table": (6, {("op", "create_table"), ("op", "drop_table")}),
    "add_column": (7, {("op", "add_column")}),
    "drop_column": (8, {("op", "drop_column")}),
    "alter_column": (18, {("op", "alter_column")}),
    "create_index and drop_index": (9, {("op", "create_index"), ("op", "drop_index")}),
    "unique constraints": (19, {("op", "create_unique_constraint"), ("op", "drop_constraint")}),
    "check constraints": (20, {("op", "create_check_constraint")}),
    "foreign keys": (10, {("op", "create_foreign_key")}),
    "upgrade head": (11, {("command", "upgrade"), ("target", "head")}),
    "downgrade -1": (12, {("command", "downgrade"), ("target", "-N")}),
    "current": (13, {("command", "current")}),
    "history": (14, {("command", "history")}),
    "show": (14, {("command", "show")}),
    "metadata": (16, {("configure", "target_metadata")}),
    "autogenerate": (17, {("option", "revision --autogenerate")}),
    "detecting drift": (17, {("command", "check")}),
    "bulk_insert": (27, {("op", "bulk_insert")}),
    "op.execute": (27, {("op", "execute")}),
    "several operations": (28, {("op", "batch_alter_table"), ("op", "rename_table")}),
    "the version table": (29, {("command", "stamp"), ("command", "ensure_version")}),
    "base and head": (30, {("target", "base"), ("target", "head")}),
}  # fmt: skip

Column = dict[str, Any]


def tables(lab: Lab) -> Iterator[dict[str, Any]]:
    """All tables of all snapshots of a lab."""
    for name in sorted(lab.snapshots):
        yield from snapshot.load(lab.snapshot(name)).content.get("tables", {}).values()


def columns(lab: Lab) -> Iterator[Column]:
    for table in tables(lab):
        yield from table.get("columns", {}).values()


def composite_index(lab: Lab) -> bool:
    return any(
        len(found.get("columns", found.get("on", ()))) > 1
        for table in tables(lab)
        for found in table.get("indexes", {}).values()
    )


def junction(lab: Lab) -> bool:
    """A table whose key is made of two foreign keys."""
    return any(
        sum("foreign key" in found for found in table.get("constraints", {}).values()) >= 2
        and any(len(c.get("primary key", ())) >= 2 for c in table.get("constraints", {}).values())
        for table in tables(lab)
    )


# A lab, and what its snapshots must hold.
THERE: dict[str, tuple[int, Callable[[Lab], bool]]] = {
    "UUID": (22, lambda lab: any(c["type"] == "uuid" for c in columns(lab))),
    "timestamps with defaults": (
        23,
        lambda lab: any("timestamp" in c["type"] and "default" in c for c in columns(lab)),
    ),
    "enum": (24, lambda lab: any(c["type"] == "order_status" for c in columns(lab))),
    "numeric": (6, lambda lab: any(c["type"].startswith("numeric") for c in columns(lab))),
    "composite indexes": (25, composite_index),
    "junction tables": (26, junction),
}

# A lab, and a word of a statement that it claims: what alter_column was made to change.
CLAIMED = {
    "a change of NULL": (18, "SET NOT NULL"),
    "a change of a default": (18, "SET DEFAULT"),
    "a change of a type": (18, "TYPE"),
}


def test_the_labs_cover_what_they_promise() -> None:
    assert covered(SEEN, "op")[0] >= 22
    assert covered(SEEN, "command")[0] >= 14
    assert covered(SEEN, "option", "target")[0] >= 30
    assert [
        covered(SEEN, *groups)[1] for groups in (["op"], ["command"], ["option", "target"])
    ] == [
        27,
        15,
        45,
    ]


def test_there_are_thirty() -> None:
    assert list(LABS) == list(range(1, 31))


@pytest.mark.parametrize("what", USED)
def test_each_subject_was_seen_in_the_lab_about_it(what: str) -> None:
    number, wanted = USED[what]
    missing: Used = wanted - SEEN[number]
    assert missing == set()


@pytest.mark.parametrize("what", THERE)
def test_each_kind_is_in_a_schema_of_the_lab_about_it(what: str) -> None:
    number, holds = THERE[what]
    assert holds(LABS[number])


@pytest.mark.parametrize("what", CLAIMED)
def test_each_change_is_claimed_in_the_lab_about_it(what: str) -> None:
    number, word = CLAIMED[what]
    assert any(word in text for text in claims(LABS[number], "SQL"))


def claims(lab: Lab, kind: str) -> list[str]:
    return [c.text for step in lab.page.steps for c in step.claims if c.kind == kind]


@pytest.mark.parametrize("lab", LABS.values(), ids=lambda lab: lab.name)
@pytest.mark.parametrize("kind", ["SQL", "Version", "Output", "Error"])
def test_each_page_shows_what_is_sent_left_printed_and_refused(lab: Lab, kind: str) -> None:
    assert claims(lab, kind) or (kind == "SQL" and not migrates(lab))


@pytest.mark.parametrize("lab", LABS.values(), ids=lambda lab: lab.name)
def test_a_page_that_changes_a_table_in_use_shows_what_that_costs(lab: Lab) -> None:
    sent = claims(lab, "SQL")
    if any(
        text.startswith(("ALTER TABLE", "CREATE INDEX", "CREATE UNIQUE INDEX")) for text in sent
    ):
        assert claims(lab, "Locks")
        assert claims(lab, "Cost")


def migrates(lab: Lab) -> bool:
    """Whether its page has a revision and runs one."""
    steps = lab.page.example
    return any(isinstance(s, File) and "versions/" in s.path for s in steps) and any(
        isinstance(s, Command) and "alembic upgrade" in s.text for s in steps
    )
