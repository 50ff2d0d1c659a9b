"""Judging a journey: what an answer's own revisions leave behind, lose, or cannot undo."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from labkit.compare import compare
from labkit.journey import Journey, Leg
from labkit.judging.blame import Sent, blame, blame_rows
from labkit.judging.judgement import Judgement
from labkit.messages import journey as messages
from labkit.messages import judge as judge_messages
from labkit.observation import Statement
from labkit.schema.difference import Difference
from labkit.snapshot import Snapshot
from labkit.trial import Record
from labkit.verdict import Finding

_STEERS = re.compile(
    r"\s*(?:COMMIT|END|ABORT|BEGIN|START\s+TRANSACTION|ROLLBACK(?!\s+(?:\w+\s+)?TO\b))\b",
    re.IGNORECASE,
)
_NOT_VALID = " NOT VALID"
_DELETES = re.compile(r"\s*(?:WITH\b.*\b)?(?:DELETE|TRUNCATE|MERGE)\b", re.IGNORECASE | re.DOTALL)


def judge_journey(
    journey: Journey, checked: Sequence[Record], wanted: Sequence[Snapshot], judged: Judgement
) -> None:
    """Add what speaks against it, and what the checks have not found already.

    Args:
        checked: what the checks of the page did.
        wanted: the schemas that they ask for; what leads to one of them is right.
    """
    known = {finding.what for finding in judged.findings}
    places = {finding.place for finding in judged.findings if finding.place}
    records = [*checked, *(record for leg in journey.legs for record in leg.records)]
    for finding in _steering(journey, records):
        judged.findings.append(finding)
    for number, leg in enumerate(journey.legs, 1):
        judged.verified["round trips"] += leg.failed is None
        before = [record for earlier in journey.legs[:number] for record in earlier.records]
        for finding in _leg(leg, before, wanted):
            is_failure = bool(leg.failed) and finding.place in places
            if finding.what not in known and not is_failure:
                judged.findings.append(finding)


def _steering(journey: Journey, records: Sequence[Record]) -> Iterator[Finding]:
    """Statements of own revisions that end or begin a transaction, each line once."""
    seen = set()
    for record in records:
        for statement in record.observation.migrated:
            place = statement.place
            own = place is not None and place.file in journey.own and place not in seen
            if own and _STEERS.match(statement.text) and not statement.failure:
                seen.add(place)
                yield messages.own_transaction(statement)


def _leg(leg: Leg, records: Sequence[Record], wanted: Sequence[Snapshot]) -> Iterator[Finding]:
    id_ = leg.revision.id
    names = [record.command.text for record in leg.records]
    up, down, again = [*leg.states[1:], None, None, None][:3]
    traces: list[Difference] = []
    if down:
        traces = _apart(leg.states[0].schema, down.schema, wanted)
        for difference in traces:
            place = blame(difference, _sent(leg, records, 2)) or leg.revision.downgrade
            yield messages.trace(difference, place, names[1], id_)
    if up and again and not traces:
        for difference in _apart(up.schema, again.schema, wanted):
            place = blame(difference, _sent(leg, records, 3))
            yield messages.other_way_up(difference, place, names[2], id_)
    yield from _rows(leg, records)
    if leg.failed and not traces:
        yield from _failure(leg, leg.failed)


def _failure(leg: Leg, record: Record) -> Iterator[Finding]:
    """A command that PostgreSQL refused for a line of the revision.

    Anything else may be due to the way it was started, and is left to the page's own checks.
    """
    failure = record.observation.failure
    place = failure.place if failure and failure.sqlstate else None
    if record.ended and place and place.file == leg.revision.file:
        yield judge_messages.failed(record.observation, "")


def _rows(leg: Leg, records: Sequence[Record]) -> Iterator[Finding]:
    """Tables that are there on both sides of a command, and have lost rows in between."""
    for number, (before, after) in enumerate(pairwise(leg.states)):
        record = leg.records[number]
        if any(_DELETES.match(s.text) for s in record.observation.migrated):
            continue
        for table, rows in before.rows.items():
            left = after.rows.get(table)
            if rows and left is not None and left < rows:
                place = blame_rows(table, _sent(leg, records, number + 1))
                yield messages.lost_rows(table, rows, left, record.command.text, place)


def _apart(expected: Snapshot, actual: Snapshot, wanted: Sequence[Snapshot]) -> list[Difference]:
    """Differences of two schemas, none where the second one is what the page asks for there."""
    found = _differences(expected, actual)
    there = [one for one in wanted if one.alembic_version == actual.alembic_version]
    return [] if any(not _differences(one, actual) for one in there) else found


def _differences(expected: Snapshot, actual: Snapshot) -> list[Difference]:
    found = compare(_schema(expected), _schema(actual))
    return [difference for difference in found if not _cannot_be_undone(difference)]


def _cannot_be_undone(difference: Difference) -> bool:
    """Whether PostgreSQL has no way back, or none that is worth it, so that no answer takes it.

    A column that comes back is the last one of its table, what was validated stays valid, and no
    statement takes a name out of an enum.
    """
    expected, actual = difference.expected or "", difference.actual or ""
    if difference.change != "changed":
        return False
    if difference.kind == "enum":
        names = iter(actual.strip("()").split(", "))
        return all(name in names for name in expected.strip("()").split(", "))
    validated = expected.endswith(_NOT_VALID) and expected.removesuffix(_NOT_VALID) == actual
    return difference.part == "column order" or validated


def _schema(whole: Snapshot) -> Snapshot:
    content = {k: v for k, v in whole.content.items() if k not in ("rows", "alembic_version")}
    return Snapshot(content)


def _sent(leg: Leg, records: Sequence[Record], taken: int) -> Sent:
    """What was sent up to a command of a leg, the last of ``records`` being its last."""
    rest = len(leg.records) - taken
    statements: list[Statement] = [
        statement
        for record in records[: len(records) - rest]
        for statement in record.observation.statements
        if statement.place and (record.observation.status == 0 or statement.outside)
    ]
    record = leg.records[taken - 1]
    return Sent(statements, record.revisions, record.versions)
