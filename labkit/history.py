"""Histories: the revision files of a project, read without running them, and their faults."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit.messages import history as messages
from labkit.observation import Place
from labkit.verdict import Finding


@dataclass(frozen=True)
class Revision:
    """A revision as its file says it: its id, what it follows, and where both stand."""

    id: str
    place: Place
    follows: tuple[str, ...]
    follows_place: Place


def faults(project: Path) -> list[Finding]:
    """What keeps Alembic from putting a project's revisions in order, each with its line."""
    revisions: list[Revision] = []
    found: list[Finding] = []
    for path in sorted(project.rglob("*.py")):
        name = path.relative_to(project).as_posix()
        try:
            tree = ast.parse(path.read_bytes(), name)
        except SyntaxError as error:
            if "versions" in path.parts:
                found.append(messages.unreadable(Place(name, error.lineno or 1), error.msg))
        except (ValueError, OSError) as error:
            if "versions" in path.parts:
                found.append(messages.unreadable(Place(name, 1), str(error)))
        else:
            if revision := _revision(tree, name):
                revisions.append(revision)
    found += _twice(revisions)
    found += _lost(revisions)
    # What follows nothing is a head too, but that is no fault of its own.
    return found or list(_heads(revisions))


def _revision(tree: ast.Module, name: str) -> Revision | None:
    """The revision of a file; None where it has none, or where its id is computed."""
    values: dict[str, tuple[object, int]] = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            value = getattr(node, "value", None)
            if isinstance(target, ast.Name) and value is not None:
                try:
                    values[target.id] = (ast.literal_eval(value), node.lineno)
                except ValueError:
                    continue
    if not isinstance(values.get("revision", (None, 0))[0], str) or "down_revision" not in values:
        return None
    (id_, line), (below, below_line) = values["revision"], values["down_revision"]
    follows = (
        (below,) if isinstance(below, str) else below if isinstance(below, tuple | list) else ()
    )
    return Revision(
        str(id_), Place(name, line), tuple(str(f) for f in follows), Place(name, below_line)
    )


def _twice(revisions: list[Revision]) -> Iterator[Finding]:
    seen: dict[str, Revision] = {}
    for revision in revisions:
        if revision.id in seen:
            yield messages.same_id(revision.id, seen[revision.id].place, revision.place)
        seen[revision.id] = revision


def _lost(revisions: list[Revision]) -> Iterator[Finding]:
    ids = {revision.id for revision in revisions}
    for revision in revisions:
        for below in revision.follows:
            # Alembic takes a part of an id that only one revision begins with.
            if not any(id_ == below or id_.startswith(below) for id_ in ids):
                yield messages.follows_nothing(revision.id, below, revision.follows_place, ids)


def _heads(revisions: list[Revision]) -> Iterator[Finding]:
    followed = {below for revision in revisions for below in revision.follows}
    heads = [r for r in revisions if not any(r.id.startswith(below) for below in followed)]
    if len(heads) > 1:
        yield messages.several_heads([(head.id, head.follows_place) for head in heads])
    if revisions and not heads:
        yield messages.circle([(r.id, r.follows_place) for r in revisions])
