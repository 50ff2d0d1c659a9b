"""Failing: what an exception says of itself, and which line of the project it leads back to."""

from __future__ import annotations

import os
import sys
import sysconfig
from types import FrameType, TracebackType
from typing import Any

_LIBRARIES = tuple(
    os.path.realpath(path) + os.sep
    for path in {sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib", "scripts")}
)
_ALEMBIC = os.sep + "alembic" + os.sep
# Each statement is followed through all that called it, and each step of a path is a system call.
_real_paths: dict[str, str] = {}


def in_project(file: str, project: str) -> str | None:
    """Return the real path of ``file`` when it is one of the project's own, else None."""
    if file.startswith("<"):
        return None
    real = real_path(file)
    inside = real.startswith(project + os.sep) and not real.startswith(_LIBRARIES)
    return real if inside else None


def real_path(file: str) -> str:
    """Return the real path of a file that code was read from, where it was found first."""
    if file not in _real_paths:
        _real_paths[file] = os.path.realpath(file)
    return _real_paths[file]


def remember_modules() -> None:
    """Look up beforehand, once for all forks, where the modules are that are loaded now."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and os.path.isabs(file):
            real_path(file)


def is_alembic(frame: FrameType) -> bool:
    """Whether a frame is Alembic's own code (and not a project's folder of that name)."""
    name = frame.f_globals.get("__name__", "")
    return isinstance(name, str) and (name == "alembic" or name.startswith("alembic."))


def describe(error: BaseException, project: str) -> dict[str, Any] | None:
    """Return the failure that an exception leaving the program stands for, as a record line.

    None when it is no failure: a program that says ``sys.exit(0)`` by itself has ended well,
    while a migration that says so has ended Alembic's run.
    """
    if isinstance(error, SystemExit):
        command_error = _command_error(error)
        if command_error is not None:
            return _line(command_error, project)
        if not error.code and not _passes_alembic(error.__traceback__, project):
            return None
    return _line(error, project)


def database_error(error: BaseException) -> dict[str, Any]:
    """Return kind, message and SQLSTATE of an error, the driver's own when there is one."""
    original = getattr(error, "orig", None)
    told = original if isinstance(original, BaseException) else error
    diagnostics = getattr(told, "diag", None)
    message = getattr(diagnostics, "message_primary", None) or _text(told)
    state = getattr(told, "pgcode", None) or getattr(diagnostics, "sqlstate", None) or ""
    return {"error": type(told).__name__, "message": message, "sqlstate": state}


def _line(error: BaseException, project: str) -> dict[str, Any]:
    line = database_error(error)
    file, number = _place(error, project)
    return {**line, "file": file, "line": number}


def _text(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return str(error.msg)
    if isinstance(error, SystemExit):
        return "" if error.code is None else str(error.code)
    try:
        return str(error).strip()
    except Exception:
        return ""


def _command_error(error: SystemExit) -> BaseException | None:
    """Return the CommandError behind an exit that Alembic announced with ``FAILED:``."""
    context = error.__context__
    module = sys.modules.get("alembic.util.exc")
    kind = getattr(module, "CommandError", None)
    return context if kind is not None and isinstance(context, kind) else None


def _passes_alembic(traceback: TracebackType | None, project: str) -> bool:
    """Whether Alembic was running when the project's own code raised."""
    inside = False
    while traceback is not None:
        frame = traceback.tb_frame
        if is_alembic(frame):
            inside = True
        elif inside and in_project(frame.f_code.co_filename, project):
            return True
        traceback = traceback.tb_next
    return False


def _place(error: BaseException, project: str) -> tuple[str | None, int]:
    """The line of a file that does not compile, else the innermost line of the project.

    A file that cannot even be decoded has no line: the loader's own frame still names it.
    """
    file = getattr(error, "filename", None) if isinstance(error, SyntaxError) else None
    if isinstance(file, str) and (real := in_project(file, project)):
        return real, getattr(error, "lineno", None) or 1
    found: tuple[str | None, int] = (None, 0)
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        name = frame.f_code.co_filename
        if name == "<frozen importlib._bootstrap_external>":
            path = frame.f_locals.get("path")
            if isinstance(path, str) and (real := in_project(path, project)):
                found = real, 1
        elif real := in_project(name, project):
            found = real, traceback.tb_lineno
        traceback = traceback.tb_next
    if found[0] is None and error.__cause__ is not None:
        return _place(error.__cause__, project)
    return found
