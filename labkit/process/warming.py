"""Warming: what Alembic and SQLAlchemy do once in each process, done before the fork.

They put much together when it is first needed: the dispatch of a dialect's compiler, patterns,
the search for translations of an argument parser. A fork finds that done.
"""

from __future__ import annotations

import io


def warm() -> None:
    """Write the SQL of one of each common operation, for nobody, with no database."""
    import sqlalchemy as sa
    from alembic.config import CommandLine
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    CommandLine(prog="alembic")
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
