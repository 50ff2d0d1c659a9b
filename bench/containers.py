"""What it costs to run a lab in the workspace from outside: ``python -m bench.containers``.

The stack must be up. Both ways are taken in turn, so that what else the machine does meets both.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from labkit.containers import note

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 5
LIMIT = 0.5  # seconds


def outside(words: list[str]) -> float:
    """Seconds from the shell's prompt back to it."""
    started = time.monotonic()
    command = [str(Path(sys.executable).with_name("invoke")), *words]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return time.monotonic() - started


def inside(container: str, words: list[str]) -> float:
    """Seconds that the same takes for somebody whose prompt is in the container."""
    script = 'TIMEFORMAT=%R; { time "$@" >/dev/null 2>&1; } 2>&1'
    command = ["docker", "exec", container, "bash", "-c", script, "bash", "invoke", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> int:
    known = note.read(ROOT / ".labs")
    if known is None:
        print("The stack is not up. Start it: invoke up")
        return 2
    words = ["lab", "12"]
    outside(words)
    pairs = [(outside(words), inside(known.container, words)) for _ in range(ROUNDS)]
    cost = median(one - other for one, other in pairs)
    print(f"outside {median(one for one, _ in pairs):.2f} s")
    print(f"inside  {median(other for _, other in pairs):.2f} s")
    print(f"overhead {cost:.2f} s, allowed {LIMIT} s")
    return 0 if cost < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
