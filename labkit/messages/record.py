"""What an author is told while a lab is recorded."""

from __future__ import annotations

from labkit.trouble import Trouble


def two_schemas(name: str, line: int) -> Trouble:
    """One name stands for two schemas."""
    return Trouble(
        f"The snapshot “{name}” would have to hold two different schemas (see line {line}).",
        "Two fences of the page name it, and the schema is not the same after both.",
        "Give one of them another name.",
    )
