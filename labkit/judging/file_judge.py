"""Judging files: the claims in them, and that no statement of a migration is left unclaimed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from labkit import claim as claims
from labkit.annotation import owner_of
from labkit.claim import Claim
from labkit.judging.judgement import Judgement
from labkit.messages import judge as messages
from labkit.observation import Statement
from labkit.page import File, Step
from labkit.process import sent
from labkit.trial import Record
from labkit.verdict import Finding

# A file as one fence of a page wrote it, and the line of it on which a statement begins.
_Key = tuple[str, int, int]


@dataclass
class _Line:
    """All that was seen of one statement of a file.

    ``runs`` holds what it sent in each command that ran it, ``spoken`` the ``SQL:`` claims below
    those commands.
    """

    file: File
    claims: list[Claim] = field(default_factory=list)
    runs: list[list[Statement]] = field(default_factory=list)
    spoken: list[Claim] = field(default_factory=list)


def judge_files(
    steps: Sequence[Step],
    records: Sequence[Record],
    page: str,
    judged: Judgement,
    *,
    complete: bool,
) -> None:
    """Judge the claims in files.

    Args:
        complete: demand that each statement of a migration is claimed, in its file or below a
            command that ran it.
    """
    lines: dict[_Key, _Line] = {}
    for file in (step for step in steps if isinstance(step, File)):
        for claim in file.claims:
            lines.setdefault((file.path, file.line, claim.owner), _Line(file)).claims.append(claim)
            judged.verified["claims"] += 1
    made: dict[str, Statement] = {}
    spoken_of: set[str] = set()
    for record in records:
        spoken = [c for c in record.command.claims if c.kind == "SQL"]
        runs: dict[_Key, list[Statement]] = defaultdict(list)
        for statement in record.observation.statements:
            file_of = record.files.get(statement.place.file) if statement.place else None
            if statement.place and file_of:
                owner = owner_of(file_of.text, statement.place.line)
                key = (file_of.path, file_of.line, owner)
                lines.setdefault(key, _Line(file_of))
                runs[key].append(statement)
            elif statement.revision and not sent.reads_catalog(statement.text):
                made.setdefault(statement.text, statement)
                if any(sent.says(claim, statement.text) for claim in spoken):
                    spoken_of.add(statement.text)
        for key, run in runs.items():
            lines[key].runs.append(run)
            lines[key].spoken += spoken
    for key in sorted(lines, key=lambda key: key[1:]):
        judged.findings += _judge_line(lines[key], page, complete=complete)
    if complete:
        judged.findings += [
            messages.unclaimed(statement, page)
            for text, statement in made.items()
            if text not in spoken_of
        ]


def _judge_line(line: _Line, page: str, *, complete: bool) -> list[Finding]:
    found = _judge_statements(line, page, complete=complete)
    for claim in line.claims:
        if claim.kind != "SQL":
            found += _judge_cost(line, claim, f"{page}:{claim.line}")
    return found


def _judge_cost(line: _Line, claim: Claim, where: str) -> list[Finding]:
    """``Locks:`` and ``Cost:`` are those of one run at least, and no run has more."""
    whole = [run for run in line.runs if not sent.unseen(run, claim.kind)]
    if not line.runs:
        return [messages.never_ran(claim, where)]
    if not whole:
        hidden = sent.unseen(line.runs[0], claim.kind)[0]
        return [messages.unseen(claim, hidden, where)]
    if claim.kind == "Locks":
        said, held = claims.locks(claim.text), [sent.locks(run) for run in whole]
        wrong = [one for one in held if sent.locks_more(one, said)]
        if wrong or said not in held:
            return [messages.locks(claim, (wrong or held)[0], where)]
        return []
    limit, costs = claims.cost(claim.text), [sent.cost(run) for run in whole]
    dear = [one for one in costs if sent.costs_more(one, limit)]
    if dear or limit not in costs:
        return [messages.cost(claim, (dear or costs)[0], where)]
    return []


def _judge_statements(line: _Line, page: str, *, complete: bool) -> list[Finding]:
    done = list({s.text: s for run in line.runs for s in run}.values())
    wanted = [c for c in line.claims if c.kind == "SQL"]
    unseen = [c for c in wanted if not any(sent.says(c, s.text) for s in done)]
    unsaid = [
        s
        for s in done
        if s.revision
        and not sent.reads_catalog(s.text)
        and not any(sent.says(c, s.text) for c in (*wanted, *line.spoken))
    ]
    found = []
    for claim in unseen:
        # A statement that nothing claims is most likely the one that was meant.
        near = [unsaid.pop(0).text] if unsaid else [s.text for s in done]
        where = f"{page}:{claim.line}"
        found.append(messages.sql_not_sent(claim, near, where))
    if complete:
        found += [messages.unclaimed(s, page, _page_line(line.file, s)) for s in unsaid]
    if not unseen:
        for run in line.runs:
            if sent.out_of_order(wanted, run):
                found.append(messages.other_order(wanted, run, f"{page}:{wanted[0].line}"))
                break
    return found


def _page_line(file: File, statement: Statement) -> int:
    return file.line + statement.place.line - 1 if statement.place else 0
