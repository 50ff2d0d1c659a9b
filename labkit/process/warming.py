"""Warming: what Alembic, SQLAlchemy and libpq do once in each process, done before the fork.

They put much together when it is first needed: the dispatch of a dialect's compiler, patterns,
the search for translations of an argument parser, what encrypts. A fork finds that done.
"""

from __future__ import annotations

import functools
import gettext
import io
import socket
import sys
from pathlib import Path


def warm() -> None:
    """Do one of each thing that is done often, for nobody, with no database."""
    write()
    if sys.platform != "darwin":  # there Kerberos, which libpq asks, does not survive a fork
        connect()


def connect() -> None:
    """Begin to connect to nobody, up to where a server would say whether it encrypts."""
    import psycopg2
    from psycopg2.extensions import POLL_READ, encrypt_password

    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
        connection = psycopg2.connect(f"host=127.0.0.1 port={port} user=nobody", async_=True)
        for _ in range(9):
            if connection.poll() == POLL_READ:  # the system has made the connection already
                break
        else:
            raise ConnectionError("libpq did not get to where it asks the server")
        encrypt_password("secret", "nobody", connection, "scram-sha-256")
        connection.close()


def keep_command_line() -> None:
    """Have ready what the first ``alembic`` of a process puts together of its command line."""
    from alembic.config import CommandLine

    name = "alembic"
    ready = [CommandLine(prog=name)]
    make = CommandLine.__init__

    @functools.wraps(make)
    def take(self: CommandLine, prog: str | None = None) -> None:
        usual = type(self) is CommandLine and name == (prog or Path(sys.argv[0]).name)
        # In another language it would have other words.
        if ready and usual and gettext.find("messages") is None:
            vars(self).update(vars(ready.pop()))
        else:
            make(self, prog)

    CommandLine.__init__ = take  # type: ignore[method-assign]


def write() -> None:
    """Write the SQL of each common operation."""
    import sqlalchemy as sa
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    context = MigrationContext.configure(
        url="postgresql+psycopg2://",
        opts={"as_sql": True, "literal_binds": True, "output_buffer": io.StringIO()},
    )
    op = Operations(context)
    op.create_table(
        "warm",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("text", sa.Text, nullable=False, server_default="", index=True),
        sa.Column("number", sa.Numeric(10, 2), sa.CheckConstraint("number > 0")),
        sa.Column("other", sa.ForeignKey("warm.id")),
    )
    op.add_column("warm", sa.Column("more", sa.DateTime(timezone=True)))
    op.alter_column("warm", "more", nullable=False, server_default=sa.func.now())
    op.create_index("ix_warm", "warm", ["more"], unique=True)
    op.create_unique_constraint("uq_warm", "warm", ["more"])
    op.bulk_insert(sa.table("warm", sa.column("id", sa.Integer)), [{"id": 1}])
    op.execute("SELECT 1")
    op.drop_constraint("uq_warm", "warm")
    op.drop_index("ix_warm", "warm")
    op.drop_column("warm", "more")
    op.drop_table("warm")
    versions = sa.table("alembic_version", sa.column("version_num"))
    for statement in (
        sa.select(versions),
        versions.insert().values(version_num=sa.literal_column("''")),
        versions.update().where(versions.c.version_num == "").values(version_num="x"),
        versions.delete().where(versions.c.version_num == ""),
    ):
        statement.compile(dialect=context.dialect)
