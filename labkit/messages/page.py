"""What an author is told about a page that cannot be read: (what is wrong, what to write)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from labkit.trouble import Trouble

Fault = tuple[str, str]

UNENDED_FENCE: Fault = (
    "this fence never ends",
    "close it with a line of the same marks that opened it",
)
COMMAND_OUTSIDE_CONSOLE: Fault = (
    "a “$ ” line stands outside a console fence, so nobody runs it",
    "open the fence with ```console, or drop the “$ ”",
)
TITLE_ON_CONSOLE: Fault = (
    "a console fence is run and cannot be a file",
    "drop title, or name the file's language instead of console",
)
LIVE_WITHOUT_CHECK: Fault = (
    "“live” says which database a check looks at, and this fence is no check",
    "write “console check live”",
)
NO_COMMAND: Fault = (
    "this console fence has no command",
    "begin each command with “$ ”, or use a text fence",
)
CLAIM_BEFORE_COMMAND: Fault = (
    "this annotation stands above the first command",
    "put it below the “$ ” line that it is about",
)
UNTRIED_CLAIM: Fault = (
    "a claim stands in a fence that is neither a file nor run, so nothing tries it",
    'give the fence a title="PATH", or make it a console fence',
)
NOT_A_FENCE: Fault = (
    "Markdown takes this for HTML or indented text, so nothing runs or checks it",
    "leave a blank line above the fence, and do not indent it",
)
ROWS_WITHOUT_SNAPSHOT: Fault = (
    "“rows” says whose rows belong to a snapshot, and this fence has none",
    'add snapshot="NAME", or claim the number of rows with “# => Rows: …”',
)
LOOSE_OUTPUT: Fault = (
    "this line is neither a command nor an annotation, so nothing checks it",
    "write output as “# => Output: …” and a command as “$ …”",
)


def unknown_attribute(name: str, near: Sequence[str]) -> Fault:
    """A word on the opening line of a fence that means nothing."""
    instead = f"write {near[0]}" if near else 'use title="PATH", snapshot="NAME", rows="TABLE"'
    return f"“{name}” means nothing on a fence", instead


def empty_or_twice(key: str) -> Fault:
    """An attribute that says nothing, or stands there twice."""
    return f"“{key}” is empty or stands there twice", f'write {key}="…" once, or drop it'


def only_on_console(word: str) -> Fault:
    """An attribute of a command on a fence that is not run."""
    return f"“{word}” asks for a command, and this fence is not run", "move it to a console fence"


def bad_path(path: str, why: str) -> Fault:
    """A title that cannot be written below the project."""
    return f'title="{path}" cannot be written: {why}', "name a file inside the project"


def missing_snapshot(name: str, near: Sequence[str]) -> Fault:
    """A snapshot that nobody recorded."""
    known = f"write “{near[0]}”, or " if near else ""
    return f"snapshots/{name}.yaml does not exist", f"{known}record it with `invoke record`"


def faults(path: Path, found: Sequence[tuple[int, str, str]]) -> Trouble:
    """A page that cannot be read: every fault with its line."""
    lines = [f"{path}:{line}: {what}.\n    Instead: {instead}." for line, what, instead in found]
    count = "one fault" if len(found) == 1 else f"{len(found)} faults"
    return Trouble(f"The page cannot be read, it has {count}.\n" + "\n".join(lines))


def unreadable(path: Path, reason: str) -> Trouble:
    """A page that is not there or may not be opened."""
    return Trouble(
        f"{path} cannot be read: {reason}.",
        "A file of the lab was moved or deleted.",
        f"git checkout -- {path}",
    )


def not_text(path: Path, offset: int) -> Trouble:
    """A page that is not UTF-8."""
    return Trouble(
        f"{path} is not UTF-8 text (byte {offset}).",
        "An editor saved it in another encoding.",
        "Save it as UTF-8.",
    )
