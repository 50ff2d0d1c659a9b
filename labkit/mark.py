"""Marks of databases: one value for all that is in one, schema and rows."""

from __future__ import annotations

import hashlib

from psycopg2 import errors
from psycopg2.sql import SQL, Identifier

from labkit import look, snapshot
from labkit.look import looking
from labkit.schema.catalog import names

# The rows are added up where they are, in whatever order they come.
_ROWS = "SELECT count(*), sum(hashtextextended(t::text, 0)) FROM ONLY {} AS t"


def mark(url: str) -> str:
    """What changes whenever anything in a database does, in hexadecimal.

    Raises:
        Trouble: the database cannot be reached, or a lock in it is held too long.
    """
    schema = look.schema(url)
    whole = hashlib.sha256(snapshot.dump(schema).encode())
    with looking(url) as cursor:
        for table in sorted(schema.content.get("tables", {})):
            path = names.parts(table) or []
            qualified = path if len(path) > 1 else ["public", *path]
            counted = None
            try:
                cursor.execute(SQL(_ROWS).format(Identifier(*qualified)))
                counted = cursor.fetchone()
            except errors.InsufficientPrivilege:
                pass
            whole.update(repr((table, counted)).encode())
    return whole.hexdigest()
