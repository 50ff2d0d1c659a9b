"""Looks: the last connection is kept, and given up where it is of no use any more."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from labkit import look, snapshot
from labkit.look import looking
from labkit.server import Database, Server
from labkit.trouble import Trouble
from tests.drills import ask


def backend(url: str) -> int:
    with looking(url) as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_two_looks_at_a_database_share_a_connection(database: Database) -> None:
    assert backend(database.url) == backend(database.url)


def test_a_look_at_another_database_closes_the_connection(
    server: Server, database: Database
) -> None:
    before = backend(database.url)
    with server.throwaway("lab_other") as other:
        assert backend(other.url) != before
        deadline = time.monotonic() + 30
        while ask(server.admin_url, f"SELECT 1 FROM pg_stat_activity WHERE pid = {before}"):
            assert time.monotonic() < deadline


def test_a_connection_that_was_ended_is_opened_again(server: Server, database: Database) -> None:
    before = backend(database.url)
    ask(server.admin_url, f"SELECT pg_terminate_backend({before}, 5000)")
    assert backend(database.url) != before


def test_a_look_that_failed_leaves_a_connection_that_can_be_asked(database: Database) -> None:
    with pytest.raises(Trouble, match="division by zero"), looking(database.url) as cursor:
        cursor.execute("SELECT 1 / 0")
    assert backend(database.url) > 0


def test_no_look_is_left_in_a_transaction(server: Server, database: Database) -> None:
    ask(database.url, "CREATE TABLE products (id int)")
    assert look.schema(database.url) == snapshot.read(database.url)
    state = f"SELECT state FROM pg_stat_activity WHERE pid = {backend(database.url)}"
    assert ask(server.admin_url, state) == [("idle",)]


def test_a_look_at_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    url = f"postgresql+psycopg2://nobody@/nothing?host={tmp_path}"
    with pytest.raises(Trouble, match=r"is not there|No such file|refused"), looking(url):
        pass
