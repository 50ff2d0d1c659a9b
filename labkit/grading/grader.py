"""The grader: judges submissions side by side, and sees to it that none harms another."""

from __future__ import annotations

import json
import os
import secrets
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkit import server as servers
from labkit.grading import submission as submissions
from labkit.grading.allowance import Allowance
from labkit.grading.leash import let_go
from labkit.grading.lending import Lender
from labkit.grading.submission import Submission
from labkit.lab import Lab
from labkit.messages import grade as messages
from labkit.postgres import connection
from labkit.server import Server
from labkit.trouble import Trouble
from labkit.verdict import ERROR, FAIL, PASS, Finding

LOOK = 0.5  # seconds between two looks at what a submission uses
_LONGEST = 4 << 20  # bytes of what a cell tells
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "LABS_NO_FORK")


@dataclass(frozen=True)
class Limits:
    """What one submission may use: seconds on the clock, and bytes of memory in each process."""

    seconds: float = 120.0
    memory: int = 1 << 30


@dataclass(frozen=True)
class Grade:
    """What came of a submission; ``trouble`` is set where it could not be judged."""

    submission: Submission
    findings: tuple[Finding, ...] = ()
    verified: dict[str, int] = field(default_factory=dict)
    trouble: Trouble | None = None
    seconds: float = 0.0
    fenced: bool = True

    @property
    def status(self) -> str:
        """PASS, FAIL or ERROR."""
        if self.trouble:
            return ERROR
        return FAIL if self.findings else PASS


