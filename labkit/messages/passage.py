"""What a learner is told who goes to a point of a page."""

from __future__ import annotations

from collections.abc import Sequence

from labkit.lab import Lab
from labkit.trouble import Trouble


def arrived(lab: Lab, revision: str, command: str) -> str:
    """Files and database are where the page stands at a revision."""
    return f"Lab {lab.number} is where its page stands at {revision}, after `{command}`."


def go_on(lab: Lab) -> str:
    """What to do there."""
    return f"Look around: invoke shell {lab.number}"


def never_there(lab: Lab, revision: str, known: Sequence[str], near: Sequence[str]) -> Trouble:
    """The page never stands at this revision."""
    return Trouble(
        f"The page of lab {lab.number} never stands at “{revision}”.",
        f"It stands at {', '.join(known)}." if known else "None of its commands could be run.",
        f"invoke goto {lab.number} {(near or known or ['base'])[0]}",
    )
