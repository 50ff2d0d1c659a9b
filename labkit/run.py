"""Running: a command line is run as a shell would run it, and what it did is collected.

A line that names one program and its words is taken to a prepared process, which forks; see
``visit`` and ``forkserver``. Any other has a shell, in which ``alembic`` and ``python`` meet a
shim that does the same. Where the system cannot fork, or LABS_NO_FORK is set, the shim starts
plain processes that observe themselves, with the same result.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

from labkit.messages import run as messages
from labkit.observation import Observation
from labkit.process import fence, leftovers, record, standing
from labkit.process.prepared import Prepared
from labkit.process.watch import Leader, Process, Watch

# The name that the shell's own messages begin with, and where it is.
_SHELL = ("bash", found) if (found := shutil.which("bash")) else ("sh", "/bin/sh")

_SCRIPTS = sysconfig.get_path("scripts")


class Runner:
    """Runs commands one after the other, and ends all they started when it is closed.

    Making one takes no time: the prepared process gets ready in the background, and the first
    ``run`` waits for it. A context manager. Raises Trouble where there is no room to work in.

    Attributes:
        stopping: asked again and again while a command runs; True ends it as Ctrl-C does.
    """

    stopping: Callable[[], bool] | None = None

    def __init__(self, fork: bool | None = None) -> None:
        """``fork`` says whether to fork; None lets the system and LABS_NO_FORK decide."""
        wanted = not os.environ.get("LABS_NO_FORK") if fork is None else fork
        self.forks = wanted and hasattr(os, "fork")
        self._count = 0
        self._prepared: Prepared | None = None
        # What a learner's code must not see, its own thread gives up for all that it starts.
        self._starter = ThreadPoolExecutor(max_workers=1, initializer=fence.enter)
        self._folder = _scratch()
        try:
            self._prepared = Prepared(self._folder, self.forks, self._begin)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the prepared process and everything that commands left running."""
        if self._prepared is not None:
            self._prepared.close()
            self._prepared = None
        self._starter.shutdown(cancel_futures=True)
        if self._folder.exists():
            leftovers.end(str(self._folder))
            shutil.rmtree(self._folder, ignore_errors=True)

    def run(
        self,
        command: str,
        *,
        project: Path,
        env: Mapping[str, str],
        on_output: Callable[[str], None] | None = None,
        timeout: float | None = None,
        observe: bool = True,
        costs: bool = True,
    ) -> Observation:
        """Run ``command`` with a shell in the folder ``project`` and return what it did.

        ``env`` is the whole environment, ``timeout`` in seconds. ``on_output`` gets all output as
        it comes. Ctrl-C is passed on to the command, which has two seconds to end by itself.
        Without ``observe`` only output and exit status are known of it; without ``costs`` no
        locks, rewrites and scans, the reading of which takes a good part of a short migration.

        Raises Trouble when it cannot be run or observed: no such project, Alembic cannot be
        loaded, no room for what is observed. What ``on_output`` raises ends the command and
        comes through.
        """
        prepared = self._ready()
        prepared.expect(project)
        told = self._record()
        reading, writing = os.pipe()
        try:
            began = time.perf_counter()
            process = self._start(
                prepared, command, project, env, _observing(observe, costs, told, project), writing
            )
            os.close(writing)
            writing = -1
            watch = Watch(process, reading, on_output, timeout, self.stopping)
            try:
                watch.follow()
            finally:
                watch.end()
            seconds = time.perf_counter() - began
        finally:
            os.close(reading)
            if writing >= 0:
                os.close(writing)
        if not prepared.alive:
            leftovers.end(str(self._folder))
        try:
            recorded = record.read(told, project)
        except record.Lost as lost:
            raise messages.no_room(self._folder, str(lost)) from lost
        finally:
            record.remove(told)
        code = process.returncode
        assert code is not None
        return Observation(
            command=command,
            output=watch.output.text,
            status=code if code >= 0 else 128 - code,
            seconds=seconds,
            statements=recorded.statements,
            failure=recorded.failure,
            interrupted=watch.interrupted,
            timed_out=watch.timed_out,
            cut=watch.output.cut,
            gaps=recorded.gaps,
            programs=recorded.programs,
            used=recorded.used,
        )

    def _begin(self, words: Sequence[str], **options: Any) -> Leader:
        """Start a process behind the fence."""

        def start() -> Leader:
            return Leader(words, **options)

        return self._starter.submit(start).result()

    def _ready(self) -> Prepared:
        if self._prepared is None:
            raise ValueError("this Runner is closed")
        if not self._prepared.alive:
            self._prepared.close()
            self._prepared = Prepared(self._folder, self.forks, self._begin)
        self._prepared.wait()
        return self._prepared

    def _record(self) -> Path:
        self._count += 1
        told = self._folder / f"{self._count}.jsonl"
        try:
            record.begin(told)
        except OSError as error:
            raise messages.no_room(self._folder, error.strerror or str(error)) from error
        return told

    def _start(
        self,
        prepared: Prepared,
        command: str,
        project: Path,
        env: Mapping[str, str],
        observing: Mapping[str, str],
        writing: int,
    ) -> Process:
        pipe = os.fstat(writing)
        environment = {
            **env,
            "PATH": _path(prepared.binaries, env.get("PATH", os.defpath)),
            "PYTHONUNBUFFERED": env.get("PYTHONUNBUFFERED") or standing.UNBUFFERED,
            **observing,
            standing.PIPE: f"{pipe.st_dev}:{pipe.st_ino}",
            leftovers.FOLDER: str(self._folder),
        }
        try:
            if visit := prepared.visit(command, project, environment, writing):
                return visit
            return self._begin(
                [_SHELL[0], "-c", command],
                executable=_SHELL[1],
                cwd=project,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
                pass_fds=[prepared.door],
            )
        except OSError as error:
            raise messages.cannot_start(command, project, error) from error


def _observing(observe: bool, costs: bool, told: Path, project: Path) -> dict[str, str]:
    """What a process has to know that tells what it does."""
    if not observe:
        return {}
    asked = {record.COSTS: "1"} if costs else {}
    return {record.RECORD: str(told), record.PROJECT: os.path.realpath(project), **asked}


def _path(binaries: Path, path: str) -> str:
    """The shims first, then this environment's own programs, as if it were activated."""
    entries = path.split(os.pathsep)
    activate = sys.prefix != sys.base_prefix and _SCRIPTS not in entries
    return os.pathsep.join([str(binaries), *([_SCRIPTS] if activate else []), path])


def _scratch() -> Path:
    """Make a folder in which programs can be started: a hardened /tmp does not allow it."""
    reason = ""
    for parent in (tempfile.gettempdir(), Path.cwd()):
        try:
            folder = Path(tempfile.mkdtemp(prefix=".labs-", dir=parent))
            probe = folder / "probe"
            probe.touch(0o755)
        except OSError as error:
            reason = reason or error.strerror or str(error)
            continue
        if os.access(probe, os.X_OK):
            return folder
        shutil.rmtree(folder, ignore_errors=True)
    raise messages.no_room(tempfile.gettempdir(), reason or "programs cannot be started there")
