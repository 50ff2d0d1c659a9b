"""A clone with containers of its own, as a person has it who types in a terminal."""

from __future__ import annotations

import fnmatch
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from labkit.containers import note
from tests.window import Window

ROOT = Path(__file__).resolve().parents[2]
# As `git clone` would leave them out.
_LEFT_OUT = {".git", ".venv", ".labs", "workspace", ".env", ".hypothesis"}
OWNER = 4711  # whoever is not 1000


@dataclass
class Said:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


@dataclass
class Clone:
    """A copy of this repository in a folder of its own.

    ``environment`` is what the person has; the project's name keeps it apart from other clones.
    """

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def project(self) -> str:
        return self.environment["COMPOSE_PROJECT_NAME"]

    def run(self, *words: str, **more: str) -> Said:
        done = subprocess.run(
            words,
            cwd=self.root,
            env=self.environment | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def invoke(self, *words: str, **more: str) -> Said:
        return self.run(*self.invoke_words(*words), **more)

    def invoke_words(self, *words: str) -> list[str]:
        return [str(Path(sys.executable).with_name("invoke")), *words]

    def compose(self, *words: str, **more: str) -> Said:
        return self.run("docker", "compose", *words, **more)

    def container(self, service: str) -> str:
        return self.compose("ps", "--all", "--quiet", service).out.split()[0]

    def started(self, *words: str) -> subprocess.Popen[str]:
        """A command that goes on, in a group of its own as a shell's jobs are."""
        process = subprocess.Popen(
            words,
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        self.processes.append(process)
        return process

    def end(self) -> None:
        """End what goes on still, as after a test that failed."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        self.processes.clear()

    def window(self, *words: str) -> Window:
        """A terminal in which a command runs."""
        return Window(words, cwd=self.root, env={**self.environment, "TERM": "xterm"})

    def is_up(self) -> bool:
        """Whether both containers run and the tasks outside know it."""
        known = note.read(self.root / ".labs")
        running = self.compose("ps", "--quiet", "--status", "running", "db", "workspace").out
        return known is not None and len(running.split()) == 2 and known.container in running

    def works(self) -> bool:
        """Whether the workspace that is noted down reaches the database."""
        known = note.read(self.root / ".labs")
        look = ("python", "-m", "labkit.containers.compose")
        return known is not None and not self.run("docker", "exec", known.container, *look).status

    def write(self, path: str, text: str) -> None:
        """Write a file as the clone's owner does with an editor."""
        file = self.root / path
        file.write_text(text, encoding="utf-8")
        owner = self.root.stat()
        os.chown(file, owner.st_uid, owner.st_gid)

    def remove(self) -> None:
        self.end()
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "1", "--rmi", "local")
        shutil.rmtree(self.root, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _left_out(folder: str, names: list[str]) -> set[str]:
    anywhere = set(fnmatch.filter(names, "__pycache__")) | set(fnmatch.filter(names, ".*_cache"))
    return anywhere | (_LEFT_OUT & set(names) if Path(folder) == ROOT else set())


def make(root: Path, project: str, owner: int = OWNER) -> Clone:
    """A copy of this repository, in the hands of somebody; as root it is given to ``owner``."""
    shutil.copytree(ROOT, root, ignore=_left_out, symlinks=True)
    if os.geteuid() == 0:
        for folder, _, files in os.walk(root):
            for path in [Path(folder), *(Path(folder, name) for name in files)]:
                os.chown(path, owner, owner)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LAB_", "LABS_"))}
    environment |= {"COMPOSE_PROJECT_NAME": project, "LABS_DB_PORT": str(free_port())}
    return Clone(root, environment)
