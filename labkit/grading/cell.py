"""A cell: the process in which one submission is judged, behind a fence and with limits.

What it is to do comes over a socket, whose number is its only argument; so do the databases that it
borrows, and so goes its verdict. The submission's own code runs in processes below this one, which
cannot reach that socket.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from labkit.audience import Silent, watch
from labkit.exam import Start, examine
from labkit.grading.leash import Leash
from labkit.grading.lending import Borrower
from labkit.journey import given_by
from labkit.lab import Lab
from labkit.messages import grade as messages
from labkit.need import possible
from labkit.page import Command
from labkit.process import fence
from labkit.run import Runner
from labkit.trial import CHECK_SECONDS, Trial
from labkit.trouble import Trouble
from labkit.verdict import Finding

_LARGEST_FILE = 64 << 20
_MOST_PROCESSES = 256
_LONGEST = 4_000  # characters of each thing that is said
_TAKES_ORPHANS = 36
# What a program needs of the system, as far as it is there.
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt", "/dev", "/proc")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty")


def main() -> None:
    """Do what the grader says, tell it what came of it, and leave."""
    leash = Leash()
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    with channel.makefile("r", encoding="utf-8") as file:
        order: dict[str, Any] = json.loads(file.readline())
    borrower = Borrower(channel, order["version"], order["source"])
    told: dict[str, Any]
    try:
        lab = Lab(Path(order["lab"]))
        fenced = _enclose(order)
        leash.follow()
        told = {**_judged(lab, order, borrower), "fenced": fenced}
    except Trouble as trouble:
        said = (trouble.what, trouble.why, trouble.mend)
        told = {"trouble": [_short(text.replace(f"{order['scratch']}/", "")) for text in said]}
    except Exception as error:
        told = {"fault": _short(f"{type(error).__name__}: {error}")}
    with contextlib.suppress(OSError):
        borrower.tell(told)
    leash.wait()


def _enclose(order: Mapping[str, Any]) -> bool:
    """Set the limits and raise the fence; returns whether there is one."""
    scratch = order["scratch"]
    if sys.platform != "win32":
        import resource

        limits = {
            "RLIMIT_AS": order["memory"],
            "RLIMIT_CPU": order["seconds"],
            "RLIMIT_FSIZE": _LARGEST_FILE,
            "RLIMIT_CORE": 0,
        }
        if sys.platform == "linux":
            limits["RLIMIT_NPROC"] = _processes() + _MOST_PROCESSES
            ctypes.CDLL(None).prctl(_TAKES_ORPHANS, 1, 0, 0, 0)
        for name, value in limits.items():
            # A system may know none of a kind, or allow less already.
            with contextlib.suppress(AttributeError, ValueError, OSError):
                resource.setrlimit(getattr(resource, name), (value, value))
    python = (sys.prefix, sys.base_prefix, sys.exec_prefix, str(Path(sys.executable).parent))
    readable = [*_SYSTEM, *python, *order["readable"]]
    return fence.enter(readable, [scratch, *_DEVICES], order["listable"], order["port"])


def _processes() -> int:
    """How many processes there are by now; the limit counts all of one user."""
    return sum(path.name.isdigit() for path in Path("/proc").iterdir()) * 2


def _judged(lab: Lab, order: Mapping[str, Any], borrower: Borrower) -> dict[str, Any]:
    page, scratch = lab.page, Path(order["scratch"])
    checks = possible(page.checks, borrower.version)
    project = Path(order["project"])
    with Runner() as runner, ExitStack() as stack:
        url = ""
        findings: list[Finding] = []
        if any(step.live for step in checks):
            url = stack.enter_context(borrower.throwaway(lab.database)).url
            _play_page(lab, scratch, url, runner, borrower.version)
            findings = _play(order["commands"], project, url, runner)
        if findings:
            return _told(findings, {})
        exam = examine(
            lab,
            Start(project, url, given_by(page)),
            server=borrower,
            runner=runner,
            scratch=scratch,
            audience=Silent(),
        )
        judged = exam.judged()
    return _told(judged.findings, dict(judged.verified))


def _told(findings: Sequence[Finding], verified: Mapping[str, int]) -> dict[str, Any]:
    told = [
        {name: _short(text) for name, text in finding.as_dict().items()} for finding in findings
    ]
    return {"findings": told, "verified": dict(verified)}


def _short(text: str) -> str:
    """A text that a grader may want to read."""
    more = len(text) - _LONGEST
    return text if more <= 0 else f"{text[:_LONGEST]} … and {more} characters more"


def _play_page(lab: Lab, scratch: Path, url: str, runner: Runner, version: int) -> None:
    """Bring a database to where the page leaves it."""
    steps = possible(lab.page.example, version)
    project = scratch / "page" / lab.name
    project.mkdir(parents=True)
    trial = Trial(project, url, runner, timeout=CHECK_SECONDS)
    watch(trial, steps, Silent())
    if trial.records and (trial.records[-1].failed or not trial.records[-1].ended):
        raise messages.page_fails(lab, trial.records[-1].command.text)


def _play(commands: Sequence[str], project: Path, url: str, runner: Runner) -> list[Finding]:
    """Run the commands that a submission brings, as far as they go well."""
    trial = Trial(project, url, runner, timeout=CHECK_SECONDS, costs=False)
    steps = [Command(text, number) for number, text in enumerate(commands, 1)]
    watch(trial, steps, Silent())
    last = trial.records[-1] if trial.records else None
    if last is None or (last.ended and not last.failed):
        return []
    return [messages.command_failed(last.command.text, last.observation)]


if __name__ == "__main__":
    main()
