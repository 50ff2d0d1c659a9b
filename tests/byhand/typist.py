"""Runs commands as they are typed, in a Python that has Alembic, SQLAlchemy and psycopg2 only.

Reads a JSON line for each command from its input, and answers each with one. What is a plain
``alembic WORDS`` or ``python FILE WORDS`` runs in a fork, which saves the imports; the rest, and
all that it cannot be sure of, is given to a shell.
"""

from __future__ import annotations

import io
import json
import os
import re
import runpy
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, NoReturn

import alembic.command
import alembic.config
import psycopg2  # noqa: F401
import sqlalchemy.dialects.postgresql  # noqa: F401

PLAIN = re.compile(
    r"""(?:alembic|python [\w/]+\.py)(?: (?:[\w@%+=:,./^-]+|"[^"$`\\]*"|'[^']*'))*"""
)


def main() -> None:
    here = str(Path(sys.executable).parent)
    os.environ["PATH"] = here + os.pathsep + os.environ["PATH"]
    for line in sys.stdin:
        asked = json.loads(line)
        environment = {**os.environ, **asked["environment"]}
        with tempfile.TemporaryFile() as said:
            run = forked if PLAIN.fullmatch(asked["command"]) else by_shell
            status = run(asked["command"], asked["folder"], environment, said)
            said.seek(0)
            output = said.read().decode(errors="replace")
        print(json.dumps({"status": status, "output": output}), flush=True)


def by_shell(command: str, folder: str, environment: dict[str, str], said: IO[bytes]) -> int:
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=said,
    ).returncode


def forked(command: str, folder: str, environment: dict[str, str], said: IO[bytes]) -> int:
    child = os.fork()
    if not child:
        become(command, folder, environment, said)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def become(command: str, folder: str, environment: dict[str, str], said: IO[bytes]) -> NoReturn:
    """In a fork: be the program that was typed."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(said.fileno(), 1)
    os.dup2(said.fileno(), 2)
    program, *words = shlex.split(command)
    if program == "alembic":
        script = Path(sys.executable).with_name("alembic")
        sys.argv = [str(script), *words]
        sys.path.insert(0, str(script.parent))
        body: Callable[[], object] = alembic.config.main
    else:
        sys.argv = words
        sys.path.insert(0, str(Path(words[0]).resolve().parent))
        body = partial(runpy.run_path, words[0], run_name="__main__")
    end(body)


def end(body: Callable[[], object]) -> NoReturn:
    """Run it, and end as Python does."""
    status = 0
    try:
        body()
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else int(left.code is not None)
        if left.code is not None and not isinstance(left.code, int):
            print(left.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOBase):
            stream.flush()
    os._exit(status & 255)


main()
