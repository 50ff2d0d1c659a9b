"""The observer: runs inside a command's process and records every statement SQLAlchemy sends.

It only listens. What goes wrong in here is written into the record and never into the command.
Statements sent past SQLAlchemy, on a cursor of the driver's own, are not seen.
"""

# ruff: noqa: ARG002 - the listeners' arguments are SQLAlchemy's

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import importlib.util
import itertools
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from types import FrameType, ModuleType
from typing import Any

from labkit.process import failing, record
from labkit.process.relations import Relations
from labkit.process.usage import Usage

_LISTENERS = (
    "before_cursor_execute",
    "after_cursor_execute",
    "handle_error",
    "begin",
    "commit",
    "rollback",
)


class Observer:
    """Tells one process's statements, and the exception that ends it, to the record.

    Nothing is told before ``start`` names the record, so that a process may be prepared with the
    listeners in place and forked afterwards.
    """

    def __init__(self) -> None:
        self._path: str | None = None
        self._project = ""
        self._costs = False
        # Threads of one program send at once, and taking the next one is one step.
        self._numbers = itertools.count(1)
        self._running: dict[int, tuple[int, float, Relations | None]] = {}
        self._relations: dict[int, Relations] = {}
        self._used: set[tuple[str, str]] = set()
        self._untold: list[tuple[str, str]] = []
        self._usage = Usage(self._use)

    def listen(self) -> None:
        """Register with every SQLAlchemy engine of this process."""
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        for name in _LISTENERS:
            event.listen(Engine, name, _guarded(self, getattr(self, f"_{name}")))

    def listen_to_alembic(self) -> None:
        """Hear which parts of Alembic are used."""
        self._usage.listen_to_operations()
        self._usage.listen_to_options()

    def listen_when_loaded(self) -> None:
        """Register as soon as the program imports SQLAlchemy and Alembic, if it ever does."""
        for name, listen in (
            ("sqlalchemy.engine", self.listen),
            ("alembic.op", self._usage.listen_to_operations),
            ("alembic.config", self._usage.listen_to_options),
        ):
            sys.meta_path.insert(0, _WhenLoaded(name, listen))

    def start(self, argv: list[str]) -> None:
        """Begin to tell, if the environment names a record.

        From then on SIGURG, which does nothing otherwise, has the process write its stack beside
        the record, even out of a loop that catches every exception or a call into C.
        """
        self._path = os.environ.get(record.RECORD)
        self._project = os.path.realpath(os.environ.get(record.PROJECT, "/nowhere"))
        self._costs = record.COSTS in os.environ
        self._usage.project = self._project
        if self._path is not None:
            self.tell(kind="start", argv=argv)
            with contextlib.suppress(Exception):
                _stack_on_demand(record.stack_of(self._path))

    def ended(self, error: BaseException | None) -> None:
        """Tell that the program is over, and by which exception if by one."""
        if error is not None:
            try:
                line = failing.describe(error, self._project)
            except Exception as trouble:
                line = {"error": type(error).__name__, "message": "", "sqlstate": ""}
                self.tell(kind="gap", gap=repr(trouble))
            if line is not None:
                self.tell(kind="failure", **line)
        self.tell(kind="end")

    def tell(self, **line: Any) -> None:
        """Append one line; a record that is gone is no concern of the command."""
        if self._path is not None:
            if self._untold:
                line["uses"], self._untold = self._untold, []
            try:
                record.append(self._path, {"pid": os.getpid(), **line})
            except OSError:
                self._path = None

    def _use(self, kind: str, name: str) -> None:
        """Have the next line tell it: a line of its own for each would be a fourth of all lines."""
        if (kind, name) not in self._used and self._path is not None:
            self._used.add((kind, name))
            self._untold.append((kind, name))

    def _before_cursor_execute(
        self, conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        if self._path is None:
            return
        many = _is_many(many, parameters)
        number = next(self._numbers)
        origin = _origin(sys._getframe(1), self._project)
        self.tell(
            kind="sent",
            number=number,
            texts=list(_texts(cursor, statement, parameters, many)),
            template=statement,
            parameters=record.plain(parameters),
            many=many,
            **origin,
        )
        relations = None
        if origin.get("revision"):
            relations = self._watched(conn)
            relations.before(statement, _version_table())
        self._running[id(cursor)] = number, time.perf_counter(), relations

    def _after_cursor_execute(
        self, conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        ended = time.perf_counter()
        if self._path is None or id(cursor) not in self._running:
            return
        number, began, relations = self._running.pop(id(cursor))
        line: dict[str, Any] = {"kind": "done", "number": number, "seconds": ended - began}
        if relations is not None:
            try:
                line.update(relations.after())
            except Exception as trouble:
                line["gap"] = repr(trouble)
        self.tell(**line)

    def _handle_error(self, context: Any) -> None:
        ended = time.perf_counter()
        running = self._running.pop(id(getattr(context, "cursor", None)), None)
        if running is None:
            cursor = getattr(context.execution_context, "cursor", None)
            running = self._running.pop(id(cursor), None)
        if running is None:
            return
        number, began, relations = running
        if relations is not None:
            relations.forget()
        failure = failing.database_error(context.original_exception)
        self.tell(kind="done", number=number, seconds=ended - began, failure=failure)

    def _begin(self, conn: Any) -> None:
        self._forget(conn)

    def _commit(self, conn: Any) -> None:
        self._forget(conn)

    def _rollback(self, conn: Any) -> None:
        self._forget(conn)

    def _watched(self, conn: Any) -> Relations:
        driver = conn.connection.dbapi_connection
        watched = self._relations.get(id(driver))
        if watched is None or watched.connection is not driver:
            watched = self._relations[id(driver)] = Relations(driver, costs=self._costs)
        return watched

    def _forget(self, conn: Any) -> None:
        for watched in list(self._relations.values()):
            watched.forget()


def _stack_on_demand(path: str) -> None:
    # A high number, so that the descriptors which the program opens are numbered as ever.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    high = fcntl.fcntl(handle, fcntl.F_DUPFD_CLOEXEC, 100)
    os.close(handle)
    faulthandler.register(signal.SIGURG, high, all_threads=False)


class _WhenLoaded:
    """A finder that finds nothing by itself: it calls back when a module has been loaded."""

    def __init__(self, name: str, then: Callable[[], None]) -> None:
        self._name = name
        self._then = then

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return None
        execute, then = spec.loader.exec_module, self._then

        def exec_module(module: ModuleType) -> None:
            execute(module)
            with contextlib.suppress(Exception):
                then()

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _guarded(observer: Observer, listener: Callable[..., None]) -> Callable[..., None]:
    """Keep what goes wrong in a listener away from the command, and in the record."""

    def listen(*arguments: Any) -> None:
        try:
            listener(*arguments)
        except Exception:
            observer.tell(kind="gap", gap=traceback.format_exc())

    return listen


def _is_many(many: bool, parameters: Any) -> bool:
    """Whether the driver gets a row at a time: SQLAlchemy folds most INSERTs into one statement."""
    return many and isinstance(parameters, list)


def _texts(cursor: Any, statement: str, parameters: Any, many: bool) -> Iterator[str]:
    """The statement with its parameters in place, as the driver itself would put them."""
    mogrify = getattr(cursor, "mogrify", None)
    for row in parameters if many else [parameters]:
        try:
            text = mogrify(statement, row) if mogrify else statement
        except Exception:
            text = statement
        yield text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _origin(frame: FrameType | None, project: str) -> dict[str, Any]:
    """The migration line that sends a statement, else the project's own line that does.

    A statement that Alembic sends on its own account has neither.
    """
    own: dict[str, Any] | None = None
    walked = frame
    while walked is not None:
        names = walked.f_globals
        if "revision" in names and "down_revision" in names and not failing.is_alembic(walked):
            return {
                "file": failing.real_path(walked.f_code.co_filename),
                "line": walked.f_lineno,
                "revision": str(names["revision"]),
                "direction": _direction(walked),
            }
        if own is None:
            if failing.is_alembic(walked):
                own = {}
            elif real := failing.in_project(walked.f_code.co_filename, project):
                own = {"file": real, "line": walked.f_lineno}
        walked = walked.f_back
    return own or {}


def _direction(frame: FrameType) -> str | None:
    names = frame.f_globals
    walked: FrameType | None = frame
    while walked is not None:
        if walked.f_globals is names:
            for direction in ("upgrade", "downgrade"):
                if walked.f_code.co_name.startswith(direction):
                    return direction
        walked = walked.f_back
    return None


def _version_table() -> str:
    """The name of the table that Alembic keeps its version in, as the running command has it."""
    try:
        from alembic import op

        return str(op.get_context().version_table)
    except Exception:
        return "alembic_version"
