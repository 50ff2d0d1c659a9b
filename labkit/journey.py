"""Journeys: an answer's own revisions taken up, down and up again, from where the page ends.

What the checks of a page have been through already is not done a second time.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from labkit import look, workspace
from labkit.audience import Audience, watch
from labkit.judging import disorder, history
from labkit.judging.history import Revision, applied
from labkit.lab import Lab
from labkit.messages import journey as messages
from labkit.page import Command, File, Page
from labkit.run import Runner
from labkit.schema import tree
from labkit.server import Server
from labkit.snapshot import Snapshot
from labkit.trial import CHECK_SECONDS, Record, Trial, count_rows

_MAKES = re.compile(r"\balembic\b.*\b(?:revision|merge|init|edit)\b|\bcommand\.")


@dataclass(frozen=True)
class State:
    """The schema at one point of the way, and how many rows the tables have that were there."""

    schema: Snapshot
    rows: Mapping[str, int | None]


@dataclass(frozen=True)
class Leg:
    """One revision on its way up, down and up again.

    ``states`` are those before and behind each command of ``records`` that passed. Where one failed
    it is the last record, and there is no state behind it.
    """

    revision: Revision
    records: tuple[Record, ...]
    states: tuple[State, ...]

    @property
    def failed(self) -> Record | None:
        """The command that did not pass, None where all did."""
        return self.records[-1] if len(self.records) == len(self.states) else None


@dataclass(frozen=True)
class Journey:
    """The legs of an answer; ``own`` are the files of all its revisions, walked or not."""

    legs: tuple[Leg, ...] = ()
    own: frozenset[str] = frozenset()

    @property
    def interrupted(self) -> Record | None:
        """The command that Ctrl-C ended."""
        records = [record for leg in self.legs for record in leg.records]
        return next((one for one in records if one.observation.interrupted), None)


def walk(
    lab: Lab,
    project: Path,
    checked: Sequence[Record],
    *,
    given: Mapping[str, str],
    end: str,
    server: Server,
    runner: Runner,
    scratch: Path,
    audience: Audience,
) -> Journey:
    """Take an answer's own revisions up, down and up again, each from the one below it.

    Only a single line of revisions that Alembic can put in order is walked.

    Args:
        checked: what the checks of the page did.
        given: the fingerprint of each file as the page left it; what differs is the answer's own.
        end: the name of a database as the page left it; an empty one is used where it is missing,
            or where an own revision has run in it.
    """
    revisions, unread = history.read(project)
    own = own_revisions(revisions, project, given)
    found = Journey(own=frozenset(one.file for one in own))
    line = _line(revisions)
    todo = [one for one in line if one in own and not _is_covered(one, line, checked)]
    if unread or not todo or disorder.faults(project):
        return found
    lowest = min(line.index(one) for one in line if one in own)
    with (
        workspace.copied(project, scratch) as copy,
        _start(lab, server, end, line, lowest) as start,
    ):
        url, at, there = start
        audience.aside(messages.walking([one.id for one in todo]))
        trial = Trial(copy, url, runner, timeout=CHECK_SECONDS, costs=audience.costs)
        walker = _Walker(trial, audience, there)
        legs: list[Leg] = []
        for one in todo:
            below = line.index(one) - 1
            if below > at and not walker.went("upgrade", line[below].id):
                break
            legs.append(walker.leg(one))
            at = below + 1
            if legs[-1].failed:
                break
    return Journey(tuple(legs), found.own)


def given_by(page: Page) -> dict[str, str]:
    """The fingerprints of a page's own files, as far as they are known without running it.

    Nothing where a command of the page makes revisions, which could not be told from an answer's.
    """
    if any(isinstance(step, Command) and _MAKES.search(step.text) for step in page.example):
        return {}
    files = [step for step in page.example if isinstance(step, File)]
    return {step.path: tree.fingerprint(step.text.encode()) for step in files}


class _Walker:
    """Takes one leg after the other in one database."""

    def __init__(self, trial: Trial, audience: Audience, there: Snapshot) -> None:
        self._trial = trial
        self._audience = audience
        self._there = there

    def went(self, verb: str, target: str) -> bool:
        """Go to a revision; False where the command did not pass."""
        command = Command(f"alembic {verb} {shlex.quote(target)}", 0, snapshot="the journey")
        watch(self._trial, [command], self._audience)
        seen = self._trial.records[-1].snapshot
        self._there = seen or self._there
        return seen is not None

    def leg(self, revision: Revision) -> Leg:
        """Take one revision up, down and up again, as far as it goes."""
        records = self._trial.records
        begun = len(records)
        tables = tuple(self._there.content.get("tables", {}))
        states = [State(self._there, count_rows(self._trial.url, tables))]
        below = revision.follows[0] if revision.follows else "base"
        for verb, target in (
            ("upgrade", revision.id),
            ("downgrade", below),
            ("upgrade", revision.id),
        ):
            if not self.went(verb, target):
                break
            states.append(State(self._there, count_rows(self._trial.url, tables)))
        return Leg(revision, tuple(self._trial.records[begun:]), tuple(states))


@contextmanager
def _start(
    lab: Lab, server: Server, end: str, line: Sequence[Revision], lowest: int
) -> Iterator[tuple[str, int, Snapshot]]:
    """A database below the lowest own revision, where on the line it is (-1: base), its schema."""
    with ExitStack() as stack:
        if end and server.exists(end):
            url = stack.enter_context(server.throwaway(lab.database, template=end)).url
            there = look.schema(url)
            at = _position(there.alembic_version or [], line)
            made_by_hand = at == -1 and there.content.get("tables")
            if at is not None and at < lowest and not made_by_hand:
                yield url, at, there
                return
        url = stack.enter_context(server.throwaway(lab.database)).url
        yield url, -1, look.schema(url)


def _position(versions: Sequence[str], line: Sequence[Revision]) -> int | None:
    """Where on a line a database stands, None where it is nowhere on it."""
    if not versions:
        return -1
    places = [number for number, one in enumerate(line) if [one.id] == list(versions)]
    return places[0] if places else None


def own_revisions(
    revisions: Sequence[Revision], project: Path, given: Mapping[str, str]
) -> list[Revision]:
    """The revisions of an answer; none where nobody knows what the page has left."""
    return [
        one
        for one in revisions
        if given and given.get(one.file) != tree.fingerprint((project / one.file).read_bytes())
    ]


def _line(revisions: Sequence[Revision]) -> list[Revision]:
    """Revisions from the first to the head; nothing where they branch, merge or lean on others."""
    above = {one.follows: one for one in revisions}
    found: list[Revision] = []
    following: tuple[str, ...] = ()
    while following in above and len(found) < len(revisions):
        found.append(above[following])
        following = (found[-1].id,)
    simple = len(found) == len(revisions) and not any(one.depends for one in revisions)
    return found if simple else []


def _is_covered(one: Revision, line: Sequence[Revision], checked: Sequence[Record]) -> bool:
    """Whether the checks took a revision alone up, down and up again, and looked at rows."""
    below = line[: line.index(one)]
    expected = ["up", "down", "up"]
    for record in checked:
        if record.command.live or record.versions is None or not expected:
            continue
        there = applied(line, tuple(record.versions))
        looked = bool(record.command.rows) or any(record.rows.values())
        above = one.id in there
        at_below = not above and there >= {other.id for other in below}
        if looked and (above if expected[0] == "up" else at_below):
            expected.pop(0)
    return not expected
