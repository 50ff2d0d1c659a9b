"""Reading leaves no trace, needs little, and is not led astray by what a session is set to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from labkit import snapshot
from labkit.schema.catalog.answer import Answer
from labkit.schema.catalog.names import parts, quoted, short_type
from labkit.trouble import Trouble

Execute = Callable[[str], None]

SCHEMA = r"""
    CREATE SCHEMA tenant;
    CREATE TABLE tenant.prices (id serial PRIMARY KEY, price float8 DEFAULT 1.1,
      since timestamptz DEFAULT '2020-01-01 00:00:00+00', day date DEFAULT '2020-01-31',
      raw bytea DEFAULT '\xff', path text DEFAULT E'a\\b', term interval DEFAULT '1 day 02:00:00',
      "Name" text, fee money DEFAULT 1.5);
    CREATE TABLE mirror (a integer REFERENCES tenant.prices, b text CHECK (b <> E'\\'));
    CREATE VIEW both_sides AS SELECT p.id, m.b FROM tenant.prices p JOIN mirror m ON m.a = p.id;
    CREATE INDEX ON mirror (lower(b)) WHERE a > 1;
"""
SETTINGS = {
    "search_path": "tenant, nowhere",
    "DateStyle": "German",
    "TimeZone": "Asia/Tokyo",
    "IntervalStyle": "iso_8601",
    "quote_all_identifiers": "on",
    "extra_float_digits": "-15",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "client_encoding": "LATIN1",
    "transform_null_equals": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "row_security": "off",
    "plpgsql.extra_errors": "all",
    "work_mem": "64kB",
    "from_collapse_limit": "1",
    "lock_timeout": "1",
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_of_the_session_changes_nothing(
    setting: str, world: Any, execute: Execute
) -> None:
    execute(SCHEMA)
    plain = snapshot.dump(snapshot.read(world))
    with world.cursor() as cursor:
        if setting.startswith("default_transaction"):
            cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
        cursor.execute("SELECT set_config(%s, %s, true)", (setting, SETTINGS[setting]))
    assert snapshot.dump(snapshot.read(world)) == plain


def test_a_reading_takes_no_lock_but_the_weakest(world: Any, execute: Execute) -> None:
    execute(SCHEMA)
    execute("CREATE TABLE alembic_version (version_num text)")
    locks = "SELECT DISTINCT locktype, mode, relation FROM pg_locks WHERE pid = pg_backend_pid()"
    with world.cursor() as cursor:
        cursor.execute(locks)
        before = set(cursor.fetchall())
        snapshot.read(world)
        cursor.execute(locks)
        gained = {mode for kind, mode, _ in set(cursor.fetchall()) - before if kind == "relation"}
    assert gained <= {"AccessShareLock"}


def test_a_reading_writes_nothing(database: str) -> None:
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        connection.commit()
        snapshot.read(connection)
        cursor.execute("SELECT pg_current_xact_id_if_assigned(), txid_current_if_assigned()")
        assert cursor.fetchone() == (None, None)


# Several processes test on one server.
GUEST = f"snapshot_guest_{os.getpid()}"


@pytest.fixture
def guest(database: str) -> Iterator[tuple[Any, str]]:
    """A cursor of the database's owner, and the URL of a role without a privilege of its own."""
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(SCHEMA)
        cursor.execute(f"CREATE ROLE {GUEST} LOGIN PASSWORD 'guest'")
        cursor.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {GUEST}")
        try:
            yield cursor, f"postgresql://{GUEST}:guest@{database.split('@')[1]}"
        finally:
            cursor.execute(f"DROP OWNED BY {GUEST}; DROP ROLE {GUEST}")


def test_a_role_without_privileges_reads_the_same(guest: tuple[Any, str]) -> None:
    cursor, url = guest
    assert snapshot.read(url) == snapshot.read(cursor.connection)


