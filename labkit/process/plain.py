"""Plain processes: what observes a command where it cannot be forked from a prepared one."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from labkit.process import program, standing
from labkit.process.observer import Observer


def become(wanted: program.Program, observed: str) -> NoReturn:
    """Become such a process; ``observed`` is the path of observed.py."""
    if os.environ.get("PYTHONUNBUFFERED") == standing.UNBUFFERED:
        del os.environ["PYTHONUNBUFFERED"]
    told = [wanted.executable, wanted.kind, wanted.target, *wanted.arguments]
    os.execv(wanted.executable, [wanted.executable, observed, *told])


def main(path: list[str], told: list[str], loaded: set[str]) -> None:
    """Run the program that ``told`` (executable, kind, target, arguments) names, observed.

    ``path`` is ``sys.path`` without the folder of the program, ``loaded`` are the modules that
    every interpreter has when a program begins.
    """
    executable, kind, target, *arguments = told
    wanted = program.Program(kind, target, tuple(arguments), executable)
    observer = Observer()
    observer.listen_when_loaded()
    # The shim took it away for this process alone.
    os.environ.setdefault("PYTHONUNBUFFERED", standing.UNBUFFERED)
    standing.hide()
    standing.settle_streams()
    observer.start(wanted.words)
    folders = [wanted.folder, os.curdir, *standing.python_path()]
    for name in standing.shadowed(folders, standing.loaded()) - loaded:
        sys.modules.pop(name, None)
    program.run(wanted, path, observer.ended)
