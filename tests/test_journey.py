"""An answer's own revisions are taken up, down and up again, and no right answer fails for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from labkit.authoring.rehearsal import Rehearsal, rehearsed
from labkit.judge import Judgement
from labkit.lab import Lab
from labkit.page import Command, File, Step
from labkit.run import Runner
from labkit.server import Server
from labkit.verdict import Finding
from tests import world
from tests.world import revision

FILE = "versions/0002_turn.py"

PRODUCTS = revision(
    "0001",
    None,
    "op.create_table('products', sa.Column('id', sa.Integer), sa.Column('name', sa.Text))",
    "op.drop_table('products')",
)
PAGE = f"""\
# Lab 1: Tiny

```python title="versions/0001_products.py"
{PRODUCTS}```

```python title="fill.py"
import os
import sqlalchemy as sa

with sa.create_engine(os.environ["DATABASE_URL"]).begin() as connection:
    connection.execute(sa.text("INSERT INTO products VALUES (1, 'lamp'), (2, 'desk')"))
```

```console
$ alembic upgrade head
$ python fill.py
```

## Your turn

```console check
$ alembic upgrade head
```
"""

NOTE = "op.add_column('products', sa.Column('note', sa.Text))"
NO_NOTE = "op.drop_column('products', 'note')"


@pytest.fixture
def tiny(server: Server, shared_runner: Runner, tmp_path: Path) -> Iterator[Rehearsal]:
    """A lab whose check goes up and no further, with two rows where its page ends."""
    with rehearsed(
        world.lab(tmp_path, PAGE), server, shared_runner, tmp_path / "state"
    ) as rehearsal:
        yield rehearsal


def file(text: str, path: str = FILE) -> File:
    return File(path, text, "python", 1)


def answered(tiny: Rehearsal, *steps: Step) -> Judgement:
    return tiny.answer(steps)


def turn(tiny: Rehearsal, up: str, down: str = "pass") -> list[Finding]:
    """What is found of an answer that adds one revision."""
    return answered(tiny, file(revision("0002", "0001", up, down))).findings


def whats(findings: Sequence[Finding]) -> list[str]:
    return [finding.what for finding in findings]


# What is right.


@pytest.mark.parametrize(
    ("up", "down"),
    [
        (NOTE, NO_NOTE),
        ("pass", "pass"),
        ("op.drop_column('products', 'id')",
         "op.add_column('products', sa.Column('id', sa.Integer))"),
        ("op.rename_table('products', 'goods')", "op.rename_table('goods', 'products')"),
        ("op.drop_table('products')",
         "op.create_table('products', sa.Column('id', sa.Integer), "
         "sa.Column('name', sa.Text))"),
        ("op.execute('DELETE FROM products WHERE id = 1')", "pass"),
        ("op.execute('WITH old AS (SELECT 1 AS id) DELETE FROM products USING old')", "pass"),
        ("op.execute(\"INSERT INTO products VALUES (3, 'sofa')\")",
         "op.execute('DELETE FROM products WHERE id = 3')"),
        ("with op.get_context().autocommit_block():\n"
         "        op.create_index('ix', 'products', ['id'], postgresql_concurrently=True)",
         "op.drop_index('ix')"),
        ("op.create_check_constraint('ck', 'products', 'id > 0', postgresql_not_valid=True)\n"
         "    op.execute('ALTER TABLE products VALIDATE CONSTRAINT ck')",
         "op.drop_constraint('ck', 'products')"),
        ("op.execute('SAVEPOINT a')\n    op.execute('ROLLBACK TO SAVEPOINT a')", "pass"),
    ],
)  # fmt: skip
def test_a_right_answer_passes(tiny: Rehearsal, up: str, down: str) -> None:
    assert turn(tiny, up, down) == []


def test_what_nobody_can_undo_is_no_trace(tiny: Rehearsal) -> None:
    judged = answered(
        tiny,
        file(revision("0002", "0001",
                      "op.execute(\"CREATE TYPE state AS ENUM ('new', 'old')\")\n"
                      "    op.create_check_constraint('ck', 'products', 'id > 0', "
                      "postgresql_not_valid=True)",
                      "op.drop_constraint('ck', 'products')\n    op.execute('DROP TYPE state')")),
        file(revision("0003", "0002",
                      "op.execute('ALTER TABLE products VALIDATE CONSTRAINT ck')\n"
                      "    op.execute(\"ALTER TYPE state ADD VALUE IF NOT EXISTS 'used'\")"),
             "versions/0003.py"),
    )  # fmt: skip
    assert (judged.findings, judged.verified["round trips"]) == ([], 2)


def test_what_was_verified_counts_the_round_trips(tiny: Rehearsal) -> None:
    judged = answered(tiny, file(revision("0002", "0001", NOTE, NO_NOTE)))
    assert judged.verified["round trips"] == 1


def test_costs_that_nobody_hears_of_are_not_read(tiny: Rehearsal) -> None:
    upgrade = Command("alembic upgrade head", 1)
    answer = tiny.attempt([file(revision("0002", "0001", NOTE, NO_NOTE)), upgrade])
    walked = [record for leg in answer.exam.journey.legs for record in leg.records]
    records = [*answer.own.records, *walked]
    sent = [statement for one in records for statement in one.observation.migrated]
    assert len(sent) == 4
    assert not any(statement.locks for statement in sent)


def test_each_own_revision_is_walked_by_itself(tiny: Rehearsal) -> None:
    judged = answered(
        tiny,
        file(revision("0002", "0001", NOTE, NO_NOTE)),
        file(revision("0003", "0002", "op.create_index('ix', 'products', ['note'])",
                      "op.drop_index('ix')"), "versions/0003.py"),
    )  # fmt: skip
    assert (judged.findings, judged.verified["round trips"]) == ([], 2)


def test_the_revisions_of_the_page_are_not_walked(tiny: Rehearsal) -> None:
    assert answered(tiny).verified["round trips"] == 0


# What is left behind.


def test_a_way_down_that_does_nothing_leaves_a_trace(tiny: Rehearsal) -> None:
    (finding,) = turn(tiny, NOTE)
    assert finding == Finding(
        "products.note: expected no such column, found text",
        "",
        "text",
        f"{FILE}:11",
        "Seen after `alembic downgrade 0001`, against the schema before 0002: the way down is not "
        "the way up in reverse.",
        'op.drop_column("products", "note")',
    )


def test_an_orphan_type_is_a_trace(tiny: Rehearsal) -> None:
    (finding,) = turn(
        tiny,
        "op.create_table('orders', sa.Column('state', sa.Enum('new', name='state')))",
        "op.drop_table('orders')",
    )
    assert finding.what == "enum state: expected no such enum, found (new)"
    assert finding.remedy == 'op.execute("DROP TYPE state")'
    assert finding.place == f"{FILE}:12"


def test_an_orphan_sequence_is_a_trace(tiny: Rehearsal) -> None:
    up = "op.execute('CREATE SEQUENCE numbers')"
    assert whats(turn(tiny, up)) == ["sequence numbers: expected no such sequence, found bigint"]


def test_traces_of_a_middle_revision_are_found_though_the_last_one_covers_them(
    tiny: Rehearsal,
) -> None:
    judged = answered(
        tiny,
        file(revision("0002", "0001", "op.execute('CREATE SEQUENCE numbers')")),
        file(revision("0003", "0002", "pass", "op.execute('DROP SEQUENCE numbers')"),
             "versions/0003.py"),
    )  # fmt: skip
    assert whats(judged.findings) == ["sequence numbers: expected no such sequence, found bigint"]


def test_a_second_way_up_that_leads_elsewhere_is_found(tiny: Rehearsal) -> None:
    up = (
        "note = sa.Text if op.get_bind().scalar(sa.text('SELECT count(*) FROM products')) "
        "else sa.Integer\n    op.add_column('products', sa.Column('note', note))"
    )
    down = "op.drop_column('products', 'note')\n    op.execute('DELETE FROM products')"
    (finding,) = turn(tiny, up, down)
    assert finding.what == "products.note: expected text, found integer"
    assert finding.why == (
        "Seen after the second `alembic upgrade 0002`, against the first one: 0002 does not lead "
        "to the same schema each time."
    )


# What is lost.


def test_a_table_that_is_made_anew_loses_its_rows(tiny: Rehearsal) -> None:
    up = (
        "op.drop_table('products')\n    op.create_table('products', sa.Column('id', sa.Integer), "
        "sa.Column('name', sa.Text), sa.Column('note', sa.Text))"
    )
    (finding,) = turn(tiny, up, NO_NOTE)
    assert finding == Finding(
        "products loses rows, and no statement deletes them.",
        "2 rows",
        "0 rows",
        f"{FILE}:9",
        "Seen after `alembic upgrade 0002`, from where the page ends. A table that is dropped and "
        "made anew is empty; one that is renamed or altered keeps its rows.",
    )


def test_rows_that_are_lost_on_the_way_back_are_found(tiny: Rehearsal) -> None:
    down = (
        "op.drop_table('products')\n    op.create_table('products', sa.Column('id', sa.Integer), "
        "sa.Column('name', sa.Text))"
    )
    (finding,) = turn(tiny, NOTE, down)
    assert (finding.expected, finding.actual, finding.place) == ("2 rows", "0 rows", f"{FILE}:13")


# What fails.


def test_a_way_down_that_fails_is_found_with_its_line(tiny: Rehearsal) -> None:
    (finding,) = turn(tiny, NOTE, "op.drop_column('products', 'notes')")
    assert finding.what == "`alembic downgrade 0001` failed with exit status 1."
    assert finding.place == f"{FILE}:12"


def test_a_way_up_that_fails_on_rows_that_the_check_does_not_have_is_found(
    tiny: Rehearsal,
) -> None:
    (finding,) = turn(
        tiny, "op.add_column('products', sa.Column('note', sa.Text, nullable=False))", NO_NOTE
    )
    assert finding.actual.startswith('NotNullViolation: column "note" of relation "products"')


def test_what_the_checks_found_is_not_found_again(tiny: Rehearsal) -> None:
    assert whats(turn(tiny, "op.drop_column('products', 'x')")) == [
        "`alembic upgrade head` failed with exit status 1."
    ]


def test_a_downgrade_that_refuses_on_purpose_is_no_finding(tiny: Rehearsal) -> None:
    assert turn(tiny, NOTE, "raise NotImplementedError") == []


@pytest.mark.parametrize("word", ["COMMIT", "begin", "ROLLBACK", "END"])
def test_a_revision_that_steers_the_transaction_is_found(tiny: Rehearsal, word: str) -> None:
    findings = turn(tiny, f"op.execute({word!r})\n    {NOTE}", NO_NOTE)
    assert (
        Finding(
            "Revision 0002 steers the transaction itself.",
            "all operations in the one transaction that Alembic opens",
            word,
            f"{FILE}:8",
            "If an operation behind it fails, what was done before it stays, and alembic_version "
            "does not know of it.",
            "with op.get_context().autocommit_block():",
        )
        in findings
    )


# What cannot be walked is left alone.


@pytest.mark.parametrize(
    "files",
    [
        [file(revision("0002", "0001")), file(revision("0003", "0001"), "versions/0003.py")],
        [file(revision("0002", "0009"))],
        [file("not Python")],
        [file(revision("0002", "0001", NOTE, NO_NOTE).replace("0002", "0002@x"))],
    ],
)
def test_revisions_in_disorder_are_left_to_the_checks(
    tiny: Rehearsal, files: Sequence[Step]
) -> None:
    judged = answered(tiny, *files)
    assert [f for f in judged.findings if "way" in f.why] == []
    assert judged.verified["round trips"] == 0


def test_a_changed_revision_of_the_page_is_walked_from_below_it(tiny: Rehearsal) -> None:
    text = PRODUCTS.replace("op.drop_table('products')", "pass")
    judged = answered(tiny, file(text, "versions/0001_products.py"))
    assert whats(judged.findings) == [
        "table products: expected no such table, found a table with id, name"
    ]


def test_a_page_that_asks_for_a_trace_gets_it(
    server: Server, shared_runner: Runner, tmp_path: Path
) -> None:
    page = PAGE + '\n```console check snapshot="down"\n$ alembic downgrade 0001\n```\n'
    lab = world.lab(tmp_path, page)
    (lab.folder / "snapshots").mkdir()
    lab.snapshot("down").write_text(
        "alembic_version: ['0001']\n"
        "sequences:\n  numbers: {type: bigint}\n"
        "tables:\n  products:\n    columns:\n      id: {type: integer}\n      name: {type: text}\n"
    )
    with rehearsed(Lab(lab.folder), server, shared_runner, tmp_path / "state") as rehearsal:
        assert turn(rehearsal, "op.execute('CREATE SEQUENCE IF NOT EXISTS numbers')") == []
