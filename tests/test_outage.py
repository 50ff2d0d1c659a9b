"""A server that went away is never a learner's mistake, and a learner's mistake never an outage."""

from __future__ import annotations

import pytest

from labkit.judging.outage import outage
from labkit.observation import Failure, Observation, Statement
from labkit.postgres.connection import compose, parse
from labkit.server import Database
from labkit.trouble import Trouble

COMMAND = "alembic upgrade head"


def seen(*failures: Failure, status: int = 1, timed_out: bool = False) -> Observation:
    """A command in which statements failed, the last of them with the command itself."""
    statements = tuple(Statement("A", "A", failure=failure) for failure in failures)
    last = failures[-1] if failures else None
    return Observation(COMMAND, "", status, 1.0, statements, last, timed_out=timed_out)


def told(observation: Observation, url: str) -> Trouble:
    trouble = outage(observation, url)
    assert trouble is not None
    return trouble


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("AdminShutdown", "57P01"),
        ("CrashShutdown", "57P02"),
        ("CannotConnectNow", "57P03"),
        ("ConnectionFailure", "08006"),
        ("IoError", "58030"),
    ],
)
def test_a_state_of_the_server_is_an_outage(database: Database, kind: str, state: str) -> None:
    trouble = told(seen(Failure(kind, "it said so", None, state)), database.url)
    assert trouble.what == f"PostgreSQL went away while `{COMMAND}` ran: it said so"
    assert trouble.why == (
        "It was stopped, it crashed, or another terminal made this database anew. "
        "Your answer was not judged, and your files are as they were."
    )


def test_a_server_without_a_connection_left_is_told_as_such(database: Database) -> None:
    failure = Failure("TooManyConnections", "sorry, too many clients already", None, "53300")
    trouble = told(seen(failure), database.url)
    assert trouble.what == (
        f"PostgreSQL had no connection left for `{COMMAND}`: sorry, too many clients already"
    )
    assert trouble.why.startswith("Other programs hold all that there may be. Your answer was not")
    assert trouble.mend.startswith("Close other shells and programs that are connected")


def test_a_full_disk_of_the_server_is_told_as_such(database: Database) -> None:
    failure = Failure("DiskFull", "could not extend file: No space left", None, "53100")
    trouble = told(seen(failure), database.url)
    assert trouble.what == (
        f"PostgreSQL has no room on its disk for `{COMMAND}`: could not extend file: No space left"
    )
    assert trouble.why.startswith("Its disk is full. Your answer was not judged")
    assert trouble.mend.startswith("Free some space (df -h")


def test_a_connection_that_broke_is_an_outage(database: Database) -> None:
    words = "server closed the connection unexpectedly\n\tThis probably means the server…"
    trouble = told(seen(Failure("OperationalError", words)), database.url)
    assert trouble.what.endswith("ran: server closed the connection unexpectedly")


def test_a_refusal_of_our_own_server_is_an_outage_even_if_it_is_back(database: Database) -> None:
    port = parse(database.url)["port"]
    words = f'connection to server at "127.0.0.1", port {port} failed: Connection refused'
    assert outage(seen(Failure("OperationalError", words)), database.url)


def test_a_server_that_nobody_answers_for_is_an_outage_whatever_failed(database: Database) -> None:
    nobody = compose({**parse(database.url), "port": "1"})
    assert "port 1 failed" in told(seen(), nobody).what
    assert "port 1 failed" in told(seen(Failure("KeyError", "'a'")), nobody).what
    assert outage(seen(status=0, timed_out=True), nobody)


def test_a_server_that_named_the_error_is_not_asked_whether_it_is_there(database: Database) -> None:
    nobody = compose({**parse(database.url), "port": "1"})
    assert outage(seen(Failure("UndefinedTable", "no such table", None, "42P01")), nobody) is None


@pytest.mark.parametrize(
    ("kind", "state", "words"),
    [
        ("UndefinedTable", "42P01", "no such table"),
        ("QueryCanceled", "57014", "canceling statement due to statement timeout"),
        ("LockNotAvailable", "55P03", "canceling statement due to lock timeout"),
        ("DeadlockDetected", "40P01", "deadlock detected"),
        ("UndefinedFile", "58P01", "no such file"),
        ("OperationalError", "", 'connection to server at "x", port 1 failed: Connection refused'),
        ("OperationalError", "", "password authentication failed"),
        ("SyntaxError", "", "invalid syntax"),
        ("ValueError", "", ""),
    ],
)
def test_a_mistake_is_no_outage(database: Database, kind: str, state: str, words: str) -> None:
    assert outage(seen(Failure(kind, words, None, state)), database.url) is None


def test_a_database_that_refuses_its_role_is_no_outage(database: Database) -> None:
    wrong = compose({**parse(database.url), "password": "wrong"})
    assert outage(seen(), wrong) is None


def test_a_command_that_went_well_is_not_asked_about() -> None:
    assert outage(seen(status=0), "no URL at all") is None
