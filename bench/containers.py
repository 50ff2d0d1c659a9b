"""What it costs to run a lab in the workspace from outside: ``python -m bench.containers``.

A stack that is not up is brought up, and taken down afterwards. Both ways are taken in turn, so
that what else the machine does meets both. Without an engine nothing is measured, and that is said.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from labkit.containers import note
from labkit.containers.stack import Stack
from labkit.trouble import Trouble

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 7
LIMIT = 0.5  # seconds
WORDS = ("lab", "12")


def outside() -> float:
    """Seconds from the shell's prompt back to it."""
    started = time.monotonic()
    command = [str(Path(sys.executable).with_name("invoke")), *WORDS]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return time.monotonic() - started


def inside(container: str) -> float:
    """Seconds that the same takes for somebody whose prompt is in the container."""
    script = 'TIMEFORMAT=%R; { time "$@" >/dev/null 2>&1; } 2>&1'
    command = ["docker", "exec", container, "bash", "-c", script, "bash", "invoke", *WORDS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


@contextmanager
def workspace() -> Iterator[str]:
    """The workspace container of a stack that is up.

    Raises:
        Trouble: there is no engine, or it cannot do it.
    """
    stack = Stack(ROOT)
    known = note.read(stack.state)
    if known and stack.engine.runs(known.container):
        yield known.container
        return
    for said in stack.up():
        print(said)
    known = note.read(stack.state)
    assert known
    try:
        yield known.container
    finally:
        print(stack.down())


def main() -> int:
    try:
        with workspace() as container:
            outside()
            pairs = [(outside(), inside(container)) for _ in range(ROUNDS)]
    except Trouble as trouble:
        print(f"The containers were not measured. {trouble}")
        return 0
    cost = median(one - other for one, other in pairs)
    print(f"invoke {' '.join(WORDS)}")
    print(f"  outside  {median(one for one, _ in pairs):.2f} s")
    print(f"  inside   {median(other for _, other in pairs):.2f} s")
    print(f"  overhead {cost:.2f} s, allowed {LIMIT} s")
    return 0 if cost < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
