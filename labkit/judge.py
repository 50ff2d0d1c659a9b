"""The judge: sets what a page claims beside what was observed, and names every difference."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from labkit import claim as claims
from labkit import snapshot
from labkit.blame import blame
from labkit.claim import Claim
from labkit.compare import compare
from labkit.messages import judge as messages
from labkit.observation import Statement
from labkit.page import Command, File, Page, Step
from labkit.trial import Record
from labkit.verdict import Finding


@dataclass
class Judgement:
    """What the judge found, and how much was compared to find it."""

    findings: list[Finding] = field(default_factory=list)
    verified: Counter[str] = field(default_factory=Counter)


@dataclass
class _Line:
    """All that was seen of one statement of a file: what it sent, in each command that ran it."""

    file: File
    owner: int
    claims: list[Claim] = field(default_factory=list)
    runs: list[list[Statement]] = field(default_factory=list)
    allowed: list[Claim] = field(default_factory=list)


def judge_page(
    page: Page, steps: Sequence[Step], records: Sequence[Record], snapshots: Path
) -> Judgement:
    """Judge a run of a page: every claim true, and everything that was done claimed."""
    judgement = Judgement()
    name = page.path.name
    for record in records:
        _judge_command(record, snapshots, name, judgement, whole=True)
    _judge_files(steps, records, name, judgement)
    _count_unreached(steps, records, judgement)
    return judgement


def judge_check(
    page: Page, steps: Sequence[Command], records: Sequence[Record], snapshots: Path
) -> Judgement:
    """Judge an answer: what the page's check fences claim is true of the learner's files."""
    judgement = Judgement()
    for record in records:
        _judge_command(record, snapshots, page.path.name, judgement, whole=False)
    _count_unreached(steps, records, judgement)
    return judgement


def _count_unreached(steps: Sequence[Step], records: Sequence[Record], judged: Judgement) -> None:
    asked = sum(isinstance(step, Command) for step in steps)
    judged.verified["commands"] = len(records)
    if records and len(records) < asked and judged.findings:
        judged.findings.append(messages.unreached(asked - len(records)))


def _judge_command(
    record: Record, snapshots: Path, page: str, judged: Judgement, *, whole: bool
) -> None:
    """Judge one command; ``whole`` demands that the page shows all that it did."""
    command, seen = record.command, record.observation

    def at(line: int) -> str:
        # An answer is not mended on the page, so a learner is not sent there.
        return f"{page}:{line}" if whole else ""

    by_kind: dict[str, list[Claim]] = defaultdict(list)
    for claim in command.claims:
        by_kind[claim.kind].append(claim)
    judged.verified["claims"] += len(command.claims)
    if seen.interrupted or seen.timed_out:
        judged.findings.append(messages.never_ended(seen))
        return
    found = judged.findings
    if record.failed:
        found += record.history or [messages.failed(seen, at(command.line))]
        return
    if seen.failure and seen.failure.kind == "SystemExit" and seen.failure.place:
        found.append(messages.left_early(seen, str(seen.failure.place)))
    found += _judge_output(record, by_kind, at, whole=whole)
    for claim in by_kind["Version"]:
        actual = frozenset(record.snapshot.alembic_version or ()) if record.snapshot else None
        if actual != claims.versions(claim.text):
            found.append(messages.version(seen, claim, actual, at(claim.line)))
    for claim in by_kind["Rows"]:
        for table, number in claims.rows(claim.text).items():
            if record.rows.get(table) != number:
                found.append(
                    messages.rows(seen, table, number, record.rows.get(table), at(claim.line))
                )
    sent = seen.migrated
    for claim in by_kind["Locks"]:
        if (held := _locks(sent)) != claims.locks(claim.text):
            found.append(messages.locks(claim, held, at(claim.line)))
    for claim in by_kind["Cost"]:
        if (spent := _cost(sent)) != claims.cost(claim.text):
            found.append(messages.cost(claim, spent, at(claim.line)))
    for claim in by_kind["SQL"]:
        if not any(_says(claim, s) for s in seen.statements):
            found.append(messages.sql_not_sent(claim, [s.text for s in sent], at(claim.line)))
    if command.snapshot:
        _judge_snapshot(record, snapshots, judged)


def _judge_output(
    record: Record, by_kind: dict[str, list[Claim]], at: Callable[[int], str], *, whole: bool
) -> list[Finding]:
    seen = record.observation
    printed = "\n".join(line.rstrip() for line in seen.output.strip().splitlines())
    found = []
    for claim in by_kind["Error"]:
        wanted = "\n".join(claim.lines)
        shown = claims.pattern(wanted, any_line=True).search(printed)
        if seen.status == 0 or not shown:
            found.append(messages.error(claim, seen, at(claim.line)))
    if outputs := by_kind["Output"]:
        wanted = "\n".join(line for claim in outputs for line in claim.lines)
        flat = "\n".join(line.strip() for line in printed.splitlines())
        if not claims.pattern(wanted).match(flat):
            found.append(messages.output(seen, wanted, printed, at(outputs[0].line)))
    elif whole and printed and not by_kind["Error"]:
        found.append(messages.output_not_shown(seen, printed, at(record.command.line)))
    return found


def _judge_snapshot(record: Record, snapshots: Path, judged: Judgement) -> None:
    expected = snapshot.load(snapshots / f"{record.command.snapshot}.yaml")
    judged.verified["snapshots"] += 1
    assert record.snapshot is not None
    versioned = any(claim.kind == "Version" for claim in record.command.claims)
    for difference in compare(expected, record.snapshot):
        if versioned and difference.kind == "alembic_version":
            continue
        place = blame(difference, record.observation.statements)
        judged.findings.append(messages.difference(difference, place, record.command))


def _judge_files(
    steps: Sequence[Step], records: Sequence[Record], page: str, judged: Judgement
) -> None:
    """Judge the claims in files, and that no statement of a migration is left unclaimed."""
    lines = {
        (file.path, file.line, claim.owner): _Line(file, claim.owner)
        for file in steps
        if isinstance(file, File)
        for claim in file.claims
    }
    for file in (step for step in steps if isinstance(step, File)):
        for claim in file.claims:
            lines[file.path, file.line, claim.owner].claims.append(claim)
            judged.verified["claims"] += 1
    for record in records:
        spoken = [c for c in record.command.claims if c.kind == "SQL"]
        groups: dict[tuple[str, int, int], list[Statement]] = defaultdict(list)
        for statement in record.observation.statements:
            if not statement.place:
                continue
            file_step = record.files.get(statement.place.file)
            if file_step:
                owner = claims.owner_of(file_step.text, statement.place.line)
                key = (file_step.path, file_step.line, owner)
                lines.setdefault(key, _Line(file_step, owner)).allowed += spoken
                groups[key].append(statement)
            elif statement.revision and not any(_says(claim, statement) for claim in spoken):
                judged.findings.append(messages.unclaimed(statement, page))
        for key, group in groups.items():
            lines[key].runs.append(group)
    for line in lines.values():
        judged.findings += _judge_line(line, page)


def _judge_line(line: _Line, page: str) -> list[Finding]:
    found = []
    sent = list({s.text: s for run in line.runs for s in run}.values())
    wanted = [c for c in line.claims if c.kind == "SQL"]
    unseen = [c for c in wanted if not any(_says(c, s) for s in sent)]
    claimed = (*wanted, *line.allowed)
    unsaid = [s for s in sent if s.revision and not any(_says(c, s) for c in claimed)]
    for claim in unseen:
        near = [unsaid.pop(0).text] if unsaid else [s.text for s in sent]
        found.append(messages.sql_not_sent(claim, near, f"{page}:{claim.line}"))
    found += [messages.unclaimed(s, page) for s in unsaid]
    for claim in line.claims:
        where = f"{page}:{claim.line}"
        if claim.kind == "Locks":
            said = claims.locks(claim.text)
            held = [_locks(run) for run in line.runs]
            if wrong := [h for h in held if not h.items() <= said.items()] or (
                held if said not in held else []
            ):
                found.append(messages.locks(claim, wrong[0], where))
            elif not held:
                found.append(messages.never_ran(claim, where))
        elif claim.kind == "Cost":
            limit = claims.cost(claim.text)
            costs = [_cost(run) for run in line.runs]
            if dear := [c for c in costs if not (c[0] <= limit[0] and c[1] <= limit[1])] or (
                costs if limit not in costs else []
            ):
                found.append(messages.cost(claim, dear[0], where))
            elif not costs:
                found.append(messages.never_ran(claim, where))
    return found


def _says(claim: Claim, statement: Statement) -> bool:
    return bool(claims.pattern(claim.text).match(claims.fold(statement.text)))


def _locks(statements: Iterable[Statement]) -> dict[str, str]:
    """The strongest mode on each table over some statements."""
    strongest: dict[str, str] = {}
    for statement in statements:
        for table, mode in statement.locks.items():
            held = strongest.get(table, mode)
            strongest[table] = max(held, mode, key=claims.LOCK_MODES.index)
    return strongest


def _cost(statements: Iterable[Statement]) -> tuple[frozenset[str], frozenset[str]]:
    """(rewritten tables, tables scanned without being rewritten) over some statements."""
    rewritten: set[str] = set()
    scanned: set[str] = set()
    for statement in statements:
        rewritten.update(statement.rewrites)
        scanned.update(statement.scans)
    return frozenset(rewritten), frozenset(scanned - rewritten)
