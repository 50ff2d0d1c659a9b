"""A diagram keeps its rules: direction, labels, comments, palette."""

from __future__ import annotations

import pytest

from labkit.authoring.diagram import diagram_faults

GOOD = """\
flowchart TD
    %% a comment
    A["one"] -->|"goes to"| B["two"]
    B -->|"comes back to"| A
    A & B -->|"lead to"| C("three")
    classDef blue fill:#0173B2,color:#FFFFFF
    class A,B blue
"""


def test_a_diagram_that_keeps_all_rules_has_no_fault() -> None:
    assert list(diagram_faults(GOOD)) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("flowchart TD", "flowchart LR", 1, "opens with “flowchart TD”"),
        ("flowchart TD", "graph TD", 1, "opens with “flowchart TD”"),
        ("%% a comment", "%%{init: {}}%%", 2, "is a directive"),
        ('B -->|"comes back to"| A', "B --> A", 4, "an edge has no label"),
        ('C("three")', "C", 5, "the node C has no label"),
        ("#0173B2", "#FF0000", 6, "the colour #FF0000 is not in the palette"),
        ('A["one"]', "A[one", 3, "cannot be read as a node"),
    ],
)
def test_each_broken_rule_is_told_with_its_line(old: str, new: str, line: int, what: str) -> None:
    assert old in GOOD
    found = list(diagram_faults(GOOD.replace(old, new, 1)))
    assert [number for number, told in found if what in told] == [line]
