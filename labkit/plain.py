"""Plain processes: what observes a command where it cannot be forked from a prepared one."""

from __future__ import annotations

import importlib.util

from labkit import program, standing
from labkit.observer import Observer


def main(path: list[str], words: list[str]) -> None:
    """Run the program that ``words`` (executable, kind, target, arguments) name, observed.

    ``path`` is ``sys.path`` without the folder of the program.
    """
    executable, kind, target, *arguments = words
    observer = Observer()
    if importlib.util.find_spec("sqlalchemy") is not None:
        observer.listen()
    standing.hide()
    standing.streams()
    wanted = program.Program(kind, target, tuple(arguments), executable)
    observer.start(wanted.words)
    program.run(wanted, path, observer.ended)
