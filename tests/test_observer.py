"""What is observed of each statement: text, place, lock, rewrite, scan, error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from labkit.observation import Observation, Place, Statement
from labkit.run import Runner
from labkit.server import Database
from tests.projects import Project

SCHEMA = """
CREATE TABLE customers (id integer PRIMARY KEY, name text);
CREATE TABLE products (
    id integer PRIMARY KEY, name varchar(50), price integer, code text, customer_id integer
);
"""
ROWS = """
INSERT INTO customers SELECT n, 'c' FROM generate_series(1, 3) n;
INSERT INTO products SELECT n, 'p', n, n::text, 1 FROM generate_series(1, 3) n;
"""


@pytest.fixture(scope="module", params=["fork", "process"])
def runner(request: pytest.FixtureRequest) -> Iterator[Runner]:
    with Runner(fork=request.param == "fork") as runner:
        yield runner


@pytest.fixture(scope="module")
def forking() -> Iterator[Runner]:
    with Runner(fork=True) as runner:
        yield runner


@pytest.fixture
def project(tmp_path: Path, database: Database) -> Project:
    return Project(tmp_path / "shop", database.url)


def execute(url: str, script: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(script)
    engine.dispose()


def configure(project: Project, option: str) -> None:
    env = (project.folder / "migrations/env.py").read_text()
    known = "connection=connection,"
    project.write("migrations/env.py", env.replace(known, f"{known} {option},"))


def upgrade(runner: Runner, project: Project, line: str = "alembic upgrade head") -> Observation:
    seen = runner.run(line, project=project.folder, env=project.env)
    assert seen.gaps == ()
    return seen


def one(runner: Runner, project: Project, body: str, status: int = 0) -> Statement:
    project.revision("change", None, body)
    seen = upgrade(runner, project)
    assert seen.status == status, seen.output
    (statement,) = seen.migrated
    return statement


def test_a_statement_is_told_with_parameters_and_place(runner: Runner, project: Project) -> None:
    project.revision(
        "seed",
        None,
        """
        op.create_table("roles", sa.Column("name", sa.Text))
        op.get_bind().execute(
            sa.text("INSERT INTO roles VALUES (:name)"), {"name": "it's 100 %"}
        )
        """,
    )
    seen = upgrade(runner, project)
    create, insert = seen.migrated
    assert create.text == "\nCREATE TABLE roles (\n\tname TEXT\n)\n\n"
    assert create.place == Place("migrations/versions/seed.py", 9)
    assert (create.revision, create.direction) == ("seed", "upgrade")
    assert insert.text == "INSERT INTO roles VALUES ('it''s 100 %')"
    assert insert.template == "INSERT INTO roles VALUES (%(name)s)"
    assert insert.parameters == {"name": "it's 100 %"}
    assert insert.place == Place("migrations/versions/seed.py", 10)
    assert 0 < insert.seconds < seen.seconds


def test_alembics_own_statements_have_no_place(runner: Runner, project: Project) -> None:
    project.revision("nothing", None, "pass")
    seen = upgrade(runner, project)
    assert [s.text.split()[0] for s in seen.statements] == ["SELECT", "SELECT", "CREATE", "INSERT"]
    assert {(s.place, s.revision, s.direction) for s in seen.statements} == {(None, None, None)}


def test_a_helper_of_the_project_does_not_hide_the_migration(
    forking: Runner, project: Project
) -> None:
    project.write("shop/__init__.py", "")
    project.write(
        "shop/ops.py", "from alembic import op\ndef add(name):\n    op.execute(f'SELECT {name}')\n"
    )
    project.write(
        "migrations/versions/calls.py",
        "from shop import ops\nrevision, down_revision = 'calls', None\n"
        "def upgrade():\n    here()\ndef here():\n    ops.add(1)\n",
    )
    (statement,) = upgrade(forking, project).migrated
    assert statement.place == Place("migrations/versions/calls.py", 6)
    assert statement.direction == "upgrade"


def test_a_downgrade_is_told_from_an_upgrade(forking: Runner, project: Project) -> None:
    project.revision("both", None, 'op.execute("SELECT 1")', 'op.execute("SELECT 2")')
    seen = upgrade(forking, project, "alembic upgrade head && alembic downgrade base")
    told = [(s.text, s.direction, s.place and s.place.line) for s in seen.migrated]
    assert told == [("SELECT 1", "upgrade", 9), ("SELECT 2", "downgrade", 12)]


def test_rows_of_an_insert_are_one_statement(forking: Runner, project: Project) -> None:
    execute(project.url, SCHEMA)
    statement = one(
        forking,
        project,
        """
        table = sa.table("customers", sa.column("id"), sa.column("name"))
        op.bulk_insert(table, [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}])
        """,
    )
    assert statement.text == "INSERT INTO customers (id, name) VALUES (1, 'a'), (2, 'b')"
    assert statement.parameters == {"id__0": 1, "name__0": "a", "id__1": 2, "name__1": "b"}
    assert statement.locks == {"customers": "ROW EXCLUSIVE"}


def test_each_row_of_an_executemany_is_a_statement(forking: Runner, project: Project) -> None:
    execute(project.url, SCHEMA)
    project.revision(
        "many",
        None,
        """
        op.get_bind().execute(
            sa.text("UPDATE customers SET name = :name"), [{"name": "a"}, {"name": "b"}]
        )
        """,
    )
    first, second = upgrade(forking, project).migrated
    assert [first.text, second.text] == [
        "UPDATE customers SET name = 'a'",
        "UPDATE customers SET name = 'b'",
    ]
    assert [first.parameters, second.parameters] == [{"name": "a"}, {"name": "b"}]
    assert [first.locks, second.locks] == [{"customers": "ROW EXCLUSIVE"}, {}]


EXCLUSIVE = {"products": "ACCESS EXCLUSIVE"}
BOTH = {"customers": "SHARE ROW EXCLUSIVE", "products": "SHARE ROW EXCLUSIVE"}
P = ("products",)

# The operation, the strongest locks, what it rewrites, what it scans.
COSTS: dict[str, tuple[str, dict[str, str], tuple[str, ...], tuple[str, ...]]] = {
    "add_column": ('op.add_column("products", sa.Column("x", sa.Text))', EXCLUSIVE, (), ()),
    "add_column, constant default": (
        'op.add_column("products", sa.Column("x", sa.Text, server_default="a", nullable=False))',
        EXCLUSIVE,
        (),
        (),
    ),
    "add_column, volatile default": (
        'op.add_column("products", '
        'sa.Column("x", sa.Uuid, server_default=sa.text("gen_random_uuid()")))',
        EXCLUSIVE,
        P,
        P,
    ),
    "alter type, conversion": (
        'op.alter_column("products", "price", type_=sa.BigInteger)',
        EXCLUSIVE,
        P,
        P,
    ),
    "alter type, longer varchar": (
        'op.alter_column("products", "name", type_=sa.String(99))',
        EXCLUSIVE,
        (),
        (),
    ),
    "set NOT NULL": ('op.alter_column("products", "code", nullable=False)', EXCLUSIVE, (), P),
    "create_check_constraint": (
        'op.create_check_constraint("positive", "products", "price > 0")',
        EXCLUSIVE,
        (),
        P,
    ),
    "create_check_constraint, NOT VALID": (
        'op.create_check_constraint("positive", "products", "price > 0", '
        "postgresql_not_valid=True)",
        EXCLUSIVE,
        (),
        (),
    ),
    "create_index": (
        'op.create_index("by_code", "products", ["code"])',
        {"products": "SHARE"},
        (),
        P,
    ),
    "create_unique_constraint": (
        'op.create_unique_constraint("one_code", "products", ["code"])',
        EXCLUSIVE,
        (),
        P,
    ),
    "comment on table": (
        'op.create_table_comment("products", "all of them")',
        {"products": "SHARE UPDATE EXCLUSIVE"},
        (),
        (),
    ),
    "comment on column": (
        'op.alter_column("products", "code", comment="unique")',
        {"products": "SHARE UPDATE EXCLUSIVE"},
        (),
        (),
    ),
    "UPDATE": (
        "op.execute(\"UPDATE products SET code = 'x'\")",
        {"products": "ROW EXCLUSIVE"},
        (),
        P,
    ),
    "SELECT": ('op.execute("SELECT * FROM products")', {"products": "ACCESS SHARE"}, (), P),
    "DROP TABLE": ('op.drop_table("products")', EXCLUSIVE, (), ()),
    "RENAME": ('op.rename_table("products", "goods")', EXCLUSIVE, (), ()),
    "TRUNCATE": ('op.execute("TRUNCATE products")', EXCLUSIVE, (), ()),
    "VACUUM FULL's kin": ('op.execute("CLUSTER products USING products_pkey")', EXCLUSIVE, P, P),
    "no table": ('op.execute("SELECT 1")', {}, (), ()),
    "a catalog": ('op.execute("SELECT count(*) FROM pg_class, pg_index")', {}, (), ()),
}


@pytest.mark.parametrize("rows", ["empty", "filled"])
@pytest.mark.parametrize("name", COSTS)
def test_the_cost_of_an_operation(forking: Runner, project: Project, name: str, rows: str) -> None:
    body, locks, rewrites, scans = COSTS[name]
    execute(project.url, SCHEMA + (ROWS if rows == "filled" else ""))
    statement = one(forking, project, body)
    assert (statement.locks, statement.rewrites, statement.scans) == (locks, rewrites, scans)


def test_a_foreign_key_locks_both_tables_and_scans(forking: Runner, project: Project) -> None:
    execute(project.url, SCHEMA + ROWS)
    body = 'op.create_foreign_key("fk", "products", "customers", ["customer_id"], ["id"])'
    statement = one(forking, project, body)
    assert (statement.locks, statement.rewrites) == (BOTH, ())
    assert "products" in statement.scans


def test_a_plain_process_tells_the_same_cost(runner: Runner, project: Project) -> None:
    execute(project.url, SCHEMA + ROWS)
    body, locks, rewrites, scans = COSTS["alter type, conversion"]
    statement = one(runner, project, body)
    assert (statement.locks, statement.rewrites, statement.scans) == (locks, rewrites, scans)


def test_without_costs_everything_else_is_told(runner: Runner, project: Project) -> None:
    execute(project.url, SCHEMA + ROWS)
    project.revision("0001", None, COSTS["alter type, conversion"][0])
    line = "alembic upgrade head"
    seen = runner.run(line, project=project.folder, env=project.env, costs=False)
    [statement] = seen.migrated
    assert (statement.locks, statement.rewrites, statement.scans) == ({}, (), ())
    assert statement.text.startswith("ALTER TABLE products ALTER COLUMN")
    assert (str(statement.place), statement.outside) == ("migrations/versions/0001.py:9", False)
    assert statement.seconds > 0


def test_each_statement_is_told_what_it_was_the_first_to_take(
    forking: Runner, project: Project
) -> None:
    execute(project.url, SCHEMA + ROWS)
    project.revision(
        "steps",
        None,
        """
        op.execute("SELECT 1 FROM products")
        op.execute("UPDATE products SET price = 1")
        op.execute("UPDATE products SET price = 2")
        op.add_column("products", sa.Column("x", sa.Text))
        """,
    )
    told = [(s.locks, s.scans) for s in upgrade(forking, project).migrated]
    assert told == [
        ({"products": "ACCESS SHARE"}, P),
        ({"products": "ROW EXCLUSIVE"}, P),
        ({}, P),
        (EXCLUSIVE, ()),
    ]


def test_tables_of_the_same_transaction_do_not_count(forking: Runner, project: Project) -> None:
    execute(project.url, SCHEMA)
    project.revision("first", None, 'op.create_table("fresh", sa.Column("a", sa.Integer))')
    project.revision(
        "second",
        "first",
        """
        op.create_index("by_a", "fresh", ["a"])
        op.alter_column("fresh", "a", type_=sa.BigInteger)
        op.execute("CREATE TEMP TABLE t AS SELECT * FROM fresh")
        op.execute("INSERT INTO t SELECT id FROM products")
        """,
    )
    statements = upgrade(forking, project).migrated
    told = [(s.locks, s.rewrites, s.scans) for s in statements]
    assert told == [({}, (), ())] * 4 + [({"products": "ACCESS SHARE"}, (), P)]


def test_with_a_transaction_per_migration_the_table_before_counts(
    forking: Runner, project: Project
) -> None:
    env = (project.folder / "migrations/env.py").read_text()
    project.write(
        "migrations/env.py",
        env.replace(
            "connection=connection,", "connection=connection, transaction_per_migration=True,"
        ),
    )
    project.revision("first", None, 'op.create_table("fresh", sa.Column("a", sa.Integer))')
    project.revision("second", "first", 'op.alter_column("fresh", "a", type_=sa.BigInteger)')
    create, alter = upgrade(forking, project).migrated
    assert create.locks == {}
    assert (alter.locks, alter.rewrites, alter.scans) == (
        {"fresh": "ACCESS EXCLUSIVE"},
        ("fresh",),
        ("fresh",),
    )


def test_in_an_autocommit_block_locks_are_not_told(forking: Runner, project: Project) -> None:
    execute(project.url, SCHEMA + ROWS)
    project.revision(
        "concurrent",
        None,
        """
        op.execute("SELECT 1 FROM customers")
        with op.get_context().autocommit_block():
            op.create_index("by_code", "products", ["code"], postgresql_concurrently=True)
            op.execute("VACUUM FULL products")
            op.execute("SELECT 1")
        op.add_column("products", sa.Column("x", sa.Text))
        """,
    )
    told = [(s.locks, s.rewrites, s.scans) for s in upgrade(forking, project).migrated]
    assert told == [
        ({"customers": "ACCESS SHARE"}, (), ("customers",)),
        ({}, (), P),
        ({}, P, P),
        ({}, (), ()),
        (EXCLUSIVE, (), ()),
    ]


def test_partitions_and_materialized_views_count(forking: Runner, project: Project) -> None:
    execute(
        project.url,
        """
        CREATE TABLE events (day integer) PARTITION BY RANGE (day);
        CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (9);
        CREATE MATERIALIZED VIEW days AS SELECT day FROM events;
        CREATE VIEW plain AS SELECT day FROM events;
        """,
    )
    project.revision(
        "parts",
        None,
        'op.add_column("events", sa.Column("x", sa.Text))\n'
        'op.execute("REFRESH MATERIALIZED VIEW days")\n'
        'op.execute("DROP VIEW plain")',
    )
    add, refresh, drop = upgrade(forking, project).migrated
    assert add.locks == {"events": "ACCESS EXCLUSIVE", "events_1": "ACCESS EXCLUSIVE"}
    assert refresh.locks == {"days": "ACCESS EXCLUSIVE"}
    assert refresh.rewrites == ("days",)
    assert refresh.scans == ("events_1",)
    assert drop.locks == {}


def test_a_table_outside_public_has_its_schema_in_its_name(
    forking: Runner, project: Project
) -> None:
    execute(project.url, "CREATE SCHEMA shop; CREATE TABLE shop.orders (id integer)")
    body = 'op.add_column("orders", sa.Column("x", sa.Text), schema="shop")'
    assert one(forking, project, body).locks == {"shop.orders": "ACCESS EXCLUSIVE"}


def test_a_version_table_of_another_name_does_not_count(forking: Runner, project: Project) -> None:
    execute(project.url, SCHEMA + "CREATE TABLE ours (version_num varchar(32) PRIMARY KEY)")
    configure(project, "version_table='ours'")
    assert one(forking, project, 'op.execute("SELECT count(*) FROM ours, products")').locks == {
        "products": "ACCESS SHARE"
    }


FAILING = {
    "undefined": ('op.execute("SELECT nothing")', "UndefinedColumn", "42703"),
    "not null": (
        'op.alter_column("products", "price", nullable=False)',
        "NotNullViolation",
        "23502",
    ),
    "syntax": ('op.execute("SELEKT 1")', "SyntaxError", "42601"),
    "raised": (
        "op.execute(\"DO $$ BEGIN RAISE EXCEPTION 'no more' USING ERRCODE = 'LAB01'; END $$\")",
        "RaiseException",
        "LAB01",
    ),
}


@pytest.mark.parametrize("name", FAILING)
def test_an_error_of_postgresql_is_told_with_its_sqlstate(
    forking: Runner, project: Project, name: str
) -> None:
    body, kind, sqlstate = FAILING[name]
    execute(project.url, SCHEMA + ROWS + "UPDATE products SET price = NULL")
    project.revision("fails", None, f'op.execute("SELECT 1")\n{body}')
    seen = upgrade(forking, project)
    assert seen.status == 1
    _, statement = seen.migrated
    for failure in (statement.failure, seen.failure):
        assert failure is not None
        assert failure.sqlstate == sqlstate
        assert failure.place == Place("migrations/versions/fails.py", 10)
        assert failure.message
        assert "\n" not in failure.message
    if name != "raised":
        assert seen.failure is not None
        assert seen.failure.kind == kind


def test_a_caught_error_leaves_the_migration_as_it_was(forking: Runner, project: Project) -> None:
    execute(project.url, SCHEMA)
    project.revision(
        "caught",
        None,
        """
        bind = op.get_bind()
        op.create_table("fresh", sa.Column("a", sa.Integer))
        try:
            with bind.begin_nested():
                op.execute("SELECT nothing")
        except sa.exc.ProgrammingError:
            pass
        op.execute("SELECT 1 FROM fresh, products")
        """,
    )
    seen = upgrade(forking, project)
    assert (seen.status, seen.failure) == (0, None)
    *earlier, last = seen.migrated
    assert [s.text for s in earlier if s.failure] == ["SELECT nothing"]
    assert (last.locks, last.failure) == ({"products": "ACCESS SHARE"}, None)


UNDISTURBED = {
    "an aborted transaction": """
        try:
            op.execute("SELECT nothing")
        except sa.exc.ProgrammingError:
            op.execute("ROLLBACK")
        """,
    "isolation": """
        op.execute("COMMIT")
        op.execute("BEGIN")
        op.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        op.execute("SELECT 1")
        """,
    "a statement timeout": """
        op.execute("SET LOCAL statement_timeout = '20ms'")
        op.execute("SELECT 1")
        """,
    "a search path without pg_catalog first": """
        op.execute("CREATE SCHEMA mine")
        op.execute("CREATE TABLE mine.pg_class (a integer)")
        op.execute("SET LOCAL search_path = mine, pg_catalog")
        op.execute("SELECT a FROM pg_class")
        """,
    "row factories": """
        import psycopg2.extras
        op.get_bind().connection.dbapi_connection.cursor_factory = psycopg2.extras.DictCursor
        op.execute("SELECT 1")
        """,
    "a read-only transaction": """
        op.execute("CREATE TABLE t ()")
        op.execute("SET TRANSACTION READ ONLY")
        op.execute("SELECT 1")
        op.execute("SET TRANSACTION READ WRITE")
        """,
}


@pytest.mark.parametrize("name", UNDISTURBED)
def test_observing_changes_nothing(forking: Runner, project: Project, name: str) -> None:
    project.revision("delicate", None, UNDISTURBED[name])
    bare = Project(project.folder.parent / "bare", project.url)
    bare.revision("delicate", None, UNDISTURBED[name])
    env = {**bare.env, "LABS_RECORD": ""}
    unobserved = forking.run(
        "env -u LABS_RECORD alembic upgrade head", project=bare.folder, env=env
    )
    assert unobserved.statements == ()
    execute(project.url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    execute(project.url, "DROP SCHEMA IF EXISTS mine CASCADE")
    seen = upgrade(forking, project)
    assert seen.status == unobserved.status
    assert seen.output.replace("shop/", "") == unobserved.output.replace("bare/", "")


def test_a_first_statement_may_choose_the_isolation(forking: Runner, project: Project) -> None:
    execute(project.url, SCHEMA + ROWS)
    env = (project.folder / "migrations/env.py").read_text()
    project.write(
        "migrations/env.py",
        env.replace(
            "connection=connection,", "connection=connection, transaction_per_migration=True,"
        ),
    )
    project.revision("first", None, "pass")
    project.revision(
        "second",
        "first",
        """
        op.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        op.execute("UPDATE products SET price = 1")
        """,
    )
    seen = upgrade(forking, project)
    assert seen.status == 0, seen.output
    assert [s.locks for s in seen.migrated] == [{}, {"products": "ROW EXCLUSIVE"}]


def test_a_script_is_observed_too(runner: Runner, project: Project) -> None:
    execute(project.url, SCHEMA)
    project.revision("change", None, 'op.add_column("products", sa.Column("x", sa.Text))')
    project.write(
        "run.py",
        """\
        import os
        import sqlalchemy as sa
        from alembic import command, config

        command.upgrade(config.Config("alembic.ini"), "head")
        with sa.create_engine(os.environ["DATABASE_URL"]).connect() as connection:
            connection.execute(sa.text("SELECT 7"))
        """,
    )
    seen = upgrade(runner, project, "python run.py")
    assert seen.status == 0, seen.output
    (change,) = seen.migrated
    assert change.locks == EXCLUSIVE
    own = [(s.text, str(s.place)) for s in seen.statements if s.place and not s.revision]
    assert own == [("SELECT 7", "run.py:7")]


THREADS = """
import os
import sys
import threading

