"""Programs: a Python program run inside this process as its own interpreter would run it.

Used by the fork server's children and by plain processes alike, so that the two cannot differ.
The caller lets what ``run`` raises end the interpreter: exit status, printed traceback, threads
and ``atexit`` handlers are then Python's own doing.
"""

from __future__ import annotations

import builtins
import contextlib
import linecache
import os
import runpy
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from importlib.machinery import BuiltinImporter, SourceFileLoader
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any, NoReturn

_STDIN = "<stdin>"


@dataclass(frozen=True)
class Program:
    """What follows the interpreter's own options.

    ``kind`` is "file", "command", "module", or "stdin" with "-" or "" as ``target``.
    """

    kind: str
    target: str
    arguments: tuple[str, ...]
    executable: str

    @property
    def argv(self) -> list[str]:
        """``sys.argv`` as the program meets it."""
        first = {"command": "-c", "module": "-m"}.get(self.kind, self.target)
        return [first, *self.arguments]

    @property
    def words(self) -> list[str]:
        """The words of the command line that starts it as a process of its own."""
        option = {"command": ["-c"], "module": ["-m"]}.get(self.kind, [])
        target = [self.target] if self.target or self.kind == "command" else []
        return [self.executable, *option, *target, *self.arguments]

    @property
    def folder(self) -> str:
        """The first entry of ``sys.path``."""
        match self.kind:
            case "file":
                return os.path.dirname(os.path.realpath(self.target))
            case "module":
                with contextlib.suppress(FileNotFoundError):
                    return os.getcwd()
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
        _call(lambda: runpy._run_module_as_main(program.target), ended, 2)  # type: ignore[attr-defined]
        return
    file = os.path.abspath(program.target) if program.kind == "file" else None
    try:
        code = _compile(program, file)
    except _NotSource:
        replace(program)
    except Exception as error:
        ended(error)
        if program.kind == "stdin":
            _trim(error)
            raise
        replace(program)
    names = _as_main(_STDIN if program.kind == "stdin" else file)
    # Until Python 3.11 a call of a function written in C counts too.
    _call(lambda: exec(code, names), ended, 2 if sys.version_info >= (3, 12) else 3)


class _NotSource(Exception):  # noqa: N818
    """The file is a zip archive or a compiled module."""


def replace(program: Program) -> NoReturn:
    """Become a real interpreter that runs ``program``, unobserved."""
    os.execv(program.executable, program.words)


def _compile(program: Program, file: str | None) -> CodeType:
    source: str | bytes
    if file is not None:
        source, name = Path(file).read_bytes(), file
        if source.startswith((b"PK\x03\x04", MAGIC_NUMBER)):
            raise _NotSource
    elif program.kind == "stdin":
        source, name = sys.stdin.buffer.read(), _STDIN
    else:
        source, name = program.target, "<string>"
        if sys.version_info >= (3, 14):
            source = textwrap.dedent(source)
        if sys.version_info >= (3, 13):
            lines = source.splitlines(keepends=True)
            linecache.cache[name] = (len(source), None, lines, name)
    return compile(source, name, "exec", dont_inherit=True)


def _as_main(file: str | None) -> dict[str, Any]:
    """Put a ``__main__`` in place as a fresh interpreter has it, and return its names.

    A new one: what hangs on a module from before the fork is not taken apart at the end.
    """
    old = sys.modules["__main__"].__dict__
    module = sys.modules["__main__"] = ModuleType("__main__")
    names = module.__dict__
    names["__loader__"] = BuiltinImporter
    if file not in (None, _STDIN):
        names["__loader__"] = SourceFileLoader("__main__", file)
    names["__builtins__"] = builtins
    if "__annotations__" in old:
        names["__annotations__"] = {}
    if file is not None:
        names["__file__"] = file
        names["__cached__"] = None
    return names


def _call(
    body: Callable[[], object], ended: Callable[[BaseException | None], None], within: int
) -> None:
    """Call ``body``, as deep as a program may go that has only ``within`` calls around it."""
    frame, depth = sys._getframe(), within
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    sys.setrecursionlimit(sys.getrecursionlimit() + depth)
    try:
        body()
    except BaseException as error:
        ended(error)
        _trim(error)
        raise
    ended(None)


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
