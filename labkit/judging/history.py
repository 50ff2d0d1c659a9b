"""Histories: the revision files of a project, read without running them."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from labkit.observation import Place
from labkit.page import Command, Step

_REV_ID = re.compile(r"--rev-id[\s=]+([\w.]+)")

# Folders in which nobody keeps revisions, and that may be large.
_SKIPPED = {"__pycache__", "venv", "node_modules", "site-packages"}


@dataclass(frozen=True)
class Revision:
    """A revision as its file says it.

    ``follows`` is its ``down_revision``, ``depends`` its ``depends_on``, each as Alembic writes
    them and as a tuple; ``places`` holds the line of each name that the file assigns, and those of
    its ``upgrade`` and ``downgrade``.
    """

    id: str
    file: str
    follows: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    places: tuple[tuple[str, int], ...] = ()

    def place(self, name: str) -> Place:
        """The line that sets ``name``, or else the first of the file."""
        return Place(self.file, dict(self.places).get(name, 1))

    @property
    def downgrade(self) -> Place | None:
        """The line on which ``downgrade()`` begins, None where it has none."""
        return self.place("downgrade") if "downgrade" in dict(self.places) else None


@dataclass(frozen=True)
class Unread:
    """A file in a folder of revisions that holds none that can be read, and why."""

    place: Place
    reason: str


def read(project: Path) -> tuple[list[Revision], list[Unread]]:
    """The revisions of a project, and the files that should hold one and do not.

    A file belongs to a history when it names its revision and the one below, wherever it lies; in a
    folder called ``versions``, or beside another revision, each file has to.
    """
    found: list[Revision] = []
    others: list[Unread] = []
    for path in sorted(_python_files(project)):
        name = path.relative_to(project).as_posix()
        try:
            read = _parsed(path.read_bytes(), name)
        except OSError as error:
            read = Unread(Place(name, 1), str(error))
        if isinstance(read, Revision):
            found.append(read)
        elif read is not None:
            others.append(read)
    folders = {PurePosixPath(revision.file).parent for revision in found}
    return found, [o for o in others if _among_revisions(PurePosixPath(o.place.file), folders)]


def _among_revisions(path: PurePosixPath, folders: Collection[PurePosixPath]) -> bool:
    # Alembic does not look into these either.
    if path.name.startswith(("__init__", ".#")):
        return False
    return path.parent in folders or path.parent.name == "versions"


def ids_in(steps: Iterable[Step]) -> frozenset[str]:
    """The revision ids that the files and commands of a page give."""
    found = set()
    for step in steps:
        if isinstance(step, Command):
            found |= set() if step.check else set(_REV_ID.findall(step.text))
            continue
        try:
            read = _revision(ast.parse(step.text), step.path)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if isinstance(read, Revision):
            found.add(read.id)
    return frozenset(found)


def applied(revisions: Sequence[Revision], versions: Collection[str]) -> frozenset[str]:
    """The ids of all revisions that a database at ``versions`` has run."""
    below = {revision.id: (*revision.follows, *revision.depends) for revision in revisions}
    labels = {label: revision.id for revision in revisions for label in revision.labels}
    found: set[str] = set()
    waiting = list(versions)
    while waiting:
        id_ = waiting.pop()
        id_ = labels.get(id_, id_)
        if id_ not in found:
            found.add(id_)
            waiting += below.get(id_, ())
    return frozenset(found)


def _python_files(project: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(project):
        names[:] = [n for n in names if n not in _SKIPPED and not n.startswith(".")]
        yield from (Path(folder, name) for name in files if name.endswith(".py"))


@lru_cache(maxsize=1024)
def _parsed(text: bytes, name: str) -> Revision | Unread | None:
    """What a file of this text is; the same files are read after each command."""
    try:
        tree = ast.parse(text, name)
    except SyntaxError as error:
        return Unread(Place(name, error.lineno or 1), error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        return Unread(Place(name, 1), str(error) or type(error).__name__)
    return _revision(tree, name)


def _revision(tree: ast.Module, name: str) -> Revision | Unread | None:
    """The revision of a file; None where its id is computed, which nobody can read."""
    values: dict[str, object] = {}
    places: dict[str, int] = {}
    for node in tree.body:
        for target, value in _assigned(node):
            places[target] = node.lineno
            try:
                values[target] = ast.literal_eval(value)
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                values.pop(target, None)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            places[node.name] = node.lineno
        if isinstance(node, ast.ImportFrom):
            places |= {alias.asname or alias.name: node.lineno for alias in node.names}
    for word in ("revision", "down_revision"):
        if word not in places:
            return Unread(Place(name, 1), f"{word} is not set")
    if "revision" not in values or "down_revision" not in values:
        return None
    id_ = values["revision"]
    if not isinstance(id_, str) or not id_:
        return Unread(Place(name, places["revision"]), f"revision = {id_!r} is no text")
    listed = {}
    for word in ("down_revision", "depends_on", "branch_labels"):
        listed[word] = _texts(values.get(word))
        if listed[word] is None:
            reason = f"{word} = {values[word]!r} is no text and no list of texts"
            return Unread(Place(name, places[word]), reason)
    return Revision(
        id_,
        name,
        listed["down_revision"] or (),
        listed["depends_on"] or (),
        listed["branch_labels"] or (),
        tuple(places.items()),
    )


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """(name, value) of each plain assignment in a statement, with a type or without."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    value = getattr(node, "value", None)
    for target in targets:
        if isinstance(target, ast.Name) and value is not None:
            yield target.id, value


def _texts(value: object) -> tuple[str, ...] | None:
    """One text, several or none as a tuple; None for anything else."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, tuple | list | set) and all(isinstance(item, str) for item in value):
        return tuple(sorted(value) if isinstance(value, set) else value)
    return None
