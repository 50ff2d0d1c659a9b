"""What is said when a server cannot be reached, or refuses what a lab needs."""

from __future__ import annotations

from pathlib import Path

from labkit.trouble import Trouble

# A connection.


def malformed_url(said: str) -> Trouble:
    return Trouble(
        f"LABS_DATABASE_URL is not the URL of a PostgreSQL database: {said}.",
        "In a user name or password every @, :, / and % must be written as %40, %3A, %2F and %25.",
        "Write it as postgresql://USER:PASSWORD@HOST:5432/postgres, or unset it to use the"
        " embedded PostgreSQL.",
    )


def nobody_there(place: str) -> Trouble:
    return Trouble(
        f"Nothing listens at {place}, where LABS_DATABASE_URL leads.",
        "The server is down, or has another address or port.",
        "Start it or correct LABS_DATABASE_URL, or unset that to use the embedded PostgreSQL.",
    )


def no_reply(place: str) -> Trouble:
    return Trouble(
        f"{place}, where LABS_DATABASE_URL leads, does not reply.",
        "A firewall drops the packets, the network is down, or the server is stuck.",
        "Mend that or correct LABS_DATABASE_URL, or unset that to use the embedded PostgreSQL.",
    )


def unknown_host(host: str) -> Trouble:
    return Trouble(
        f"The host {host} of LABS_DATABASE_URL is unknown.",
        "Its name is misspelled, or can be resolved in another network only.",
        "Correct LABS_DATABASE_URL, or unset it to use the embedded PostgreSQL.",
    )


def wrong_password(place: str, user: str) -> Trouble:
    return Trouble(
        f"{place} does not let {user or 'this user'} in with the password of LABS_DATABASE_URL.",
        "The password or the user is another one, or the URL has none.",
        "Correct LABS_DATABASE_URL, or unset it to use the embedded PostgreSQL.",
    )


def no_password_file(path: Path, said: str) -> Trouble:
    return Trouble(
        f"The file {path}, where PostgreSQL's password should be, cannot be read: {said}.",
        "LABS_DATABASE_PASSWORD_FILE names it, or `invoke up` made it for another user.",
        "Correct LABS_DATABASE_PASSWORD_FILE, or run `invoke up` again.",
    )


def no_admin_database(place: str, said: str) -> Trouble:
    return Trouble(
        f"{place} does not know what LABS_DATABASE_URL names: {said}",
        "The URL ends in the name of a database that exists, mostly postgres.",
        "Correct LABS_DATABASE_URL, or unset it to use the embedded PostgreSQL.",
    )


def not_yet(place: str, said: str) -> Trouble:
    return Trouble(
        f"The server at {place} takes no connections now: {said}",
        "It is starting, stopping or recovering.",
        "Run the command again in a moment.",
    )


def cannot_connect(place: str, said: str) -> Trouble:
    return Trouble(
        f"The server at {place} refuses the connection: {said}",
        "LABS_DATABASE_URL leads there.",
        "Mend what it names, or unset LABS_DATABASE_URL to use the embedded PostgreSQL.",
    )


def too_many_connections(source: str, said: str) -> Trouble:
    return Trouble(
        f"The server has no connection left for this command: {source}.",
        f"It says: {said}",
        "Close sessions that you no longer need (shells, database tools) and run the command"
        " again.",
    )


# What the server is, and may be asked for.


def server_too_old(source: str, oldest: int) -> Trouble:
    return Trouble(
        f"The server is too old: {source}.",
        f"The labs need PostgreSQL {oldest} or newer.",
        "Name a newer one in LABS_DATABASE_URL, or unset it to use the embedded PostgreSQL.",
    )


def read_only(source: str) -> Trouble:
    return Trouble(
        f"The server is read-only: {source}.",
        "It is a standby, or default_transaction_read_only is on.",
        "Name its primary in LABS_DATABASE_URL, or unset it to use the embedded PostgreSQL.",
    )


def may_not_create(source: str, user: str) -> Trouble:
    return Trouble(
        f"{user} may not create databases: {source}.",
        "Every lab has a database of its own there.",
        f'Let an administrator run `ALTER ROLE "{user}" CREATEDB CREATEROLE`, or unset'
        " LABS_DATABASE_URL to use the embedded PostgreSQL.",
    )


def no_right(source: str, said: str) -> Trouble:
    return Trouble(
        f"The server refuses what a lab needs: {said}",
        f"The user of LABS_DATABASE_URL has too few rights: {source}.",
        "Name a user with CREATEDB and CREATEROLE in it, or unset it to use the embedded"
        " PostgreSQL.",
    )


def foreign_database(name: str, owner: str) -> Trouble:
    return Trouble(
        f"The database {name} exists and is not a lab's: it belongs to {owner}.",
        "Somebody else made it on this server, so it is left as it is.",
        "Rename it, or name another server in LABS_DATABASE_URL.",
    )


def foreign_role(name: str) -> Trouble:
    return Trouble(
        f"The role {name} exists and is not a lab's.",
        "Somebody else made it on this server, so it is left as it is.",
        "Rename it, or name another server in LABS_DATABASE_URL.",
    )


def server_disk_full(source: str, said: str) -> Trouble:
    return Trouble(
        f"The disk of the server is full: {source}.",
        f"It says: {said}",
        "Make room there and run the command again; nothing of yours was lost.",
    )


def in_use(said: str) -> Trouble:
    return Trouble(
        f"A database stays in use: {said}",
        "A program connects to it again as soon as its sessions are ended.",
        "Close that program (a shell, a database tool) and run the command again.",
    )


def locked() -> Trouble:
    return Trouble(
        "Another command is at work on the same lab's database.",
        "It has been for a while, in another terminal.",
        "Wait for it or end it there (Ctrl-C), and run the command again.",
    )


def name_taken(name: str) -> Trouble:
    return Trouble(f"There is a database {name} already.", "", "Drop it or take another name.")


def no_database(name: str) -> Trouble:
    return Trouble(f"There is no database {name}.", "It was dropped or never made.", "")


def lost(source: str, said: str) -> Trouble:
    return Trouble(
        f"The connection to the server was lost: {source}.",
        f"It crashed or was stopped. What is known: {said}",
        "Run the command again; an embedded server is started again by it.",
    )


def refused(source: str, said: str) -> Trouble:
    return Trouble(
        f"The server refuses a statement of ours: {said}",
        f"That should not happen with {source}.",
        "Run the command again; if it stays so, please report it.",
    )
