"""Beginnings: a new lab, which runs and fails its tests until somebody has written it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from labkit import workspace
from labkit.authoring import form
from labkit.lab import Lab
from labkit.messages import author as messages

# What is still to be written, as the rules of form look for it.
OPEN = form.OPEN
_FILES = ("alembic.ini", "migrations/env.py", "migrations/script.py.mako")

_PAGE = """\
# Lab {number}: {title}

## Explanation

{open} what it is, why it matters in production, and when to use it, in two or three sentences.

## Annotated code

<details>
<summary>The scaffold: alembic.ini, migrations/env.py and migrations/script.py.mako</summary>

{scaffold}
</details>

{open} what the code shows, in a sentence.

```python title="migrations/versions/0001_create_products.py"
\"\"\"create products\"\"\"

import sqlalchemy as sa  # => {open}
from alembic import op  # => {open}

revision = "0001"  # => {open}
down_revision = None  # => {open}


def upgrade() -> None:  # => {open}
    op.create_table("products", sa.Column("name", sa.Text))  # => {open}


def downgrade() -> None:  # => {open}
    op.drop_table("products")  # => {open}
```

```console snapshot="head"
$ alembic upgrade head
# => Output: ...Running upgrade  -> 0001, create products
# => Version: 0001
$ alembic downgrade base
# => Output: ...Running downgrade 0001 -> , create products
$ alembic upgrade head
# => Output: ...Running upgrade  -> 0001, create products
```

## Key takeaway

{open} the pattern, when to use it in production, and its pitfall, in one or two sentences.

## Why it matters

{open} what really happens to a team that gets it wrong, in 50 to 100 words.

## Your turn

{open} a task that needs the idea of this page and cannot be done by copying from it.

<details>
<summary>Hint 1</summary>

{open} a nudge.

</details>

<details>
<summary>Hint 2</summary>

{open} where to look.

</details>

```console check snapshot="turn"
$ alembic upgrade head
```
"""

_SOLUTION = """\
# Lab {number}: an answer

{open} the files and commands that are laid over the end of the page.
"""

_MISTAKES = """\
# Lab {number}: mistakes

## {open} the first mistake that people make

{open} why they make it, and its files and commands.

## {open} the second

{open}
"""


def begin(folder: Path, number: str, title: str, labs: Sequence[Lab]) -> Lab:
    """Write a new lab below a folder.

    Args:
        number: what it is to be called by, 1 to 99.
        labs: those that are there; the scaffold is taken from one of them.

    Raises:
        Trouble: it cannot be called so, or is there already.
    """
    if not number.isdecimal() or not 1 <= int(number) <= 99:
        raise messages.no_number(number)
    title = " ".join(title.split())
    slug = _slug(title)
    if not slug:
        raise messages.no_title(title)
    taken = [lab.name for lab in labs if lab.number == int(number)]
    if taken:
        free = next(n for n in range(1, 101) if n not in {lab.number for lab in labs})
        raise messages.number_taken(int(number), taken[0], free, title)
    lab = Lab(folder / f"{int(number):02}-{slug}")
    words = {"number": int(number), "title": title, "open": OPEN, "scaffold": _scaffold(labs)}
    for name, text in (
        ("README.md", _PAGE),
        ("solution.md", _SOLUTION),
        ("mistakes.md", _MISTAKES),
    ):
        workspace.write(folder, f"{lab.name}/{name}", text.format(**words))
    return lab


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z0-9]+", plain))


def _scaffold(labs: Sequence[Lab]) -> str:
    """The scaffold as most labs have it, in fences."""
    for lab in labs:
        there = {fence.attributes["title"]: fence for fence in form.scaffold(lab)}
        if set(_FILES) <= set(there):
            return "\n".join(
                f'```{there[path].language} title="{path}"\n{there[path].text}```\n'
                for path in _FILES
            )
    raise messages.no_scaffold()
