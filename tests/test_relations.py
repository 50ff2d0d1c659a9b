"""What a statement took from the tables that were there before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

from labkit.process.relations import Relations
from labkit.server import Database


@pytest.fixture
def connection(database: Database) -> Iterator[Any]:
    connection = psycopg2.connect(database.url.replace("+psycopg2", "", 1))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE products (id integer PRIMARY KEY)")
    connection.commit()
    yield connection
    connection.close()


def taken(connection: Any, *statements: str) -> list[dict[str, str]]:
    """The locks that each statement of one transaction is seen to take."""
    relations = Relations(connection)
    found = []
    with connection.cursor() as cursor:
        for statement in statements:
            relations.before(statement, "alembic_version")
            cursor.execute(statement)
            found.append(relations.after()["locks"])
    return found


def test_a_weaker_lock_than_the_one_held_is_no_news(connection: Any) -> None:
    """A rewrite takes SHARE on its own table, which says nothing behind ACCESS EXCLUSIVE."""
    assert taken(
        connection,
        "ALTER TABLE products ADD COLUMN name text",
        "ALTER TABLE products ADD COLUMN public_id uuid DEFAULT gen_random_uuid()",
    ) == [{"products": "ACCESS EXCLUSIVE"}, {}]


def test_a_stronger_lock_than_the_one_held_is_named(connection: Any) -> None:
    assert taken(
        connection,
        "INSERT INTO products VALUES (1)",
        "ALTER TABLE products ADD COLUMN name text",
    ) == [{"products": "ROW EXCLUSIVE"}, {"products": "ACCESS EXCLUSIVE"}]


def test_a_table_is_told_by_its_name_whatever_is_in_it(connection: Any) -> None:
    odd = "a\tb\\n\nc\u2028d é"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE TABLE "{odd}" (id integer)')
    connection.commit()
    assert taken(connection, f'LOCK TABLE "{odd}"') == [{odd: "ACCESS EXCLUSIVE"}]


def test_a_reading_that_fails_leaves_the_transaction_as_it_was(
    connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.process.relations._LOCKS", "SELECT 'lock', 1 / 0, '', '', 0, 0")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO products VALUES (1)")
        with pytest.raises(psycopg2.errors.DivisionByZero):
            Relations(connection).before("SELECT 1", "alembic_version")
        cursor.execute("SELECT id FROM products")
        assert cursor.fetchall() == [(1,)]


ADDING = "ALTER TABLE products ADD COLUMN name text"


@pytest.mark.parametrize("costs", [True, False])
@pytest.mark.parametrize(
    ("statement", "autocommit", "outside"),
    [
        (ADDING, False, False),
        (ADDING, True, True),
        (f"{ADDING}; COMMIT", False, True),
        (f"{ADDING}; COMMIT; BEGIN", False, True),
        (f"{ADDING}; SELECT 1", False, False),
        ("COMMIT", False, False),
    ],
    ids=["inside", "outside", "ended", "another", "two", "control"],
)
def test_what_had_no_transaction_is_told_with_costs_or_without(
    connection: Any, statement: str, *, autocommit: bool, outside: bool, costs: bool
) -> None:
    relations = Relations(connection, costs=costs)
    connection.autocommit = autocommit
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        relations.before(statement, "alembic_version")
        cursor.execute(statement)
        told = relations.after()
    assert told.get("outside", False) == outside
    assert costs or not told.keys() - {"outside"}


def test_without_costs_nothing_is_read_around_a_single_statement(
    connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.process.relations._LOCKS", "SELECT 'lock', 1 / 0, '', '', 0, 0")
    relations = Relations(connection, costs=False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        relations.before(ADDING, "alembic_version")
        cursor.execute(ADDING)
    assert relations.after() == {}
