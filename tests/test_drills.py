"""Drills: whatever goes wrong, the next command says what happened, keeps all, and what to do.

The twelve of them: a server that is killed in the middle of an upgrade is in ``test_interrupts``, a
full disk in ``test_full_disk``; the others are here, typed as a learner would.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit import workspace
from labkit.audience import Silent
from labkit.course import Course
from labkit.postgres import connection
from labkit.progress import HINTS
from labkit.server import Server
from labkit.trouble import Trouble
from tests.clone import ANSWER, NAME, NUMBER, OTHER, Clone, Done
from tests.drills import as_ordinary_user, ask

HALF = ANSWER.replace(
    "    op.add_column",
    """    with op.get_context().autocommit_block():
        op.execute("CREATE TABLE half ()")
        op.execute("SELECT 1 / 0")
    op.add_column""",
)
AGAIN = f"Edit workspace/{NAME}, then again: invoke check {NUMBER}"


@pytest.fixture
def answered(clone: Clone, server: Server) -> Clone:
    """A clone whose learner has a right answer, and has had all hints: remedies are told."""
    assert clone.invoke("lab", NUMBER).status == 0
    Course(clone.root).progress.hinted(NAME, HINTS)
    clone.answer()
    ask(url(server), "INSERT INTO products (name) VALUES ('lamp')")
    ask(url(server), "UPDATE alembic_version SET version_num = '0003'")
    return clone


def url(server: Server) -> str:
    database = server.database(f"lab_{NUMBER}")
    assert database
    return database.url


def versions(clone: Clone) -> Path:
    return clone.project / "migrations" / "versions"


def words(done: Done) -> str:
    """What was shown, however it was wrapped."""
    return " ".join(done.out.split())


def nothing_is_lost(clone: Clone, server: Server) -> None:
    assert (versions(clone) / "0003_price.py").read_text() == ANSWER
    assert ask(url(server), "SELECT name FROM products") == [("lamp",)]


# The server.


def test_a_server_that_refuses_connections(answered: Clone, server: Server) -> None:
    away = "postgresql://me:geheim@127.0.0.1:1/postgres"
    done = answered.invoke("check", NUMBER, LABS_DATABASE_URL=away)
    assert done.status == 2
    assert "ERROR Nothing listens at 127.0.0.1:1, where LABS_DATABASE_URL leads." in words(done)
    assert done.lines[-1] == (
        "Start it or correct LABS_DATABASE_URL, or unset that to use the embedded PostgreSQL."
    )
    assert "geheim" not in done.out
    nothing_is_lost(answered, server)
    assert answered.invoke("check", NUMBER).status == 0


def test_a_wrong_password(answered: Clone, server: Server) -> None:
    known = connection.parse(server.admin_url)
    wrong = connection.compose({**known, "password": "geheim"})
    done = answered.invoke("check", NUMBER, LABS_DATABASE_URL=wrong)
    assert done.status == 2
    assert "does not let labs in with the password of LABS_DATABASE_URL." in words(done)
    assert done.lines[-1] == (
        "Correct LABS_DATABASE_URL, or unset it to use the embedded PostgreSQL."
    )
    assert "geheim" not in done.out
    nothing_is_lost(answered, server)


def test_a_connection_limit_that_is_reached(answered: Clone, server: Server) -> None:
    role = f"lab_{NUMBER}"
    ask(server.admin_url, f"ALTER ROLE {role} CONNECTION LIMIT 0")
    try:
        done = answered.invoke("check", NUMBER)
    finally:
        ask(server.admin_url, f"ALTER ROLE {role} CONNECTION LIMIT -1")
    assert done.status == 2
    assert f'too many connections for role "{role}"' in words(done)
    assert "PostgreSQL had no connection left for `alembic current`: " in words(done)
    assert done.lines[-1] == (
        "Close other shells and programs that are connected, and run the command again."
    )
    assert answered.invoke("check", NUMBER).status == 0
    nothing_is_lost(answered, server)


def test_a_table_that_another_session_has_locked(answered: Clone, server: Server) -> None:
    other = connection.connect(connection.parse(url(server)))
    other.autocommit = False
    try:
        other.cursor().execute("LOCK TABLE products")
        done = answered.invoke("check", NUMBER)
    finally:
        other.close()
    assert done.status == 2
    assert (
        "ERROR The schema could not be read within 2 s because another session holds a lock."
        in words(done)
    )
    assert "End that transaction (COMMIT or ROLLBACK there), then try again." in done.lines
    nothing_is_lost(answered, server)


# The disk and the folders.


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "notes.txt")


def test_a_disk_that_is_full_when_files_are_laid_down(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = course.lab(OTHER)
    assert course.run(lab, Silent()).status == "PASS"
    notes = course.workspace.project(lab.name) / "notes.txt"
    notes.write_text("mine\n")
    monkeypatch.setattr(tempfile, "mkstemp", full)
    with pytest.raises(Trouble) as told:
        course.run(lab, Silent())
    assert "full" in f"{told.value.what} {told.value.why}"
    assert told.value.mend
    assert notes.read_text() == "mine\n"


@pytest.fixture
def read_only(course: Course) -> Iterator[Path]:
    """A project with an edit, in a workspace that nobody may write to."""
    assert course.run(course.lab(OTHER), Silent()).status == "PASS"
    project = course.workspace.project(OTHER)
    (project / "notes.txt").write_text("mine\n")
    folders = [course.workspace.folder, project]
    for folder in folders:
        folder.chmod(0o555)
    yield project
    for folder in folders:
        folder.chmod(0o755)


def test_a_workspace_that_is_read_only(course: Course, read_only: Path, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == Path.home().owner() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)

    def write() -> None:
        workspace.write(read_only, "notes.txt", "ours\n")

    with pytest.raises(Trouble) as told:
        as_ordinary_user(write)
    assert told.value.what == f"{read_only / 'notes.txt'} cannot be used: Permission denied."
    assert told.value.mend
    assert (read_only / "notes.txt").read_text() == "mine\n"
    # Nothing has to be written there to be judged.
    assert course.check(course.lab(OTHER), Silent()).status == "FAIL"


def test_a_project_folder_that_was_deleted(answered: Clone, server: Server) -> None:
    shutil.rmtree(answered.project)
    done = answered.invoke("check", NUMBER)
    assert done.status == 2
    assert f"ERROR There is nothing of lab {NUMBER} to check yet." in words(done)
    assert "or the project folder was deleted." in words(done)
    assert done.lines[-1] == f"invoke lab {NUMBER}"
    back = answered.invoke("lab", NUMBER)
    assert back.status == 0
    # The rows that were in the database are kept as well.
    command = words(back).partition("Back: invoke ")[2].split()[:4]
    assert answered.invoke(*command).status == 0
    assert ask(url(server), "SELECT name FROM products") == [("lamp",)]


# The history.


def test_a_version_that_no_file_has(answered: Clone, server: Server) -> None:
    ask(url(server), "UPDATE alembic_version SET version_num = 'beef'")
    done = answered.invoke("check", NUMBER)
    assert done.status == 1
    assert "1. The database is at beef, and no file has that id." in done.lines
    assert "expected an id that a file has: 0001, 0002, 0003" in words(done)
    assert "or alembic_version was written by hand." in words(done)
    assert "alembic stamp --purge 0003" in words(done)
    assert done.lines[-1] == AGAIN
    nothing_is_lost(answered, server)


def test_two_heads(answered: Clone, server: Server) -> None:
    (versions(answered) / "0004_x.py").write_text(ANSWER.replace('"0003"', '"0004"'))
    done = answered.invoke("check", NUMBER)
    assert done.status == 1
    assert "1. There are 2 heads, so “head” names no single revision." in done.lines
    assert "down_revision = '0003' # in 0004, or: alembic merge heads" in words(done)
    assert done.lines[-1] == AGAIN
    nothing_is_lost(answered, server)


def test_a_revision_file_that_is_missing(answered: Clone, server: Server) -> None:
    (versions(answered) / "0002_name.py").unlink()
    done = answered.invoke("check", NUMBER)
    assert done.status == 1
    assert "1. Revision 0003 follows 0002, and no file has that id." in done.lines
    assert "at migrations/versions/0003_price.py:7" in words(done)
    assert "down_revision = '0001'" in words(done)
    assert done.lines[-1] == AGAIN
    nothing_is_lost(answered, server)


def test_ddl_outside_a_transaction_that_stays_half_applied(answered: Clone, server: Server) -> None:
    answered.answer(HALF)
    done = answered.invoke("check", NUMBER)
    assert done.status == 1
    assert "1. `alembic upgrade head` failed with exit status 1." in done.lines
    assert "at migrations/versions/0003_price.py:13" in words(done)
    assert "What ran outside a transaction before it stays: `CREATE TABLE half ()`." in words(done)
    assert "if_not_exists=True, if_exists=True" in words(done)
    # That was in a database of its own.
    assert ask(url(server), "SELECT to_regclass('half')") == [(None,)]
    answered.answer()
    nothing_is_lost(answered, server)
