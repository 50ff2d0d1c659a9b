"""A walker's connection is taken again as good as new, and not when it is not as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from labkit.authoring import walker
from labkit.schema.address import libpq
from labkit.server import Database
from tests.drills import ask


@pytest.fixture
def url(database: Database) -> Iterator[str]:
    yield libpq(database.url)
    for kept in walker._idle.values():
        super(walker._Kept, kept).close()
    walker._idle.clear()


def told(connection: Any, statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def test_nothing_of_a_session_is_left(url: str) -> None:
    first = walker._connect(url)
    first.set_session("serializable", readonly=True, autocommit=True)
    process = told(first, "SELECT pg_backend_pid()")
    for statement in ("SET search_path = nowhere", "SET lock_timeout = 7", "LISTEN channel"):
        first.cursor().execute(statement)
    told(first, "SELECT pg_advisory_lock(1) IS NULL")
    first.set_session(readonly=False, autocommit=False)
    first.cursor().execute("CREATE TEMP TABLE t (); DO $$ BEGIN RAISE NOTICE 'n'; END $$")
    first.close()
    held = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = {process}"
    assert ask(url, held) == [(0,)]
    second = walker._connect(url)
    assert second is first
    assert second.info.transaction_status == TRANSACTION_STATUS_IDLE
    assert (second.autocommit, second.isolation_level, second.notices) == (False, None, [])
    assert told(second, "SELECT pg_backend_pid()") == process
    assert told(second, "SHOW search_path") == '"$user", public'
    assert told(second, "SHOW transaction_isolation") == "read committed"
    assert told(second, "SHOW transaction_read_only") == "off"
    assert told(second, "SHOW lock_timeout") == "0"
    assert told(
        second, "SELECT to_regclass('t') IS NULL AND NOT EXISTS (SELECT pg_listening_channels())"
    )


def test_one_that_is_in_use_or_has_other_words_is_not_taken(url: str) -> None:
    first, second = walker._connect(url), walker._connect(url)
    assert first is not second
    first.close()
    assert walker._connect(url, application_name="other") is not first
    assert walker._connect(url) is first


def test_one_that_the_server_ended_is_not_taken(url: str) -> None:
    first = walker._connect(url)
    process = told(first, "SELECT pg_backend_pid()")
    ask(url, f"SELECT pg_terminate_backend({process})")
    first.close()
    assert first.closed
    assert walker._connect(url) is not first


def test_a_program_with_a_class_of_its_own_gets_one_of_that(url: str) -> None:
    class Own(psycopg2.extensions.connection):
        pass

    with closing(walker._connect(url, connection_factory=Own)) as connection:
        assert type(connection) is Own
