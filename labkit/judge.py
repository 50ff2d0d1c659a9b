"""The judge: sets what a page claims beside what was observed, and names every difference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from labkit.judging.command_judge import Terms, judge_command
from labkit.judging.file_judge import judge_files
from labkit.judging.history import ids_in
from labkit.judging.judgement import Judgement
from labkit.messages import judge as messages
from labkit.page import Command, Page, Step
from labkit.trial import Record

__all__ = ["Judgement", "judge_answer", "judge_check", "judge_page"]


def judge_page(
    page: Page, steps: Sequence[Step], records: Sequence[Record], snapshots: Path
) -> Judgement:
    """Judge a run of a page: every claim true, and everything that was done claimed."""
    judged = _judge_commands(steps, records, Terms(snapshots, page.path.name, complete=True))
    judge_files(steps, records, page.path.name, judged, complete=True)
    return judged


def judge_check(
    page: Page, steps: Sequence[Command], records: Sequence[Record], snapshots: Path
) -> Judgement:
    """Judge an answer: what the page's check fences claim is true of the learner's files."""
    return _judge_commands(steps, records, Terms(snapshots, given=ids_in(page.steps)))


def judge_answer(
    page: Page,
    steps: Sequence[Step],
    records: Sequence[Record],
    checks: Sequence[Record],
    snapshots: Path,
) -> Judgement:
    """Judge what an answer in ``solution.md`` or ``mistakes.md`` says of itself.

    Its commands do not fail unless it says so, and each of its claims is true. It need not claim
    all that it does.

    Args:
        steps: the answer's own files and commands.
        records: what its commands did.
        checks: what the checks did with it afterwards; they may be the first to run its files.
    """
    judged = _judge_commands(steps, records, Terms(snapshots, page.path.name))
    judge_files(steps, [*records, *checks], page.path.name, judged, complete=False)
    return judged


def _judge_commands(steps: Sequence[Step], records: Sequence[Record], terms: Terms) -> Judgement:
    judged = Judgement()
    for number in range(len(records)):
        judge_command(records[: number + 1], terms, judged)
    judged.verified["commands"] = len(records)
    asked = [step for step in steps if isinstance(step, Command)]
    if len(records) < len(asked):
        judged.findings.append(messages.unreached(asked[len(records) :]))
    return judged
