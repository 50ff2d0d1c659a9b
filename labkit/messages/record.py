"""What an author is told while a lab is recorded."""

from __future__ import annotations

from labkit.lab import Lab
from labkit.trial import Record
from labkit.trouble import Trouble


def two_schemas(name: str, line: int) -> Trouble:
    """One name stands for two schemas."""
    return Trouble(
        f"The snapshot “{name}” would have to hold two different schemas (see line {line}).",
        "Two fences name it, and the schema or the rows that they ask for differ.",
        "Give one of them another name.",
    )


def broken_run(page: str, record: Record) -> Trouble:
    """A command did not do what it was meant to, so the run shows nothing that is worth keeping."""
    seen, line = record.observation, record.command.line
    if not record.ended:
        how = f"did not end within {seen.seconds:.0f} s"
    elif record.left_early:
        how = "was left in the middle"
    else:
        how = f"failed with exit status {seen.status}"
    reasons = [f"{finding.what} ({finding.place})" for finding in record.history]
    if not reasons and seen.failure:
        place = f" ({seen.failure.place})" if seen.failure.place else ""
        reasons = [f"{seen.failure.kind}: {seen.failure.message.strip()}{place}"]
    reasons = reasons or [(seen.output.strip().splitlines() or ["It printed nothing."])[-1]]
    return Trouble(
        f"`{record.command.text}` {how} ({page}:{line}), so nothing was recorded.",
        "\n".join(reasons),
        "Mend it. If it is meant to fail, write “# => Error: …” below it.",
    )


def indexing(lab: Lab) -> str:
    """A page is run for the tables of the labs' README."""
    return f"Running the page of {lab.name}."


def no_index(lab: Lab) -> Trouble:
    """A page is not true, so what it used is not what it means to use."""
    return Trouble(
        f"The page of {lab.name} does not hold, so the tables are left as they are.",
        "It was changed since it was recorded.",
        f"invoke record {lab.number}",
    )


def indexed(path: str, *, changed: bool) -> list[str]:
    """The tables of the labs' README are as they must be."""
    if not changed:
        return [f"{path} was right already.", "Go on: invoke test"]
    return [f"Written: {path}.", f"Read what changed: git diff {path}"]