def test_rows_that_a_role_may_not_read_are_told(guest: tuple[Any, str]) -> None:
    _, url = guest
    with pytest.raises(Trouble) as raised:
        snapshot.read(url, ["mirror"])
    assert str(raised.value).splitlines() == [
        f"The rows of mirror cannot be read: user {GUEST} has no SELECT privilege on it.",
        "The table belongs to another role.",
        f"GRANT SELECT ON mirror TO {GUEST};",
    ]
    with pytest.raises(Trouble, match=r"rows of tenant.prices .* has no SELECT"):
        snapshot.read(url, ["tenant.prices"])


def test_a_schema_public_that_a_role_may_not_use_is_told(guest: tuple[Any, str]) -> None:
    cursor, url = guest
    cursor.execute(f"REVOKE USAGE ON SCHEMA public FROM {GUEST}")
    with pytest.raises(Trouble) as raised:
        snapshot.read(url)
    assert str(raised.value).splitlines() == [
        f"The schema public cannot be read: user {GUEST} has no USAGE privilege on it.",
        "It was taken from PUBLIC, and this role was not given it.",
        f"GRANT USAGE ON SCHEMA public TO {GUEST};",
    ]


def test_a_database_without_its_language_is_read_too(database: str) -> None:
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION plpgsql; CREATE TABLE alembic_version (version_num text)")
        cursor.execute("INSERT INTO alembic_version VALUES ('a1')")
        cursor.execute("""CREATE TABLE "odd\\ '" (a text); INSERT INTO "odd\\ '" VALUES ('x')""")
        connection.commit()
        found = snapshot.read(connection, ['"odd\\ \'"'])
        assert found.content["extensions"] == {"plpgsql": {"dropped": True}}
        assert found.alembic_version == ["a1"]
        assert found.content["rows"] == {'"odd\\ \'"': [{"a": "x"}]}


def test_what_stands_on_an_extensions_table_names_it(world: Any, execute: Execute) -> None:
    execute("CREATE TABLE e (id integer PRIMARY KEY); ALTER EXTENSION plpgsql ADD TABLE e")
    execute("CREATE TABLE heir () INHERITS (e); CREATE TABLE debtor (e_id integer REFERENCES e)")
    tables = snapshot.read(world).content["tables"]
    assert list(tables) == ["debtor", "heir"]
    assert tables["heir"]["inherits"] == ["e"]
    assert tables["debtor"]["constraints"]["debtor_e_id_fkey"]["references"] == "e (id)"


def test_what_has_arrived_is_read_before_the_server_has_sent_all() -> None:
    answer = Answer(18, "")
    mark = b"\x1f"
    answer.write(mark.join([b"schema", b"2200", b"public"]) + b"\n")
    answer.write(
        mark.join([b"relation", b"16384", b"2200", b"t", b"r", b"0", b"0", b"", b""]) + b"\n"
    )
    assert not answer.tree
    answer.write(mark.join([b"end", b"relation"]) + b"\n")
    assert list(answer.tree["tables"]) == ["t"]
    assert "enums" not in answer.tree


