"""The fork server: a process that has Alembic imported and becomes each command that asks.

It serves one ``Runner``. Shims knock with a datagram that carries one end of a stream; the
request and the descriptors come over that stream, signals follow it as single bytes, and the
wait status goes back. When the Runner's control connection closes, for whatever reason, the
server ends every process of that Runner, removes its folder and is gone.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import marshal
import os
import selectors
import shutil
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkit.process import failing, leftovers, plain, program, standing
from labkit.process.observer import Observer
from labkit.process.parting import Parting
from labkit.process.warming import keep_command_line, warm

_OBSERVED = str(Path(__file__).with_name("observed.py"))
_MODULES = (
    "alembic.autogenerate",
    "alembic.command",
    "alembic.config",
    "alembic.context",
    "alembic.op",
    "alembic.script",
    "logging.config",
    "mako.template",
    "psycopg2",
    "psycopg2.extras",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "sqlalchemy.pool",
)


@dataclass
class Visitor:
    """One shim: its connection, what came of its request so far, and the child it stands for."""

    connection: socket.socket
    data: bytearray = field(default_factory=bytearray)
    descriptors: list[int] = field(default_factory=list)
    child: int = 0

    def request(self) -> dict[str, Any] | None:
        """Return the request once it is whole."""
        if len(self.data) < 8:
            return None
        passed, length = (int.from_bytes(self.data[at : at + 4], "big") for at in (0, 4))
        batches = -(-passed // 250)
        if len(self.descriptors) < passed or len(self.data) < 8 + batches + length:
            return None
        start = 8 + batches
        loaded: dict[str, Any] = marshal.loads(self.data[start : start + length])
        del self.data[: start + length]
        return loaded


class Server:
    """Waits on the Runner, on the door and on the children at once. Single-threaded."""

    def __init__(
        self, control: socket.socket, door: socket.socket, load: Callable[[str], None]
    ) -> None:
        """``load`` is called with the name of a module that the Runner wants loaded."""
        self.load = load
        self.control = control
        self.door = door
        self.visitors: dict[Any, Visitor] = {}
        self.selector = selectors.DefaultSelector()
        self.waker, self.woken = socket.socketpair()
        for end in (self.waker, self.woken):
            end.setblocking(False)
        for waited in (control, door, self.woken):
            self.selector.register(waited, selectors.EVENT_READ)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)

    def serve(self) -> tuple[dict[str, Any], list[int]] | None:
        """Serve until the Runner is gone: None. In each child: what it has to become."""
        while True:
            for key, _ in self.selector.select():
                waited = key.fileobj
                if waited is self.control:
                    module = self.control.recv(4096)
                    if not module:
                        return None
                    self.load(module.decode())
                elif waited is self.door:
                    self._open()
                elif waited is self.woken:
                    self.woken.recv(4096)
                    self._reap()
                elif waited in self.visitors and (become := self._hear(self.visitors[waited])):
                    return become

    def _open(self) -> None:
        _, passed, _, _ = socket.recv_fds(self.door, 16, 1)
        for number in passed:
            connection = socket.socket(fileno=number)
            self.visitors[connection] = Visitor(connection)
            self.selector.register(connection, selectors.EVENT_READ)

    def _hear(self, visitor: Visitor) -> tuple[dict[str, Any], list[int]] | None:
        try:
            data, passed, _, _ = socket.recv_fds(visitor.connection, 1 << 16, 250)
        except ConnectionError:
            data, passed = b"", []
        if not data:
            self._dismiss(visitor)
            return None
        if visitor.child:
            for number in data:
                _kill(visitor.child, number)
            return None
        visitor.data += data
        visitor.descriptors += passed
        request = visitor.request()
        if request is None:
            return None
        try:
            child = os.fork()
        except OSError:  # no process to be had: the shim takes the silence for a kill
            self._dismiss(visitor)
            return None
        if not child:
            return request, self._leave(visitor)
        with contextlib.suppress(OSError):  # both sides do it, so that it is done for both
            os.setpgid(child, child)
        visitor.child = child
        for number in visitor.data:
            _kill(child, number)
        for number in visitor.descriptors:
            os.close(number)
        return None

    def _leave(self, visitor: Visitor) -> list[int]:
        """In a child: keep nothing of the server but the descriptors that were passed."""
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.selector.close()
        for end in (self.control, self.door, self.waker, self.woken, *self.visitors):
            end.close()
        for other in self.visitors.values():
            if other is not visitor and not other.child:
                for number in other.descriptors:
                    os.close(number)
        return visitor.descriptors

    def _reap(self) -> None:
        for visitor in list(self.visitors.values()):
            if not visitor.child:
                continue
            pid, status = os.waitpid(visitor.child, os.WNOHANG)
            if pid:
                visitor.child = 0
                with contextlib.suppress(OSError):
                    visitor.connection.sendall(status.to_bytes(4, "big"))
                self._dismiss(visitor)

    def _dismiss(self, visitor: Visitor) -> None:
        """Forget a shim; a child whose shim is gone has nobody to run for."""
        if visitor.child:
            _kill(visitor.child, signal.SIGKILL)
            os.waitpid(visitor.child, 0)
        del self.visitors[visitor.connection]
        self.selector.unregister(visitor.connection)
        visitor.connection.close()


def _kill(child: int, number: int) -> None:
    """Signal a child; what a terminal sends, and SIGKILL, reaches its whole process group."""
    with contextlib.suppress(ProcessLookupError):
        if number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGKILL):
            os.killpg(child, number)
        else:
            os.kill(child, number)


def main(path: list[str], loaded: set[str], told_by_runner: list[str]) -> None:
    """Prepare, tell the Runner so, serve; in a child, run the command to its end.

    ``path`` is ``sys.path`` as a program finds it behind its own folder and PYTHONPATH,
    ``loaded`` are the modules that every interpreter has. The Runner tells the numbers of two
    descriptors, its control connection and the door, and its folder.
    """
    control_number, door_number = map(int, told_by_runner[:2])
    folder = told_by_runner[2]
    parting = Parting(loaded)
    control = socket.socket(fileno=control_number)
    door = socket.socket(fileno=door_number)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    observer = Observer()
    told: dict[str, str] = {}
    try:
        for module in _MODULES:
            importlib.import_module(module)
        with contextlib.suppress(Exception):  # a program that meets the same tells it
            keep_command_line()
            warm()
        observer.listen()
        observer.listen_to_alembic()
    except Exception as error:
        told = {"error": f"{type(error).__name__}: {error}"}
    standing.hide()
    names: frozenset[str] = frozenset()

    def settle() -> None:
        nonlocal names
        names = standing.loaded()
        failing.remember_modules()
        parting.begin()

    def load(module: str) -> None:
        with contextlib.suppress(Exception):  # the program that needs it meets the same
            importlib.import_module(module)
        settle()

    settle()
    with contextlib.suppress(OSError):  # if the Runner is gone already, that is noticed next
        control.sendall(json.dumps(told).encode() + b"\n")
    server = Server(control, door, load)
    become = server.serve()
    if become is None:
        with contextlib.suppress(ImportError):  # of psutil, in the environment that misses more
            leftovers.end(folder)
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)
    request, passed = become
    standing.adopt(request, passed)
    parting.forked(names, path, loaded, told_by_runner, observer, server)
    wanted = program.Program(*request["program"])
    extra = standing.python_path()
    if standing.shadowed([wanted.folder, os.curdir, *extra], names):
        plain.become(wanted, _OBSERVED)
    _become(wanted, [*dict.fromkeys(extra), *path], observer, parting)


def _become(wanted: program.Program, path: list[str], observer: Observer, parting: Parting) -> None:
    def ended(error: BaseException | None) -> None:
        observer.ended(error)
        parting.ended(error)

    standing.settle_streams()
    standing.measure_terminal()
    observer.start(wanted.words)
    program.run(wanted, path, ended)
