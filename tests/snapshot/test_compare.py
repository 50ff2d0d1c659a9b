"""Differences between two schemas, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labkit import compare
from labkit.snapshot import Snapshot, load


def table(columns: str, more: str = "") -> str:
    return f"tables:\n  products:\n    columns:\n      id: {{type: integer}}\n{columns}{more}"


def sentences(expected: str, actual: str) -> list[str]:
    return [found.sentence for found in compare.compare(load(expected), load(actual))]


def test_equal_schemas_have_no_difference() -> None:
    same = table("      sku: {type: text}\n")
    assert sentences(same, same) == []
    assert sentences("", "") == []


@pytest.mark.parametrize(
    ("expected", "actual", "sentence"),
    [
        (
            table("      sku: {type: varchar(50), nullable: false}\n"),
            table("      sku: {type: varchar(50)}\n"),
            "products.sku: expected varchar(50) NOT NULL, found varchar(50)",
        ),
        (
            table("      sku: {type: text}\n"),
            table(""),
            "products.sku: expected text, found no such column",
        ),
        (
            table(""),
            table("      sku: {type: text}\n"),
            "products.sku: expected no such column, found text",
        ),
        (
            table("      sku: {type: text}\n"),
            table("      code: {type: text}\n"),
            "products.sku: expected under this name, found as code",
        ),
        (
            table("      sku: {type: text, comment: a}\n"),
            table("      sku: {type: text}\n"),
            "products.sku: comment: expected a, found none",
        ),
        (
            "enums:\n  mood: {values: [sad, ok]}\n",
            "enums:\n  mood: {values: [ok, sad]}\n",
            "enum mood: expected (sad, ok), found (ok, sad)",
        ),
        (
            "alembic_version: [abc]\n",
            "alembic_version: []\n",
            "alembic_version: expected abc, found no revision (base)",
        ),
        (
            table("", "rows:\n  products:\n  - {id: 1, name: x}\n"),
            table("", "rows:\n  products:\n  - {id: 1, name: y}\n"),
            "products row id=1, name=x: expected id=1, name=x, found no such row",
        ),
    ],
)
def test_a_difference_is_told_in_words(expected: str, actual: str, sentence: str) -> None:
    assert sentence in sentences(expected, actual)


def test_rows_are_paired_by_primary_key() -> None:
    key = "    constraints:\n      products_pkey: {primary key: [id]}\n"
    expected = table("", f"{key}rows:\n  products:\n  - {{id: 1, name: x}}\n")
    actual = table("", f"{key}rows:\n  products:\n  - {{id: 1, name: y}}\n")
    assert sentences(expected, actual) == ["products row id=1: name: expected 'x', found 'y'"]


def test_a_column_of_one_side_is_not_told_again_for_each_row() -> None:
    key = "    constraints:\n      products_pkey: {primary key: [id]}\n"
    sku = "      sku: {type: text}\n"
    rows = "rows:\n  products:\n  - {id: 1, sku: x}\n  - {id: 2, sku: y}\n"
    expected = table(sku, key + rows)
    actual = table("", f"{key}rows:\n  products:\n  - {{id: 1}}\n  - {{id: 3}}\n")
    assert sentences(expected, actual) == [
        "products.sku: expected text, found no such column",
        "products row id=2: expected id=2, found no such row",
        "products row id=3: expected no such row, found id=3",
    ]


def test_a_missing_table_is_one_difference() -> None:
    expected = table("", "sequences:\n  products_id_seq: {type: integer, owned by: products.id}\n")
    assert sentences(expected, "") == [
        "table products: expected a table with id, found no such table"
    ]


def test_what_follows_from_a_renamed_column_is_not_told_again() -> None:
    key = "    indexes:\n      ix: {columns: [%s DESC], where: (%s > 0)}\n"
    expected = table("      sku: {type: text}\n", key % ("sku", "sku"))
    actual = table("      code: {type: text}\n", key % ("code", "code"))
    assert len(sentences(expected, actual)) == 1


def test_another_column_order_is_told() -> None:
    expected = table("      a: {type: text}\n      b: {type: text}\n")
    actual = table("      b: {type: text}\n      a: {type: text}\n")
    assert sentences(expected, actual) == [
        "table products: column order: expected id, a, b, found id, b, a "
        "(only a table that is made anew has another order)"
    ]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    for name, text in (
        ("one", table("")),
        ("same", table("")),
        ("other", table("      a: {type: text}\n")),
        ("broken", "tables: 1\n"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return {name: str(tmp_path / name) for name in ("one", "same", "other", "broken", "absent")}


@pytest.mark.parametrize(
    ("actual", "status"), [("same", 0), ("other", 1), ("broken", 2), ("absent", 2)]
)
def test_the_exit_status_tells_same_different_and_error_apart(
    files: dict[str, str], actual: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.main([files["one"], files[actual]]) == status
    printed = capsys.readouterr()
    assert bool(printed.out) == (status == 1)
    assert bool(printed.err) == (status == 2)


def test_an_empty_snapshot_is_a_value() -> None:
    assert compare.compare(Snapshot(), Snapshot()) == []
