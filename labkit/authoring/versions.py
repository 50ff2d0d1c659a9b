"""Versions: what the labs' snapshots were recorded with, one small file for all of them."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import yaml

FILE = "recorded.yaml"
_HEAD = "# What the snapshots of the labs were recorded with. `invoke record` writes it.\n"


def present(server: int) -> dict[str, str]:
    """The versions in use here; that of the server is given as it tells it, 180004 for 18.4."""
    return {**packages(), "postgresql": f"{server // 10000}.{server % 10000}"}


def packages() -> dict[str, str]:
    """The installed versions of the packages that decide what a lab prints and sends."""
    return {name: metadata.version(name) for name in ("alembic", "sqlalchemy", "psycopg2-binary")}


def recorded(labs: Path) -> dict[str, str]:
    """Those that the snapshots below a folder were recorded with; empty where nobody knows."""
    try:
        told = yaml.safe_load((labs / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return {str(k): str(v) for k, v in told.items()} if isinstance(told, dict) else {}


def dump(versions: dict[str, str]) -> str:
    """Versions as they stand in the file."""
    return _HEAD + yaml.safe_dump(versions, sort_keys=True)
