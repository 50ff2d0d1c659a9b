"""A schema is the same on every server that can hold it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from labkit import snapshot
from labkit.compare import compare

CASES = Path(__file__).parent / "cases"


def test_what_was_recorded_on_the_oldest_server_is_read_on_each(
    world: Any, execute: Callable[[str], None]
) -> None:
    execute((CASES / "everything.sql").read_text("utf-8"))
    found = snapshot.read(world)
    recorded = snapshot.load(CASES / "everything.yaml")
    assert [told.sentence for told in compare(recorded, found)] == []
    assert snapshot.dump(found) == snapshot.dump(recorded)


def test_a_snapshot_of_everything_survives_being_written_and_loaded(
    world: Any, execute: Callable[[str], None]
) -> None:
    execute((CASES / "everything.sql").read_text("utf-8"))
    found = snapshot.read(world)
    assert snapshot.load(snapshot.dump(found)) == found
