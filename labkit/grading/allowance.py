"""The allowance: what a submission may use, all of its processes and databases taken together."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from labkit.messages import grade as messages
from labkit.server import Server
from labkit.verdict import Finding


@dataclass(frozen=True)
class Allowance:
    """How much it may be: ``memory`` in bytes for each process, the sizes in bytes altogether."""

    memory: int
    processes: int = 100
    rows: int = 512 << 20
    files: int = 20_000
    stored: int = 512 << 20

    def exceeded(
        self, cell: int, scratch: Path, databases: Sequence[str], server: Server
    ) -> Finding | None:
        """What is used too much of, None where nothing is.

        Args:
            cell: the process below which all of it runs.
            scratch: the folder in which it may write.
            databases: those that it has on ``server``.
        """
        below: list[psutil.Process] = []
        with contextlib.suppress(psutil.Error):
            below = psutil.Process(cell).children(recursive=True)
        if len(below) > self.processes:
            return messages.too_many_processes(self.processes)
        used = 0
        for process in below:
            with contextlib.suppress(psutil.Error):
                used += process.memory_info().rss
        if used > 2 * self.memory:
            return messages.too_much_memory(self.memory)
        if self._is_full(scratch):
            return messages.too_much_stored(self.files, self.stored)
        if databases and server.size(databases) > self.rows:
            return messages.too_much_data(self.rows)
        return None

    def _is_full(self, folder: Path) -> bool:
        """Whether there is more in a folder; no more of it is looked at than that takes."""
        files = stored = 0
        waiting = [str(folder)]
        while waiting:
            with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    with contextlib.suppress(OSError):
                        files += 1
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
                        else:
                            stored += entry.stat(follow_symlinks=False).st_blocks * 512
                    if files > self.files or stored > self.stored:
                        return True
        return False
