"""What the doctor says; there is no password in any of it."""

from __future__ import annotations

from collections.abc import Sequence

_MIB = 1 << 20

WELL = "All is well. Begin: invoke lab 1"
AGAIN = "Mend what is above, then again: invoke doctor"
MISSING = "not installed"
OTHER_VERSION = "Another version may print and send other things than the pages say."
INSTALL = "python -m pip install --require-hashes -r requirements.lock"
NOT_WRITABLE = "It belongs to somebody else, or is on a disk that is read-only or full."
FULL = "PostgreSQL stops where it has no room."
SOON_FULL = "The databases of all labs need a few hundred MB."
MAKE_ROOM = "Free some space; see where it is: du -xh . | sort -h | tail"
NO_ROLES = "All labs share one role, so that the code of one can reach the databases of all others."
MADE = "made, entered and dropped"
NO_ENTRY = "A database was made, and its role may not enter it: pg_hba.conf may not let it in."
SEE_LOG = "Let roles in that begin with lab_, with scram-sha-256, in pg_hba.conf of that server."
NARROW = "Below 40 columns lines are broken in the middle."
WIDEN = "Make the window wider."
NO_UTF_8 = "Signs that it has not are shown as question marks."
UTF_8 = "export PYTHONUTF8=1 LANG=C.UTF-8"


def broken(about: str, said: str) -> str:
    """One thing that is not as it should be."""
    return f"{about}: {said}"


def other_version(here: str, wanted: str) -> str:
    """A package is not the one that the labs were recorded with."""
    return f"{here}, and the labs were recorded with {wanted}"


def recorded_with(version: str) -> str:
    """The labs hold here too, but this is what their snapshots are from."""
    return f"PostgreSQL {version}; the labs hold on 14 and later"


def writable(folder: str) -> str:
    """Files can be made."""
    return f"{folder} can be written"


def not_writable(folder: str, said: str) -> str:
    """Files cannot be made."""
    return f"{folder} cannot be written: {said}"


def other_folder(name: str, folder: str) -> str:
    """What to do about it."""
    if name == "temporary files":
        return "Name another folder: export TMPDIR=FOLDER"
    return f'Make it yours: sudo chown -R "$USER" {folder}'


def free(size: int) -> str:
    """How much room there is."""
    return f"{size / (1 << 30):.1f} GB free" if size >= 1 << 30 else f"{size // _MIB} MB free"


def address(host: str, port: str) -> str:
    """Where the server listens."""
    return f"socket in {host}, port {port}" if host.startswith("/") else f"{host}, port {port}"


def role(name: str, superuser: bool) -> str:
    """Who makes the labs' databases."""
    kind = "a superuser" if superuser else "no superuser"
    return f"{name}, {kind}; may create databases and roles"


def no_roles(name: str) -> str:
    """It may make databases only."""
    return f"{name} may create databases, and no roles"


def let_make_roles(name: str) -> str:
    """What lets it."""
    return f'ALTER ROLE "{name}" CREATEROLE'


def no_entry(said: str) -> str:
    """The role of a lab cannot connect."""
    return f"its role cannot enter it: {said}"


def no_docker(what: str) -> str:
    """Docker is not there or does not answer."""
    return f"{what} The labs do without it."


def docker(words: Sequence[str], compose: str) -> str:
    """What there is of it."""
    client, server = (*words, "?", "?")[:2]
    return f"client {client}, engine {server}, Compose {compose}"


def up(port: int) -> str:
    """The stack runs."""
    return f"up; the database is on 127.0.0.1, port {port}"


def terminal(name: str, width: int, encoding: str, *, colours: bool) -> str:
    """What the output goes to."""
    where = f"{width} columns" if width else "no window"
    return f"{name or 'no TERM'}, {where}, {'colours' if colours else 'no colours'}, {encoding}"


def fence(version: int, system: str) -> str:
    """What keeps a learner's code in."""
    if not version:
        return f"none on {system}: a submission to `invoke grade` could read what you can"
    return f"Landlock {version}"
