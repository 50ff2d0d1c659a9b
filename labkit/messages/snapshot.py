"""What reading, writing and comparing schemas has to say."""

from __future__ import annotations

from labkit.trouble import Trouble

# Why a difference has no remedy.
ORDER = "only a table that is made anew has another order"
PARTITION_KEY = "only a table that is made anew has another partition key"


def not_postgresql(scheme: str) -> Trouble:
    return Trouble(
        f"A URL that starts with {scheme}:// is not one of PostgreSQL.",
        "A schema is read from a live PostgreSQL database.",
        "Write postgresql://user:password@host:port/database.",
    )


def unreachable(error: str) -> Trouble:
    return Trouble(
        "PostgreSQL cannot be reached: " + " ".join(error.split()),
        "The server is down, or the host, port, database or password in the URL is another one.",
        "Start the server or mend the URL, then try again.",
    )


def bad_url(error: str) -> Trouble:
    return Trouble(
        "The database URL cannot be read: " + " ".join(error.split()),
        "A special character in a user name or password has to be written as %XX.",
        "Write postgresql://user:password@host:port/database.",
    )


def locked(seconds: float, detail: str) -> Trouble:
    return Trouble(
        f"The schema could not be read within {seconds:g} s because another session holds a lock.",
        f"{detail[:1].upper()}{detail[1:]}."
        if detail
        else "A transaction is still open somewhere.",
        "End that transaction (COMMIT or ROLLBACK there), then try again.",
    )


def unreadable(error: str) -> Trouble:
    return Trouble(
        "PostgreSQL refused to show its catalogs: " + " ".join(error.split()),
        "",
        "",
    )


def broken_transaction() -> Trouble:
    return Trouble(
        "The schema cannot be read on a connection whose transaction has failed.",
        "PostgreSQL ignores every command until such a transaction ends.",
        "Roll it back first.",
    )


def rows_denied(table: str, user: str) -> Trouble:
    return Trouble(
        f"The rows of {table} cannot be read: user {user} has no SELECT privilege on it.",
        "The table belongs to another role.",
        f"GRANT SELECT ON {table} TO {user};",
    )


def public_denied(user: str) -> Trouble:
    return Trouble(
        f"The schema public cannot be read: user {user} has no USAGE privilege on it.",
        "It was taken from PUBLIC, and this role was not given it.",
        f"GRANT USAGE ON SCHEMA public TO {user};",
    )


def not_a_table_name(name: str) -> Trouble:
    return Trouble(
        f"{name!r} does not name a table.",
        'A table is written as in SQL: roles, tenant.roles or "Mixed Case".',
        "",
    )


def no_such_table(name: str) -> Trouble:
    return Trouble(
        f"There is no table {name} whose rows could be recorded.",
        "",
        "Name a table of the database, with its schema unless that is public.",
    )


def no_file(path: str, error: str) -> Trouble:
    return Trouble(f"The snapshot {path} cannot be read: {error}.", "", "")


def nonsense(where: str, what: str, mend: str = "") -> Trouble:
    return Trouble(
        f"{where}: {what}",
        "A snapshot is recorded from a live schema, and this file was changed since.",
        mend or "Record it again, or take the change back.",
    )
