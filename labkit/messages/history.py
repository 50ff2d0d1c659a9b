"""Findings about revision files that Alembic cannot put in order."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from labkit.observation import Place
from labkit.verdict import Finding


def unreadable(place: Place, reason: str) -> Finding:
    """A revision file is no Python."""
    return Finding(
        f"{place.file} cannot be read as Python.",
        "a revision file that compiles",
        reason,
        str(place),
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


def follows_nothing(id_: str, below: str, place: Place, ids: Collection[str]) -> Finding:
    """down_revision names a revision that no file has."""
    near = difflib.get_close_matches(below, [other for other in ids if other != id_], 1, 0.3)
    return Finding(
        f"Revision {id_} follows {below}, and no file has that id.",
        "the id of a revision that exists, or None for the first one",
        f"down_revision = {below!r}",
        str(place),
        "The id was mistyped, or the file was renamed, deleted or never committed.",
        f"down_revision = {near[0]!r}" if near else "",
    )


def several_heads(heads: Sequence[tuple[str, Place]]) -> Finding:
    """More than one revision is followed by none."""
    (first, _), (last, place), *_ = [*heads[:1], *heads[-1:]]
    return Finding(
        f"There are {len(heads)} heads, so “head” names no single revision.",
        "one revision that no other follows",
        ", ".join(f"{id_} ({where})" for id_, where in heads),
        str(place),
        "Two revisions name the same down_revision, as after a merge of two branches of code.",
        f"down_revision = {first!r}  # in {last}, or: alembic merge heads",
    )


def circle(revisions: Sequence[tuple[str, Place]]) -> Finding:
    """Every revision is followed by another."""
    return Finding(
        "The revisions follow one another in a circle.",
        "a first revision, with down_revision = None",
        ", ".join(f"{id_} ({where})" for id_, where in revisions),
        str(revisions[0][1]),
    )
