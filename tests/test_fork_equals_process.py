"""A forked command and a plain one are the real one: stdout, stderr and exit status, byte by byte.

Every command of the installed Alembic is compared, in uses that end well and in uses that fail,
and so are programs that end in every way Python knows.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import CommandLine

from labkit.run import Runner
from labkit.server import Database
from tests.projects import Project

Ending = tuple[bytes, bytes, int]

SCRIPTS = Path(sysconfig.get_path("scripts"))

# What each command is tried with. Before each use the database stands at revision "two" of
# one -> two -> {left, right}, and an editor is set that prints the file.
USES: dict[str, tuple[str, ...]] = {
    "branches": ("", "-v", "--nonsense"),
    "check": ("", "extra"),
    "current": ("", "-v", "--check-heads", "-x a=b"),
    "downgrade": ("-1", "base", "two:one --sql", "-1 --sql", "nowhere", "-7", ""),
    "edit": ("two", "nowhere", ""),
    "ensure_version": ("", "--sql"),
    "heads": ("", "-v", "--resolve-dependencies"),
    "history": ("", "-v", "-i", "-r one:two", "-r head:base", "-r :::"),
    "init": ("other", "other -t pyproject", "migrations", "other -t nonsense", ""),
    "list_templates": ("", "extra"),
    "merge": ("left right -m both --rev-id both", "left --rev-id lone", "nowhere left"),
    "revision": (
        "-m three --rev-id three --head left",
        "-m clash --rev-id two --head left",
        "-m heads --rev-id heads",
        "--autogenerate -m auto --rev-id auto --head left",
        "--autogenerate --sql -m auto",
        "--rev-id with-dash --head left",
    ),
    "show": ("two", "heads", "nowhere"),
    "stamp": ("one", "base", "nowhere", "one --sql", "left --purge", "heads"),
    "upgrade": ("left", "head", "heads", "+1", "left --sql", "one:two --sql", "nowhere", "-q"),
}
GLOBAL = (
    "",
    "--help",
    "--version",
    "upgrade --help",
    "nonsense",
    "-c nowhere.ini current",
    "-n nowhere current",
    "--raiseerr upgrade nowhere",
    "-q current",
)


def installed_commands() -> set[str]:
    parser = CommandLine(prog="alembic").parser
    actions = [action for action in parser._actions if action.dest == "==SUPPRESS=="]
    return {name for action in actions for name in (action.choices or ())}


def test_every_command_of_the_installed_alembic_is_compared() -> None:
    assert installed_commands() == set(USES)


@pytest.fixture(scope="module", params=["fork", "process"])
def runner(request: pytest.FixtureRequest) -> Iterator[Runner]:
    with pytest.MonkeyPatch.context() as patch:
        # Alembic walks sets of revisions: their order is the hash seed's.
        patch.setenv("PYTHONHASHSEED", "0")
        patch.delenv("PYTHONUNBUFFERED", raising=False)
        with Runner(fork=request.param == "fork") as runner:
            yield runner


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("equal") / "a project, né here"


@pytest.fixture
def project(folder: Path, database: Database) -> Project:
    return Project(folder, database.url)


@pytest.fixture
def empty_project(folder: Path) -> Project:
    return Project(folder, "postgresql+psycopg2://nobody@127.0.0.1:1/nothing")


@pytest.fixture(scope="module")
def known() -> dict[str, Ending]:
    """What real processes did, which is the same every time."""
    return {}


def lay_history(project: Project) -> None:
    project.lay()
    project.revision("one", None, 'op.create_table("one", sa.Column("id", sa.Integer))')
    project.revision(
        "two",
        "one",
        'op.add_column("one", sa.Column("two", sa.Text))',
        'op.drop_column("one", "two")',
    )
    project.revision("left", "two", 'op.execute("SELECT 1")')
    project.revision("right", "two", 'op.execute("SELECT broken")')
    engine = sa.create_engine(project.url)
    with engine.begin() as connection:
        for statement in (
            "DROP TABLE IF EXISTS one, alembic_version",
            "CREATE TABLE one (id integer, two text)",
            "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
            "INSERT INTO alembic_version VALUES ('two')",
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()


def environment(project: Project) -> dict[str, str]:
    found = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"
    given = {**project.env, "EDITOR": "cat", "PYTHONHASHSEED": "0", "PATH": found}
    given.pop("PYTHONUNBUFFERED", None)
    return given


def real(project: Project, line: str) -> Ending:
    out, err, whole = captured(project, line)
    ended = subprocess.run(
        ["bash", "-c", whole],
        cwd=project.folder,
        env=environment(project),
        stdin=subprocess.DEVNULL,
        check=False,
    )
    status = ended.returncode
    return masked(out.read_bytes(), err.read_bytes(), status if status >= 0 else 128 - status)


def ours(runner: Runner, project: Project, line: str) -> Ending:
    out, err, whole = captured(project, line)
    seen = runner.run(whole, project=project.folder, env=environment(project))
    assert seen.output == ""
    return masked(out.read_bytes(), err.read_bytes(), seen.status)


def masked(out: bytes, err: bytes, status: int) -> Ending:
    """Leave out what differs by nature: process ids, and the file that Mako writes errors to."""
    out = re.sub(rb"see \S+\.txt", b"see FILE", out)
    return out, re.sub(rb"(line \d+:) +\d+", rb"\1 PID", err), status


def captured(project: Project, line: str) -> tuple[Path, Path, str]:
    out, err = project.folder.parent / "out", project.folder.parent / "err"
    return out, err, f"{{ {line}\n}} >{shlex.quote(str(out))} 2>{shlex.quote(str(err))}"


def every_use() -> Iterator[tuple[str, str]]:
    """All uses with a fork; the first and the last of each command with a plain process."""
    for words in GLOBAL:
        yield "fork", words
    for name, uses in USES.items():
        for use in uses:
            yield "fork", f"{name} {use}".strip()
        for use in dict.fromkeys((uses[0], uses[-1])):
            yield "process", f"{name} {use}".strip()


@pytest.mark.parametrize(("runner", "words"), list(every_use()), indirect=["runner"])
def test_a_command_ends_as_the_real_one(
    project: Project, runner: Runner, words: str, known: dict[str, Ending]
) -> None:
    if words not in known:
        lay_history(project)
        known[words] = real(project, f"alembic {words}")
    lay_history(project)
    assert ours(runner, project, f"alembic {words}") == known[words]


PROGRAMS = {
    "names": """\
        print(sorted(globals()), __name__, globals().get("__file__"), __doc__, __package__)
        print(type(__spec__), type(__loader__), __loader__ is type, __builtins__)
        """,
    "surroundings": """\
        import os, sys
        print(sys.argv, sys.path, sys.executable, sys.flags, os.getcwd())
        print(sys.stdout.encoding, sys.stdout.errors, sys.stderr.line_buffering)
        ours = {"PYTHONUNBUFFERED", "OLDPWD", "_"}
        print(os.umask(0), sorted({k for k in os.environ if not k.startswith("LABS_")} - ours))
        """,
    "traceback": "def f(n):\n    1 / n\nf(0)\n",
    "chain": """\
        try:
            {}["a"]
        except KeyError as e:
            raise ValueError("späte Folge") from e
        """,
    "group": "raise ExceptionGroup('many', [ValueError(1), KeyError('k')])",
    "recursion": "def f(): f()\nf()\n",
    "exit text": "import sys; print('before'); sys.exit('a text')",
    "exit nothing": "import sys; sys.exit(None)",
    "exit 300": "import sys; sys.exit(300)",
    "exit -1": "import sys; sys.exit(-1)",
    "exit list": "import sys; sys.exit([1, 2])",
    "os._exit": "import os, sys; print('lost?'); os._exit(7)",
    "killed": "import os, signal; print('lost?'); os.kill(os.getpid(), signal.SIGKILL)",
    "terminated": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "interrupt": "raise KeyboardInterrupt",
    "interrupted": "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
    "atexit": """\
        import atexit
        atexit.register(print, "registered first")
        atexit.register(divmod, 1, 0)
        print("body")
        """,
    "thread": """\
        import threading, time
        threading.Thread(target=lambda: (time.sleep(0.05), print("late"))).start()
        threading.Thread(target=lambda: 1 / 0, name="T").start()
        """,
    "daemon": """\
        import threading, time
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        print("gone")
        """,
    "busy daemon": """\
        import fractions, threading
        def turn():
            while True:
                fractions.Fraction(1, 3)
        class Slow:
            def __del__(self, str=str):
                for n in range(300_000):
                    str(n)
        fractions.slow = Slow()
        threading.Thread(target=turn, daemon=True).start()
        """,
    "finalizer": """\
        import weakref
        class Kept: pass
        kept = Kept()
        weakref.finalize(kept, print, "finalized").atexit = True
        weakref.finalize(kept, print, "never").atexit = False
        print("body")
        """,
    "signals": """\
        import signal
        print({s: signal.getsignal(s) for s in sorted(signal.valid_signals())})
        print(signal.pthread_sigmask(signal.SIG_BLOCK, []))
        """,
    "variables": """\
        import os
        os.environ["MINE"] = "1"
        os.environ.pop("HOME")
        names = ("MINE", "HOME", "LANG", "LC_ALL", "DATABASE_URL")
        print([os.environ.get(n) for n in names])
        print([os.popen(f"echo ${{{n}-unset}}").read() for n in names])
        """,
    "command lines": """\
        from alembic.config import CommandLine
        class Own(CommandLine): pass
        for make, name in ((Own, "alembic"), (CommandLine, "other"), (CommandLine, "alembic")) * 2:
            line = make(prog=name)
            line.parser.add_argument("--mine")
            print(line.parser.format_usage(), line.parser.parse_args(["--mine", "1", "heads"]).mine)
        """,
    "warning": "import warnings; warnings.warn('so so'); warnings.warn('old', DeprecationWarning)",
    "del": """\
        class Last:
            def __del__(self):
                print("deleted")
        last = Last()
        """,
    "hook": """\
        import sys
        def hook(kind, value, tb):
            print("hook", kind, value, tb.tb_lineno, type(tb.tb_next))
        sys.excepthook = hook
        raise ValueError("v")
        """,
    "syntax": "print('a')\nif True print('b')\n",
    "indent": "def f():\nprint('b')\n",
    "print to stderr": "import sys; sys.stderr.write('half'); print('out'); sys.stderr.write('x')",
    "close stdout": "import os, sys; print('a'); sys.stdout.close(); os.close(1)",
    "close fd 1": "import os; print('a'); os.close(1)",
    "close all": "import os; os.closerange(3, 256); print(os.open('alembic.ini', 0))",
    "read stdin": "import sys; print(repr(sys.stdin.read()))",
    "child": "import os; os.fork() or os._exit(3); print(os.WEXITSTATUS(os.wait()[1]))",
    "main module": "import __main__, sys; print(__main__ is sys.modules['__main__'], __main__)",
    "inspect": "import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f))",
    "pickle": "import pickle\nclass A: pass\nprint(pickle.dumps(A)[:30])",
    "dataclass": "import dataclasses as d\n@d.dataclass\nclass A:\n    a: int\nprint(A(1))",
    "cwd gone": "import os, shutil; shutil.rmtree(os.getcwd()); print('still here')",
    "non-utf8": "import sys; sys.stdout.buffer.write(b'\\xff\\xfe\\n'); print('é€')",
    "surrogate": "print('\\udcff')",
}


KINDS = [("fork", kind) for kind in ("file", "command", "module", "stdin")]
KINDS += [("fork", "in a shell"), ("process", "file"), ("process", "command")]


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize(("runner", "kind"), KINDS, indirect=["runner"])
def test_a_program_ends_as_the_real_one(
    empty_project: Project, runner: Runner, name: str, kind: str, known: dict[str, Ending]
) -> None:
    project = empty_project
    line = {
        "file": "python prögram.py one 'two three' 4",
        "in a shell": "python prögram.py one 'two three' 4; exit $?",
        "command": 'python3 -c "$(cat prögram.py)" one "two three"',
        "module": "python -m prögram one",
        "stdin": "python - one < prögram.py",
    }[kind]
    if (key := f"{name} {kind}") not in known:
        project.write("prögram.py", PROGRAMS[name])
        known[key] = real(project, line)
        project.lay()
    project.write("prögram.py", PROGRAMS[name])
    assert ours(runner, project, line) == known[key]


LINES = {
    "missing file": "python nowhere.py",
    "missing module": "python -m nowhere",
    "a package": "python -m alembic --version",
    "a package without main": "python -m xml",
    "a folder": "mkdir d && echo 'print(__name__, __file__)' > d/__main__.py && python d",
    "an archive": "echo 'print(__name__)' > __main__.py && python -m zipfile -c z.zip __main__.py"
    " && python z.zip",
    "no word": "python < /dev/null",
    "version": "python -V",
    "no command": "python -c",
    "options": "python -O -W error -X utf8 -c 'import sys; print(sys.flags, sys.warnoptions)'",
    "warning as error": "python -W error -c 'import warnings; warnings.warn(\"w\")'",
    "isolated": "python -I -c 'import sys; print(sys.path, sys.flags)'",
    "no site": "python -S -c 'import sys; print(sys.path)'",
    "hash seed": "PYTHONHASHSEED=7 python -c 'print(hash(\"a\"))'",
    "python path": "PYTHONPATH=lib:$PWD/lib::lib/ python -c 'import sys; print(sys.path)'",
    "a module of their own name": "mkdir lib && echo 'print(\"mine\")' > lib/sqlalchemy.py"
    " && PYTHONPATH=lib python -c 'import sqlalchemy'",
    "sitecustomize": "mkdir lib && echo 'print(\"site\")' > lib/sitecustomize.py"
    " && PYTHONPATH=lib python -c 'print(1)'",
    "labkit of their own": "echo 'print(\"mine\")' > labkit.py && python -c 'import labkit'",
    "no labkit": "python -c 'import labkit'",
    "resource of their own": "echo 'print(\"mine\")' > resource.py && python -c 'import resource'",
    "locale": "LC_ALL=C PYTHONCOERCECLOCALE=0 PYTHONUTF8=0 python -c "
    "'import sys; print(sys.stdout.encoding)'",
    "time zone": "TZ=Asia/Kathmandu python -c 'import time; print(time.tzname, time.timezone)'",
    "umask": "umask 027 && python -c 'import os; print(os.umask(0))'",
    "limits": "ulimit -n 64; python -c 'import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE))'",
    "ignored interrupt": "trap '' INT; python -c 'import signal; print(signal.getsignal(2))'",
    "descriptor": "python -c 'import os; os.write(7, b\"seven\")' 7>&1",
    "process substitution": "python <(echo 'print(__file__[:7])')",
    "no stdin": "python -c 'import sys; print(sys.stdin)' <&-",
    "no stdout": "python -c 'import sys; print(sys.stdout, file=sys.stderr)' >&-",
    "pipe that closes": "python -c 'for i in range(9): print(i)' | head -1",
    "long pipe that closes": "python -c 'for i in range(99999): print(i)' | head -1",
    "many words": "python -c 'import sys; print(len(sys.argv))' $(seq 20000)",
    "big environment": "export BIG=$(printf %0100000d 1);"
    " python -c 'import os; print(len(os.environ[\"BIG\"]))'",
    "word that is no text": "python -c 'import sys; print(ascii(sys.argv))' $'\\xff\\xfe'",
    "terminated by timeout": "timeout 0.3 python -c 'import time; time.sleep(60)'",
    "killed by timeout": "timeout -s KILL 0.3 python -c 'import time; time.sleep(60)'",
    "interrupted by timeout": "timeout -s INT 0.5 python -c 'import time; time.sleep(60)'",
    "subprocess": "python -c 'import subprocess as s;"
    ' print(s.run(["alembic", "--version"], capture_output=True).stdout)\'',
    "quoted words": """python -c 'import sys; print(sys.argv)' """
    """a"b c"'d "e"' "" '' "it's" -x=y ./z""",
    "two lines in quotes": "python -c 'print(1)\nprint(2)' ",
    "their own variables": "python -c 'import os; print(os.environ[\"PWD\"] == os.getcwd())'",
    "system": "python -c 'import os; print(os.system(\"exit 3\"))'",
    "exec": 'python -c \'import os; os.execvp("echo", ["echo", "b"])\'',
    "fork server is nobody's child": "python -c 'import os; os.waitpid(-1, 0)'",
}


@pytest.mark.parametrize("name", LINES)
def test_a_line_ends_as_the_real_one(empty_project: Project, runner: Runner, name: str) -> None:
    expected = real(empty_project, LINES[name])
    empty_project.lay()
    assert ours(runner, empty_project, LINES[name]) == expected


def test_only_a_runner_that_forks_forks(empty_project: Project, runner: Runner) -> None:
    # A plain process is the child of its shell, which is another one each time.
    line = 'python -c "import os; print(os.getppid())"; true'
    parents = {ours(runner, empty_project, line)[0] for _ in range(2)}
    assert len(parents) == (1 if runner.forks else 2)
