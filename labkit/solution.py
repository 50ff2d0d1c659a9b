"""Solutions: the page's answer to “Your turn”, alone and beside a learner's."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping
from pathlib import Path

from labkit.annotation import annotations_in
from labkit.journey import own_revisions
from labkit.judging import history
from labkit.lab import Lab
from labkit.messages import solution as messages
from labkit.page import Command, File


def contrast(lab: Lab, project: Path, given: Mapping[str, str]) -> str:
    """The learner's files beside those of the page's solution, as a unified diff of whole files.

    A revision stands beside the one with its id, whatever its file is called. Annotations are left
    out, and a file that says the same in other words of Python's is named and not shown.

    Args:
        given: the fingerprint of each file as the page left it.
    """
    shown: list[str] = []
    for file in (step for step in lab.solution.steps if isinstance(step, File)):
        name = _counterpart(file, project, given)
        theirs = _text(project / name)
        ours = _without_annotations(file)
        if _means_the_same(theirs, ours, file.language):
            shown.append(messages.same(name))
            continue
        shown += difflib.unified_diff(
            theirs.splitlines(),
            ours.splitlines(),
            messages.yours(name) if theirs else messages.NOTHING_OF_YOURS,
            messages.of_page(file.path),
            n=len(theirs) + len(ours),
            lineterm="",
        )
    commands = [step.text for step in lab.solution.steps if isinstance(step, Command)]
    if commands:
        shown += [messages.COMMANDS, *(f"  $ {line}" for line in commands)]
    return "\n".join(shown)


def _counterpart(file: File, project: Path, given: Mapping[str, str]) -> str:
    """The path of the learner's file that does what a file of the solution does."""
    if (project / file.path).exists():
        return file.path
    revisions, _ = history.read(project)
    (wanted,) = list(history.ids_in([file])) or [""]
    same = [one.file for one in revisions if one.id == wanted]
    own = [one.file for one in own_revisions(revisions, project, given)]
    return (same or (own if wanted and len(own) == 1 else []) or [file.path])[0]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _without_annotations(file: File) -> str:
    lines = file.text.splitlines()
    for note in annotations_in(file.text, file.language):
        lines[note.line - 1] = "\0" if note.alone else lines[note.line - 1][: note.column].rstrip()
    return "\n".join(line for line in lines if line != "\0") + "\n"


def _means_the_same(one: str, other: str, language: str) -> bool:
    if language != "python":
        return one == other
    try:
        return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
