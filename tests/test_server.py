"""The databases that a lab has on its server, whatever server that is."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from labkit import server as servers
from labkit.postgres import connection
from labkit.postgres.connection import parse
from labkit.server import Database, Server
from labkit.trouble import Trouble
from tests.drills import as_somebody, ask, terminal


@pytest.fixture
def lab(server: Server) -> Iterator[Database]:
    """A database with one table, for one test."""
    name = f"lab_{secrets.token_hex(4)}"
    database = server.fresh(name)
    ask(database.url, "CREATE TABLE products (id int)")
    yield database
    server.drop(name)


def tables(database: Database) -> list[str]:
    rows = ask(
        database.url, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    )
    return [name for (name,) in rows]


# Fresh databases and their roles.


def test_a_fresh_database_is_empty_and_has_its_old_url(server: Server, lab: Database) -> None:
    assert tables(lab) == ["products"]
    assert server.fresh(lab.name) == lab
    assert tables(lab) == []


def test_a_fresh_database_ends_the_sessions_of_the_old_one(server: Server, lab: Database) -> None:
    session = connection.connect(parse(lab.url))
    server.fresh(lab.name)
    with pytest.raises(psycopg2.OperationalError), session.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_a_fresh_database_is_utf_8_and_sorts_by_code_point(lab: Database) -> None:
    statement = "SELECT string_agg(x, '' ORDER BY x) FROM unnest('{b,ä,B,a}'::text[]) AS x"
    assert ask(lab.url, statement) == [("Babä",)]
    assert ask(lab.url, "SELECT upper('ä')") == [("Ä",)]
    assert ask(lab.url, "SHOW server_encoding") == [("UTF8",)]


def test_the_role_has_no_rights_beyond_its_databases(lab: Database) -> None:
    attributes = "rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
    statement = f"SELECT {attributes} FROM pg_roles WHERE rolname = current_user"
    assert ask(lab.url, statement) == [(False,) * 5]
    assert ask(
        lab.url, "SELECT count(*) FROM pg_auth_members WHERE member = current_user::regrole"
    ) == [(0,)]


def test_a_long_random_password_is_not_stretched(server: Server, lab: Database) -> None:
    (told,) = ask(
        server.admin_url, f"SELECT rolpassword FROM pg_authid WHERE rolname = '{lab.name}'"
    )
    assert told[0].startswith("SCRAM-SHA-256$1:")
    assert len(parse(lab.url)["password"]) >= 32


def test_the_role_owns_its_database_and_may_change_the_schema_public(lab: Database) -> None:
    ask(lab.url, "CREATE SCHEMA other")
    ask(lab.url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    assert ask(lab.url, "SELECT current_user, current_database()") == [(lab.name, lab.name)]


@pytest.mark.parametrize("elsewhere", ["postgres", "template1", "that of another lab"])
def test_the_role_may_enter_no_other_database(
    server: Server, lab: Database, request: pytest.FixtureRequest, elsewhere: str
) -> None:
    if elsewhere == "that of another lab":
        elsewhere = server.fresh(f"{lab.name}_other").name
        request.addfinalizer(lambda: server.drop(elsewhere))
    with pytest.raises(psycopg2.OperationalError, match=r"permission denied|rejects connection"):
        ask(lab.url, "SELECT 1", dbname=elsewhere)


def test_the_role_may_not_read_where_the_secret_lies(server: Server, lab: Database) -> None:
    [(state,)] = ask(server.admin_url, "SHOW data_directory")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(lab.url, f"SELECT pg_read_file('{state}/pg_hba.conf')")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(lab.url, "COPY (SELECT 1) TO PROGRAM 'true'")


def test_what_a_learner_did_to_the_role_is_undone(server: Server, lab: Database) -> None:
    ask(lab.url, "ALTER ROLE CURRENT_USER SET search_path = nowhere")
    ask(lab.url, "ALTER ROLE CURRENT_USER PASSWORD 'mine'")
    assert server.database(lab.name) == lab
    assert ask(lab.url, "SHOW search_path") == [("nowhere",)]
    server.fresh(lab.name)
    assert ask(lab.url, "SHOW search_path") == [('"$user", public',)]


def test_a_database_does_not_show_its_password(lab: Database) -> None:
    password = parse(lab.url)["password"]
    assert len(password) == 40
    assert password not in repr(lab)


def test_two_roles_have_two_passwords(server: Server, lab: Database) -> None:
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
        ask(server.admin_url, "SELECT 1", password=parse(lab.url)["password"])


@pytest.mark.parametrize("name", ['lab "quoted"; DROP', "lab_ümläut", "LAB", "x" * 63])
def test_any_name_is_quoted(server: Server, name: str) -> None:
    database = server.fresh(name)
    assert server.exists(name)
    assert ask(database.url, "SELECT current_user, current_database()") == [(name, name)]
    server.drop(name)
    assert not server.exists(name)


@pytest.mark.parametrize("name", ["", "x" * 64, "ü" * 32, "nul\0"])
def test_a_name_that_postgresql_would_change_is_refused(server: Server, name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a database"):
        server.fresh(name)


# What is there already.


def test_an_existing_database_is_found(server: Server, lab: Database) -> None:
    assert server.database(lab.name) == lab
    assert server.exists(lab.name)


def test_a_missing_database_is_none(server: Server) -> None:
    assert server.database("lab_none") is None
    assert not server.exists("lab_none")


def test_dropping_takes_the_role_along_and_may_be_repeated(server: Server) -> None:
    server.fresh("lab_dropped")
    server.drop("lab_dropped")
    server.drop("lab_dropped")
    look = "SELECT 1 FROM pg_roles WHERE rolname = 'lab_dropped'"
    assert ask(server.admin_url, look) == []


def test_a_role_stays_while_it_owns_another_database(server: Server, lab: Database) -> None:
    kept = server.copy(lab.name, "lab_kept_copy")
    server.drop(lab.name)
    assert tables(kept) == ["products"]
    server.drop("lab_kept_copy")


def test_somebody_elses_database_is_not_touched(server: Server) -> None:
    ask(server.admin_url, "CREATE DATABASE lab_foreign")
    for touch in (server.fresh, server.database, server.drop):
        with pytest.raises(Trouble) as caught:
            touch("lab_foreign")
        assert caught.value.what == (
            "The database lab_foreign exists and is not a lab's: it belongs to labs."
        )
    assert server.exists("lab_foreign")
    ask(server.admin_url, "DROP DATABASE lab_foreign")
    assert caught.value.why == "Somebody else made it on this server, so it is left as it is."
    assert caught.value.mend == "Rename it, or name another server in LABS_DATABASE_URL."


def test_somebody_elses_role_is_not_touched(server: Server) -> None:
    ask(server.admin_url, "CREATE ROLE lab_somebody SUPERUSER")
    with pytest.raises(Trouble) as caught:
        server.fresh("lab_somebody")
    assert caught.value.what == "The role lab_somebody exists and is not a lab's."
    look = "SELECT rolsuper FROM pg_roles WHERE rolname = 'lab_somebody'"
    assert ask(server.admin_url, look) == [(True,)]
    ask(server.admin_url, "DROP ROLE lab_somebody")
    assert caught.value.why == "Somebody else made it on this server, so it is left as it is."
    assert caught.value.mend == "Rename it, or name another server in LABS_DATABASE_URL."


# Renamed and copied.


def test_a_renamed_database_keeps_its_data_and_its_role(server: Server, lab: Database) -> None:
    session = connection.connect(parse(lab.url))
    server.rename(lab.name, "lab_renamed")
    session.close()
    renamed = server.database("lab_renamed")
    assert renamed
    assert renamed.role == lab.role
    assert tables(renamed) == ["products"]
    assert not server.exists(lab.name)
    server.drop("lab_renamed")


def test_a_copy_belongs_to_the_same_role_and_is_closed_to_others(
    server: Server, lab: Database, database: Database
) -> None:
    session = connection.connect(parse(lab.url))
    copy = server.copy(lab.name, "lab_copied")
    session.close()
    ask(copy.url, "ALTER TABLE products ADD name text")
    assert tables(lab) == tables(copy) == ["products"]
    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        ask(database.url, "SELECT 1", dbname=copy.name)
    server.drop("lab_copied")


def test_nothing_is_renamed_or_copied_from_nowhere(server: Server) -> None:
    for change in (server.rename, server.copy):
        with pytest.raises(Trouble) as caught:
            change("lab_none", "lab_new")
        assert caught.value.what == "There is no database lab_none."
        assert not server.exists("lab_new")
    assert caught.value.why == "It was dropped or never made."


def test_nothing_is_renamed_or_copied_onto_another(server: Server, lab: Database) -> None:
    server.fresh("lab_target")
    for change in (server.rename, server.copy):
        with pytest.raises(Trouble) as caught:
            change(lab.name, "lab_target")
        assert caught.value.what == "There is a database lab_target already."
    assert tables(lab) == ["products"]
    server.drop("lab_target")
    assert caught.value.mend == "Drop it or take another name."


# Thrown away.


def test_a_throwaway_database_is_dropped_whatever_happens(server: Server) -> None:
    seen = []
    with pytest.raises(ZeroDivisionError), server.throwaway("lab_away") as database:
        seen.append(database)
        session = connection.connect(parse(database.url))
        raise ZeroDivisionError
    session.close()
    assert not server.exists(seen[0].name)


def test_a_throwaway_database_belongs_to_the_role_of_its_lab(server: Server, lab: Database) -> None:
    with server.throwaway(lab.name) as empty, server.throwaway(lab.name, lab.name) as copy:
        assert empty.role == copy.role == lab.role
        assert len({empty.name, copy.name, lab.name}) == 3
        assert tables(empty) == []
        assert tables(copy) == ["products"]


def test_a_throwaway_copy_of_nothing(server: Server) -> None:
    with (
        pytest.raises(Trouble, match="There is no database lab_none"),
        server.throwaway("lab_away", "lab_none"),
    ):
        pytest.fail("there is nothing to copy")


HOLD = """
import sys
from pathlib import Path
from labkit import server
with server.find(Path(sys.argv[1])).throwaway("lab_swept") as database:
    print(database.name, flush=True)
    input()
