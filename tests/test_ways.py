"""A page's chain leads to one schema in all ways; a page that says one differs has to be right."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest

from labkit.authoring.rehearsal import rehearsed
from labkit.authoring.walk import statements
from labkit.authoring.ways import ways
from labkit.page import Command
from labkit.run import Runner
from labkit.server import Server
from labkit.trouble import Trouble
from labkit.verdict import Finding
from tests.world import lab, page, revision


class Find(Protocol):
    def __call__(self, *revisions: str, console: str = ...) -> list[Finding]: ...


UP = "op.create_table('orders', sa.Column('id', sa.Integer))"
DOWN = "op.drop_table('orders')"


@pytest.fixture
def found(server: Server, shared_runner: Runner, tmp_path: Path) -> Find:
    def find(*revisions: str, console: str = "$ alembic upgrade heads") -> list[Finding]:
        files = "".join(
            f'```python title="versions/{number}.py"\n{text}```\n\n'
            for number, text in enumerate(revisions)
        )
        made = lab(tmp_path, f"{files}```console\n{console}\n```\n")
        with rehearsed(made, server, shared_runner, tmp_path / "state") as rehearsal:
            assert all(record.observation.status == 0 for record in rehearsal.trial.records)
            return list(ways(rehearsal))

    return find


def test_a_chain_that_goes_up_and_down_holds(found: Find) -> None:
    more = revision(
        "0002", "0001", "op.execute('CREATE SEQUENCE s')", "op.execute('DROP SEQUENCE s')"
    )
    assert found(revision("0001", None, UP, DOWN), more) == []


def test_a_column_that_comes_back_as_the_last_one_is_no_difference(found: Find) -> None:
    first = revision(
        "0001",
        None,
        "op.create_table('t', sa.Column('a', sa.Integer), sa.Column('b', sa.Integer))",
        "op.drop_table('t')",
    )
    second = revision(
        "0002",
        "0001",
        "op.drop_column('t', 'a')",
        "op.add_column('t', sa.Column('a', sa.Integer))",
    )
    assert found(first, second) == []


def test_branches_and_their_merge_are_walked(found: Find) -> None:
    one = revision(
        "0002a", "0001", "op.execute('CREATE SEQUENCE a')", "op.execute('DROP SEQUENCE a')"
    )
    other = revision(
        "0002b", "0001", "op.execute('CREATE SEQUENCE b')", "op.execute('DROP SEQUENCE b')"
    )
    merge = revision("0003", None).replace("None", "('0002a', '0002b')", 1)
    assert found(revision("0001", None, UP, DOWN), one, other, merge) == []


def test_a_trace_is_told_with_the_revision_that_leaves_it(found: Find) -> None:
    more = revision("0002", "0001", "op.execute('CREATE SEQUENCE IF NOT EXISTS s')")
    told = found(revision("0001", None, UP, DOWN), more)
    assert told[0] == Finding(
        "The page's chain of revisions does not hold step by step.",
        "what one `alembic upgrade heads` of an empty database leads to",
        "sequence s: expected no such sequence, found bigint, after revision 0002 went up and down",
        "README.md",
        "",
        "Mend it, or show it, and say so below that command: # => differs: step by step",
    )


def test_a_change_by_hand_is_told(found: Find) -> None:
    console = """\
$ alembic upgrade heads
$ python -c "
> import os, sqlalchemy as sa
> with sa.create_engine(os.environ['DATABASE_URL']).begin() as c:
>     c.execute(sa.text('CREATE SEQUENCE s'))"
"""
    (told,) = found(revision("0001", None, UP, DOWN), console=console)
    assert told.what == "The page's chain of revisions does not hold as written."


def test_a_page_may_say_that_a_way_differs(found: Find) -> None:
    reads = "len(op.get_bind().execute(sa.text('SELECT 1')).all())"
    console = "$ alembic upgrade heads\n# => differs: offline, as it reads"
    assert found(revision("0001", None, reads, "pass"), console=console) == []


def test_a_chain_that_cannot_be_read_is_told(found: Find) -> None:
    console = """\
$ alembic upgrade heads
$ python -c "open('versions/0.py', 'w').write('print(1); broken(')"
"""
    (told,) = found(revision("0001", None, UP, DOWN), console=console)
    assert told.what == "The page's chain of revisions does not hold in one."
    assert told.actual == "SyntaxError: '(' was never closed"


def test_a_walk_that_breaks_off_is_told(found: Find) -> None:
    (told,) = found(revision("0001", None, UP, "import os; os._exit(3)"))
    assert told.what == "The page's chain of revisions does not hold in one."
    assert told.actual == "exit status 3"


def test_a_script_that_cannot_be_made_is_told(found: Find) -> None:
    reads = "len(op.get_bind().execute(sa.text('SELECT 1')).all())"
    (told,) = found(revision("0001", None, reads, "pass"))
    assert told.what == "The page's chain of revisions does not hold offline."
    assert told.actual.startswith("`alembic upgrade heads --sql` fails: ")


def test_a_script_that_leads_elsewhere_is_told(found: Find) -> None:
    up = "op.execute('CREATE SEQUENCE s') if op.get_context().as_sql else None"
    (told,) = found(revision("0001", None, up, "op.execute('DROP SEQUENCE IF EXISTS s')"))
    assert told.what == "The page's chain of revisions does not hold offline."
    assert told.actual == "sequence s: expected no such sequence, found bigint"


def test_a_page_that_says_so_and_is_wrong_is_told(found: Find) -> None:
    console = "$ alembic upgrade heads\n# => differs: as written"
    (told,) = found(revision("0001", None, UP, DOWN), console=console)
    assert told.what == "The page says that its chain differs as written, and it does not."


def test_a_command_says_which_ways_differ() -> None:
    read = page(
        "```console\n$ one\n# => differs: offline, as\n# => differs: as written\n$ two\n```\n"
    )
    assert [step.differs for step in read.steps if isinstance(step, Command)] == [
        ("offline", "as written"),
        (),
    ]


@pytest.mark.parametrize("said", ["differs: in one", "Differs: offline", "differs:offline"])
def test_a_way_that_may_not_differ_is_a_fault_of_the_page(said: str) -> None:
    with pytest.raises(Trouble, match="names no way") as told:
        page(f"```console\n$ one\n# => {said}\n```\n")
    assert "“differs: ” and one of as written, step by step, offline" in told.value.what


@pytest.mark.parametrize(
    ("script", "parts"),
    [
        ("A;\nB;\n", ["A", "\nB"]),
        ("A 'it''s; one'; B \"x;y\"", ["A 'it''s; one'", ' B "x;y"']),
        ("DO $$ a; b $$; C", ["DO $$ a; b $$", " C"]),
        ("F $x$ a; $$ ; $x$;", ["F $x$ a; $$ ; $x$"]),
        ("-- one; two\nA;", ["-- one; two\nA"]),
    ],
)
def test_a_script_is_cut_where_psql_would(script: str, parts: list[str]) -> None:
    assert list(statements(script)) == parts
