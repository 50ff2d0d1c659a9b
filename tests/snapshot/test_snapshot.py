"""Reading a live schema."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from labkit import snapshot
from labkit.trouble import Trouble

Execute = Callable[[str], None]


def test_an_empty_database_has_an_empty_snapshot(world: Any) -> None:
    assert snapshot.read(world).content == {}


def test_columns_are_told_in_the_words_people_write(world: Any, execute: Execute) -> None:
    execute(
        "CREATE TABLE t (a varchar(50) NOT NULL, b timestamptz(3), c char(3), d varbit(4), "
        "e timestamp, f numeric(10, 2) DEFAULT 0, g text[][], h time with time zone)"
    )
    assert snapshot.read(world).content["tables"]["t"]["columns"] == {
        "a": {"type": "varchar(50)", "nullable": False},
        "b": {"type": "timestamptz(3)"},
        "c": {"type": "char(3)"},
        "d": {"type": "varbit(4)"},
        "e": {"type": "timestamp"},
        "f": {"type": "numeric(10,2)", "default": "0"},
        "g": {"type": "text[][]"},
        "h": {"type": "timetz"},
    }


def test_a_table_of_no_columns_is_a_table(world: Any, execute: Execute) -> None:
    execute("CREATE TABLE nothing ()")
    assert snapshot.read(world).content["tables"] == {"nothing": {"columns": {}}}


def test_the_version_table_is_a_field_of_its_own(world: Any, execute: Execute) -> None:
    assert snapshot.read(world).alembic_version is None
    execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    assert snapshot.read(world).alembic_version == []
    execute("INSERT INTO alembic_version VALUES ('b2'), ('a1')")
    assert snapshot.read(world).content == {"alembic_version": ["a1", "b2"]}


def test_rows_are_read_where_they_are_named_and_in_the_order_of_the_key(
    world: Any, execute: Execute
) -> None:
    execute(
        "CREATE TABLE roles (id integer PRIMARY KEY, name text, active boolean, price numeric); "
        "INSERT INTO roles VALUES (10, 'a, (\"b\")\\', true, 1.50), (9, NULL, false, NULL), "
        "(11, '', NULL, 0)"
    )
    assert "rows" not in snapshot.read(world).content
    found = snapshot.read(world, ["roles", "nowhere"])
    assert found.row_tables == ("roles",)
    assert found.content["rows"]["roles"] == [
        {"id": 9, "name": None, "active": False, "price": None},
        {"id": 10, "name": 'a, ("b")\\', "active": True, "price": "1.50"},
        {"id": 11, "name": "", "active": None, "price": "0"},
    ]


def test_the_settings_and_the_transaction_of_a_connection_stay_its_own(world: Any) -> None:
    with world.cursor() as cursor:
        cursor.execute("SET LOCAL search_path = nowhere; SET LOCAL DateStyle = 'German'")
        snapshot.read(world)
        cursor.execute("SHOW search_path")
        assert cursor.fetchone() == ("nowhere",)
        cursor.execute("CREATE TABLE public.still_writable ()")


def test_an_idle_connection_is_idle_afterwards(database: str) -> None:
    with closing(psycopg2.connect(database)) as connection:
        snapshot.read(connection)
        assert connection.info.transaction_status == psycopg2.extensions.TRANSACTION_STATUS_IDLE
        assert connection.autocommit is False


def test_a_failed_transaction_is_told(world: Any, execute: Execute) -> None:
    with pytest.raises(psycopg2.Error):
        execute("nonsense")
    with pytest.raises(Trouble) as raised:
        snapshot.read(world)
    assert str(raised.value) == (
        "The schema cannot be read on a connection whose transaction has failed.\n"
        "PostgreSQL ignores every command until such a transaction ends.\n"
        "Roll it back first."
    )


def test_a_url_may_name_a_driver_and_hold_escapes(database: str) -> None:
    url = database.replace("postgresql://", "postgresql+psycopg2://")
    assert snapshot.read(url).content == {}
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE ROLE snapshot_percent LOGIN PASSWORD 'p%/@ x%41'")
        connection.commit()
        try:
            head, tail = url.split("@")
            scheme = head.split("//")[0]
            escaped = f"{scheme}//snapshot_percent:p%25%2F%40%20x%2541@{tail}"
            assert snapshot.read(escaped).content == {}
        finally:
            cursor.execute("DROP ROLE snapshot_percent")
            connection.commit()


def test_a_url_of_another_database_is_refused() -> None:
    with pytest.raises(Trouble) as raised:
        snapshot.read("mysql://localhost/x")
    assert str(raised.value) == (
        "A URL that starts with mysql:// is not one of PostgreSQL.\n"
        "A schema is read from a live PostgreSQL database.\n"
        "Write postgresql://user:password@host:port/database."
    )


def test_a_url_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(Trouble) as raised:
        snapshot.read("postgresql://localhost/x?nonsense=1")
    assert raised.value.what.startswith("The database URL cannot be read: ")
    assert raised.value.why == (
        "A special character in a user name or password has to be written as %XX."
    )
    assert raised.value.mend == "Write postgresql://user:password@host:port/database."


def test_a_server_that_is_down_is_told_without_the_password() -> None:
    with pytest.raises(Trouble, match="PostgreSQL cannot be reached") as raised:
        snapshot.read("postgresql://someone:secret@127.0.0.1:1/x")
    assert "secret" not in str(raised.value)
    assert raised.value.why == (
        "The server is down, or the host, port, database or password in the URL is another one."
    )
    assert raised.value.mend == "Start the server or mend the URL, then try again."


def test_rows_behind_a_lock_are_told_and_not_waited_for(database: str) -> None:
    with closing(psycopg2.connect(database)) as other, other.cursor() as cursor:
        cursor.execute("CREATE TABLE roles (id integer DEFAULT 1)")
        other.commit()
        cursor.execute("LOCK TABLE roles IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Trouble, match="another session holds a lock"):
            snapshot.read(database, ["roles"], lock_timeout_ms=50)


def test_a_snapshot_survives_being_written_and_loaded(world: Any, execute: Execute) -> None:
    execute(
        """
        CREATE TABLE "Sel ect" ("é x" text DEFAULT E'a\nb: #', "null" integer);
        COMMENT ON TABLE "Sel ect" IS E'two\nlines\n';
        CREATE TYPE mood AS ENUM ('yes', '', '12', 'it''s: "x"');
        """
    )
    found = snapshot.read(world)
    assert snapshot.load(snapshot.dump(found)) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tables:\n  t:\n    columns:\n      a: {typ: text}\n", "s.yaml:4: 'typ' is no part"),
        ("tables:\n  t:\n    columns:\n      a: {}\n", "s.yaml:4: this column has no type"),
        ("tables:\n  t:\n    columns: [a]\n", "s.yaml:3: columns is a mapping"),
        ("enums:\n  e: {values: new}\n", "s.yaml:2: values is a list of texts, not 'new'"),
        ("views:\n  12: {}\nnonsense: {}\n", "s.yaml:"),
        ("tables:\n  a: {}\n  a: {}\n", "s.yaml:3: a is given twice"),
        ("tables: [\n", "s.yaml:2"),
        ("- a\n", "s.yaml:1: a snapshot is a mapping"),
        ("alembic_version: 12\n", "s.yaml:1: alembic_version is a list"),
        ("rows:\n  t:\n  - {id: 1}\n  - {id: 1.5}\n", "s.yaml:4: 1.5 has to be in quotes"),
    ],
)
def test_nonsense_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(Trouble) as raised:
        snapshot.load(text, "s.yaml")
    assert message in raised.value.what
    assert raised.value.why == (
        "A snapshot is recorded from a live schema, and this file was changed since."
    )
    assert raised.value.mend


def test_the_program_prints_a_snapshot(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (id integer); INSERT INTO t VALUES (1)")
        connection.commit()
    assert snapshot.main([database, "--rows", "t"]) == 0
    printed = capsys.readouterr().out
    assert snapshot.load(printed).content["rows"] == {"t": [{"id": 1}]}


def test_the_program_tells_of_a_table_that_is_not_there(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert snapshot.main([database, "--rows", "nowhere"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "There is no table nowhere whose rows could be recorded.",
        "Name a table of the database, with its schema unless that is public.",
    ]


def test_the_program_tells_of_a_name_that_is_none(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert snapshot.main([database, "--rows", "a b"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "'a b' does not name a table.",
        'A table is written as in SQL: roles, tenant.roles or "Mixed Case".',
    ]


def test_two_readings_at_once_do_not_wait_for_each_other(database: str) -> None:
    found: list[snapshot.Snapshot] = []
    readers = [
        threading.Thread(target=lambda: found.append(snapshot.read(database))) for _ in range(2)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert found[0] == found[1]
