"""Programs: a Python program run inside this process as its own interpreter would run it.

Used by the fork server's children and by plain processes alike, so that the two cannot differ.
The caller lets what ``run`` raises end the interpreter: exit status, printed traceback, threads
and ``atexit`` handlers are then Python's own doing.
"""

from __future__ import annotations

import builtins
import os
import runpy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any, NoReturn


@dataclass(frozen=True)
class Program:
    """What follows the interpreter's own options: ``kind`` is "file", "command" or "module"."""

    kind: str
    target: str
    arguments: tuple[str, ...]
    executable: str

    @property
    def argv(self) -> list[str]:
        """``sys.argv`` as the program meets it."""
        first = {"file": self.target, "command": "-c", "module": "-m"}[self.kind]
        return [first, *self.arguments]

    @property
    def words(self) -> list[str]:
        """The words of the command line that starts it as a process of its own."""
        option = {"file": [], "command": ["-c"], "module": ["-m"]}[self.kind]
        return [self.executable, *option, self.target, *self.arguments]

    @property
    def folder(self) -> str:
        """The first entry of ``sys.path``."""
        match self.kind:
            case "file":
                return os.path.dirname(os.path.realpath(self.target))
            case "module":
                return os.getcwd()
            case _:
                return ""


def run(program: Program, path: list[str], ended: Callable[[BaseException | None], None]) -> None:
    """Run ``program`` in this process, with ``path`` behind its own folder in ``sys.path``.

    ``ended`` hears of the exception that ends it, or None, before the interpreter does. A program
    that does not even compile is left to a real interpreter, which has its own words for that.
    """
    sys.argv, sys.orig_argv = program.argv, program.words
    sys.executable = program.executable
    sys.path[:] = path if sys.flags.safe_path else [program.folder, *path]
    if program.kind == "module":
        _as_main(None)
        _call(lambda: runpy._run_module_as_main(program.target), ended)  # type: ignore[attr-defined]
        return
    file = os.path.abspath(program.target) if program.kind == "file" else None
    try:
        code = _compile(program.target, file)
    except _NotSource:
        replace(program)
    except Exception as error:
        ended(error)
        replace(program)
    names = _as_main(file)
    _call(lambda: exec(code, names), ended)


class _NotSource(Exception):  # noqa: N818
    """The file is a zip archive or a compiled module."""


def replace(program: Program) -> NoReturn:
    """Become a real interpreter that runs ``program``, unobserved."""
    os.execv(program.executable, program.words)


def _compile(target: str, file: str | None) -> CodeType:
    if file is None:
        return compile(target, "<string>", "exec", dont_inherit=True)
    source = Path(file).read_bytes()
    if source.startswith((b"PK\x03\x04", MAGIC_NUMBER)):
        raise _NotSource
    return compile(source, file, "exec", dont_inherit=True)


def _as_main(file: str | None) -> dict[str, Any]:
    """Give ``__main__`` the names that a fresh interpreter gives it, and return them."""
    names = sys.modules["__main__"].__dict__
    fresh = {
        "__name__": "__main__",
        "__doc__": None,
        "__package__": None,
        "__loader__": names["__loader__"],
        "__spec__": None,
        "__builtins__": builtins,
    }
    if "__annotations__" in names:
        fresh["__annotations__"] = {}
    if file is not None:
        fresh["__loader__"] = SourceFileLoader("__main__", file)
        fresh["__file__"] = file
        fresh["__cached__"] = None
    names.clear()
    names.update(fresh)
    return names


def _call(body: Callable[[], object], ended: Callable[[BaseException | None], None]) -> None:
    sys.setrecursionlimit(sys.getrecursionlimit() + _depth())
    try:
        body()
    except BaseException as error:
        ended(error)
        _trim(error)
        raise
    ended(None)


def _depth() -> int:
    depth, frame = 0, sys._getframe(1)
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    return depth + 1


def _trim(error: BaseException) -> None:
    """Have the interpreter print the traceback of ``error`` without the frames in here."""
    own = error.__traceback__
    while own is not None and own.tb_frame.f_globals is globals():
        own = own.tb_next
    hook = sys.excepthook

    def print_trimmed(
        kind: type[BaseException], value: BaseException, _: TracebackType | None
    ) -> None:
        hook(kind, value.with_traceback(own), own)

    sys.excepthook = print_trimmed
