"""The note that the workspace container leaves in the state folder as long as it is up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Note:
    """Which container it is, and the port of the database on 127.0.0.1."""

    container: str
    port: int


def read(state: Path) -> Note | None:
    """The note of a running stack; None where there is none, or it is not one."""
    try:
        told = json.loads(path(state).read_text(encoding="utf-8"))
        return Note(str(told["container"]), int(told["port"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def path(state: Path) -> Path:
    return state / "compose" / "workspace.json"
