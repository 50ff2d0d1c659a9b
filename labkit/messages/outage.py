"""What a learner is told when PostgreSQL failed, and not their answer."""

from __future__ import annotations

from labkit.trouble import Trouble


def lost(command: str, said: str) -> Trouble:
    """The server, or the connection to it, went away."""
    return Trouble(
        f"PostgreSQL went away while `{command}` ran: {_first(said)}",
        "It was stopped, it crashed, or another terminal made this database anew. "
        "Your answer was not judged, and your files are as they were.",
    )


def crowded(command: str, said: str) -> Trouble:
    """The server has as many connections as it or a role may have."""
    return Trouble(
        f"PostgreSQL had no connection left for `{command}`: {_first(said)}",
        "Other programs hold all that there may be. Your answer was not judged, and your files are "
        "as they were.",
        "Close other shells and programs that are connected, and run the command again.",
    )


def full(command: str, said: str) -> Trouble:
    """The server's disk is full."""
    return Trouble(
        f"PostgreSQL has no room on its disk for `{command}`: {_first(said)}",
        "Its disk is full. Your answer was not judged, and your files are as they were.",
        "Free some space (df -h shows how much there is) and run the command again.",
    )


def _first(said: str) -> str:
    """What libpq says, without what it guesses in the lines below."""
    return said.strip().partition("\n")[0]
