"""Coverage: what of the installed Alembic the labs use, as it was seen while they ran."""

from __future__ import annotations

import argparse
import contextlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath

from alembic.config import CommandLine

from labkit.authoring.surface import option_name, subcommands, surface
from labkit.observation import Observation
from labkit.trial import Record

# (group, item) for each thing used; see surface.GROUPS.
Used = set[tuple[str, str]]

_RELATIVE = re.compile(r"(?:.*[^+-])?([+-])\d+\Z")


def used(records: Iterable[Record]) -> Used:
    """What the commands that ended well used, of what the installed Alembic has."""
    found: Used = set()
    for record in records:
        if record.observation.status == 0:
            found.update(_used(record.observation))
    return {(group, item) for group, item in found if item in surface()[group]}


def _used(seen: Observation) -> Iterator[tuple[str, str]]:
    yield from seen.used
    for words in seen.programs:
        arguments = _alembic(words)
        if arguments is not None:
            yield from typed(arguments)


def _alembic(words: Sequence[str]) -> list[str] | None:
    """The arguments of a program that is Alembic, None of any other."""
    if len(words) > 1 and PurePath(words[1]).name == "alembic":
        return list(words[2:])
    if list(words[1:3]) == ["-m", "alembic"]:
        return list(words[3:])
    return None


def typed(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The command, the options and the forms of a target in the arguments of ``alembic``."""
    parser = CommandLine(prog="alembic").parser
    if "--version" in arguments:
        yield "option", "--version"
        return
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            said = parser.parse_args(list(arguments))
    except SystemExit:
        return
    yield from (("option", name) for name in _given(parser, said))
    if not hasattr(said, "cmd"):
        return
    command = str(said.cmd[0].__name__)
    yield "command", command
    yield from (("option", f"{command} {n}") for n in _given(subcommands(parser)[command], said))
    for name in ("revision", "revisions", "rev", "rev_range"):
        value = getattr(said, name, None) or ()
        for target in [value] if isinstance(value, str) else value:
            yield "target", form(target)


def _given(parser: argparse.ArgumentParser, said: argparse.Namespace) -> Iterator[str]:
    for action in parser._actions:
        name = option_name(action)
        if name and getattr(said, action.dest, action.default) != action.default:
            yield name


def form(target: str) -> str:
    """The form of a target on the command line, one of ``surface.TARGETS``."""
    if ":" in target:
        return "from:to"
    if "@" in target:
        return "branch@head"
    if target in ("head", "heads", "base"):
        return target
    if match := _RELATIVE.match(target):
        return f"{match[1]}N"
    return "id"


def table(by_lab: Mapping[int, Used], group: str) -> list[str]:
    """A Markdown table: each item of a group with the numbers of the labs that use it."""
    rows = ["| | in lab |", "| --- | --- |"]
    for item in surface()[group]:
        numbers = [str(number) for number, seen in sorted(by_lab.items()) if (group, item) in seen]
        rows.append(f"| `{item}` | {', '.join(numbers) or 'none'} |")
    return rows


def covered(by_lab: Mapping[int, Used], *groups: str) -> tuple[int, int]:
    """How many items of some groups the labs use, and how many there are."""
    there = [(group, item) for group in groups for item in surface()[group]]
    seen = set().union(*by_lab.values())
    return sum(one in seen for one in there), len(there)