"""


def test_what_a_killed_process_left_is_swept_and_what_lives_is_not(server: Server) -> None:
    state = os.environ["LABKIT_TEST_STATE"]
    killed, alive = terminal(HOLD, state), terminal(HOLD, state)
    assert killed.stdout
    assert alive.stdout
    left, used = killed.stdout.readline().strip(), alive.stdout.readline().strip()
    killed.kill()
    killed.communicate()
    assert server.exists(left)
    sweep = """
import sys
from pathlib import Path
from labkit import server
running = server.find(Path(sys.argv[1]))
with running.throwaway("lab_swept"):
    print(*(running.exists(name) for name in sys.argv[2:]))
"""
    said = terminal(sweep, state, left, used).communicate()[0]
    assert said == "False True\n"
    alive.communicate("\n")
    assert not server.exists(used)


# Two terminals at once.


SLEEP = """
import sys
import psycopg2

with psycopg2.connect(sys.argv[1]).cursor() as cursor:
    cursor.execute("LOCK TABLE products")
    print("locked", flush=True)
    cursor.execute("SELECT pg_sleep(600)")
"""


def test_a_statement_whose_client_is_killed_gives_its_locks_back(lab: Database) -> None:
    sleeper = terminal(SLEEP, lab.url.replace("+psycopg2", "", 1))
    assert sleeper.stdout
    assert sleeper.stdout.readline() == "locked\n"
    asleep = f"SELECT 1 FROM pg_stat_activity WHERE datname = '{lab.name}' AND query ~ 'sleep.600'"
    while not ask(lab.url, asleep):
        assert sleeper.poll() is None
    sleeper.kill()
    sleeper.communicate()
    ask(lab.url, "SET lock_timeout = '30s'; LOCK TABLE products")


def test_two_terminals_make_the_same_database_one_after_the_other(server: Server) -> None:
    make = """
