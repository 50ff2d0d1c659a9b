"""Bars: how far something that takes a while has come."""

from __future__ import annotations

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from labkit.lab import Lab
from labkit.terminal import Terminal

_WIDTH = 12


class Bar:
    """A bar in a window, gone at the end; in a pipe there is none.

    Args:
        shown: draw it where there is a window.
    """

    def __init__(self, console: Terminal, *, shown: bool = True) -> None:
        self._progress = Progress(
            BarColumn(_WIDTH),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
            disable=not (shown and console.is_terminal),
        )
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def at(self, lab: Lab, done: int, total: int) -> None:
        """A lab begins; ``done`` of ``total`` are over."""
        self._progress.update(self._task, completed=done, total=total, description=lab.name)
