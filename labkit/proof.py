"""Proofs: what has to be true of a lab before anybody learns from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from labkit.messages import proof as messages
from labkit.mistake import Mistake, mistakes
from labkit.rehearsal import Rehearsal
from labkit.show import plain
from labkit.verdict import Finding


@dataclass(frozen=True)
class Proof:
    """One proof: what it is about, and what speaks against it (nothing when it holds)."""

    name: str
    findings: tuple[Finding, ...]


def proofs(rehearsal: Rehearsal) -> Iterator[Proof]:
    """The page holds; the untouched example fails; the solution passes; each mistake is caught."""
    yield Proof("the page", tuple(rehearsal.judgement.findings))
    untouched = rehearsal.answer(())
    yield Proof("the untouched example", () if untouched.findings else (messages.UNTOUCHED_PASSES,))
    solved = rehearsal.answer(rehearsal.lab.solution.steps)
    yield Proof("the solution", tuple(solved.findings))
    for mistake in mistakes(rehearsal.lab.mistakes):
        yield Proof(f"the mistake “{mistake.name}”", tuple(_mistake(rehearsal, mistake)))


def _mistake(rehearsal: Rehearsal, mistake: Mistake) -> Iterator[Finding]:
    judged = rehearsal.answer(mistake.steps)
    if not judged.findings:
        yield messages.mistake_passes(mistake)
    elif (verdict := plain(judged.findings, rehearsal.lab.name)) != mistake.verdict:
        yield messages.other_verdict(mistake, verdict)
