"""A trial takes steps as a reader would, stops where it has to, and keeps what each one left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from labkit import snapshot
from labkit.judge import judge_page
from labkit.page import File
from labkit.postgres import connection
from labkit.run import Runner
from labkit.server import Database
from labkit.trial import Record, Trial, count_rows, environment
from labkit.trouble import Trouble
from tests.world import SCAFFOLD, page, revision


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner() as runner:
        yield runner


@pytest.fixture
def trial(tmp_path: Path, database: Database, runner: Runner) -> Trial:
    folder = tmp_path / "project"
    folder.mkdir()
    return Trial(folder, database.url, runner)


def take(trial: Trial, source: str) -> list[File | Record]:
    return list(trial.take(page(source).steps))


def console(*lines: str, flags: str = "") -> str:
    return "\n".join([f"```console {flags}".rstrip(), *lines, "```", ""])


def chain(*texts: str) -> str:
    """The scaffold and revision files 1.py, 2.py and so on."""
    files = [f'```python title="versions/{n}.py"\n{text}```\n' for n, text in enumerate(texts, 1)]
    return SCAFFOLD + "\n".join(files)


# Steps


def test_steps_are_taken_in_their_order(trial: Trial) -> None:
    source = '```text title="a/b.txt"\none\n```\n' + console("$ cat a/b.txt; echo two > c.txt")
    source += '```text title="c.txt"\nthree\n```\n' + console("$ cat c.txt")
    taken = take(trial, source)
    assert [type(step) for step in taken] == [File, Record, File, Record]
    assert [record.observation.output for record in trial.records] == ["one\n", "three\n"]


def test_a_failure_that_nothing_announced_ends_the_trial(trial: Trial) -> None:
    take(trial, console("$ true", "$ exit 3", "$ touch reached"))
    assert [record.observation.status for record in trial.records] == [0, 3]
    assert trial.records[-1].failed
    assert not (trial.project / "reached").exists()


def test_an_announced_failure_does_not_end_the_trial(trial: Trial) -> None:
    take(trial, console("$ exit 3", "# => Error: x", "$ touch reached"))
    assert (trial.project / "reached").exists()
    assert not trial.records[0].failed


def test_a_command_that_takes_too_long_ends_the_trial(trial: Trial) -> None:
    trial.timeout = 0.2
    source = console("$ while true; do sleep 9; done", "# => Version: base", "# => Error: x")
    take(trial, source + console("$ touch reached"))
    [record] = trial.records
    assert record.observation.timed_out
    assert not record.ended
    assert record.snapshot is None
    assert not (trial.project / "reached").exists()


def test_ctrl_c_ends_the_command_and_the_trial(trial: Trial) -> None:
    def stop(_: str) -> None:
        raise KeyboardInterrupt

    steps = page(console("$ echo one; sleep 9", "# => Rows: a 1", "$ touch reached")).steps
    taken = list(trial.take(steps, on_output=stop))
    assert len(taken) == 1
    assert trial.records[0].observation.interrupted
    assert trial.records[0].rows == {}
    assert not (trial.project / "reached").exists()


def test_whoever_listens_hears_a_command_begin_and_talk(trial: Trial) -> None:
    heard: list[str] = []
    steps = page(console("$ echo one")).steps
    list(trial.take(steps, lambda command: heard.append(command.text), heard.append))
    assert heard == ["echo one", "one\n"]


# What a command left behind


def test_the_schema_is_read_where_something_asks_for_it(trial: Trial) -> None:
    source = chain(revision("1", None, "op.create_table('a', sa.Column('id', sa.Integer))"))
    source += console("$ true") + console("$ alembic upgrade head", flags='snapshot="s" rows="a"')
    take(trial, source)
    nothing, head = trial.records
    assert (nothing.snapshot, nothing.revisions) == (None, ())
    assert head.snapshot
    assert head.snapshot.content["rows"] == {"a": []}
    assert [r.id for r in head.revisions] == ["1"]
    assert head.versions == frozenset({"1"})


def test_a_version_alone_is_read_without_the_schema(trial: Trial) -> None:
    source = console("$ true", "# => Version: base")
    source += chain(revision("1", None, "op.create_table('a', sa.Column('id', sa.Integer))"))
    source += console("$ alembic upgrade head", "# => Version: 1")
    take(trial, source + console("$ alembic downgrade base", "# => Version: base"))
    assert [record.snapshot for record in trial.records] == [None, None, None]
    assert [record.versions for record in trial.records] == [None, {"1"}, frozenset()]


def test_rows_are_counted_where_a_claim_names_a_table(trial: Trial, database: Database) -> None:
    maker = connection.connect(connection.parse(database.url))
    with closing(maker), maker.cursor() as cursor:
        cursor.execute('CREATE TABLE a (id int); CREATE SCHEMA s; CREATE TABLE s."B c" (id int)')
        cursor.execute("INSERT INTO a VALUES (1), (2)")
    take(trial, console("$ true", '# => Rows: a 9, s."B c" 9, b 9, x.y 9'))
    assert trial.records[0].rows == {"a": 2, 's."B c"': 0, "b": None, "x.y": None}


def test_a_table_that_somebody_holds_is_not_waited_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "LOCK_TIMEOUT_MS", 100)
    holder = connection.connect(connection.parse(database.url))
    with closing(holder), holder.cursor() as cursor:
        cursor.execute("CREATE TABLE a (id int)")
        cursor.execute("BEGIN; LOCK TABLE a")
        with pytest.raises(Trouble):
            count_rows(database.url, ["a"])


@pytest.mark.parametrize(
    ("costs", "claim", "told"),
    [
        (True, "", True),
        (False, "", False),
        (False, "# => Version: 2", False),
        (False, "# => Locks: a ACCESS EXCLUSIVE", True),
        (False, "# => Cost: nothing", True),
    ],
)
def test_costs_are_read_where_they_are_wanted_or_claimed(
    trial: Trial, *, costs: bool, claim: str, told: bool
) -> None:
    source = chain(
        revision("1", None, "op.create_table('a', sa.Column('id', sa.Integer))"),
        revision("2", "1", "op.add_column('a', sa.Column('b', sa.Integer))"),
    )
    trial.costs = costs
    take(trial, source + console("$ alembic upgrade 1"))
    take(trial, console("$ alembic upgrade 2", *filter(None, [claim])))
    locks = [one.locks for one in trial.records[-1].observation.migrated]
    assert locks == [{"a": "ACCESS EXCLUSIVE"} if told else {}]


def test_costs_are_read_where_a_line_of_a_file_claims_one(trial: Trial) -> None:
    body = "op.add_column('a', sa.Column('b', sa.Integer))\n    # => Cost: nothing"
    source = chain(
        revision("1", None, "op.create_table('a', sa.Column('id', sa.Integer))"),
        revision("2", "1", body),
    )
    trial.costs = False
    take(trial, source + console("$ alembic upgrade 1", "$ alembic upgrade 2"))
    locks = [one.locks for one in trial.records[-1].observation.migrated]
    assert locks == [{"a": "ACCESS EXCLUSIVE"}]


def test_nothing_is_read_behind_a_failure(trial: Trial) -> None:
    take(trial, console("$ false", "# => Version: base", "# => Rows: a 1", flags='snapshot="s"'))
    [record] = trial.records
    assert (record.snapshot, record.rows, record.revisions) == (None, {}, ())


def test_the_files_of_a_record_are_those_that_stand_as_the_page_has_them(trial: Trial) -> None:
    source = "".join(f'```text title="{name}"\n{name}\n```\n' for name in "abc")
    source += console("$ rm a; echo x >> b") + '```text title="a"\nnew\n```\n' + console("$ true")
    take(trial, source)
    assert sorted(trial.records[0].files) == ["c"]
    assert sorted(trial.records[1].files) == ["a", "c"]
    assert trial.records[1].files["a"].text == "new\n"


def test_a_line_that_a_command_moved_is_not_taken_for_the_pages_line(trial: Trial) -> None:
    """Else the claim would be held against whatever stands on that line by then."""
    text = revision("1", None, "op.execute('SELECT 1')\n    # => SQL: SELECT 1")
    source = chain(text)
    source += console(
        "$ sed -i 's/^import/\\n&/' versions/1.py && alembic upgrade head", "# => SQL: SELECT 1"
    )
    read = page(source)
    list(trial.take(read.steps))
    findings = judge_page(read, read.example, trial.records, Path()).findings
    assert [f.what for f in findings] == ["This statement was not sent."]


# Migrations that go wrong


@pytest.mark.parametrize(
    ("up", "kind"), [("raise SystemExit", "SystemExit"), ("import os; os._exit(0)", "ended")]
)
def test_an_exit_within_a_migration_is_seen_though_it_looks_like_a_success(
    trial: Trial, up: str, kind: str
) -> None:
    take(trial, chain(revision("1", None, up)) + console("$ alembic upgrade head"))
    [record] = trial.records
    assert record.observation.status == 0
    assert record.observation.failure
    assert record.observation.failure.kind == kind
    assert record.left_early


@pytest.mark.parametrize("text", ["print('done'); raise SystemExit(0)", "import sys; sys.exit()"])
def test_a_program_may_end_itself(trial: Trial, text: str) -> None:
    take(trial, f'```python title="shop.py"\n{text}\n```\n' + console("$ python shop.py"))
    assert not trial.records[0].left_early


def test_a_broken_history_is_read_where_alembic_cannot(trial: Trial) -> None:
    take(trial, chain(revision("1", None), revision("2", "9")) + console("$ alembic upgrade head"))
    [finding] = trial.records[0].history
    assert (finding.what, finding.place) == (
        "Revision 2 follows 9, and no file has that id.",
        "versions/2.py:4",
    )


def test_a_failure_of_a_migration_is_not_laid_on_the_history(trial: Trial) -> None:
    two_heads = [revision("1", None), revision("2", "1", "op.execute('SELECT x')"),
                 revision("3", "1")]  # fmt: skip
    take(trial, chain(*two_heads) + console("$ alembic upgrade 2"))
    record = trial.records[0]
    assert record.history == ()
    assert record.observation.failure
    assert str(record.observation.failure.place) == "versions/2.py:8"


# The environment


def test_a_terminal_is_none_of_a_commands_business(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page would be wrong on a wide one."""
    for name in ("COLUMNS", "LINES", "FORCE_COLOR"):
        monkeypatch.setenv(name, "200")
    take(trial, console("$ echo $COLUMNS$LINES$FORCE_COLOR-"))
    assert trial.records[0].observation.output == "-\n"


def test_nothing_in_the_environment_leads_to_another_database(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGHOST", "PGPASSWORD", "LABS_X", "ALEMBIC_CONFIG"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("SHOP", "open")
    env = environment("postgresql://u@h/d")
    assert env["DATABASE_URL"] == "postgresql://u@h/d"
    assert env["SHOP"] == "open"
    assert "elsewhere" not in env.values()
    dump = "import json, os; print(json.dumps(dict(os.environ)))"
    take(trial, console(f'$ python -c "{dump}"'))
    inside = json.loads(trial.records[0].observation.output)
    assert "elsewhere" not in inside.values()
    assert inside["DATABASE_URL"] == trial.url
