"""Clones: the repository in a folder of its own, with two small labs that can be made to wait.

The page of the first lab goes up two revisions and prints a line. Variables that reach its commands
make it wait: GATE names a pipe that ``gate.py`` opens, so that it stands still until somebody opens
the other end; HANG has the second revision wait in PostgreSQL. The second lab has nothing to do
with Alembic, so it is over at once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from labkit.authoring import recording
from labkit.course import Course
from labkit.lab import Lab
from labkit.run import Runner
from labkit.server import Server
from tests.drills import ask

ROOT = Path(__file__).resolve().parents[1]

# Workers share a server, and a lab's database is named by its number.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
NUMBER = 31 + _WORKER % 23 * 3
NAME = f"{NUMBER}-small"
OTHER = f"{NUMBER + 1}-smaller"
NEW = f"{NUMBER + 2}-new"

_SCAFFOLD = """
```ini title="alembic.ini"
[alembic]
script_location = %(here)s/migrations
path_separator = os
```

```python title="migrations/env.py"
import os

from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
```
"""

_PAGE = '''# Small

## Explanation

A small lab. It is soon over.

## Annotated code
{scaffold}
```python title="migrations/versions/0001_create_products.py"
"""create products"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table("products", sa.Column("name", sa.Text))
    # => SQL: CREATE TABLE products ( name TEXT )


def downgrade() -> None:
    op.drop_table("products")
```

```python title="migrations/versions/0002_name.py"
"""name"""

import os

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    if "HANG" in os.environ:
        print("hanging", flush=True)
        op.execute("SELECT pg_sleep(600)")
    op.alter_column("products", "name", nullable=False)
    # => SQL: ALTER TABLE products ALTER COLUMN name SET NOT NULL
    # => Locks: products ACCESS EXCLUSIVE
    # => Cost: scans products


def downgrade() -> None:
    op.alter_column("products", "name", nullable=True)
```

```python title="gate.py"
import os

print("café   ")
print()
if gate := os.environ.get("GATE"):
    print("at the gate", flush=True)
    open(gate).close()
