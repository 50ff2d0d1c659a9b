"""How fast a schema is read and compared, beside pg_dump and SQLAlchemy's Inspector, in one run.

    python -m bench.snapshot [URL] [--tables 100 1000 5000] [--pg-dump PATH]

URL is that of a role that may create databases, by default the labs' own server. Each schema has
tables of 10 columns, 2 indexes and a foreign key; its database is dropped afterwards.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2

from labkit import compare, server, snapshot
from labkit.postgres import binaries
from labkit.schema.address import libpq

ROOT = Path(__file__).parent.parent

TABLE = """
CREATE TABLE table_{0} (
  id serial PRIMARY KEY, parent_id integer REFERENCES table_{1}, name varchar(50) NOT NULL,
  price numeric(10,2) DEFAULT 0, active boolean NOT NULL DEFAULT true, note text,
  created_at timestamptz NOT NULL DEFAULT now(), tags text[], data jsonb, day date
);
CREATE INDEX ON table_{0} (parent_id);
CREATE UNIQUE INDEX ON table_{0} (name, day DESC);
"""


def fill(url: str, tables: int) -> None:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        for start in range(0, tables, 100):
            numbers = range(start, min(start + 100, tables))
            cursor.execute("".join(TABLE.format(n, max(n - 1, 0)) for n in numbers))
            connection.commit()
        connection.autocommit = True
        cursor.execute("VACUUM ANALYZE")


def timed(actions: dict[str, Callable[[], Any]], times: int) -> dict[str, float]:
    """The median of several rounds for each, in seconds; what disturbs one disturbs all."""
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(times):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(rounds) for name, rounds in taken.items()}


def inspected(url: str) -> Any:
    """Everything that SQLAlchemy's Inspector has to tell of a schema."""
    import sqlalchemy
    from sqlalchemy.dialects.postgresql.base import PGInspector
    from sqlalchemy.engine.reflection import ObjectKind

    engine = sqlalchemy.create_engine(libpq(url).replace("postgresql://", "postgresql+psycopg2://"))
    inspector = sqlalchemy.inspect(engine)
    assert isinstance(inspector, PGInspector)
    found: list[Any] = [
        getattr(inspector, f"get_multi_{what}")(kind=ObjectKind.ANY)
        for what in (
            "columns",
            "pk_constraint",
            "foreign_keys",
            "indexes",
            "unique_constraints",
            "check_constraints",
            "table_comment",
            "table_options",
        )
    ]
    found += [inspector.get_schema_names(), inspector.get_sequence_names()]
    found += [inspector.get_enums(), inspector.get_domains()]
    views = inspector.get_view_names() + inspector.get_materialized_view_names()
    found += [inspector.get_view_definition(name) for name in views]
    engine.dispose()
    return found


def measure(url: str, tables: int, times: int, pg_dump: str | None) -> None:
    fill(url, tables)
    found = snapshot.read(url)
    other = snapshot.read(url)
    print(f"{tables} tables")
    text = snapshot.dump(found)
    program = [sys.executable, "-m", "labkit.snapshot", url]
    actions: dict[str, Callable[[], Any]] = {
        "snapshot.read": lambda: snapshot.read(url),
        "compare (equal)": lambda: compare.compare(found, other),
        "dump": lambda: snapshot.dump(found),
        "load": lambda: snapshot.load(text),
        "python -m labkit.snapshot": lambda: subprocess.run(
            program, check=True, stdout=subprocess.DEVNULL, cwd=ROOT
        ),
        "Inspector": lambda: inspected(url),
    }
    if pg_dump:
        command = [pg_dump, "--schema-only", libpq(url)]
        actions["pg_dump --schema-only"] = lambda: subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL
        )
    taken = timed(actions, times)
    for name, seconds in taken.items():
        ratio = seconds / taken["snapshot.read"]
        print(f"  {name:25} {seconds:7.3f} s   {ratio:5.1f} times a reading")
    for what, measured in _MEMORY.items() if _STATUS.exists() else ():
        print(f"  {f'memory to {what}':30} {_peak(measured, url):4.0f} MB")


# What is held at most by a process that does nothing else.
_MEMORY = {
    "read": "snapshot.read(url)",
    "read two and compare": "compare.compare(snapshot.read(url), snapshot.read(url))",
    "read and dump": "snapshot.dump(snapshot.read(url))",
}
_MEASURED = """
import re, sys
from labkit import compare, snapshot
url = sys.argv[1]
{program}
print(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1])
"""
# Linux alone tells it here; what getrusage tells of a process counts what its parent held, too.
_STATUS = Path("/proc/self/status")


def _peak(program: str, url: str) -> float:
    """The most memory that a process of its own held, in MB."""
    code = _MEASURED.format(program=program)
    said = subprocess.run(
        [sys.executable, "-c", code, url], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return int(said.stdout) / 1024


def _pg_dump() -> str | None:
    """The pg_dump that came with the server, or the one that is installed."""
    own = binaries.find().folder / "pg_dump"
    return str(own) if own.exists() else shutil.which("pg_dump")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?")
    parser.add_argument("--tables", type=int, nargs="+", default=[100, 1000, 5000])
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--pg-dump", default=_pg_dump())
    given = parser.parse_args()
    url = libpq(given.url or server.find(ROOT / ".labs").admin_url)
    for tables in given.tables:
        name = f"bench_{uuid.uuid4().hex[:8]}"
        with closing(psycopg2.connect(url)) as admin:
            admin.autocommit = True
            admin.cursor().execute(f"CREATE DATABASE {name}")
            try:
                own = urlsplit(url)._replace(path=f"/{name}").geturl()
                measure(own, tables, given.times, given.pg_dump)
            finally:
                admin.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")


if __name__ == "__main__":
    main()
