"""A lab of a few lines: one table with an enum, and a turn that adds a column to it."""

from __future__ import annotations

PAGE = """\
# Lab 1: Tiny

```python title="versions/0001_orders.py"
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
status = sa.Enum("new", "sent", name="status")


def upgrade() -> None:
    op.create_table("orders", sa.Column("id", sa.Integer), sa.Column("status", status))
    # => a table and a type


def downgrade() -> None:
    op.drop_table("orders")
    status.drop(op.get_bind())
```

```console snapshot="head" rows="orders"
$ alembic upgrade head && echo up
# => Version: 0001
# => Rows: orders 0
```

```console snapshot="base"
$ alembic downgrade base
```

```console snapshot="head" rows="orders"
$ alembic upgrade head
```

## Your turn

```console check snapshot="turn"
$ alembic upgrade head
```

```console check snapshot="head" rows="orders"
$ alembic downgrade 0001
```
"""

ADDED = """\
```python title="versions/0002_note.py"
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("orders", sa.Column("note", sa.Text))


def downgrade() -> None:
    op.drop_column("orders", "note")
```
"""

SOLUTION = f"# Solution\n\n{ADDED}"

MISTAKES = f"""\
# Mistakes

## The wrong type

It looks fine.

{ADDED.replace("sa.Text", "sa.String(9)")}
## No way back

{ADDED.replace('op.drop_column("orders", "note")', "pass")}"""
