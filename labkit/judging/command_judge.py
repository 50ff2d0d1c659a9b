"""Judging a command: what is claimed below its “$ ” line, beside what it did and left behind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labkit import claim as claims
from labkit import snapshot
from labkit.claim import FILE_KINDS, Claim
from labkit.compare import compare
from labkit.judging import printed
from labkit.judging.blame import Sent, blame, blame_rows
from labkit.judging.judgement import Judgement
from labkit.messages import judge as messages
from labkit.observation import Statement
from labkit.process import sent
from labkit.trial import Record
from labkit.verdict import Finding


@dataclass(frozen=True)
class Terms:
    """What a run is judged by.

    ``page`` is the name of the page that findings point to, "" where the reader does not mend it:
    a learner whose answer is judged is sent to the answer's own lines. ``complete`` demands that
    the page shows all that was done. ``given`` holds the revision ids that a learner was given;
    others are the learner's to choose.
    """

    snapshots: Path
    page: str = ""
    complete: bool = False
    given: frozenset[str] = frozenset()

    def at(self, line: int) -> str:
        """A line of the page as a place."""
        return f"{self.page}:{line}" if self.page else ""


def judge_command(records: Sequence[Record], terms: Terms, judged: Judgement) -> None:
    """Judge the last command of a trial so far."""
    record = records[-1]
    seen, found = record.observation, judged.findings
    if seen.interrupted or seen.timed_out:
        found.append(messages.never_ended(seen))
    elif record.failed:
        found += record.history or [messages.failed(seen, terms.at(record.command.line))]
    else:
        judged.verified["claims"] += len(record.command.claims)
        if record.left_early and seen.failure:
            found.append(messages.left_early(seen, seen.failure))
        _Command(records, terms, judged).judge()


class _Command:
    """One command with its claims, by their kind."""

    def __init__(self, records: Sequence[Record], terms: Terms, judged: Judgement) -> None:
        self.records, self.terms, self.judged = records, terms, judged
        self.record = records[-1]
        self.seen = self.record.observation
        self.claims: dict[str, list[Claim]] = defaultdict(list)
        for claim in self.record.command.claims:
            self.claims[claim.kind].append(claim)

    def judge(self) -> None:
        """Add a finding for everything that is not as claimed."""
        found = self.judged.findings
        judges = (self._gaps, self._errors, self._output, self._rows, self._costs, self._statements)
        for judge in judges:
            found += judge()
        wrong_version = self._version()
        found += wrong_version
        if self.record.command.snapshot:
            self._snapshot(version_told=bool(wrong_version))

    def _gaps(self) -> list[Finding]:
        told = self.terms.complete or any(self.claims[kind] for kind in FILE_KINDS)
        place = self.terms.at(self.record.command.line)
        return [messages.gaps(self.seen, place)] if self.seen.gaps and told else []

    def _errors(self) -> list[Finding]:
        return [
            messages.error(claim, self.seen, self.terms.at(claim.line))
            for claim in self.claims["Error"]
            if self.seen.status == 0 or not printed.tells(claim.lines, self.seen)
        ]

    def _output(self) -> list[Finding]:
        seen, said = self.seen, self.claims["Output"]
        shown = "\n".join(printed.lines(seen.output))
        if said:
            wanted = [line for claim in said for line in claim.lines]
            if not printed.shows(wanted, seen.output):
                place = self.terms.at(said[0].line)
                return [messages.output(seen, "\n".join(wanted), shown, place)]
        elif self.terms.complete and shown and not self.claims["Error"]:
            return [messages.output_not_shown(seen, shown, self.terms.at(self.record.command.line))]
        return []

    def _version(self) -> list[Finding]:
        actual = self.record.versions or frozenset()
        return [
            messages.version(self.seen, claim, actual, self.terms.at(claim.line))
            for claim in self.claims["Version"]
            if actual != claims.versions(claim.text)
        ]

    def _rows(self) -> list[Finding]:
        found = []
        for claim in self.claims["Rows"]:
            for table, number in claims.rows(claim.text).items():
                actual = self.record.rows.get(table)
                if actual != number:
                    place = self.terms.at(claim.line) or _text(blame_rows(table, self._sent()))
                    found.append(messages.rows(self.seen, table, number, actual, place))
        return found

    def _costs(self) -> list[Finding]:
        """Locks and cost: on a page exactly as claimed, of an answer no more than that."""
        found = []
        done = self.seen.migrated
        exact = bool(self.terms.page)
        for claim in (*self.claims["Locks"], *self.claims["Cost"]):
            if unseen := sent.unseen(done, claim.kind):
                found.append(messages.unseen(claim, unseen[0], self._place(claim, unseen)))
            elif claim.kind == "Locks":
                said, held = claims.locks(claim.text), sent.locks(done)
                if sent.locks_more(held, said) or (exact and held != said):
                    causes = [s for s in done if sent.locks_more(s.locks, said)]
                    place = self._place(claim, causes)
                    found.append(messages.locks(claim, held, place, causes))
            else:
                limit, spent = claims.cost(claim.text), sent.cost(done)
                if sent.costs_more(spent, limit) or (exact and spent != limit):
                    causes = [s for s in done if sent.costs_more(sent.cost([s]), limit)]
                    place = self._place(claim, causes)
                    found.append(messages.cost(claim, spent, place, causes))
        return found

    def _place(self, claim: Claim, causes: Sequence[Statement]) -> str:
        """The page's line, or else the line that sent the first statement that is the cause."""
        return self.terms.at(claim.line) or (_text(causes[0].place) if causes else "")

    def _statements(self) -> list[Finding]:
        said = self.claims["SQL"]
        missing = [c for c in said if not any(sent.says(c, s.text) for s in self.seen.statements)]
        done = [s.text for s in self.seen.migrated]
        found = [messages.sql_not_sent(c, done, self.terms.at(c.line)) for c in missing]
        if sent.out_of_order(said, self.seen.statements):
            named = [s for s in self.seen.statements if any(sent.says(c, s.text) for c in said)]
            found.append(messages.other_order(said, named, self.terms.at(said[0].line)))
        return found

    def _snapshot(self, *, version_told: bool) -> None:
        command, actual = self.record.command, self.record.snapshot
        assert actual is not None
        expected = snapshot.load(self.terms.snapshots / f"{command.snapshot}.yaml")
        self.judged.verified["snapshots"] += 1
        for table in actual.row_tables:
            if table not in expected.row_tables:
                self.judged.findings.append(
                    messages.rows_not_recorded(table, command, self.terms.at(command.line))
                )
        for difference in compare(expected, actual):
            if difference.kind == "alembic_version" and (
                version_told or self._is_own_revision(expected, actual)
            ):
                continue
            place = blame(difference, self._sent())
            self.judged.findings.append(messages.difference(difference, place, command))

    def _is_own_revision(self, expected: snapshot.Snapshot, actual: snapshot.Snapshot) -> bool:
        """Whether a learner's database stands at a revision whose id nobody had given."""
        if self.terms.page or self.claims["Version"]:
            return False
        given = self.terms.given
        wanted, there = set(expected.alembic_version or ()), set(actual.alembic_version or ())
        return len(wanted) == len(there) and wanted & given == there & given

    def _sent(self) -> Sent:
        return Sent(
            # What a failed command sent in a transaction was rolled back.
            [
                statement
                for record in self.records
                for statement in record.observation.statements
                if statement.place and (record.observation.status == 0 or statement.outside)
            ],
            self.record.revisions,
            self.record.versions,
        )


def _text(place: object) -> str:
    return str(place) if place else ""
