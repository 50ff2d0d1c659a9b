"""Snapshots: the whole meaning of a schema as one plain value, read, written and loaded.

Used as a program, it prints the snapshot of a live database::

    python -m labkit.snapshot URL [--rows TABLE ...]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from labkit.messages import snapshot as messages
from labkit.schema import notation, rows
from labkit.schema.address import connect
from labkit.schema.catalog import KINDS, constants, names
from labkit.schema.catalog.query import ask, holders
from labkit.schema.garbage import uncollected
from labkit.trouble import Trouble

LOCK_TIMEOUT_MS = 2000


@dataclass(frozen=True)
class Snapshot:
    """A schema as a value.

    ``content`` maps a section ("tables", "enums", ...) to objects by identity, each a mapping of
    plain values. "alembic_version" is a list of revisions, absent when there is no such table;
    "rows" maps a table that was named to its rows.
    """

    content: dict[str, Any] = field(default_factory=dict)

    @property
    def alembic_version(self) -> list[str] | None:
        """The revisions in the table ``alembic_version``; None when the table does not exist."""
        found: list[str] | None = self.content.get("alembic_version")
        return found

    @property
    def row_tables(self) -> tuple[str, ...]:
        """The tables whose rows are part of the snapshot, as ``read`` wants them named."""
        return tuple(self.content.get("rows", {}))


def read(
    where: str | Any, rows: Sequence[str] = (), *, lock_timeout_ms: int = LOCK_TIMEOUT_MS
) -> Snapshot:
    """The snapshot of a live schema, in one round trip that never writes.

    ``where`` is a URL or an open psycopg2 connection, which keeps its transaction and settings.
    ``rows`` names tables whose rows are wanted; one that does not exist is passed over.

    Raises:
        Trouble: the server cannot be reached, a lock is held too long, or a privilege is missing.
    """
    wanted = [_table(name) for name in rows]
    if not isinstance(where, str):
        with uncollected():
            return _read(where, wanted, lock_timeout_ms)
    connection = connect(where)
    try:
        with uncollected():
            return _read(connection, wanted, lock_timeout_ms)
    finally:
        connection.close()


def _table(name: str) -> tuple[str, str]:
    parts = names.parts(name)
    if parts is None or len(parts) > 2:
        raise messages.not_a_table_name(name)
    return (parts[0], parts[1]) if len(parts) == 2 else ("public", parts[0])


def _read(connection: Any, wanted: list[tuple[str, str]], timeout: int) -> Snapshot:
    if connection.info.transaction_status == TRANSACTION_STATUS_INERROR:
        raise messages.broken_transaction()
    version = ("public", "alembic_version")
    try:
        content, found = ask(connection, [*wanted, version], timeout)
    except psycopg2.errors.LockNotAvailable as error:
        raise messages.locked(timeout / 1000, _holders(connection) or str(error)) from None
    except psycopg2.OperationalError as error:
        raise messages.unreachable(str(error)) from None
    except psycopg2.Error as error:
        raise messages.unreadable(str(error)) from None
    for name, records in found.items():
        if records is False:
            raise messages.rows_denied(name, connection.info.user)
    tables = content["tables"]
    taken = {
        names.qualified(*name): rows.table(
            found[names.qualified(*name)], tables[names.qualified(*name)]
        )
        for name in wanted
        if names.qualified(*name) in found and names.qualified(*name) in tables
    }
    tables.pop("alembic_version", None)
    head = {}
    if "alembic_version" in found:
        head["alembic_version"] = sorted(
            text or "" for record in found["alembic_version"] for text in rows.fields(record)[:1]
        )
    if taken:
        content["rows"] = taken
    return Snapshot({**head, **{key: _in_order(value) for key, value in content.items() if value}})


def _holders(connection: Any) -> str:
    """Who stands in the way of reading; "" when nobody does any more, or it cannot be told."""
    with suppress(psycopg2.Error):
        return "; ".join(holders(connection))
    return ""


def _in_order(objects: dict[str, Any]) -> dict[str, Any]:
    """Objects by name, and what they hold too; columns stay in their own order."""
    for spec in objects.values():
        if isinstance(spec, dict):
            for section in _NESTED:
                if section in spec and not spec[section]:
                    del spec[section]
                elif len(spec.get(section, ())) > 1:
                    spec[section] = dict(sorted(spec[section].items()))
    return dict(sorted(objects.items()))


_NESTED = [kind.section for kind in KINDS if kind.inside and not kind.ordered]


def dump(snapshot: Snapshot) -> str:
    """The snapshot as YAML, one line for most objects."""
    return notation.write(snapshot.content)


def load(source: str | Path, name: str | None = None) -> Snapshot:
    """The snapshot in a file (a Path) or in a text (a str); ``name`` is what messages call it.

    Raises:
        Trouble: the file cannot be read, or is not a snapshot; with its file and line.
    """
    if isinstance(source, Path):
        name = name or str(source)
        try:
            source = source.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise messages.no_file(
                name, getattr(error, "strerror", "") or "it is no text"
            ) from None
    with uncollected():
        content = notation.parse(source, name or "snapshot")
        constants.settle(content)
    return Snapshot(content)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m labkit.snapshot", description="Print the schema of a database as YAML."
    )
    parser.add_argument("url", metavar="URL", help="postgresql://user:password@host:port/database")
    parser.add_argument(
        "--rows",
        nargs="+",
        default=[],
        metavar="TABLE",
        help="also record the rows of these tables",
    )
    given = parser.parse_args(argv)
    try:
        snapshot = read(given.url, given.rows)
        for name in given.rows:
            if names.qualified(*_table(name)) not in snapshot.row_tables:
                raise messages.no_such_table(name)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    print(dump(snapshot), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
