"""A command line is run as in a shell, and whatever it does ends in an Observation."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import sysconfig
import textwrap
import threading
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from labkit.observation import Observation, Place
from labkit.process import prepared, record
from labkit.process.output import Output
from labkit.process.watch import Leader
from labkit.run import Runner
from labkit.server import Database
from labkit.trouble import Trouble
from tests.projects import Project

NOWHERE = "postgresql+psycopg2://nobody@127.0.0.1:1/nothing"


@pytest.fixture(scope="module", params=["fork", "process"])
def runner(request: pytest.FixtureRequest) -> Iterator[Runner]:
    with Runner(fork=request.param == "fork") as runner:
        yield runner


@pytest.fixture(scope="module")
def forking() -> Iterator[Runner]:
    with Runner(fork=True) as runner:
        yield runner


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose commands need no database."""
    return Project(tmp_path / "projet été", NOWHERE)


@pytest.fixture
def shop(tmp_path: Path, database: Database) -> Project:
    return Project(tmp_path / "shop né", database.url)


def run(runner: Runner, project: Project, line: str, timeout: float | None = None) -> Observation:
    return runner.run(line, project=project.folder, env=project.env, timeout=timeout)


def test_labs_no_fork_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABS_NO_FORK", raising=False)
    with Runner() as runner:
        assert runner.forks
    monkeypatch.setenv("LABS_NO_FORK", "1")
    with Runner() as runner:
        assert not runner.forks


def test_a_package_without_its_scripts_is_run_all_the_same(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path / "no such folder"))
    with Runner() as runner:
        assert run(runner, project, "alembic --version").status == 0


# The shell