def test_a_server_tells_the_end_of_each_large_part(
    world: Any, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute("CREATE TABLE t (id serial PRIMARY KEY)")
    heard: list[bytes] = []
    write = Answer.write

    def hear(answer: Answer, line: bytes) -> None:
        heard.append(line.rstrip(b"\n").replace(b"\x1f", b" ").split(b".")[0])
        write(answer, line)

    monkeypatch.setattr(Answer, "write", hear)
    snapshot.read(world)
    for part in (b"sequence", b"relation", b"index", b"constraint", b"default"):
        end = heard.index(b"end " + part)
        # What is behind it has the server send what it has in hand.
        assert heard[end + 1] == b"filler "
        assert not any(line.startswith(part + b" ") for line in heard[end:])


def test_who_holds_a_lock_is_told_and_the_connection_lives_on(database: str) -> None:
    with (
        closing(psycopg2.connect(database)) as other,
        closing(psycopg2.connect(database)) as connection,
        other.cursor() as cursor,
    ):
        cursor.execute("SET application_name = 'migration'")
        cursor.execute("CREATE TABLE roles (id integer); CREATE VIEW v AS SELECT id FROM roles")
        other.commit()
        cursor.execute("LOCK TABLE roles IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Trouble) as raised:
            snapshot.read(connection, lock_timeout_ms=50)
        process = other.info.backend_pid
        assert str(raised.value).splitlines() == [
            "The schema could not be read within 0.05 s because another session holds a lock.",
            f"Process {process} (migration) locks roles.",
            "End that transaction (COMMIT or ROLLBACK there), then try again.",
        ]
        other.rollback()
        assert "roles" in snapshot.read(connection).content["tables"]


def test_a_transaction_survives_a_reading_that_fails(database: str) -> None:
    with (
        closing(psycopg2.connect(database)) as other,
        closing(psycopg2.connect(database)) as connection,
        connection.cursor() as cursor,
    ):
        with other.cursor() as holder:
            holder.execute("CREATE TABLE roles (id integer); CREATE VIEW v AS SELECT id FROM roles")
            other.commit()
            holder.execute("LOCK TABLE roles IN ACCESS EXCLUSIVE MODE")
            cursor.execute("CREATE TABLE mine ()")
            with pytest.raises(Trouble, match="another session holds a lock"):
                snapshot.read(connection, lock_timeout_ms=50)
            other.rollback()
        assert "mine" in snapshot.read(connection).content["tables"]


COLUMNS = """
    a boolean, b bytea, c bigint, d smallint, e integer, f text, g json, h real, i float8, j inet,
    k integer[], l text[], m varchar[], n bpchar, o varchar, p date, q time, r timestamp,
    s timestamptz, t timetz, u numeric, v uuid, w tsvector, x jsonb, c1 char(1), c2 char(1)[],
    v7 varchar(7), v8 varchar(8)[], n1 numeric(5), n2 numeric(12, 3), n3 numeric(1000, 1000),
    t0 time(0), t1 timetz(1), t2 timestamp(2), t3 timestamptz(3), t4 timestamptz(4)[], b4 bit(4),
    b5 varbit(5), i1 interval, i2 interval(2), i3 interval day to minute, n4 numeric(4, 1)[],
    na name, "char" "char", o1 oid, p1 point, x1 xml, m1 money, a2 integer[][], a3 text[3][4][5]
"""


def test_a_type_is_told_as_the_server_spells_it(world: Any, execute: Execute) -> None:
    execute(f"CREATE TABLE kinds ({COLUMNS})")
    with world.cursor() as cursor:
        cursor.execute(
            "SELECT attname, format_type(atttypid, atttypmod), attndims FROM pg_attribute "
            "WHERE attrelid = 'kinds'::regclass AND attnum > 0 ORDER BY attnum"
        )
        spelled = {
            quoted(name): {"type": short_type(text) + "[]" * max(dimensions - 1, 0)}
            for name, text, dimensions in cursor.fetchall()
        }
    assert snapshot.read(world).content["tables"]["kinds"]["columns"] == spelled


def test_how_a_type_is_stored_and_collated_is_told_where_it_is_not_by_itself(
    world: Any, execute: Execute
) -> None:
    execute("""
        CREATE TABLE kept (a text, b numeric, c varchar(3) COLLATE "C", d text[]);
        CREATE DOMAIN code AS text COLLATE "C";
        CREATE TABLE codes (a code, b code COLLATE "default");
        CREATE INDEX ON codes (a, b, a COLLATE "default", b COLLATE "C");
    """)
    execute("ALTER TABLE kept ALTER a SET STORAGE PLAIN, ALTER b SET STORAGE EXTERNAL")
    execute("ALTER TABLE kept ALTER d SET STORAGE MAIN")
    tables = snapshot.read(world).content["tables"]
    assert tables["kept"]["columns"] == {
        "a": {"type": "text", "storage": "plain"},
        "b": {"type": "numeric", "storage": "external"},
        "c": {"type": "varchar(3)", "collation": '"C"'},
        "d": {"type": "text[]", "storage": "main"},
    }
    assert tables["codes"]["columns"]["b"] == {"type": "code", "collation": '"default"'}
    (index,) = tables["codes"]["indexes"].values()
    assert index["columns"] == ["a", "b", 'a COLLATE "default"', 'b COLLATE "C"']


MARKED = ["a\x1fb", "\x1e", "\x1d\x1e\x1f"]


@pytest.mark.parametrize("name", MARKED)
def test_a_mark_between_fields_may_be_part_of_a_name(
    name: str, world: Any, execute: Execute
) -> None:
    execute(
        f"""
        CREATE TABLE "{name}" ("{name}" integer PRIMARY KEY, "{name}2" varchar COLLATE "C");
        CREATE INDEX "{name}i" ON "{name}" ("{name}2", "{name}");
        COMMENT ON TABLE "{name}" IS '{name}';
        """
    )
    (spec,) = snapshot.read(world).content["tables"].values()
    assert list(spec["columns"]) == [f'"{name}"', f'"{name}2"']
    assert spec["comment"] == name
    assert spec["indexes"] == {f'"{name}i"': {"columns": [f'"{name}2"', f'"{name}"']}}


NAMES = ["Mixed", "select", "a b", "ünï☃", "a.b", "x" * 63, "it's", "\\", "é" * 31, "12", "no"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_name_whatever_is_in_it(name: str, world: Any, execute: Execute) -> None:
    quoted, literal = f'"{name}"', "'" + name.replace("'", "''") + "'"
    execute(
        f"""
        CREATE SCHEMA {quoted};
        CREATE TABLE {quoted}.{quoted} ({quoted} integer PRIMARY KEY CHECK ({quoted} > 0), b text);
        CREATE VIEW {quoted}.v AS SELECT {quoted} FROM {quoted}.{quoted} WHERE {quoted} > 1;
        CREATE INDEX ON {quoted}.{quoted} (({quoted} + 1)) WHERE {quoted} > 1;
        CREATE TYPE {quoted}.e AS ENUM ({literal});
        CREATE FUNCTION {quoted}.f({quoted} {quoted}.e) RETURNS int LANGUAGE sql AS 'SELECT 1';
        """
    )
    found = snapshot.read(world, [f"{quoted}.{quoted}"])
    assert snapshot.load(snapshot.dump(found)) == found
    (table,) = found.content["rows"]
    spec = found.content["tables"][table]
    assert len(spec["constraints"]) == 2
    assert [parts(column) for column in spec["columns"]] == [[name], ["b"]]


def test_a_function_of_very_many_arguments_is_written_and_loaded(
    world: Any, execute: Execute
) -> None:
    arguments = ", ".join(["timestamp with time zone"] * 60)
    execute(f"CREATE FUNCTION f({arguments}) RETURNS int LANGUAGE sql AS 'SELECT 1'")
    found = snapshot.read(world)
    assert snapshot.load(snapshot.dump(found)) == found


SEQUENCES = ["plain", '"Mixed"', '"it\'s"', r'"back\slash"', '"é☃"', "tenant.apart"]


@pytest.mark.parametrize("kind", ["integer", "bigint", "smallint", "numeric"])
def test_a_default_from_a_sequence_is_told_as_the_server_spells_it(
    kind: str, world: Any, execute: Execute
) -> None:
    execute("CREATE SCHEMA tenant; CREATE TABLE counted ()")
    for name in SEQUENCES:
        literal = "E'" + name.replace("\\", "\\\\").replace("'", "''") + "'"
        execute(f"CREATE SEQUENCE {name}")
        execute(f"ALTER TABLE counted ADD {quoted(name)} {kind} DEFAULT nextval({literal})")
    with world.cursor() as cursor:
        cursor.execute("SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef ORDER BY adnum")
        spelled = [text for (text,) in cursor.fetchall()]
    columns = snapshot.read(world).content["tables"]["counted"]["columns"].values()
    assert [column["default"] for column in columns] == spelled
