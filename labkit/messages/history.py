"""Findings about revision files that Alembic cannot put in order."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from labkit.observation import Place
from labkit.verdict import Finding


def unreadable(place: Place, reason: str) -> Finding:
    """A file among the revisions is none."""
    return Finding(
        f"{place.file} cannot be read as a revision.",
        "a revision file that compiles, with revision and down_revision",
        reason,
        str(place),
    )


def no_function(name: str, file: str) -> Finding:
    """A revision lacks one of its two functions."""
    return Finding(
        f"{file} has no {name}().",
        f"def {name}() -> None:",
        "no such function",
        str(Place(file, 1)),
    )


def illegal_id(id_: str, marks: Sequence[str], place: Place) -> Finding:
    """A revision id has letters that mean something on the command line."""
    return Finding(
        f"The revision id {id_} holds {' and '.join(marks)}.",
        "an id without @ - + :",
        id_,
        str(place),
        "On the command line these stand for steps, ranges and branches.",
    )


def same_id(id_: str, first: Place, second: Place) -> Finding:
    """Two files claim one revision id."""
    return Finding(
        f"Two files have the revision id {id_}.",
        "an id that only one file has",
        f"{first} and {second}",
        str(second),
        "A file was copied and its id was not changed.",
    )


def same_label(label: str, first: Place, second: Place) -> Finding:
    """Two files claim one branch label."""
    return Finding(
        f"Two files have the branch label {label}.",
        "a label that only one file has",
        f"{first} and {second}",
        str(second),
        "A file was copied and its label was not changed.",
    )


def follows_nothing(id_: str, below: str, place: Place, ids: Collection[str]) -> Finding:
    """down_revision names a revision that no file has."""
    return _names_nothing(f"Revision {id_} follows", "down_revision", id_, below, place, ids)


def depends_on_nothing(id_: str, needed: str, place: Place, ids: Collection[str]) -> Finding:
    """depends_on names a revision that no file has."""
    return _names_nothing(f"Revision {id_} depends on", "depends_on", id_, needed, place, ids)


def _names_nothing(
    what: str, name: str, id_: str, named: str, place: Place, ids: Collection[str]
) -> Finding:
    others = sorted(other for other in ids if other != id_)
    whole = [other for other in others if other.startswith(named)]
    near = whole or difflib.get_close_matches(named, others, 1, 0.3)
    why = "The id was mistyped, or the file was renamed, deleted or never committed."
    if whole:
        why = "It is a part of an id. Commands take that, revision files need the whole id."
    return Finding(
        f"{what} {named}, and no file has that id.",
        "the id of a revision that exists",
        f"{name} = {named!r}",
        str(place),
        why,
        f"{name} = {near[0]!r}" if near else "",
    )


def several_heads(heads: Sequence[tuple[str, Place]]) -> Finding:
    """More than one revision is followed by none."""
    first, (last, place) = heads[0][0], heads[-1]
    return Finding(
        f"There are {len(heads)} heads, so “head” names no single revision.",
        "one revision that no other follows",
        ", ".join(f"{id_} ({where})" for id_, where in heads),
        str(place),
        "Two revisions name the same down_revision, as after a merge of two branches of code.",
        f"down_revision = {first!r}  # in {last}, or: alembic merge heads",
    )


def version_of_nothing(id_: str, ids: Collection[str]) -> Finding:
    """alembic_version holds an id that no file has."""
    known = sorted(ids)
    return Finding(
        f"The database is at {id_}, and no file has that id.",
        f"an id that a file has: {', '.join(known)}" if known else "an id that a file has",
        id_,
        why="The file was deleted or never handed over, or alembic_version was written by hand.",
        remedy="Bring the file back; or, where the schema is that of a revision: "
        f"alembic stamp --purge {known[-1] if known else 'ID'}",
    )


def circle(revisions: Sequence[tuple[str, Place]]) -> Finding:
    """Revisions come before themselves."""
    return Finding(
        "These revisions follow one another in a circle, so none of them comes first.",
        "a first revision, with down_revision = None, and each other one above it",
        ", ".join(f"{id_} ({where})" for id_, where in revisions),
        str(revisions[0][1]),
    )


def no_configuration(name: str) -> Finding:
    """The file that says where the revisions are is gone."""
    return Finding(
        f"There is no {name}, so Alembic does not know where the revisions are.",
        f"{name}, with script_location in its section [alembic]",
        "no such file",
        why="It was deleted, renamed or moved.",
        remedy="Bring it back; or have a new one written: alembic init FOLDER",
    )


def no_script_location(place: Place, section: bool) -> Finding:
    """That file does not say where the revisions are."""
    return Finding(
        f"{place.file} does not say where the revisions are.",
        "script_location in its section [alembic]",
        "no such line in that section" if section else "no such section",
        str(place),
        "The line was deleted or commented out, or stands in another section.",
        "Below [alembic]: script_location = %(here)s/FOLDER",
    )
