"""Trouble while it is looked at what a command left behind."""

from __future__ import annotations

from labkit.trouble import Trouble


def not_counted(tables: str, reason: str) -> Trouble:
    """The rows of a table cannot be counted."""
    return Trouble(
        f"The rows of {tables} cannot be counted: {reason.strip().splitlines()[0]}",
        "Another session holds a lock on the table, or the server went away.",
        "End what else uses the database (a shell, a program), then run the command again.",
    )
