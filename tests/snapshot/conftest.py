"""Fixtures for all tests."""

from __future__ import annotations

from tests.snapshot.snapshot_server import database, execute, server, shared_database, world

__all__ = ["database", "execute", "server", "shared_database", "world"]
