"""The suite: every check that a change has to pass, in the order of their speed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    # The tests with containers share one stack, so they go to one worker.
    ("pytest", "-n", "2", "--dist", "loadgroup", "-rs"),
)

_BENCHES = ("bench.lab", "bench.snapshot", "bench.containers")


def run_suite(root: Path) -> None:
    """Run all checks, and leave with status 1 where one failed."""
    failed = []
    for check in _CHECKS:
        print(f"== {' '.join(check)}", flush=True)
        if subprocess.run([sys.executable, "-m", *check], cwd=root).returncode != 0:
            failed.append(check[0])
    if failed:
        print(f"Failed: {', '.join(failed)}")
    sys.exit(1 if failed else 0)


def run_bench(root: Path) -> None:
    """Run the benchmarks, and leave with status 1 where one failed."""
    failed = [
        bench
        for bench in _BENCHES
        if subprocess.run([sys.executable, "-m", bench], cwd=root).returncode != 0
    ]
    sys.exit(1 if failed else 0)
