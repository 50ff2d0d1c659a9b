"""Looks: short questions to a database, which wait for no lock for long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
from psycopg2 import errors

from labkit import snapshot
from labkit.messages import snapshot as messages
from labkit.postgres import connection


@contextmanager
def looking(url: str) -> Iterator[Any]:
    """A cursor in autocommit mode; no variable of libpq in the environment changes what it reads.

    Raises:
        Trouble: for every error of PostgreSQL that comes through.
    """
    try:
        opened = connection.connect(connection.parse(url))
        with closing(opened), opened.cursor() as cursor:
            cursor.execute("SET lock_timeout = %s", (snapshot.LOCK_TIMEOUT_MS,))
            yield cursor
    except errors.LockNotAvailable as error:
        raise messages.locked(snapshot.LOCK_TIMEOUT_MS / 1000, str(error)) from None
    except psycopg2.OperationalError as error:
        raise messages.unreachable(str(error)) from None
    except psycopg2.Error as error:
        raise messages.unreadable(str(error)) from None
