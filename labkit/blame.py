"""Blame: the line of a migration that most likely set what differs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from labkit.compare import Difference
from labkit.observation import Place, Statement


def blame(difference: Difference, statements: Iterable[Statement]) -> Place | None:
    """The place of the last statement that names the object, or else what it belongs to.

    ``products.sku`` is looked for first as a statement with both words, then with the last one,
    then with the first one.
    """
    sent = [s for s in statements if s.place]
    words = [word for word in re.split(r"[.\s(),\"]+", difference.object) if word]
    for wanted in (words, words[-1:], words[:1]):
        for statement in reversed(sent):
            text = set(re.findall(r"\w+", statement.text))
            if wanted and text.issuperset(wanted):
                return statement.place
    return None
