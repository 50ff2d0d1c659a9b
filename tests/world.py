"""Small worlds: pages of a few lines, what could be seen of them, and labs that can be run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

from labkit.judging.history import Revision
from labkit.lab import Lab
from labkit.observation import Failure, Observation, Place, Statement
from labkit.page import Command, File, Page, Step, parse
from labkit.snapshot import Snapshot, load
from labkit.trial import Record
from labkit.verdict import Finding

FILE = "versions/0001_products.py"

SCAFFOLD = """\
```ini title="alembic.ini"
[alembic]
script_location = %(here)s
path_separator = os
```

```python title="env.py"
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


def page(source: str) -> Page:
    """A page called README.md."""
    return parse(dedent(source), Path("README.md"))


def sent(
    text: str,
    line: int = 0,
    *,
    file: str = FILE,
    revision: str | None = "0001",
    direction: str | None = "upgrade",
    locks: Mapping[str, str] | None = None,
    rewrites: Sequence[str] = (),
    scans: Sequence[str] = (),
    outside: bool = False,
    failure: Failure | None = None,
) -> Statement:
    """A statement that a line of a revision sent; a line of 0 is Alembic's own."""
    return Statement(
        text,
        text,
        place=Place(file, line) if line else None,
        revision=revision if line else None,
        direction=direction if line else None,
        locks=dict(locks or {}),
        rewrites=tuple(rewrites),
        scans=tuple(scans),
        outside=outside,
        failure=failure,
    )


@dataclass(frozen=True)
class Did:
    """What a command did and left behind."""

    output: str = ""
    status: int = 0
    sent: Sequence[Statement] = ()
    failure: Failure | None = None
    interrupted: bool = False
    timed_out: bool = False
    seconds: float = 0.5
    gaps: Sequence[str] = ()
    snapshot: Snapshot | None = None
    rows: Mapping[str, int | None] = field(default_factory=dict)
    revisions: Sequence[Revision] = ()
    history: Sequence[Finding] = ()


def play(steps: Sequence[Step], *done: Did) -> list[Record]:
    """The records of a run in which the first commands did this."""
    files: dict[str, File] = {}
    records = []
    waiting = list(done)
    for step in steps:
        if isinstance(step, File):
            files[step.path] = step
        elif waiting:
            records.append(_record(step, waiting.pop(0), dict(files)))
    assert not waiting, "there are fewer commands than that"
    return records


def _record(command: Command, did: Did, files: dict[str, File]) -> Record:
    seen = Observation(
        command.text,
        did.output,
        did.status,
        did.seconds,
        tuple(did.sent),
        did.failure,
        did.interrupted,
        did.timed_out,
        gaps=tuple(did.gaps),
    )
    rows, history = dict(did.rows), tuple(did.history)
    return Record(command, seen, files, did.snapshot, rows, tuple(did.revisions), history)


def state(text: str) -> Snapshot:
    """A snapshot from its YAML."""
    return load(dedent(text), "a snapshot")


def lab(folder: Path, page: str, solution: str = "", mistakes: str = "") -> Lab:
    """A lab that can be run; its scaffold stands before ``page``."""
    home = folder / "01-tiny"
    home.mkdir()
    (home / "README.md").write_text(SCAFFOLD + dedent(page), encoding="utf-8")
    for name, text in (("solution.md", solution), ("mistakes.md", mistakes)):
        if text:
            (home / name).write_text(dedent(text), encoding="utf-8")
    return Lab(home)


def revision(id_: str, below: str | None, up: str = "pass", down: str = "pass") -> str:
    """The text of a revision file."""
    return (
        "from alembic import op\n"
        "import sqlalchemy as sa\n"
        f"revision = {id_!r}\n"
        f"down_revision = {below!r}\n\n\n"
        f"def upgrade() -> None:\n    {up}\n\n\n"
        f"def downgrade() -> None:\n    {down}\n"
    )
