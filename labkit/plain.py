"""Plain processes: what observes a command where it cannot be forked from a prepared one."""

from __future__ import annotations

import os
import sys

from labkit import program, standing
from labkit.observer import Observer


def words(wanted: program.Program, observed: str) -> list[str]:
    """Return the words that start ``wanted`` so; ``observed`` is the path of observed.py."""
    return [
        wanted.executable,
        observed,
        wanted.executable,
        wanted.kind,
        wanted.target,
        *wanted.arguments,
    ]


def main(path: list[str], told: list[str], loaded: set[str]) -> None:
    """Run the program that ``told`` (executable, kind, target, arguments) names, observed.

    ``path`` is ``sys.path`` without the folder of the program, ``loaded`` are the modules that
    every interpreter has when a program begins.
    """
    executable, kind, target, *arguments = told
    wanted = program.Program(kind, target, tuple(arguments), executable)
    observer = Observer()
    observer.listen_when_loaded()
    standing.hide()
    standing.settle_streams()
    observer.start(wanted.words)
    for name in standing.shadowed([wanted.folder, os.curdir, *standing.python_path()]) - loaded:
        del sys.modules[name]
    program.run(wanted, path, observer.ended)
