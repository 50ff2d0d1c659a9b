"""The servers that the comparison is tested on."""

from __future__ import annotations

import os

from tests.snapshot.snapshot_server import OTHERS, embedded, major


def test_a_machine_that_judges_for_all_tests_on_the_oldest_server_too() -> None:
    assert os.environ.get("CI") != "true" or 14 in {major(url) for url in OTHERS}


def test_the_server_that_is_always_tested_on_is_the_newest() -> None:
    with embedded() as url:
        assert major(url) == 18
