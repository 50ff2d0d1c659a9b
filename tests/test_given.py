"""A server that LABS_DATABASE_URL names: what the labs need there, and what they say without."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labkit import server as servers
from labkit.postgres.connection import compose, parse
from labkit.server import Server
from labkit.trouble import Trouble
from tests.drills import ask
from tests.impostor import STARTING, Impostor

Give = Callable[[str], Server]


@pytest.fixture
def give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Give:
    """Find a server as somebody who has set LABS_DATABASE_URL."""

    def find(url: str) -> Server:
        monkeypatch.setenv("LABS_DATABASE_URL", url)
        return servers.find(tmp_path / ".labs")

    return find


@pytest.fixture
def user(server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a user of the server of the run, with the attributes of ``request.param``."""
    name = "given_" + request.node.name.partition("[")[0][-40:]
    ask(server.admin_url, f"CREATE ROLE {name} PASSWORD 'p@ss' {request.param}")
    # The embedded server lets nobody but its administrator into postgres.
    ask(server.admin_url, f'CREATE DATABASE "{name}"')
    yield compose({**parse(server.admin_url), "user": name, "password": "p@ss", "dbname": name})
    ask(server.admin_url, f'DROP DATABASE "{name}" WITH (FORCE)')
    ask(server.admin_url, f"DROP ROLE {name}")


def trouble(give: Give, url: str) -> Trouble:
    with pytest.raises(Trouble) as caught:
        give(url)
    return caught.value


def test_the_source_has_no_password(give: Give, server: Server) -> None:
    version = ".".join(map(str, divmod(server.version, 10000)))
    found = give(server.admin_url)
    assert found.source == f"PostgreSQL {version} from LABS_DATABASE_URL"
    assert found.version == server.version


def test_no_embedded_server_is_started(give: Give, server: Server, tmp_path: Path) -> None:
    give(server.admin_url)
    assert not (tmp_path / ".labs" / "server").exists()


@pytest.mark.parametrize("user", ["LOGIN CREATEDB CREATEROLE"], indirect=True)
def test_a_user_who_is_no_superuser_is_enough(give: Give, user: str) -> None:
    found = give(user)
    database = found.fresh("lab_given")
    try:
        assert database.role == "lab_given"
        ask(database.url, "CREATE TABLE products (id int)")
        found.fresh("lab_given")
        with found.throwaway("lab_given", "lab_given") as copy:
            assert ask(copy.url, "SELECT current_user") == [("lab_given",)]
        found.rename("lab_given", "lab_given_before")
        found.drop("lab_given_before")
    finally:
        found.drop("lab_given")


@pytest.mark.parametrize("user", ["LOGIN CREATEDB"], indirect=True)
def test_who_may_make_no_roles_owns_the_databases_in_person(give: Give, user: str) -> None:
    found = give(user)
    database = found.fresh("lab_own")
    assert database.role == parse(user)["user"]
    assert parse(database.url) == {**parse(user), "dbname": "lab_own"}
    ask(database.url, "CREATE TABLE products (id int)")
    assert found.database("lab_own") == database
    found.drop("lab_own")


@pytest.mark.parametrize("user", ["LOGIN"], indirect=True)
def test_who_may_make_no_databases_is_told(give: Give, user: str) -> None:
    told = trouble(give, user)
    name = parse(user)["user"]
    assert told.what.startswith(f"{name} may not create databases: PostgreSQL ")
    assert told.mend == (
        f'Let an administrator run `ALTER ROLE "{name}" CREATEDB CREATEROLE`, or unset'
        " LABS_DATABASE_URL to use the embedded PostgreSQL."
    )
    assert told.why == "Every lab has a database of its own there."


@pytest.mark.parametrize("user", ["LOGIN CREATEDB CREATEROLE"], indirect=True)
def test_a_read_only_server_is_told(give: Give, server: Server, user: str) -> None:
    name = parse(user)["user"]
    ask(server.admin_url, f"ALTER ROLE {name} SET default_transaction_read_only = on")
    told = trouble(give, user)
    assert told.what.startswith("The server is read-only: PostgreSQL ")
    assert told.why == "It is a standby, or default_transaction_read_only is on."
    assert told.mend == (
        "Name its primary in LABS_DATABASE_URL, or unset it to use the embedded PostgreSQL."
    )


@pytest.mark.parametrize("user", ["LOGIN CREATEDB CONNECTION LIMIT 0"], indirect=True)
def test_too_many_connections_are_told(give: Give, user: str) -> None:
    told = trouble(give, user)
    place = "{host}:{port}".format(**parse(user))
    assert told.what == f"The server has no connection left for this command: {place}."
    assert "too many connections for role" in told.why
    assert told.mend == (
        "Close sessions that you no longer need (shells, database tools) and run the command again."
    )


@pytest.mark.parametrize("user", ["NOLOGIN CREATEDB"], indirect=True)
def test_any_other_refusal_is_told_in_the_servers_words(give: Give, user: str) -> None:
    told = trouble(give, user)
    name, host, port = (parse(user)[word] for word in ("user", "host", "port"))
    assert told.what.startswith(f"The server at {host}:{port} refuses the connection: ")
    assert told.what.endswith(f'FATAL: role "{name}" is not permitted to log in')
    assert told.why == "LABS_DATABASE_URL leads there."
    assert told.mend == (
        "Mend what it names, or unset LABS_DATABASE_URL to use the embedded PostgreSQL."
    )


