"""Proofs: what has to be true of a lab before anybody learns from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from labkit.authoring.rehearsal import Rehearsal
from labkit.messages import proof as messages
from labkit.mistake import Mistake, loose_steps, mistakes
from labkit.need import impossible
from labkit.page import Page, Step
from labkit.show import plain
from labkit.verdict import Finding


@dataclass(frozen=True)
class Proof:
    """One proof: what it is about, and what speaks against it (nothing when it holds)."""

    name: str
    findings: tuple[Finding, ...]


def proofs(rehearsal: Rehearsal) -> Iterator[Proof]:
    """The page holds; the untouched example fails; the solution passes; each mistake is caught.

    A solution and a mistake hold too: what they claim of themselves is true. What needs another
    server is passed over: a task that can be judged on none of its checks, and an answer that
    cannot be given in full.
    """
    yield Proof("the page", tuple(rehearsal.judgement.findings))
    if not rehearsal.checks and rehearsal.lab.page.checks:
        return
    untouched = rehearsal.answer(())
    yield Proof("the untouched example", () if untouched.findings else (messages.UNTOUCHED_PASSES,))
    solution = rehearsal.lab.solution
    if not impossible(solution.steps, rehearsal.version):
        yield Proof("the solution", tuple(_tried(rehearsal, solution, solution.steps)))
    page = rehearsal.lab.mistakes
    if loose := loose_steps(page):
        yield Proof("the mistakes", tuple(messages.loose_step(step) for step in loose))
    for mistake in mistakes(page):
        if impossible(mistake.steps, rehearsal.version):
            continue
        yield Proof(f"the mistake “{mistake.name}”", tuple(_mistake(rehearsal, page, mistake)))


def _tried(rehearsal: Rehearsal, page: Page, steps: tuple[Step, ...]) -> Iterator[Finding]:
    answer = rehearsal.attempt(steps)
    yield from rehearsal.claimed(page, steps, answer).findings
    yield from rehearsal.judged(answer).findings


def _mistake(rehearsal: Rehearsal, page: Page, mistake: Mistake) -> Iterator[Finding]:
    answer = rehearsal.attempt(mistake.steps)
    yield from rehearsal.claimed(page, mistake.steps, answer).findings
    judged = rehearsal.judged(answer)
    if not judged.findings:
        yield messages.mistake_passes(mistake)
    elif not mistake.verdict:
        yield messages.no_verdict(mistake)
    elif (verdict := plain(judged.findings, rehearsal.lab.name)) != mistake.verdict:
        yield messages.other_verdict(mistake, verdict)
