"""Disorder: what keeps Alembic from putting a project's revisions in order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from labkit.judging import configuration, history
from labkit.judging.history import Revision
from labkit.messages import history as messages
from labkit.observation import Observation
from labkit.verdict import Finding

_ABOUT_HEADS = re.compile(r"\bheads?\b|ambiguous", re.IGNORECASE)
_UNKNOWN = re.compile(r"Can't locate revision identified by '([^']+)'")
_NO_ATTRIBUTE = re.compile(r"has no attribute '(upgrade|downgrade)'")
_ILLEGAL = "@-+:"


def behind(project: Path, seen: Observation) -> list[Finding]:
    """The faults of the project's files that a command failed for, none where it was otherwise.

    An error that PostgreSQL sent shows that the order was fine. Several heads are no fault of their
    own: they explain a failure only where Alembic complains of them.
    """
    failure = seen.failure
    if (failure and failure.sqlstate) or seen.migrated:
        return []
    if found := configuration.behind(project, seen) or faults(project):
        return found
    told = failure.message if failure else ""
    revisions, _ = history.read(project)
    if missing := _NO_ATTRIBUTE.search(told):
        return [
            messages.no_function(missing[1], revision.file)
            for revision in revisions
            if missing[1] not in dict(revision.places)
        ]
    unknown = _UNKNOWN.search(told)
    if unknown and unknown[1] not in seen.command:
        # Nobody typed it, so it can only come from the database.
        return [messages.version_of_nothing(unknown[1], {r.id for r in revisions})]
    if _ABOUT_HEADS.search(told):
        return [finding for one in _histories(revisions) for finding in _heads(one)]
    return []


def faults(project: Path) -> list[Finding]:
    """What keeps Alembic from reading the history of a project, each with its line."""
    revisions, unread = history.read(project)
    histories = _histories(revisions)
    found = [messages.unreadable(other.place, other.reason) for other in unread]
    for check in (_illegal, _twice, _label_twice, _lost):
        found += [finding for one in histories for finding in check(one)]
    # What is lost or there twice makes circles of its own, which are nobody's fault.
    return found or [finding for one in histories for finding in _circles(one)]


def _histories(revisions: Sequence[Revision]) -> list[list[Revision]]:
    """The revisions by the folders that one environment reads.

    Two folders are one history where a revision in one names what only the other has.
    """
    folders: dict[str, list[Revision]] = {}
    for revision in revisions:
        folders.setdefault(str(PurePosixPath(revision.file).parent), []).append(revision)
    found = list(folders.values())
    merged = True
    while merged:
        merged = False
        for one in found:
            named = {below for r in one for below in (*r.follows, *r.depends)} - _names(one)
            other = next((o for o in found if o is not one and named & _names(o)), None)
            if other:
                found = [o for o in found if o is not one and o is not other] + [one + other]
                merged = True
                break
    return found


def _names(revisions: Sequence[Revision]) -> set[str]:
    return {name for revision in revisions for name in (revision.id, *revision.labels)}


def _illegal(revisions: list[Revision]) -> Iterator[Finding]:
    for revision in revisions:
        if bad := [mark for mark in _ILLEGAL if mark in revision.id]:
            yield messages.illegal_id(revision.id, bad, revision.place("revision"))


def _twice(revisions: list[Revision]) -> Iterator[Finding]:
    seen: dict[str, Revision] = {}
    for revision in revisions:
        if revision.id in seen:
            first = seen[revision.id].place("revision")
            yield messages.same_id(revision.id, first, revision.place("revision"))
        seen[revision.id] = revision


def _label_twice(revisions: list[Revision]) -> Iterator[Finding]:
    seen: dict[str, Revision] = {}
    for revision in revisions:
        for label in revision.labels:
            if label in seen:
                first = seen[label].place("branch_labels")
                yield messages.same_label(label, first, revision.place("branch_labels"))
            seen[label] = revision


def _lost(revisions: list[Revision]) -> Iterator[Finding]:
    """Names of revisions that no file has. Alembic wants an id whole here, not a part of it."""
    ids = {revision.id for revision in revisions}
    labels = {label for revision in revisions for label in revision.labels}
    for revision in revisions:
        for below in revision.follows:
            if below not in ids:
                place = revision.place("down_revision")
                yield messages.follows_nothing(revision.id, below, place, ids)
        for needed in revision.depends:
            if needed not in ids | labels:
                place = revision.place("depends_on")
                yield messages.depends_on_nothing(revision.id, needed, place, ids)


def _circles(revisions: list[Revision]) -> Iterator[Finding]:
    """Revisions that come, over any number of steps, before themselves."""
    by_name = {name: r for r in revisions for name in (*r.labels, r.id)}
    below = {r.id: {by_name[n].id for n in (*r.follows, *r.depends)} for r in revisions}
    circling = []
    for revision in revisions:
        reached: set[str] = set()
        waiting = list(below[revision.id])
        while waiting:
            if (id_ := waiting.pop()) not in reached:
                reached.add(id_)
                waiting += below[id_]
        if revision.id in reached:
            circling.append(revision)
    if circling:
        yield messages.circle([(r.id, r.place("down_revision")) for r in circling])


def _heads(revisions: list[Revision]) -> Iterator[Finding]:
    followed = {below for revision in revisions for below in revision.follows}
    heads = [revision for revision in revisions if revision.id not in followed]
    if len(heads) > 1:
        yield messages.several_heads([(h.id, h.place("down_revision")) for h in heads])
