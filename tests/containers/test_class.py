"""A class: workspaces that are each another learner's, on one server."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.containers.clone import Clone, Said
from tests.containers.conftest import Make

pytestmark = pytest.mark.xdist_group("containers")

LAB = "07-add-column"
PASSWORD = re.compile(r":([0-9a-f]{40})@")


@pytest.fixture(scope="module")
def classroom(session_clones: Make) -> Iterator[Clone]:
    """A clone with five workspaces, each with a seat, in the middle of a lesson."""
    clone = session_clones("a classroom", owner=1000)
    clone.environment["COMPOSE_FILE"] = "compose.yaml:docker/class.yaml"
    up = clone.compose("up", "--detach", "--build", "--scale", "workspace=5")
    assert up.status == 0, up.all
    yield clone
    clone.compose("down", "--volumes", "--timeout", "1")


def at(clone: Clone, seat: int, *words: str) -> Said:
    """What a learner's command says."""
    return clone.compose("exec", "-T", "--index", str(seat), "workspace", *words)


def shell(clone: Clone, seat: int, script: str) -> Said:
    """What a line says that a learner types at the prompt of a workspace."""
    return at(clone, seat, "bash", "-c", f". /etc/labs/seat.sh; {script}")


def test_each_workspace_has_files_databases_and_a_role_of_its_own(classroom: Clone) -> None:
    for seat in (1, 5):
        said = at(classroom, seat, "invoke", "lab", LAB)
        assert (said.status, f"PASS  {LAB}" in said.out) == (0, True), said.all
    at(classroom, 1, "touch", f"/labs/workspace/{LAB}/mine")
    assert at(classroom, 5, "test", "-e", f"/labs/workspace/{LAB}/mine").status == 1
    owned = (
        "SELECT datname, rolname, rolsuper, rolcreaterole FROM pg_database"
        " JOIN pg_roles ON pg_roles.oid = datdba WHERE datname LIKE '%lab_07' ORDER BY 1"
    )
    said = classroom.compose("exec", "-T", "db", "psql", "-U", "postgres", "-XAtc", owned)
    assert said.out.split() == [
        "learner-1_lab_07|learner-1|f|f",
        "learner-5_lab_07|learner-5|f|f",
    ]


def test_no_learner_enters_the_database_of_another(classroom: Clone) -> None:
    for seat in (1, 2):
        make = (
            "from pathlib import Path; from labkit.server import find;"
            f" find(Path('.labs')).fresh('learner-{seat}_lab_01')"
        )
        assert shell(classroom, seat, f'python -c "{make}"').status == 0
    enter = "url=${LABS_DATABASE_URL/+psycopg2/}; psql -XAtc 'SELECT 1' ${url%/*}/"
    assert shell(classroom, 1, enter + "learner-1_lab_01").out.strip() == "1"
    said = shell(classroom, 1, enter + "learner-2_lab_01")
    assert (said.status, "permission denied for database" in said.err) == (2, True), said.all


def test_no_learner_has_the_password_of_the_administrator(classroom: Clone) -> None:
    password = (classroom.root / ".labs/compose/password").read_text()
    script = (
        "env; cat ~/.seat; find /labs /run /home /tmp -name password 2>/dev/null; ls -A /labs/.labs"
    )
    said = shell(classroom, 3, script)
    assert password not in said.out
    assert ("/password" in said.out, "compose" in said.out) == (False, False)
    assert at(classroom, 3, "touch", "/labs/labs/mine").status == 1


def test_a_restarted_workspace_has_the_same_seat_and_files(classroom: Clone) -> None:
    at(classroom, 2, "touch", "/labs/workspace/kept")
    before = shell(classroom, 2, "cat ~/.seat").out
    containers = classroom.compose("ps", "--quiet", "workspace").out.split()
    assert classroom.compose("restart", "--timeout", "1", "workspace").status == 0
    assert classroom.compose("ps", "--quiet", "workspace").out.split() == containers
    after = shell(classroom, 2, "cat ~/.seat").out
    assert "LABS_PREFIX=learner-2" in before
    assert PASSWORD.sub("", before) == PASSWORD.sub("", after)
    assert at(classroom, 2, "test", "-e", "/labs/workspace/kept").status == 0
    assert shell(classroom, 2, 'psql -c "" "${LABS_DATABASE_URL/+psycopg2/}"').status == 0


def test_a_container_that_is_no_workspace_of_the_class_gets_no_seat(classroom: Clone) -> None:
    said = classroom.compose("run", "--rm", "workspace", "invoke", "lab", LAB)
    assert said.status == 2
    assert "This workspace gets no seat. This container has no seat." in said.err
    assert "docker compose exec --index 1 workspace bash" in said.err


def test_the_configuration_of_a_class_is_valid_and_shows_no_secret(classroom: Clone) -> None:
    shown = classroom.compose("config")
    assert shown.status == 0
    assert (classroom.root / ".labs/compose/password").read_text() not in shown.out
    assert shown.out.count("published:") == 1


def test_a_seat_on_another_server_is_used_in_the_workspace(classroom: Clone) -> None:
    """As on a learner's own machine: here the server is that of the class."""
    seats = classroom.compose("exec", "-T", "seats", "python", "-m", "labkit.postgres.seat", "ada")
    assert seats.status == 0, seats.all
    # By another of its names, since “db” is always the stack's own.
    url = seats.out.replace("@db:", f"@{classroom.project}-db-1:")
    given = dict(word.split("=", 1) for word in url.replace("'", "").split())
    said = classroom.compose(
        "--file", "compose.yaml", "run", "--rm", "workspace", "invoke", "lab", LAB, **given
    )
    assert said.status == 0, said.all
    assert "from LABS_DATABASE_URL" in said.out
    owned = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'ada_lab_07'"
    asked = classroom.compose("exec", "-T", "db", "psql", "-U", "postgres", "-XAtc", owned)
    assert asked.out.strip() == "ada"
