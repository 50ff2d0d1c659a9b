"""Outages: whether it was PostgreSQL itself that failed when a command did."""

from __future__ import annotations

import psycopg2

from labkit.messages import outage as messages
from labkit.observation import Failure, Observation
from labkit.postgres import connection
from labkit.postgres.connection import Fault
from labkit.trouble import Trouble

# SQLSTATEs by their beginning, as Appendix A of PostgreSQL's manual lists them.
_FULL = ("53100",)
_CROWDED = ("53300",)
_LOST = ("08", "57P01", "57P02", "57P03", "57P04", "53200", "58000", "58030", "XX001")
# A connection that breaks has no SQLSTATE; these are libpq's words for it.
_BREAKS = (
    "server closed the connection unexpectedly",
    "connection has been closed unexpectedly",
    "could not receive data from server",
    "terminating connection",
    "SSL SYSCALL error",
)
_AWAY = {Fault.REFUSED, Fault.SILENT, Fault.NOT_YET}


def outage(seen: Observation, url: str) -> Trouble | None:
    """Why the failure of a command says nothing about the answer; None where it does.

    Args:
        url: the database that the command was given.
    """
    if seen.status == 0 and not seen.timed_out:
        return None
    failures = [f for f in (seen.failure, *(s.failure for s in seen.statements)) if f]
    for failure in failures:
        if failure.sqlstate.startswith(_FULL):
            return messages.full(seen.command, failure.message)
        if failure.sqlstate.startswith(_CROWDED):
            return messages.crowded(seen.command, failure.message)
        if failure.sqlstate.startswith(_LOST) or _broke(failure, url):
            return messages.lost(seen.command, failure.message)
    # A server that told what is wrong with a statement was there, and need not be asked again.
    answered = seen.failure is not None and seen.failure.sqlstate
    return None if answered else away(seen.command, url)


def away(command: str, url: str) -> Trouble | None:
    """Trouble where nobody answers at a URL any more."""
    try:
        connection.connect(connection.parse(url)).close()
    except psycopg2.OperationalError as error:
        kind = connection.fault(error)
        if kind is Fault.TOO_MANY:
            return messages.crowded(command, str(error))
        if kind in _AWAY:
            return messages.lost(command, str(error))
    return None


def _broke(failure: Failure, url: str) -> bool:
    """True where a connection broke, or our own server refused one that may be back by now."""
    if failure.sqlstate:
        return False
    port = connection.parse(url).get("port", "5432")
    refused = f"port {port} failed" in failure.message and any(
        word in failure.message for word in ("refused", "starting up", "shutting down", "clients")
    )
    return refused or any(words in failure.message for words in _BREAKS)