def test_a_wrong_password_is_told(give: Give, server: Server) -> None:
    parameters = {**parse(server.admin_url), "password": "wrong"}
    told = trouble(give, compose(parameters))
    assert told.what == (
        "{host}:{port} does not let {user} in with the password of LABS_DATABASE_URL.".format(
            **parameters
        )
    )
    assert "wrong" not in str(told)
    assert told.why == "The password or the user is another one, or the URL has none."
    assert told.mend == ("Correct LABS_DATABASE_URL, or unset it to use the embedded PostgreSQL.")


def test_a_missing_password_is_told(give: Give, server: Server) -> None:
    parameters = parse(server.admin_url)
    del parameters["password"]
    assert "does not let labs in" in trouble(give, compose(parameters)).what


def test_a_database_that_does_not_exist_is_told(give: Give, server: Server) -> None:
    told = trouble(give, compose({**parse(server.admin_url), "dbname": "nowhere"}))
    place = "{host}:{port}".format(**parse(server.admin_url))
    assert told.what.startswith(f"{place} does not know what LABS_DATABASE_URL names: ")
    assert told.what.endswith('FATAL: database "nowhere" does not exist')
    assert told.why == "The URL ends in the name of a database that exists, mostly postgres."
    assert told.mend == ("Correct LABS_DATABASE_URL, or unset it to use the embedded PostgreSQL.")


def test_a_url_that_is_none_is_told(give: Give) -> None:
    told = trouble(give, "db.example")
    assert told.what == (
        "LABS_DATABASE_URL is not the URL of a PostgreSQL database:"
        " it does not begin with postgresql://."
    )
    assert told.why == (
        "In a user name or password every @, :, / and % must be written as %40, %3A, %2F and %25."
    )
    assert told.mend == (
        "Write it as postgresql://USER:PASSWORD@HOST:5432/postgres, or unset it to use the"
        " embedded PostgreSQL."
    )


def test_a_malformed_url_does_not_show_its_password(give: Give) -> None:
    assert "hush" not in str(trouble(give, "postgresql://ada:hush%zz@db.example/shop"))


def test_a_server_that_is_down_is_told(give: Give) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    told = trouble(give, f"postgresql://ada@127.0.0.1:{port}/shop")
    assert told.what == f"Nothing listens at 127.0.0.1:{port}, where LABS_DATABASE_URL leads."
    assert told.why == "The server is down, or has another address or port."
    assert told.mend == (
        "Start it or correct LABS_DATABASE_URL, or unset that to use the embedded PostgreSQL."
    )


def test_a_socket_that_is_not_there_is_told(give: Give, tmp_path: Path) -> None:
    told = trouble(give, f"postgresql://ada@/shop?host={tmp_path}")
    assert told.what == f"Nothing listens at {tmp_path}:5432, where LABS_DATABASE_URL leads."


def test_an_unknown_host_is_told(give: Give) -> None:
    told = trouble(give, "postgresql://ada@nowhere.invalid/shop")
    assert told.what == "The host nowhere.invalid of LABS_DATABASE_URL is unknown."
    assert told.why == "Its name is misspelled, or can be resolved in another network only."
    assert told.mend == ("Correct LABS_DATABASE_URL, or unset it to use the embedded PostgreSQL.")


def test_a_server_that_is_silent_is_told(give: Give, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labkit.postgres.connection.TIMEOUT", 1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        told = trouble(give, f"postgresql://ada@127.0.0.1:{port}/shop")
    assert told.what == f"127.0.0.1:{port}, where LABS_DATABASE_URL leads, does not reply."
    assert told.why == (
        "A firewall drops the packets, the network is down, or the server is stuck."
    )
    assert told.mend == (
        "Mend that or correct LABS_DATABASE_URL, or unset that to use the embedded PostgreSQL."
    )


def test_a_server_that_is_too_old_is_told(give: Give) -> None:
    welcome = (
        (b"R", struct.pack("!i", 0)),
        (b"S", b"server_version\x0013.23\x00"),
        (b"S", b"client_encoding\x00UTF8\x00"),
        (b"S", b"DateStyle\x00ISO, MDY\x00"),
        (b"S", b"standard_conforming_strings\x00on\x00"),
        (b"Z", b"I"),
    )
    with Impostor(*welcome) as impostor:
        told = trouble(give, impostor.url)
    assert told.what == ("The server is too old: PostgreSQL 13.23 from LABS_DATABASE_URL.")
    assert told.why == "The labs need PostgreSQL 14 or newer."
    assert told.mend == (
        "Name a newer one in LABS_DATABASE_URL, or unset it to use the embedded PostgreSQL."
    )


def test_a_server_that_is_starting_is_told(give: Give) -> None:
    with Impostor(STARTING) as impostor:
        told = trouble(give, impostor.url)
    place = "{host}:{port}".format(**parse(impostor.url))
    assert told.what.startswith(f"The server at {place} takes no connections now: ")
    assert told.what.endswith("FATAL: the database system is starting up")
    assert told.why == "It is starting, stopping or recovering."
    assert told.mend == "Run the command again in a moment."