```

```console
$ alembic upgrade 0001
# => Version: 0001
```

```console snapshot="head"
$ alembic upgrade head
# => Version: 0002
# => Rows: products 0
$ python gate.py
# => Output: café...
```

## Your turn

Give products a price, in a revision 0003, and put one product in.

```console check live
$ alembic current
# => Version: 0003
# => Rows: products 1
```

```console check snapshot="turn"
$ alembic upgrade head
# => Version: 0003
$ python gate.py
# => Output: café...
```

<details>
<summary>Hint 1</summary>

A price is a column of its own.

</details>

<details>
<summary>Hint 2</summary>

Give it a default:

```python
sa.Column("price", sa.Integer, server_default="0")
```

</details>
'''

_SHOP = """import os
import sys

import psycopg2

connection = psycopg2.connect(os.environ["DATABASE_URL"].replace("+psycopg2", ""))
connection.autocommit = True
connection.cursor().execute(sys.argv[1])
connection.close()
"""

_SMALLER = """# Smaller

```text title="notes.txt"
bread
```

```python title="shop.py"
{shop}```

```console snapshot="made" rows="products"
$ python shop.py "CREATE TABLE products (name text); INSERT INTO products VALUES ('lamp')"
# => Rows: products 1
$ cat notes.txt
# => Output: bread
```

## Key takeaway

Bread alone is
no breakfast.

## Your turn

Add milk to the notes, and a desk to the products.

```console check live
$ cat notes.txt
# => Output: bread
# =>   milk
# => Rows: products 2
```
"""

_SMALLER_SOLUTION = """# Solution

```text title="notes.txt"
bread
milk
```

```console
$ python shop.py "INSERT INTO products VALUES ('desk')"
```
"""

_SMALLER_MISTAKES = """# Mistakes

## Only the desk

```console
$ python shop.py "INSERT INTO products VALUES ('desk')"
```

```text verdict
```
"""

REVISION = '''"""price"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("products", sa.Column("price", sa.Integer, {extra}))


def downgrade() -> None:
    op.drop_column("products", "price")
'''
ANSWER = REVISION.format(extra='server_default="0"')
WRONG = REVISION.format(extra="nullable=False")

_SELL = """import os

import sqlalchemy as sa

with sa.create_engine(os.environ["DATABASE_URL"]).begin() as connection:
    connection.execute(sa.text("INSERT INTO products (name) VALUES ('lamp')"))
"""

_SOLUTION = """# Solution

```python title="migrations/versions/0003_price.py"
{answer}```

```python title="sell.py"
{sell}```

```console
$ alembic upgrade head
$ python sell.py
```
"""

_MISTAKES = """# Mistakes

## The price is forgotten

```python title="sell.py"
{sell}```

```console
$ python sell.py
```

```text verdict
```
"""


_SMALL = {"README": _PAGE, "solution": _SOLUTION, "mistakes": _MISTAKES}
_EVEN_SMALLER = {
    "README": _SMALLER,
    "solution": _SMALLER_SOLUTION,
    "mistakes": _SMALLER_MISTAKES,
}


def write_lab(folder: Path, name: str, pages: Mapping[str, str]) -> Lab:
    """A small lab below a folder, without its snapshots."""
    lab = folder / name
    lab.mkdir(parents=True)
    for page, text in pages.items():
        text = text.replace("{scaffold}", _SCAFFOLD)
        text = text.replace("{answer}", ANSWER).replace("{sell}", _SELL)
        text = text.replace("{shop}", _SHOP)
        (lab / f"{page}.md").write_text(text, encoding="utf-8")
    return Lab(lab)


def record_labs(folder: Path, server: Server, runner: Runner) -> None:
    """Write two small labs and have them record themselves."""
    for name, pages in (("31-small", _SMALL), ("32-smaller", _EVEN_SMALLER)):
        lab = write_lab(folder, name, pages)
        written = recording.record(lab, server, runner, folder.parent, lambda _: True)
        assert "mistakes.md" in written


def copy_labs(recorded: Path, target: Path) -> None:
    """The two small labs under the numbers of this worker."""
    shutil.copytree(recorded / "31-small", target / NAME)
    shutil.copytree(recorded / "32-smaller", target / OTHER)
    for name in (NAME, OTHER):
        for page in (target / name).glob("*.md"):
            text = page.read_text(encoding="utf-8")
            text = text.replace("31-small", NAME).replace("32-smaller", OTHER)
            page.write_text(text, encoding="utf-8")


def course(root: Path, server: Server, runner: Runner) -> Course:
    """A course on a server and with a runner that others use too."""
    made = Course(root)
    made.__dict__.update(server=server, runner=runner)
    return made


@dataclass(frozen=True)
class Done:
    """A task that has ended."""

    status: int
    out: str
    err: str = ""

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass
class Clone:
    """A clone in which tasks are started as a learner would."""

    root: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        return self.root / "workspace" / NAME

    @property
    def page(self) -> Path:
        return self.root / "labs" / NAME / "README.md"

    def environment(self, **variables: str) -> dict[str, str]:
        """The learner's variables; an empty one is not set at all."""
        kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
        given = {**kept, **self.variables, **variables}
        return {name: value for name, value in given.items() if value}

    def command(self, words: Sequence[object]) -> list[str]:
        return [sys.executable, "-m", "invoke", *map(str, words)]

    def invoke(self, *words: object, stdin: str = "", **variables: str) -> Done:
        """Run a task to its end, its output in pipes."""
        done = subprocess.run(
            self.command(words),
            cwd=self.root,
            env=self.environment(**variables),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def answer(self, revision: str = ANSWER) -> Path:
        """Write an answer to “Your turn” into the project; returns its file."""
        file = self.project / "migrations" / "versions" / "0003_price.py"
        file.write_text(revision, encoding="utf-8")
        return file


def databases(server: Server) -> list[str]:
    """The databases of this worker's small labs, those that were set aside too."""
    found = []
    for name in (NAME, OTHER, NEW):
        rows = ask(
            server.admin_url,
            f"SELECT datname FROM pg_database WHERE datname LIKE 'lab\\_{name[:2]}%'",
        )
        found += [row[0] for row in rows]
    return found


def copy_repository(target: Path, labs: Path) -> None:
    """What a clone of the repository has, as far as tasks need it."""
    target.mkdir(parents=True)
    shutil.copy2(ROOT / "tasks.py", target)
    shutil.copytree(ROOT / "labkit", target / "labkit")
    copy_labs(labs, target / "labs")
