"""How long a lab takes against its commands typed by hand, in one run: ``invoke bench``.

By hand means: the page's files are there, each command is a process of its own, nothing is checked.
A ratio below 1 says that the lab with every check is faster than that.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from labkit import server, workspace
from labkit.lab import Lab, all_labs
from labkit.need import possible
from labkit.page import Command, File
from labkit.server import Server
from labkit.trial import environment

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 3


def by_hand(lab: Lab, postgres: Server) -> float:
    """Seconds that the page's commands take as processes, the writing of files left out."""
    seconds = 0.0
    with (
        tempfile.TemporaryDirectory(dir=ROOT / ".labs") as folder,
        postgres.throwaway(lab.database) as database,
    ):
        for step in possible(lab.page.example, postgres.version):
            if isinstance(step, File):
                workspace.write(Path(folder), step.path, step.text)
            elif isinstance(step, Command):
                started = time.monotonic()
                subprocess.run(
                    step.text,
                    shell=True,
                    cwd=folder,
                    env=environment(database.url),
                    capture_output=True,
                    check=False,
                )
                seconds += time.monotonic() - started
    return seconds


def as_lab(lab: Lab) -> float:
    """Seconds that ``invoke lab N`` takes, from the shell's prompt back to it."""
    started = time.monotonic()
    command = [sys.executable, "-m", "invoke", "lab", str(lab.number)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return time.monotonic() - started


def main() -> None:
    """Print one line for each lab and one for all."""
    total_hand = total_lab = 0.0
    print("lab                                by hand    as lab     ratio")
    postgres = server.find(ROOT / ".labs")
    for lab in all_labs(ROOT / "labs"):
        hand = median(by_hand(lab, postgres) for _ in range(ROUNDS))
        whole = median(as_lab(lab) for _ in range(ROUNDS))
        total_hand += hand
        total_lab += whole
        print(f"{lab.name:32} {hand:7.2f} s {whole:7.2f} s {whole / hand:9.2f}")
    print(f"{'all':32} {total_hand:7.2f} s {total_lab:7.2f} s {total_lab / total_hand:9.2f}")


if __name__ == "__main__":
    main()