import sys
from pathlib import Path
from labkit import server
running = server.find(Path(sys.argv[1]))
for _ in range(3):
    running.fresh("lab_both")
print("done")
"""
    terminals = [terminal(make, os.environ["LABKIT_TEST_STATE"]) for _ in range(2)]
    assert [each.communicate()[0] for each in terminals] == ["done\n", "done\n"]
    server.drop("lab_both")


def test_a_lab_that_another_command_works_on_for_long(
    server: Server, lab: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.postgres.administrator.PATIENCE", "50ms")
    impatient = servers.find(Path(os.environ["LABKIT_TEST_STATE"]))
    blocker = connection.connect(parse(server.admin_url))
    with blocker.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(x'414C4142'::int, hashtext(%s))", [lab.name])
    with pytest.raises(Trouble) as caught:
        impatient.fresh(lab.name)
    blocker.close()
    assert caught.value.what == "Another command is at work on the same lab's database."
    assert caught.value.why == "It has been for a while, in another terminal."
    assert caught.value.mend == ("Wait for it or end it there (Ctrl-C), and run the command again.")


# What PostgreSQL may answer.


@pytest.mark.parametrize(
    ("statement", "what", "why", "mend"),
    [
        (
            "SELECT 1 / 0",
            "The server refuses a statement of ours: division by zero",
            "That should not happen with {source}.",
            "Run the command again; if it stays so, please report it.",
        ),
        (
            "DO $$ BEGIN RAISE object_in_use USING MESSAGE = 'it is in use'; END $$",
            "A database stays in use: it is in use",
            "A program connects to it again as soon as its sessions are ended.",
            "Close that program (a shell, a database tool) and run the command again.",
        ),
        (
            "DO $$ BEGIN RAISE insufficient_privilege USING MESSAGE = 'permission denied'; END $$",
            "The server refuses what a lab needs: permission denied",
            "The user of LABS_DATABASE_URL has too few rights: {source}.",
            "Name a user with CREATEDB and CREATEROLE in it, or unset it to use the embedded"
            " PostgreSQL.",
        ),
        (
            "DO $$ BEGIN RAISE disk_full USING MESSAGE = 'no space'; END $$",
            "The disk of the server is full: {source}.",
            "It says: no space",
            "Make room there and run the command again; nothing of yours was lost.",
        ),
        (
            "DO $$ BEGIN RAISE read_only_sql_transaction; END $$",
            "The server is read-only: {source}.",
            "It is a standby, or default_transaction_read_only is on.",
            "Name its primary in LABS_DATABASE_URL, or unset it to use the embedded PostgreSQL.",
        ),
        (
            "SELECT pg_terminate_backend(pg_backend_pid())",
            "The connection to the server was lost: {source}.",
            # Then in the words of libpq, which may come to know of it in two ways.
            "It crashed or was stopped. What is known: ",
            "Run the command again; an embedded server is started again by it.",
        ),
    ],
)
def test_an_error_of_the_server_becomes_one_message(
    server: Server, statement: str, what: str, why: str, mend: str
) -> None:
    admin = server._admin
    with pytest.raises(Trouble) as caught:
        admin.work([], lambda: admin.run(statement), again=False)
    assert caught.value.what == what.format(source=server.source)
    assert caught.value.why.startswith(why.format(source=server.source))
    assert caught.value.mend == mend
    assert server.exists("postgres")


def test_a_session_that_ends_under_an_operation_is_opened_again(server: Server) -> None:
    admin = server._admin
    ended: list[bool] = []

    def end_once() -> bool:
        if not ended:
            ended.append(True)
            admin.run("SELECT pg_terminate_backend(pg_backend_pid())")
        return True

    assert admin.work(["lab_any"], end_once)


def test_a_fork_does_not_use_the_connection_of_its_parent(server: Server) -> None:
    mine = server._admin.run("SELECT pg_backend_pid()")

    def look() -> list[tuple[int]]:
        server.exists("postgres")
        return server._admin.run("SELECT pg_backend_pid()")

    assert as_somebody(os.geteuid(), os.getegid(), look) != mine
    assert server._admin.run("SELECT pg_backend_pid()") == mine


def test_what_is_made_ahead_is_dropped_though_the_making_was_interrupted(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    name = f"lab_{secrets.token_hex(4)}"
    with monkeypatch.context() as patched:
        patched.setattr(server, "_close", interrupted)
        with pytest.raises(KeyboardInterrupt):
            server.prepare(name)
    made = f"SELECT datname FROM pg_database WHERE datname LIKE '{name}_throwaway_%'"
    assert len(ask(server.admin_url, made)) == 1
    server.discard()
    assert ask(server.admin_url, made) == []
