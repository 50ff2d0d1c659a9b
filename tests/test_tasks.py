"""The tasks as a learner meets them: typed in a clone, their output in a pipe."""

from __future__ import annotations

import json

from tests.clone import ANSWER, NAME, NUMBER, OTHER, WRONG, Clone


def test_a_run_shows_what_happened_and_ends_with_the_next_thing(clone: Clone) -> None:
    done = clone.invoke("lab", NUMBER)
    print(done.out, done.err)
    assert done.status == 0
    print(clone.invoke("lab", NUMBER).out)
    clone.answer(WRONG)
    print(clone.invoke("lab", NUMBER).out)
    print(clone.invoke("check", NUMBER).out)
    print(clone.invoke("reset", NUMBER).out)
    assert 0
