"""One world for each kind of change that must be seen, and of non-change that must not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from labkit import snapshot
from labkit.compare import compare
from labkit.snapshot import Snapshot

CASES = Path(__file__).parent / "cases"
CHANGES = yaml.safe_load((CASES / "changes.yaml").read_text("utf-8"))
SAME = yaml.safe_load((CASES / "same.yaml").read_text("utf-8"))

Case = dict[str, Any]
Run = Callable[[str], None]


def cases(found: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", found, ids=[case["name"] for case in found])


def fits(case: Case, world: Any) -> None:
    if world.server_version < case.get("since", 14) * 10000:
        pytest.skip(f"PostgreSQL {case['since']} is the first that can express it")


def close(expected: Snapshot, actual: Snapshot, world: Any, paste: Run) -> None:
    """Paste every remedy, in order; nothing is left to tell."""
    for difference in compare(expected, actual):
        assert difference.remedy is not None, difference.sentence
        paste(difference.remedy)
    assert [left.sentence for left in compare(expected, snapshot.read(world))] == []


def test_there_are_enough_cases() -> None:
    assert len(CHANGES) + len(SAME) >= 200
    for found in (CHANGES, SAME):
        assert len({case["name"] for case in found}) == len(found)


@cases(CHANGES)
def test_a_change_is_told_and_its_remedy_makes_it_good(
    case: Case, world: Any, execute: Run, paste: Run
) -> None:
    fits(case, world)
    execute(case["before"])
    expected = snapshot.read(world)
    execute("SAVEPOINT before")
    execute(case["change"])
    actual = snapshot.read(world)
    assert [told.sentence for told in compare(expected, actual)] == case["says"]
    assert snapshot.load(snapshot.dump(actual)) == actual
    remedies = case.get("remedies", "both")
    if remedies == "none":
        assert all(told.remedy is None for told in compare(expected, actual))
    else:
        close(expected, actual, world, paste)
    if remedies == "both":
        execute("ROLLBACK TO before")
        close(actual, expected, world, paste)


@cases(SAME)
def test_two_ways_to_the_same_schema_have_the_same_snapshot(
    case: Case, world: Any, execute: Run
) -> None:
    fits(case, world)
    found = []
    for way in ("one", "other"):
        execute("SAVEPOINT empty")
        execute(case[way])
        found.append(snapshot.read(world))
        execute("ROLLBACK TO empty")
    assert [told.sentence for told in compare(*found)] == []
    assert snapshot.dump(found[0]) == snapshot.dump(found[1])
    assert found[0].content
