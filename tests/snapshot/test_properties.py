"""What holds for every schema, whatever is in it."""

from __future__ import annotations

import random
import string
from typing import Any

import psycopg2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from labkit import snapshot
from labkit.compare import compare
from labkit.schema import notation
from labkit.snapshot import Snapshot
from tests.snapshot import worlds

# The same examples each time, so that nobody's change fails for something else.
STEADY = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
seeds = some.integers(0, 2**32)


def read_after(connection: Any, *statements: str) -> Snapshot:
    """The snapshot of what the statements lead to, in a transaction that is rolled back."""
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        return snapshot.read(connection)
    finally:
        connection.rollback()


@STEADY
@given(seed=seeds, way=seeds)
def test_a_schema_is_the_same_however_it_was_made(seed: int, way: int, world: Any) -> None:
    made = worlds.world(random.Random(seed))
    other_way = made.made(random.Random(way))
    one, other = read_after(world, made.made()), read_after(world, other_way)
    assert [told.sentence for told in compare(one, other)] == [], other_way
    assert snapshot.dump(one) == snapshot.dump(other), other_way


@STEADY
@given(seed=seeds, way=seeds)
def test_one_change_is_one_difference(seed: int, way: int, world: Any) -> None:
    made = worlds.world(random.Random(seed))
    change = worlds.change(made, random.Random(way))
    one, other = read_after(world, made.made()), read_after(world, made.made(), change)
    for expected, actual in ((one, other), (other, one)):
        assert len(compare(expected, actual)) == 1, change


@STEADY
@given(seed=seeds)
def test_a_snapshot_is_what_its_text_says(seed: int, world: Any) -> None:
    found = read_after(world, worlds.world(random.Random(seed)).made())
    assert snapshot.load(snapshot.dump(found)) == found


texts = some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@settings(STEADY, max_examples=300)
@given(comment=texts, name=texts, label=some.text(string.printable))
def test_any_text_is_loaded_as_it_was_written(comment: str, name: str, label: str) -> None:
    content = {
        "enums": {"e": {"values": [label, comment], "comment": comment or "x"}},
        "tables": {name: {"columns": {name: {"type": label, "comment": comment}}}},
    }
    assert notation.parse(notation.write(content), "s") == content


def test_the_worlds_can_be_made(world: Any) -> None:
    made = 0
    for seed in range(30):
        try:
            read_after(world, worlds.world(random.Random(seed)).made())
            made += 1
        except psycopg2.Error as error:
            raise AssertionError(worlds.world(random.Random(seed)).made()) from error
    assert made == 30