class _EndedError(Exception):
    """A cell was ended, and why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


class Grader:
    """Grades submissions with a number of cells at a time.

    Args:
        root: the folder of the labs' own code.
        state: the folder for what must outlive a command.
    """

    def __init__(self, root: Path, state: Path, limits: Limits, jobs: int) -> None:
        self._root = root
        self._state = state
        self._limits = limits
        self._allowance = Allowance(limits.memory)
        self._jobs = jobs
        self._own = threading.local()
        self._stopped = threading.Event()

    def grade(self, found: Sequence[Submission], on_done: Callable[[Grade], None]) -> list[Grade]:
        """The grades, in the order of the submissions; ``on_done`` is told of each as it comes.

        Raises:
            Trouble: there is no server, or nobody can be given a role of their own there.
        """
        server = servers.find(self._state)
        if not server.makes_roles:
            raise messages.no_roles(server.source)
        pool = ThreadPoolExecutor(self._jobs, thread_name_prefix="cell")
        try:
            futures = [pool.submit(self._grade, submission) for submission in found]
            waiting: set[Future[Grade]] = set(futures)
            while waiting:
                done, waiting = wait(waiting, timeout=1, return_when=FIRST_COMPLETED)
                for future in done:
                    on_done(future.result())
            return [future.result() for future in futures]
        finally:
            self._stopped.set()
            pool.shutdown(cancel_futures=True)

    def _grade(self, submission: Submission) -> Grade:
        started = time.monotonic()
        grade = Grade(submission)
        try:
            told = self._told(submission)
        except _EndedError as ended:
            grade = Grade(submission, (ended.finding,))
        except Trouble as trouble:
            grade = Grade(submission, trouble=trouble)
        except Exception as error:
            grade = Grade(submission, trouble=messages.fault(f"{type(error).__name__}: {error}"))
        else:
            findings = tuple(Finding(**finding) for finding in told["findings"])
            grade = Grade(submission, findings, told["verified"], fenced=told["fenced"])
        return Grade(
            submission,
            grade.findings,
            grade.verified,
            grade.trouble,
            time.monotonic() - started,
            grade.fenced,
        )

    def _told(self, submission: Submission) -> dict[str, Any]:
        """What a cell told of a submission."""
        lab, project = submission.lab, submission.project
        if project is not None and project.is_symlink():
            raise messages.is_link(project)
        if lab is None:
            raise messages.no_lab(submission.name)
        if project is None:
            raise messages.not_handed_in(submission.name, lab)
        if submissions.is_empty(project):
            raise messages.nothing_in(submission.name)
        with self._scratch() as scratch:
            copy = scratch / "project" / lab.name
            submissions.copy(project, copy)
            commands = submissions.commands(copy)
            if commands is None and any(step.live for step in lab.page.checks):
                raise messages.needs_commands(lab, submissions.COMMANDS)
            (copy / submissions.COMMANDS).unlink(missing_ok=True)
            server = self._server
            role = f"{lab.database}_graded_{secrets.token_hex(4)}"
            with Lender(server, role) as lender:
                order = {
                    **self._order(lab, scratch, server),
                    "project": str(copy),
                    "commands": commands or [],
                }
                told = self._run(order, scratch, lender, server)
        if "trouble" in told:
            raise Trouble(*told["trouble"])
        if "fault" in told:
            raise messages.fault(told["fault"])
        return told

    @property
    def _server(self) -> Server:
        """The server, over a connection that no other thread uses."""
        if not hasattr(self._own, "server"):
            self._own.server = servers.find(self._state)
        made: Server = self._own.server
        return made

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        above = self._state / "grading"
        above.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=above))
        try:
            for name in ("home", "tmp"):
                (scratch / name).mkdir()
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _order(self, lab: Lab, scratch: Path, server: Server) -> dict[str, Any]:
        known = connection.parse(server.admin_url)
        files = [known[name] for name in ("sslrootcert",) if name in known]
        remote = not known.get("host", "/").startswith("/")
        return {
            "lab": str(lab.folder),
            "scratch": str(scratch),
            "memory": self._limits.memory,
            "seconds": int(self._limits.seconds) + 1,
            "version": server.version,
            "source": server.source,
            "readable": [str(self._root / "labkit"), str(lab.folder), *files],
            # Python looks for its modules there.
            "listable": [str(self._root)],
            "port": int(known.get("port", "5432")) if remote else None,
        }

    def _run(
        self, order: dict[str, Any], scratch: Path, lender: Lender, server: Server
    ) -> dict[str, Any]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            process = self._start(scratch, theirs)
            theirs.close()
            try:
                ours.sendall(json.dumps(order).encode() + b"\n")
                return self._followed(process, ours, scratch, lender, server)
            except OSError:
                raise messages.no_verdict(_status(process)) from None
            finally:
                let_go(process, scratch)

    def _start(self, scratch: Path, channel: socket.socket) -> subprocess.Popen[bytes]:
        code = (
            f"import sys; sys.path.insert(0, {str(self._root)!r}); "
            "from labkit.grading.cell import main; main()"
        )
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        own = {"HOME": str(scratch / "home"), "TMPDIR": str(scratch / "tmp")}
        with (scratch / "log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-c", code, str(channel.fileno())],
                cwd=scratch,
                env={**kept, **own, "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                pass_fds=[channel.fileno()],
                start_new_session=True,
            )

    def _followed(
        self,
        process: subprocess.Popen[bytes],
        channel: socket.socket,
        scratch: Path,
        lender: Lender,
        server: Server,
    ) -> dict[str, Any]:
        """Lend what is asked for, until the cell tells its verdict or has to be ended."""
        data = b""
        end_at = time.monotonic() + self._limits.seconds
        look_at = 0.0
        while True:
            now = time.monotonic()
            if self._stopped.is_set() or now >= end_at:
                raise _EndedError(messages.too_long(self._limits.seconds))
            if now >= look_at:
                if finding := self._allowance.exceeded(process.pid, scratch, lender.names, server):
                    raise _EndedError(finding)
                look_at = time.monotonic() + LOOK
            ready, _, _ = select.select([channel], [], [], LOOK)
            if not ready:
                continue
            more = channel.recv(1 << 16)
            data += more
            if not more or len(data) > _LONGEST:
                raise messages.no_verdict(_status(process) if not more else None)
            while b"\n" in data:
                line, _, data = data.partition(b"\n")
                question = json.loads(line)
                if "told" in question:
                    told: dict[str, Any] = question["told"]
                    return told
                channel.sendall(json.dumps(lender.answer(question)).encode() + b"\n")


def _status(process: subprocess.Popen[bytes]) -> int | None:
    """The exit status of a cell that has closed its end; None where it goes on all the same."""
    try:
        return process.wait(1)
    except subprocess.TimeoutExpired:
        return None