LINES = {
    "echo a | tr a b": ("b\n", 0),
    "A=1 && echo $A && false || echo other": ("1\nother\n", 0),
    "echo hidden > file; cat file; rm file": ("hidden\n", 0),
    "echo out; echo err >&2; echo out": ("out\nerr\nout\n", 0),
    "exit 300": ("", 44),
    "kill -9 $$": ("", 137),
    "kill -TERM $$": ("", 143),
    "cat": ("", 0),
    "nowhere-to-be-found 2>&1 | grep -o 'nowhere.*found'; exit ${PIPESTATUS[0]}": (
        "nowhere-to-be-found: command not found\n",
        127,
    ),
    "printf '\\377ok'": ("\ufffdok", 0),
    "": ("", 0),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_run_as_by_a_shell(forking: Runner, project: Project, line: str) -> None:
    seen = run(forking, project, line)
    assert (seen.output, seen.status) == LINES[line]
    assert seen.failure is None
    assert seen.command == line


def test_a_simple_command_is_run_without_a_shell(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Runner(fork=True) as runner:
        runner.run("alembic heads", project=project.folder, env=project.env)
        monkeypatch.setattr(runner, "_begin", None)
        seen = runner.run("alembic heads --verbose", project=project.folder, env=project.env)
    assert (seen.status, seen.failure, seen.gaps) == (0, None, ())
    assert [words[-1] for words in seen.programs] == ["--verbose"]


def test_a_project_that_mentions_the_orm_finds_it_loaded(project: Project) -> None:
    asking = "python -c 'import sys; print(\"sqlalchemy.orm\" in sys.modules)'"
    with Runner(fork=True) as runner:
        before = run(runner, project, asking).output
        project.write("models.py", "from sqlalchemy.orm import DeclarativeBase\n")
        answers = [run(runner, project, asking).output for _ in range(2)]
        mapped = run(runner, project, "python -c 'import models; print(models.DeclarativeBase)'")
    assert (before, answers[-1]) == ("False\n", "True\n")
    assert mapped.output == "<class 'sqlalchemy.orm.decl_api.DeclarativeBase'>\n"


def test_a_command_that_is_not_observed_tells_its_output_and_status(
    runner: Runner, project: Project
) -> None:
    line = "alembic show nowhere"
    seen = runner.run(line, project=project.folder, env=project.env, observe=False)
    assert (seen.status, seen.statements, seen.failure, seen.programs) == (255, (), None, ())
    assert "Can't locate revision identified by 'nowhere'" in seen.output


def test_alembic_is_found_anywhere_in_a_line(runner: Runner, project: Project) -> None:
    line = "A=1 alembic --version | tr a-z A-Z && (cd migrations; alembic --version) && echo end"
    first, second, end = run(runner, project, line).output.splitlines()
    assert (first, end) == (second.upper(), "end")


def test_output_comes_in_the_order_it_was_written(runner: Runner, project: Project) -> None:
    project.write(
        "order.py",
        "import sys\nfor n in range(3):\n    print(n)\n    print('err', n, file=sys.stderr)\n",
    )
    seen = run(runner, project, "python order.py")
    assert seen.output == "0\nerr 0\n1\nerr 1\n2\nerr 2\n"


def test_output_is_delivered_while_the_command_runs(runner: Runner, project: Project) -> None:
    go = project.folder / "go"
    project.write(
        "wait.py",
        "import os, time\nprint('ready')\nwhile not os.path.exists('go'):\n    time.sleep(0.01)\n",
    )
    heard: list[str] = []

    def hear(text: str) -> None:
        heard.append(text)
        go.touch()

    seen = runner.run(
        "python wait.py", project=project.folder, env=project.env, on_output=hear, timeout=60
    )
    assert ("".join(heard), seen.output, seen.status) == ("ready\n", "ready\n", 0)


def test_what_on_output_raises_ends_the_command(forking: Runner, project: Project) -> None:
    def refuse(text: str) -> None:
        raise BrokenPipeError(text)

    line = "echo $$ > pid; echo one; exec sleep 600"
    with pytest.raises(BrokenPipeError):
        forking.run(line, project=project.folder, env=project.env, on_output=refuse)
    assert not psutil.pid_exists(int((project.folder / "pid").read_text()))


def test_a_hundred_megabytes_are_cut_in_the_middle(forking: Runner, project: Project) -> None:
    project.write("flood.py", "for n in range(100_000):\n    print(f'{n:01023}')\n")
    seen = run(forking, project, "python flood.py")
    lines = seen.output.splitlines()
    assert (int(lines[0]), int(lines[-1])) == (0, 99_999)
    assert seen.cut > 100_000_000
    assert len(seen.output) < 1_000_000
    assert f"[{seen.cut} characters cut]" in lines


def test_short_output_is_not_cut() -> None:
    output = Output(kept=4)
    assert [output.add(b) for b in (b"ab\xc3", b"\xa9cd", b"ef")] == ["ab", "écd", "ef"]
    assert (output.text, output.cut) == ("abécdef", 0)


def test_what_is_cut_is_counted() -> None:
    output = Output(kept=2)
    for data in (b"abc", b"d", b"efg", b""):
        output.add(data, final=not data)
    assert (output.text, output.cut) == ("ab\n[3 characters cut]\nfg", 3)


def test_a_background_process_does_not_hold_the_command(forking: Runner, project: Project) -> None:
    seen = run(forking, project, "sleep 600 & echo $! > pid; echo started")
    assert (seen.output, seen.status) == ("started\n", 0)
    assert seen.seconds < 60
    psutil.Process(int((project.folder / "pid").read_text())).kill()


# What learner code does


def migrate(runner: Runner, project: Project, body: str, status: int) -> Observation:
    project.revision("change", None, body)
    seen = run(runner, project, "alembic upgrade head", timeout=60)
    assert seen.status == status, seen.output
    return seen


LEARNERS: dict[str, tuple[str, int, str | None, str]] = {
    "exception": ("raise ValueError('no good')", 1, "ValueError", "no good"),
    "exit 0": ("sys.exit(0)", 0, "SystemExit", "0"),
    "exit text": ("sys.exit('stop')", 1, "SystemExit", "stop"),
    "exit 300": ("sys.exit(300)", 44, "SystemExit", "300"),
    "exit -1": ("sys.exit(-1)", 255, "SystemExit", "-1"),
    "interrupt": ("raise KeyboardInterrupt", 130, "KeyboardInterrupt", ""),
    "sql": ("op.execute('SELEKT')", 1, "SyntaxError", 'syntax error at or near "SELEKT"'),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_an_exception_in_a_migration_is_told_with_its_line(
    forking: Runner, shop: Project, name: str
) -> None:
    body, status, kind, message = LEARNERS[name]
    seen = migrate(forking, shop, f"pass\n{body}", status)
    assert seen.failure is not None
    assert (seen.failure.kind, seen.failure.message) == (kind, message)
    assert seen.failure.place == Place("migrations/versions/change.py", 10)


ENDINGS = {
    "os._exit(0)": 0,
    "os._exit(300)": 44,
    "os.kill(os.getpid(), 9)": 137,
    "os.kill(os.getpid(), signal.SIGSEGV)": 139,
    "os.killpg(0, 9)": 137,
}


@pytest.mark.parametrize("body", ENDINGS)
def test_an_end_that_python_does_not_see_is_a_failure_too(
    forking: Runner, shop: Project, body: str
) -> None:
    seen = migrate(forking, shop, body, ENDINGS[body])
    assert seen.failure is not None
    assert seen.failure.kind == "ended"


HARMLESS = {
    "closed stdout": "sys.stdout.close()",
    "closed descriptors": "os.close(0); os.close(1); os.close(2)",
    "umask": "os.umask(0o777)",
    "chdir": "os.chdir('/')",
    "daemon thread": "import threading as t\n"
    "t.Thread(target=time.sleep, args=(600,), daemon=True).start()",
    "signals": "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 3, 10, 12, 15, 23)]",
    "environment": "os.environ.clear()",
    "recursion": "sys.setrecursionlimit(10**6)",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_whatever_else_a_migration_does_is_its_own_affair(
    forking: Runner, shop: Project, name: str
) -> None:
    project = shop
    before = run(forking, project, "pwd; umask")
    seen = migrate(forking, project, f"op.execute('SELECT 1')\n{HARMLESS[name]}", 0)
    assert [s.text for s in seen.migrated] == ["SELECT 1"]
    after = run(forking, project, "alembic current 2>/dev/null; pwd; umask")
    assert after.output == f"change (head)\n{before.output}"


def test_a_project_may_delete_itself(forking: Runner, shop: Project) -> None:
    seen = migrate(forking, shop, f"import shutil\nshutil.rmtree({str(shop.folder)!r})", 0)
    assert seen.failure is None
    with pytest.raises(Trouble) as trouble:
        run(forking, shop, "alembic current")
    assert trouble.value.what == f"The project folder {shop.folder} is not there."
    assert trouble.value.mend == "Run the lab again: it lays its files down anew."
    assert trouble.value.why == ("It was moved or removed while its commands were still to run.")


BROKEN = {
    "syntax": (b"def upgrade(:\n", "SyntaxError", 1),
    "syntax on line 3": (b"revision = 'x'\n\ndef upgrade()\n", "SyntaxError", 3),
    "indentation": (b"def upgrade():\npass\n", "IndentationError", 2),
    "binary junk": (b"\x00\xff\xfe\x00", None, 1),
    "not utf-8": (b"revision = 'x'\n\xff\xfe", "SyntaxError", 2),
    "import": (b"\nimport nowhere_at_all\n", "ModuleNotFoundError", 2),
    "exit": (b"raise SystemExit(0)", "SystemExit", 1),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_revision_file_is_told_with_its_line(
    runner: Runner, project: Project, name: str
) -> None:
    data, kind, line = BROKEN[name]
    (project.folder / "migrations/versions/bröken.py").write_bytes(data)
    seen = run(runner, project, "alembic heads")
    assert seen.failure is not None
    assert seen.failure.place == Place("migrations/versions/bröken.py", line)
    assert kind in (None, seen.failure.kind)


def test_a_message_of_alembic_is_a_failure(runner: Runner, project: Project) -> None:
    seen = run(runner, project, "alembic show nowhere")
    assert seen.status == 255
    assert seen.failure is not None
    assert (seen.failure.kind, seen.failure.place) == ("CommandError", None)
    assert seen.output == f"FAILED: {seen.failure.message}\n"


def test_wrong_usage_is_a_failure(forking: Runner, project: Project) -> None:
    seen = run(forking, project, "alembic nonsense")
    assert seen.status == 2
    assert seen.failure is not None
    assert (seen.failure.kind, seen.failure.message) == ("SystemExit", "2")


@pytest.mark.parametrize("line", ["alembic --help", "alembic heads", "python -c 'exit(0)'"])
def test_a_good_end_is_no_failure(runner: Runner, project: Project, line: str) -> None:
    seen = run(runner, project, line)
    assert (seen.status, seen.failure) == (0, None)


def test_no_database_is_told_in_the_servers_words(forking: Runner, project: Project) -> None:
    seen = run(forking, project, "alembic current")
    assert seen.status == 1
    assert seen.failure is not None
    assert seen.failure.kind == "OperationalError"
    assert "Connection refused" in seen.failure.message
    assert seen.failure.place is not None
    assert seen.failure.place.file == "migrations/env.py"


def test_a_later_command_of_a_line_does_not_hide_a_failure(
    forking: Runner, project: Project
) -> None:
    seen = run(forking, project, "alembic show nowhere; alembic heads")
    assert seen.status == 0
    assert seen.failure is not None


# Ctrl-C and the timeout


@contextlib.contextmanager
def ctrl_c_when(ready: Callable[[], bool], times: int = 1) -> Iterator[None]:
    """Press Ctrl-C in this process once ``ready``, and again every half a second."""
    over = threading.Event()

    def press() -> None:
        while not ready() and not over.is_set():
            time.sleep(0.02)
        for _ in range(times):
            if not over.is_set():
                os.kill(os.getpid(), signal.SIGINT)
                over.wait(0.5)

    thread = threading.Thread(target=press)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


LOOPS = {
    "waits": ("mark()\nwhile True:\n    time.sleep(1)", 130, "KeyboardInterrupt"),
    "spins": ("mark()\nwhile True:\n    pass", 130, "KeyboardInterrupt"),
    "catches all": (
        "mark()\nwhile True:\n    try:\n        time.sleep(600)\n    except BaseException: 0",
        137,
        "ended",
    ),
    "ignores": ("signal.signal(2, signal.SIG_IGN)\nmark()\ntime.sleep(600)", 137, "ended"),
    "is in C": ("mark()\nsum(range(10**12))", 137, "ended"),
}
MARK = "mark = lambda: open('ready', 'w').close()\n"


@pytest.mark.parametrize("name", LOOPS)
def test_ctrl_c_ends_a_migration_and_tells_where_it_was(
    runner: Runner, shop: Project, name: str
) -> None:
    body, status, kind = LOOPS[name]
    shop.revision("loop", None, MARK + body)
    with ctrl_c_when((shop.folder / "ready").exists):
        seen = run(runner, shop, "alembic upgrade head; echo not reached")
    assert seen.interrupted
    assert not seen.timed_out
    assert seen.status == status
    assert "not reached" not in seen.output
    assert seen.failure is not None
    assert seen.failure.kind == kind
    assert seen.failure.place is not None
    assert seen.failure.place.file == "migrations/versions/loop.py"
    assert seen.failure.place.line in range(10, 15)
    assert seen.seconds < 30


def test_ctrl_c_in_a_statement_tells_which(forking: Runner, shop: Project) -> None:
    shop.revision("slow", None, "op.execute('SELECT pg_sleep(600)')")
    engine = sa.create_engine(shop.url)
    asleep = sa.text("SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'")
    with engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        with ctrl_c_when(lambda: connection.execute(asleep).rowcount == 1):
            seen = run(forking, shop, "alembic upgrade head")
    engine.dispose()
    (statement,) = seen.migrated
    assert statement.text == "SELECT pg_sleep(600)"
    assert statement.failure is not None
    assert statement.failure.kind == "unfinished"
    assert seen.failure is not None
    assert seen.failure.place == Place("migrations/versions/slow.py", 9)


def test_a_second_ctrl_c_kills_at_once(forking: Runner, project: Project) -> None:
    line = "trap '' INT; touch ready; while true; do sleep 0.1; done"
    with ctrl_c_when((project.folder / "ready").exists, times=2):
        seen = run(forking, project, line)
    assert (seen.interrupted, seen.status) == (True, 137)


def test_a_command_that_heeds_ctrl_c_ends_as_it_likes(forking: Runner, project: Project) -> None:
    line = "trap 'echo bye; exit 5' INT; touch ready; while true; do sleep 0.1; done"
    with ctrl_c_when((project.folder / "ready").exists):
        seen = run(forking, project, line)
    assert (seen.interrupted, seen.status, seen.output) == (True, 5, "bye\n")


def test_the_timeout_interrupts(runner: Runner, project: Project) -> None:
    project.write("loop.py", "import time\nprint('begun')\ntime.sleep(600)\n")
    seen = run(runner, project, "python loop.py", timeout=3)
    assert (seen.timed_out, seen.interrupted, seen.status) == (True, False, 130)
    assert seen.output.startswith("begun\nTraceback")
    assert seen.failure is not None
    assert seen.failure.place == Place("loop.py", 3)


def test_the_timeout_kills_what_goes_on_without_output(forking: Runner, project: Project) -> None:
    line = "trap '' INT; exec >/dev/null 2>&1; sleep 600"
    seen = run(forking, project, line, timeout=0.2)
    assert (seen.timed_out, seen.status) == (True, 137)


# What is left behind


def started_with(runner_folder: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if runner_folder in process.environ().get("LABS_SCRATCH", ""):
                found.append(process)
    return found


def scratch(runner: Runner, project: Project) -> str:
    return run(runner, project, "printf %s $LABS_SCRATCH").output


def test_close_ends_everything(project: Project) -> None:
    with Runner() as runner:
        folder = scratch(runner, project)
        run(runner, project, "nohup sleep 600 &")
        run(runner, project, "python -c 'import os, time; os.fork() or time.sleep(600)'")
        escape = "import os, time; os.fork() and os._exit(0); os.setsid(); time.sleep(600)"
        run(runner, project, f"python -c '{escape}'")
        assert len(started_with(folder)) == 4
    assert started_with(folder) == []
    assert not Path(folder).exists()


def test_a_closed_runner_runs_nothing(project: Project) -> None:
    runner = Runner()
    runner.close()
    runner.close()
    with pytest.raises(ValueError, match="closed"):
        run(runner, project, "true")


def test_nothing_is_left_when_the_parent_is_killed(project: Project) -> None:
    code = """
    import os, sys
    from pathlib import Path
    from labkit.run import Runner
    with Runner() as runner:
        line = "echo $LABS_SCRATCH > told; mv told scratch; alembic --version; exec sleep 600"
        runner.run(line, project=Path.cwd(), env=os.environ)
    """
    root = str(Path(prepared.__file__).parents[2])
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=project.folder,
        env={**project.env, "PYTHONPATH": root},
    )
    told = project.folder / "scratch"
    while not told.exists():
        assert parent.poll() is None
        time.sleep(0.02)
    folder = told.read_text().strip()
    processes = started_with(folder)
    assert len(processes) >= 2
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert alive == []
    assert not Path(folder).exists()


def test_a_killed_prepared_process_is_replaced(project: Project) -> None:
    with Runner(fork=True) as runner:
        seen = run(runner, project, "python -c 'import os; os.kill(os.getppid(), 9)'")
        assert seen.status == 137
        again = run(runner, project, "alembic --version")
        assert (again.status, again.failure) == (0, None)


def test_no_descriptor_is_left_open(forking: Runner, project: Project) -> None:
    run(forking, project, "alembic --version")
    before = psutil.Process().num_fds()
    for line in ("alembic --version", "false", "sleep 600 &"):
        run(forking, project, line)
    assert psutil.Process().num_fds() == before


def test_a_ctrl_c_while_a_process_is_looked_at_keeps_nobody_waiting() -> None:
    with Leader(["sh", "-c", "exit 3"]) as leader:
        # What is left of a look that a KeyboardInterrupt ended at its first step.
        leader._waitpid_lock.acquire()  # type: ignore[attr-defined]
        assert leader.wait(20) == 3
        assert leader.poll() == 3
    with Leader(["sleep", "600"]) as leader:
        assert leader.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            leader.wait(0.01)
        leader.kill()
        assert leader.wait() == -9


# Trouble


def test_alembic_that_cannot_be_loaded_is_trouble(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    venv.create(tmp_path / "bare", symlinks=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare/bin/python"))
    with Runner() as runner, pytest.raises(Trouble) as trouble:
        run(runner, project, "alembic --version")
    assert trouble.value.what == (
        "Alembic cannot be loaded: ModuleNotFoundError: No module named 'alembic'"
    )
    assert trouble.value.why == (
        "A package is missing from this Python environment, or one in it is broken."
    )
    assert trouble.value.mend == "Set the environment up again with the first command of README.md."


def test_a_full_disk_is_trouble(
    forking: Runner, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record, "begin", full)
    with pytest.raises(Trouble) as trouble:
        run(forking, project, "true")
    assert "cannot be recorded" in trouble.value.what
    assert trouble.value.what.startswith("What the command does cannot be recorded in ")
    assert trouble.value.what.endswith("No space left on device")
    assert trouble.value.why == (
        "The disk is full most likely, or the folder for temporary files may not be written to."
    )
    assert trouble.value.mend == "Make room there, or name another folder: export TMPDIR=FOLDER"


def test_a_record_that_did_not_fit_is_trouble(forking: Runner, project: Project) -> None:
    with pytest.raises(Trouble) as trouble:
        run(forking, project, "ulimit -f 0; alembic --version")
    assert "cannot be recorded" in trouble.value.what
    assert trouble.value.what.endswith("a part of the record did not fit")


def test_a_line_that_is_too_long_is_trouble(forking: Runner, project: Project) -> None:
    with pytest.raises(Trouble) as trouble:
        run(forking, project, f"echo {'x' * 10_000_000}")
    assert trouble.value.what.startswith("The command could not be started: echo xxx")
    assert len(trouble.value.what) < 200
    assert trouble.value.why == (
        "The command and its environment together are longer than this system allows."
    )


def test_a_torn_last_line_of_a_record_is_ignored(tmp_path: Path) -> None:
    told = tmp_path / "record"
    record.begin(told)
    record.append(str(told), {"kind": "start", "pid": 1, "argv": ["python"]})
    record.append(str(told), {"kind": "end", "pid": 1})
    with told.open("a") as file:
        file.write('{"kind": "fail')
    assert record.read(told, tmp_path) == record.Recorded((), None, (), (("python",),))


def test_a_record_without_its_header_is_lost(tmp_path: Path) -> None:
    told = tmp_path / "record"
    told.touch()
    record.append(str(told), {"kind": "end", "pid": 1})
    with pytest.raises(record.Lost):
        record.read(told, tmp_path)
