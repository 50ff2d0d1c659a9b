"""The prepared process, as its Runner sees it: started in the background, waited for, ended.

It also writes the folder that goes to the front of a command's PATH, in which ``alembic`` and
``python`` are shims.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import marshal
import os
import shlex
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from labkit.messages import run as messages
from labkit.process import leftovers, shim, simple, visit
from labkit.process.visit import Visit

SHIMMED = ("alembic", *shim.PYTHONS)

_HERE = Path(__file__).resolve().parent

# It takes longer to load than a short command to run.
_DEAR = "sqlalchemy.orm"
# A project with more files than that is no lab's, and is not searched to the end.
_MANY = 200


class Prepared:
    """A fork server and the shims that lead to it, both living in ``folder``.

    Without ``fork`` nobody is let in: the shims start plain processes, and the server only
    watches over the end of its Runner.
    """

    def __init__(
        self, folder: Path, fork: bool, begin: Callable[..., subprocess.Popen[bytes]]
    ) -> None:
        """``begin`` starts a process as ``subprocess.Popen`` does."""
        self._folder = folder
        self._begin = begin
        self._control, control = socket.socketpair()
        self._door, door = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ready = False
        self._complete = False
        self._searched: set[tuple[str, int, int]] = set()
        # A command's own path is put together when it begins.
        own = ("PYTHONPATH", "PYTHONSAFEPATH")
        # Nor is it told where the server is: what it was started with its forks can read.
        secret = ("LABS_", "PG", "DATABASE_URL")
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in own and not name.startswith(secret)
        }
        # Labs have no byte code written; a command that wants some gets a plain process.
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        with control, door:
            self._write_shims(environment, fork)
            self._server = self._start(environment, control.fileno(), door.fileno())

    @property
    def binaries(self) -> Path:
        """The folder of the shims."""
        return self._folder / "bin"

    @property
    def door(self) -> int:
        """The descriptor that a command has to inherit, by this very number."""
        return self._door.fileno()

    @property
    def alive(self) -> bool:
        """Whether the process is there; a command can have killed it."""
        return self._server.poll() is None

    def wait(self) -> None:
        """Return once it is ready. Raises Trouble when it cannot load what it has to."""
        if self._ready:
            return
        with self._control.makefile("rb") as file:
            line = file.readline()
        told = json.loads(line) if line else {"error": self._last_words()}
        if "error" in told:
            raise messages.alembic_cannot_be_loaded(told["error"])
        self._ready = True

    def expect(self, project: Path) -> None:
        """Have it load, once, what the files of a project mention and few others need."""
        if not self._complete and self._mentions(project, _DEAR.encode()):
            self._complete = True
            with contextlib.suppress(OSError):  # it has been killed
                self._control.sendall(_DEAR.encode())

    def _mentions(self, project: Path, module: bytes) -> bool:
        """Whether a file that was not searched before names a module."""
        for path in itertools.islice(_programs(project), _MANY):
            with contextlib.suppress(OSError):
                status = path.stat()
                file = (str(path), status.st_mtime_ns, status.st_size)
                if file not in self._searched:
                    self._searched.add(file)
                    if module in path.read_bytes():
                        return True
        return False

    def visit(
        self, line: str, folder: Path, environment: Mapping[str, str], output: int
    ) -> Visit | None:
        """Begin a line without a shell, None where it takes one; ``output`` is a descriptor.

        Raises:
            OSError: the folder cannot be entered.
        """
        words = simple.words(line)
        if words is None:
            return None
        return visit.begin(self._known, self._door, words, folder, environment, output)

    def close(self) -> None:
        """End it; it then ends what commands left running and removes the folder."""
        self._control.close()
        self._door.close()
        try:
            self._server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()

    def _start(
        self, environment: Mapping[str, str], control: int, door: int
    ) -> subprocess.Popen[bytes]:
        words = [str(_HERE / "prepare.py"), str(control), str(door), str(self._folder)]
        with (self._folder / "server.log").open("wb") as log:
            return self._begin(
                [sys.executable, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={**environment, leftovers.FOLDER: str(self._folder)},
                cwd="/",
                start_new_session=True,
                pass_fds=[control, door],
            )

    def _write_shims(self, environment: Mapping[str, str], fork: bool) -> None:
        alembic = self._console_script()
        status = os.fstat(self._door.fileno())
        self._known: dict[str, Any] = {
            "door": (self._door.fileno(), status.st_dev, status.st_ino) if fork else None,
            "python": sys.executable,
            "alembic": str(alembic),
            "interpreter": _interpreter(alembic),
            "observed": str(_HERE / "observed.py"),
            "settled": shim.settled(environment),
        }
        file = self._folder / "prepared"
        file.write_bytes(marshal.dumps(self._known))
        self.binaries.mkdir(exist_ok=True)
        start = shlex.join([sys.executable, "-I", "-S", str(_HERE / "shim.py"), str(file)])
        for name in SHIMMED:
            binary = self.binaries / name
            binary.write_bytes(os.fsencode(f'#!/bin/sh\nexec {start} {name} "$@"\n'))
            binary.chmod(0o755)

    def _console_script(self) -> Path:
        """The installed ``alembic``, or one like it where a package came without its scripts."""
        script = Path(sysconfig.get_path("scripts")) / "alembic"
        if not script.is_file():
            script = self._folder / "alembic"
            text = "import sys\nfrom alembic.config import main\nsys.exit(main())\n"
            script.write_text(text, encoding="utf-8")
        return script

    def _last_words(self) -> str:
        log = (self._folder / "server.log").read_text(encoding="utf-8", errors="replace")
        return log.strip().rpartition("\n")[2] or "its process ended without a word"


def _programs(project: Path) -> Iterator[Path]:
    for folder, below, names in os.walk(project):
        below[:] = [name for name in below if not name.startswith((".", "__"))]
        yield from (Path(folder, name) for name in names if name.endswith(".py"))


def _interpreter(script: Path) -> str:
    """The interpreter that a console script names, as long as it is one of this environment."""
    try:
        first = script.read_bytes().partition(b"\n")[0].decode()
    except (OSError, UnicodeDecodeError):
        first = ""
    named = first.removeprefix("#!").strip()
    same = Path(named).parent == Path(sys.executable).parent and os.access(named, os.X_OK)
    return named if same else sys.executable
