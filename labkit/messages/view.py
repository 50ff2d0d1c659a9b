"""What a learner is told about the schema of their database."""

from __future__ import annotations

from collections.abc import Sequence

from labkit.compare import Difference
from labkit.lab import Lab
from labkit.trouble import Trouble
from labkit.verdict import Finding

NO_RENDERER = (
    "No SVG was made: mmdc is not installed. Most editors and GitHub draw the file as it is."
)


def no_snapshot(lab: Lab, name: str, known: Sequence[str], near: Sequence[str]) -> Trouble:
    """The lab has no snapshot of this name."""
    return Trouble(
        f"Lab {lab.number} has no snapshot “{name}”.",
        f"It has {', '.join(known)}." if known else "It has none at all.",
        f"invoke schema {lab.number} --diff {(list(near) or list(known) or [name])[0]}",
    )


def differs(found: Difference, name: str) -> Finding:
    """The database differs from a snapshot."""
    return Finding(
        found.sentence,
        found.expected or "",
        found.actual or "",
        why=f"Against the snapshot “{name}”.",
        remedy=found.remedy or "",
    )


def after(lab: Lab) -> str:
    """What to do after a comparison."""
    return f"See the whole schema: invoke schema {lab.number}"


def written(path: str) -> str:
    """A file was written."""
    return f"Written: {path}"


def not_rendered(reason: str) -> str:
    """The renderer is there and made no picture."""
    return f"No SVG was made; mmdc says: {reason}"
