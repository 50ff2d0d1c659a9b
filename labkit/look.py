"""Looks: short questions to a database, which wait for no lock for long.

The first question on a new connection costs several times what any other does, so the last
connection is kept open until another database is asked, or the process ends.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from labkit import snapshot
from labkit.messages import snapshot as messages
from labkit.postgres import connection
from labkit.snapshot import Snapshot


@contextmanager
def looking(url: str) -> Iterator[Any]:
    """A cursor in autocommit mode; no variable of libpq in the environment changes what it reads.

    Raises:
        Trouble: for every error of PostgreSQL that comes through.
    """
    try:
        with _opened(url).cursor() as cursor:
            yield cursor
    except errors.LockNotAvailable as error:
        raise messages.locked(snapshot.LOCK_TIMEOUT_MS / 1000, str(error)) from None
    except psycopg2.OperationalError as error:
        raise messages.unreachable(str(error)) from None
    except psycopg2.Error as error:
        raise messages.unreadable(str(error)) from None


def schema(url: str, rows: Sequence[str] = ()) -> Snapshot:
    """What ``snapshot.read`` makes of a URL.

    Raises:
        Trouble: as it does.
    """
    with looking(url) as cursor:
        return snapshot.read(cursor.connection, rows)


class _Kept(threading.local):
    """The last connection of a thread; whose URL and process it is."""

    connection: Any = None
    url = ""
    process = 0


_kept = _Kept()


def _opened(url: str) -> Any:
    """The kept connection where it leads there and is alive, else a new one in its place."""
    known = _kept.connection
    if known is not None and _kept.process == os.getpid():
        if _kept.url == url and _answers(known):
            return known
        known.close()
    _kept.connection = None
    opened = connection.connect(connection.parse(url))
    _set(opened)
    _kept.connection, _kept.url, _kept.process = opened, url, os.getpid()
    return opened


def _answers(known: Any) -> bool:
    """Whether a connection is as it was: a dropped database ends it."""
    try:
        _set(known)
    except psycopg2.Error:
        return False
    return bool(known.info.transaction_status == TRANSACTION_STATUS_IDLE)


def _set(opened: Any) -> None:
    with opened.cursor() as cursor:
        cursor.execute("SET lock_timeout = %s", (snapshot.LOCK_TIMEOUT_MS,))
