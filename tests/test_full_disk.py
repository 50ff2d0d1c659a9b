"""An embedded server without room to write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labkit import server
from labkit.trouble import Trouble
from tests.drills import (
    ROOT,
    terminal,
)

WHY = "A new data directory takes about 60 MB, and each database about 8 MB."
FILL = """
import sys
from pathlib import Path
from labkit import server
from labkit.trouble import Trouble

disk = Path(sys.argv[1])

def tell(call):
    try:
        call()
        print("done")
    except Trouble as trouble:
        print(trouble.what)
        if "PostgreSQL cannot write" in trouble.what:
            print(trouble.why)

def fill():
    with (disk / "filler").open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2

def stop():
    server.stop(disk)

def find():
    server.find(disk)
"""


def on_a_small_disk(folder: Path, megabytes: int, code: str) -> list[str] | None:
    """The lines that code prints where the folder is a disk of this size; None if it cannot be."""
    inside = f'mount -t tmpfs -o size={megabytes}m,mode=755 none "$0" && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", inside, str(folder)]
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    program = [*command, sys.executable, "-c", FILL + code, str(folder)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_disk_that_is_full_before_the_first_start(folder: Path) -> None:
    full = f"The disk is full: PostgreSQL cannot write in {folder / 'server'}."
    said = on_a_small_disk(folder, 20, "tell(find); tell(find)")
    if said is None:
        # A limit on the size of files is what an ordinary user can set.
        limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        output, _ = terminal(limit + FILL + "tell(find); tell(find)", folder).communicate()
        said = output.splitlines()
    assert said == [full, WHY, full, WHY]


def test_a_disk_that_fills_up_later(folder: Path, server: server.Server) -> None:
    steps = """
running = server.find(disk)
tell(lambda: running.fresh("lab_before"))
fill()
tell(lambda: running.fresh("lab_full"))
tell(lambda: running.fresh("lab_full"))
stop()
fill()
tell(find)
(disk / "filler").unlink()
tell(find)
tell(lambda: server.find(disk).fresh("lab_after"))
print(server.find(disk).exists("lab_before"))
stop()
"""
    said = on_a_small_disk(folder, 75, steps)
    if said is None:
        with pytest.raises(Trouble) as caught:
            server._admin.work([], lambda: server._admin.run("DO $$ BEGIN RAISE disk_full; END $$"))
        assert caught.value.what == f"The disk of the server is full: {server.source}."
        return
    full = f"The disk is full: PostgreSQL cannot write in {folder / 'server'}."
    assert said == [
        "done",
        full,
        WHY,
        full,
        WHY,
        full,
        WHY,
        "done",
        "done",
        "True",
    ]
