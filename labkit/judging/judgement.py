"""Judgements: what was found, and how much was compared to find it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from labkit.verdict import Finding


@dataclass
class Judgement:
    """What the judge found; ``verified`` counts what was compared ("claims": 23)."""

    findings: list[Finding] = field(default_factory=list)
    verified: Counter[str] = field(default_factory=Counter)