import sqlalchemy as sa

engine = sa.create_engine(os.environ["DATABASE_URL"], pool_size=4)
sys.setswitchinterval(1e-6)


def send(thread: int) -> None:
    with engine.connect() as connection:
        for number in range(200):
            connection.exec_driver_sql(f"SELECT {thread}, {number}")


threads = [threading.Thread(target=send, args=(thread,)) for thread in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_of_threads_that_send_at_once_no_statement_is_lost(
    forking: Runner, project: Project
) -> None:
    project.write("threads.py", THREADS)
    seen = forking.run("python threads.py", project=project.folder, env=project.env)
    sent = {s.text for s in seen.statements if s.place and s.failure is None}
    assert sent == {f"SELECT {thread}, {number}" for thread in range(4) for number in range(200)}


def test_what_could_not_be_observed_is_told_and_changes_nothing(
    forking: Runner, project: Project
) -> None:
    project.write(
        "odd.py",
        """\
        import os
        import psycopg2.extensions
        import sqlalchemy as sa

        revision, down_revision = "odd", None

        class Odd(psycopg2.extensions.connection):
            def get_transaction_status(self):
                raise RuntimeError("very odd")

        url = os.environ["DATABASE_URL"]
        engine = sa.create_engine(url, connect_args={"connection_factory": Odd})
        with engine.connect() as connection:
            print(connection.scalar(sa.text("SELECT 7")))
        """,
    )
    seen = forking.run("python odd.py", project=project.folder, env=project.env)
    assert (seen.status, seen.output, seen.failure) == (0, "7\n", None)
    assert [s.text for s in seen.migrated] == ["SELECT 7"]
    assert len(seen.gaps) == 1
    assert "very odd" in seen.gaps[0]


def test_statements_survive_a_process_that_is_killed(forking: Runner, project: Project) -> None:
    execute(project.url, SCHEMA)
    project.revision(
        "dies",
        None,
        'op.add_column("products", sa.Column("x", sa.Text))\nos.kill(os.getpid(), signal.SIGKILL)',
    )
    seen = upgrade(forking, project)
    assert seen.status == 137
    assert [s.locks for s in seen.migrated] == [EXCLUSIVE]
    assert seen.failure is not None
    assert seen.failure.kind == "ended"


def test_offline_sql_sends_nothing(forking: Runner, project: Project) -> None:
    project.revision("change", None, 'op.add_column("products", sa.Column("x", sa.Text))')
    seen = upgrade(forking, project, "alembic upgrade head --sql")
    assert "ALTER TABLE products" in seen.output
    assert (seen.status, seen.statements) == (0, ())


def test_a_project_may_have_a_labkit_of_its_own(runner: Runner, project: Project) -> None:
    project.write("labkit/__init__.py", "import sys\nNAME = 'theirs'\n")
    project.write("resource.py", "NAME = 'theirs too'\n")
    body = "import labkit, resource\nop.execute(f\"SELECT '{labkit.NAME}, {resource.NAME}'\")"
    assert one(runner, project, body).text == "SELECT 'theirs, theirs too'"


def test_observed_processes_see_their_own_environment(forking: Runner, project: Project) -> None:
    project.revision("env", None, "op.execute(f\"SELECT '{os.environ['MARK']}'\")")
    seen = upgrade(forking, project, "MARK=here alembic upgrade head")
    assert [s.text for s in seen.migrated] == ["SELECT 'here'"]
    assert "MARK" not in os.environ
