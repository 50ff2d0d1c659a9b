"""What the drills on the server have in common: questions, other terminals, other accounts."""

from __future__ import annotations

import os
import pickle
import pwd
import shutil
import subprocess
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

# A child that becomes somebody else may not be able to read them, so they are loaded before.
import filelock
import psutil

from labkit import server
from labkit.postgres import connection, postmaster
from labkit.postgres.account import Account
from labkit.postgres.place import Place

LOADED = (filelock, psutil, postmaster, server)
ROOT = Path(__file__).parent.parent
T = TypeVar("T")

FIND = """
import sys
from pathlib import Path
from labkit import server
print(server.find(Path(sys.argv[1])).source, flush=True)
"""


def disk() -> Path:
    """A disk in memory where there is one: the tests make and drop hundreds of databases."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or not os.access(memory, os.W_OK | os.X_OK):
        return Path(tempfile.gettempdir())
    # As root the server's programs may have to be copied there and run.
    runs = not os.statvfs(memory).f_flag & os.ST_NOEXEC
    roomy = shutil.disk_usage(memory).free > 2 << 30
    return memory if runs and roomy else Path(tempfile.gettempdir())


def ask(url: str, statement: str, **instead: str) -> list[tuple[Any, ...]]:
    """The rows that a statement returns to whoever has this URL."""
    opened = connection.connect({**connection.parse(url), **instead})
    try:
        with opened.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        opened.close()


def terminal(code: str, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    """Another terminal, in which this code runs."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def as_somebody(uid: int, gid: int, call: Callable[[], T]) -> T:
    """What the call returns or raises in a child with these ids."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Forking beside threads is safe for a child that takes no lock of theirs.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        answer: tuple[str, Any]
        try:
            if uid != os.geteuid():
                os.setgroups([])
                os.setgid(gid)
                os.setuid(uid)
            answer = ("returned", call())
        except BaseException as error:
            answer = ("raised", error)
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(answer, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        how, value = pickle.load(pipe)
    os.waitpid(child, 0)
    if how == "raised":
        raise value
    result: T = value
    return result


def as_ordinary_user(call: Callable[[], T]) -> T:
    """What the call returns or raises for somebody who is not root; for us, if we are not."""
    if os.geteuid() != 0:
        return call()
    account = nobody()
    return as_somebody(account.uid, account.gid, call)


def nobody() -> Account:
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def pid(state: Path) -> int:
    return int(Place(state).pid_file()[0])


def runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def make_table(state: Path) -> None:
    """Something to lose."""
    ask(server.find(state).fresh("lab_kept").url, "CREATE TABLE kept (id int)")


def table_is_there(state: Path) -> bool:
    database = server.find(state).database("lab_kept")
    assert database
    return ask(database.url, "SELECT to_regclass('kept')") == [("kept",)]
