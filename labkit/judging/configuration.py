"""Configuration: what keeps Alembic from finding a project's revisions at all."""

from __future__ import annotations

import re
from pathlib import Path

from labkit.messages import history as messages
from labkit.observation import Observation, Place
from labkit.verdict import Finding

_UNFOUND = "No 'script_location' key found"
# A command that has its file from somewhere else, or looks for it elsewhere.
_ELSEWHERE = re.compile(r"\bcd\s|\s-c\b|--config\b|ALEMBIC_CONFIG")
_SECTION = re.compile(r"\s*\[alembic\]")
_TOML = re.compile(r"^\s*\[tool\.alembic\b", re.MULTILINE)
_FILE = "alembic.ini"


def behind(project: Path, seen: Observation) -> list[Finding]:
    """What is wrong with alembic.ini where a command failed for it, nothing otherwise."""
    told = seen.failure.message if seen.failure else ""
    if _UNFOUND not in told or _ELSEWHERE.search(seen.command):
        return []
    if _TOML.search(_text(project / "pyproject.toml") or ""):
        return []
    text = _text(project / _FILE)
    if text is None:
        return [messages.no_configuration(_FILE)]
    sections = [n for n, line in enumerate(text.splitlines(), 1) if _SECTION.match(line)]
    return [
        messages.no_script_location(Place(_FILE, sections[0] if sections else 1), bool(sections))
    ]


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
