"""What a learner's code may know and do: their database is theirs, and nothing else is in reach."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labkit.postgres import connection
from labkit.process import fence
from labkit.run import Runner
from labkit.server import Server
from labkit.trial import environment
from tests.clone import ANSWER, NUMBER, ROOT, Clone
from tests.drills import ask

# Everything that a program can look at: its own environment, all processes, and a clone's files.
_SPY = """
import glob
import os
import pathlib

secrets = [os.environ["NEEDLE"][::-1].encode()]
found = []


def look(name, text):
    if any(secret in text for secret in secrets):
        found.append(name)


look("environ", "\\n".join(f"{k}={v}" for k, v in os.environ.items()).encode())
for kind in ("environ", "cmdline"):
    for path in ["/proc/self/" + kind, *glob.glob(f"/proc/[0-9]*/{kind}")]:
        try:
            look(path, pathlib.Path(path).read_bytes())
        except OSError:
            continue
for below, _, names in os.walk(os.environ["CLONE"]):
    for name in names:
        try:
            look(os.path.join(below, name), pathlib.Path(below, name).read_bytes())
        except OSError:
            continue
print("found", found)
"""


def needle(server: Server) -> str:
    """The administrator's password, the wrong way round: whoever looks for it would find itself."""
    return connection.parse(server.admin_url)["password"][::-1]


_RUN = """
import sys
from pathlib import Path
from labkit.process import fence
from labkit.run import Runner
from labkit.trial import environment

folder, fork, fenced, program = sys.argv[1:5]
if not fenced:
    fence.enter = lambda: False
known = environment("postgresql://") | dict(word.split("=", 1) for word in sys.argv[5:])
with Runner(fork=bool(fork)) as runner:
    print(runner.run(program, project=Path(folder), env=known, timeout=60).output, end="")
"""


def spied(server: Server, folder: Path, program: str, *, fork: bool, fenced: bool = True) -> str:
    """What a program finds of the administrator's password where a task was started with it."""
    (folder / "spy.py").write_text(_SPY)
    words = [str(folder), "1" if fork else "", "1" if fenced else "", program]
    # The folder of the server itself, in which its data and its secret are.
    known = [f"NEEDLE={needle(server)}", f"CLONE={os.environ['LABKIT_TEST_STATE']}"]
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *words, *known],
        cwd=ROOT,
        env={**os.environ, "LABS_DATABASE_URL": server.admin_url},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.skipif(fence.version() == 0, reason="this kernel has no fence to test")
@pytest.mark.parametrize("fork", [True, False], ids=["fork", "process"])
@pytest.mark.parametrize("program", ["python spy.py", "python -I spy.py"])
def test_nothing_that_can_be_read_holds_the_administrators_password(
    server: Server, tmp_path: Path, fork: bool, program: str
) -> None:
    assert spied(server, tmp_path, program, fork=fork) == "found []\n"


def test_without_a_fence_it_would_be_found_in_the_task_alone(
    server: Server, tmp_path: Path
) -> None:
    found = spied(server, tmp_path, "python spy.py", fork=True, fenced=False)
    assert found.count("/proc/") == found.count("/environ") > 0
    assert "/proc/self/environ" not in found


@pytest.mark.skipif(fence.version() < 6, reason="this kernel lets signals out")
@pytest.mark.parametrize("fork", [True, False], ids=["fork", "process"])
def test_no_signal_leaves_the_fence(tmp_path: Path, fork: bool) -> None:
    (tmp_path / "kill.py").write_text(
        "import os\n"
        f"try:\n    os.kill({os.getpid()}, 9)\n"
        "except PermissionError:\n    print('no')\n"
    )
    with Runner(fork=fork) as runner:
        known = environment("postgresql://")
        seen = runner.run("python kill.py", project=tmp_path, env=known, timeout=60)
        assert seen.output == "no\n"
        started = time.monotonic()
        runner.run("python -c 'import os; os.kill(-1, 9)'", project=tmp_path, env=known)
        assert runner.run("echo back", project=tmp_path, env=known).output == "back\n"
    assert time.monotonic() - started < 60


def test_the_fence_leaves_files_and_their_folders_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with Runner() as runner:
        seen = runner.run(
            "echo x > a/f && mv a/f b/ && ln b/f a/g && cat b/f a/g && rm -r a b && ls",
            project=tmp_path,
            env=environment("postgresql://"),
        )
    assert (seen.status, seen.output) == (0, "x\nx\n")


# The role.


REFUSED = {
    "a superuser": "ALTER ROLE CURRENT_USER SUPERUSER",
    "a role": "CREATE ROLE lab_other",
    "a database": "CREATE DATABASE lab_other",
    "a program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "a file": "SELECT pg_read_file('PG_VERSION')",
    "a setting": "ALTER SYSTEM SET fsync = on",
    "a password": "SELECT rolpassword FROM pg_authid",
    "another session": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE usename = '{admin}' AND pid <> pg_backend_pid()",
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_role_of_a_lab_may_not_have(clone: Clone, server: Server, what: str) -> None:
    clone.invoke("lab", NUMBER)
    statement = REFUSED[what].format(admin=connection.parse(server.admin_url)["user"])
    (clone.project / "gate.py").write_text(
        "import os, psycopg2\n"
        "c = psycopg2.connect(os.environ['DATABASE_URL'].replace('+psycopg2', ''))\n"
        "c.autocommit = True\n"
        f"c.cursor().execute({statement!r})\n"
    )
    clone.answer()
    done = clone.invoke("check", NUMBER, "--json")
    assert done.status == 1
    assert "InsufficientPrivilege" in done.out


# Whatever it does to itself ends in a verdict.


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("for _ in range(100):\n    print('x' * 1_000_000)\n", 0, ""),
        ("import os\nos.close(1)\nos.close(2)\n", 0, ""),
        ("import os\nos._exit(0)\n", 1, "`alembic upgrade head` was left in the middle"),
        ("import os\nos.kill(-1, 9)\n", 1, "`alembic upgrade head` failed with exit status 137"),
        ("raise SystemExit(0)\n", 1, "`alembic upgrade head` was left in the middle"),
    ],
    ids=["100 MB", "closed", "_exit", "kill", "exit"],
)
def test_a_verdict_comes_in_any_case(
    clone: Clone, server: Server, code: str, status: int, said: str
) -> None:
    clone.invoke("lab", NUMBER)
    clone.answer(code + ANSWER)
    database = server.database(f"lab_{NUMBER}")
    assert database
    ask(database.url, "INSERT INTO products (name) VALUES ('lamp')")
    ask(database.url, "UPDATE alembic_version SET version_num = '0003'")
    page = clone.page.read_text()
    clone.page.write_text(page.replace("$ alembic current", "$ cat gate.py > seen"))
    done = clone.invoke("check", NUMBER)
    assert done.status == status
    assert said in " ".join(done.out.split())
    assert len(done.out) < 20_000


def test_output_without_an_end_is_stopped(tmp_path: Path) -> None:
    heard = 0

    def hear(text: str) -> None:
        nonlocal heard
        heard += len(text)

    with Runner() as runner:
        seen = runner.run(
            "yes fork bombs of output",
            project=tmp_path,
            env=environment("postgresql://"),
            on_output=hear,
            timeout=1,
        )
    assert seen.timed_out
    assert seen.status in (128 + signal.SIGINT, 128 + signal.SIGKILL)
    assert heard > len(seen.output)
    assert len(seen.output) < 500_000
