"""Fixtures for all tests."""

from __future__ import annotations

from tests.snapshot.snapshot_server import bench, database, execute, paste, server, world

__all__ = ["bench", "database", "execute", "paste", "server", "world"]
