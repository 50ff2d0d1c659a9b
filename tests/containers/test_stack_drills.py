"""What goes wrong with containers, done for real, and what the learner is told."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.containers.clone import Clone, Terminal
from tests.containers.conftest import Make

pytestmark = pytest.mark.xdist_group("containers")

LAB = "07-add-column"


def test_a_taken_port_is_told_with_the_way_to_another(clones: Make) -> None:
    clone = clones()
    with socket.create_server(("127.0.0.1", int(clone.environment["LABS_DB_PORT"]))):
        said = clone.invoke("up")
    assert said.status == 2
    assert f"The port {clone.environment['LABS_DB_PORT']} on 127.0.0.1 is taken" in said.out
    assert "echo LABS_DB_PORT=25433 >> .env" in said.out


def test_a_port_in_the_env_file_is_used(clones: Make) -> None:
    clone = clones(owner=1000)
    port = clone.environment.pop("LABS_DB_PORT")
    (clone.root / ".env").write_text(f"LABS_DB_PORT={port}\n")
    assert f"on 127.0.0.1:{port}" in clone.invoke("up").out


def test_a_kept_volume_with_another_password_is_mended_and_keeps_its_data(clones: Make) -> None:
    clone = clones(owner=1000)
    assert clone.invoke("up").status == 0
    assert clone.invoke("lab", LAB).status == 0
    # As in a new clone of the same name: the data are there and the password is another.
    (clone.root / ".labs/compose/password").unlink()
    assert clone.compose("down").status == 0
    assert clone.compose("run", "--rm", "workspace", "invoke", "check", LAB).status == 1


def test_a_password_changed_while_the_database_runs_is_told_and_mended_by_up(clones: Make) -> None:
    clone = clones(owner=1000)
    assert clone.invoke("up").status == 0
    change = "ALTER ROLE postgres PASSWORD 'another'"
    assert clone.compose("exec", "-T", "db", "psql", "-U", "postgres", "-c", change).status == 0
    said = clone.invoke("lab", LAB)
    assert said.status == 2
    assert "The database does not know the password in .labs/compose/password." in said.out
    mended = clone.invoke("up")
    assert mended.status == 0, mended.all
    assert clone.invoke("lab", LAB).status == 0


def test_a_deleted_state_folder_is_made_again_under_a_running_stack(clones: Make) -> None:
    clone = clones(owner=1000)
    assert clone.invoke("up").status == 0
    shutil.rmtree(clone.root / ".labs")
    again = clone.invoke("up")
    assert again.status == 0, again.all
    assert clone.invoke("lab", LAB).status == 0


def test_a_database_killed_in_an_upgrade_is_told_and_the_next_up_goes_on(clones: Make) -> None:
    clone = clones(owner=1000)
    assert clone.invoke("up").status == 0
    assert clone.invoke("lab", LAB).status == 0
    versions = clone.root / "workspace" / LAB / "migrations" / "versions"
    (versions / "0006_slow.py").write_text(
        "from alembic import op\nrevision = '0006'\ndown_revision = '0005'\n"
        "def upgrade():\n    op.execute('CREATE TABLE half (id int)')\n"
        "    op.execute('SELECT pg_sleep(300)')\n"
        "def downgrade():\n    pass\n"
    )
    running = clone.started(*clone.invoke_words("check", LAB))
    asleep = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)' AND state = 'active'"
    look = (
        "exec",
        "-T",
        "db",
        "psql",
        "-U",
        "postgres",
        "-XAtc",
        asleep + " AND pid <> pg_backend_pid()",
    )
    while clone.compose(*look).out.strip() != "1":
        assert running.poll() is None, running.communicate()
    clone.run("docker", "kill", clone.container("db"))
    out, _ = running.communicate(timeout=120)
    # Whether the run or what follows it meets the lost server first, it is no verdict on an answer.
    assert running.returncode == 2, out
    assert "ERROR" in out
    said = clone.invoke("lab", LAB)
    assert said.status == 2
    assert "The database container does not answer." in said.out
    assert "invoke up" in said.out
    (versions / "0006_slow.py").unlink()
    assert clone.invoke("up").status == 0
    assert clone.invoke("lab", LAB).status == 0


def test_down_while_a_shell_is_open_is_told_in_that_shells_terminal(clones: Make) -> None:
    clone = clones(owner=1000)
    assert clone.invoke("up").status == 0
    terminal = Terminal(clone, *clone.invoke_words("shell"))
    terminal.until("labs /labs$ ")
    assert clone.invoke("down").status == 0
    status, seen = terminal.end()
    assert status == 2
    assert "The workspace container was stopped while `invoke shell` ran in it." in seen
    assert "invoke up" in seen


def test_a_workspace_that_was_killed_is_told(clones: Make) -> None:
    clone = clones(owner=1000)
    assert clone.invoke("up").status == 0
    clone.run("docker", "kill", clone.container("workspace"))
    said = clone.invoke("lab", LAB)
    assert (said.status, "The workspace container is not running." in said.out) == (2, True)
    assert clone.invoke("up").status == 0
    assert clone.invoke("lab", LAB).status == 0


def test_a_database_without_room_says_so_and_goes_on_when_there_is_some(clones: Make) -> None:
    clone = clones(owner=1000)
    override = clone.root / "compose.override.yaml"
    small = "{driver: local, driver_opts: {type: tmpfs, device: tmpfs, o: 'size=72m'}}"
    override.write_text(f"volumes: {{data: {small}}}\n")
    assert clone.invoke("up").status == 0
    fill = "dd if=/dev/zero of=/var/lib/postgresql/fill bs=1M count=100; true"
    clone.compose("exec", "-T", "db", "sh", "-c", fill)
    said = clone.invoke("lab", LAB)
    assert said.status == 2
    assert "The disk of the server is full: PostgreSQL 18" in said.out
    clone.compose("exec", "-T", "db", "rm", "/var/lib/postgresql/fill")
    assert clone.invoke("lab", LAB).status == 0


def test_a_build_without_network_is_told(clones: Make) -> None:
    clone = clones(owner=1000)
    (clone.root / "compose.override.yaml").write_text(
        "services: {workspace: {build: {network: none, no_cache: true}}}\n"
    )
    said = clone.invoke("up")
    assert said.status == 2
    assert "The images cannot be made without the network" in said.out


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make somebody else's clone")
def test_a_clone_of_somebody_else_is_told_with_the_two_ids(clones: Make) -> None:
    clone = clones(owner=4712)
    said = clone.compose("run", "--rm", "workspace", "invoke", "lab", LAB)
    assert said.status == 2
    assert "The clone belongs to uid 4712" in said.err
    assert "' 4712 4712 >> .env" in said.err
    (clone.root / ".env").write_text("LAB_UID=4712\nLAB_GID=4712\n")
    again = clone.compose("run", "--rm", "workspace", "invoke", "lab", LAB)
    assert again.status == 0, again.all
    assert (clone.root / "workspace" / LAB).stat().st_uid == 4712


def test_a_folder_without_a_latin_letter_gets_a_name(clones: Make) -> None:
    clone = clones("学")
    clone.root = clone.root.rename(clone.root.with_name("学"))
    del clone.environment["COMPOSE_PROJECT_NAME"]
    said = clone.invoke("up")
    clone.environment["COMPOSE_PROJECT_NAME"] = "labs-test-nameless"
    assert (said.status, "echo COMPOSE_PROJECT_NAME=labs >> .env" in said.out) == (2, True)


def test_five_workspaces_share_one_database(clones: Make) -> None:
    clone = clones(owner=1000)
    assert clone.compose("up", "--detach", "--build", "--scale", "workspace=5").status == 0
    ids = clone.compose("ps", "--quiet", "workspace").out.split()
    assert len(ids) == 5
    running = [
        subprocess.Popen(
            ["docker", "exec", container, "invoke", "lab", LAB],
            env=clone.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for container in ids[:2]
    ]
    assert [process.communicate()[0].count(f"PASS  {LAB}") for process in running] == [1, 1]


def test_the_compose_file_is_valid(engine: None, shared: Clone) -> None:
    assert shared.compose("config", "--quiet").status == 0
    assert Path(shared.root / "compose.yaml").is_file()
