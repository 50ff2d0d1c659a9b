"""A database is looked at without waiting, and nothing in it changes unseen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from labkit import snapshot
from labkit.claim import Claim
from labkit.mark import mark
from labkit.page import Command
from labkit.postgres import connection
from labkit.postgres.connection import compose, parse
from labkit.run import Runner
from labkit.server import Database
from labkit.trial import Record, Trial, count_rows
from labkit.trouble import Trouble
from tests.drills import ask


@pytest.fixture
def shop(database: Database) -> Database:
    """A database with two products."""
    ask(database.url, "CREATE TABLE products (name text)")
    ask(database.url, "INSERT INTO products VALUES ('lamp'), ('desk')")
    return database


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Another session that alters the products and does not commit."""
    session = connection.connect(parse(url))
    session.autocommit = False
    with session.cursor() as cursor:
        cursor.execute("ALTER TABLE products ADD COLUMN price integer")
    try:
        yield
    finally:
        session.close()


def take(command: Command, url: str, project: Path, runner: Runner) -> Record:
    trial = Trial(project, url, runner)
    list(trial.take([command]))
    (record,) = trial.records
    return record


def test_a_lock_is_not_waited_for(shop: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "LOCK_TIMEOUT_MS", 100)
    with locked(shop.url):
        with pytest.raises(Trouble) as marked:
            mark(shop.url)
        with pytest.raises(Trouble) as counted:
            count_rows(shop.url, ["products"])
    for told in (marked, counted):
        assert told.value.what == (
            "The schema could not be read within 0.1 s because another session holds a lock."
        )


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO products VALUES ('chair')",
        "DELETE FROM products",
        "UPDATE products SET name = 'x' WHERE name = 'lamp'",
        "ALTER TABLE products ADD COLUMN price integer",
        "CREATE TABLE empty ()",
        "COMMENT ON TABLE products IS 'x'",
    ],
)
def test_a_mark_changes_with_whatever_changes(shop: Database, change: str) -> None:
    before = mark(shop.url)
    ask(shop.url, change)
    assert mark(shop.url) != before


def test_a_mark_is_the_same_for_the_same_rows_in_another_order(shop: Database) -> None:
    before = mark(shop.url)
    ask(shop.url, "DELETE FROM products")
    ask(shop.url, "INSERT INTO products VALUES ('desk'), ('lamp')")
    assert mark(shop.url) == before


def test_a_mark_knows_tables_with_odd_names_and_in_other_schemas(shop: Database) -> None:
    ask(shop.url, 'CREATE SCHEMA "Ten ant"')
    ask(shop.url, 'CREATE TABLE "Ten ant"."sel""ect" (id integer)')
    before = mark(shop.url)
    ask(shop.url, 'INSERT INTO "Ten ant"."sel""ect" VALUES (1)')
    assert mark(shop.url) != before


def test_a_database_that_nobody_answers_for_is_an_error_whatever_is_asked(
    database: Database, tmp_path: Path, shared_runner: Runner
) -> None:
    nobody = compose({**parse(database.url), "port": "1"})
    rows = Command("true", 1, (Claim("Rows", ("products 2",), 2),))
    for command in (rows, Command("true", 1, snapshot="head")):
        with pytest.raises(Trouble) as told:
            take(command, nobody, tmp_path, shared_runner)
        assert told.value.what.startswith("PostgreSQL went away while `true` ran: ")
