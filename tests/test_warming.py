"""Warming: with the installed Alembic it gets to its end, which nothing else would tell."""

from __future__ import annotations

import pytest

from labkit.process.warming import warm


def test_every_operation_of_it_is_one_that_alembic_has(capfd: pytest.CaptureFixture[str]) -> None:
    warm()
    assert capfd.readouterr() == ("", "")
