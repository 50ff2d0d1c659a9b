"""What goes wrong with containers, done for real, and what the learner is told."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess

import pytest

from labkit.containers.engine import complaint
from tests.containers.clone import Clone, Said
from tests.containers.conftest import Make

pytestmark = pytest.mark.xdist_group("containers")

LAB = "07-add-column"
SLOW = "migrations/versions/0006_slow.py"


def test_an_engine_that_stopped_is_told_by_up_and_by_a_task(shared: Clone) -> None:
    for words in (("up",), ("lab", LAB)):
        said = shared.invoke(*words, DOCKER_HOST="unix:///nowhere/docker.sock")
        assert (said.status, "The Docker engine does not answer:" in said.out) == (2, True)
        assert "The labs also run without Docker: `invoke down`" in " ".join(said.out.split())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_an_engine_that_one_may_not_use_is_told(engine: None) -> None:
    said = subprocess.run(
        ["docker", "info"], user=4711, group=4711, extra_groups=[], capture_output=True, text=True
    )
    trouble = complaint(said.stderr)
    assert trouble is not None, said
    assert trouble.what.startswith("You may not use the Docker engine: permission denied")
    assert "sudo usermod -aG docker $USER" in trouble.mend


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


def test_a_kept_volume_with_another_password_is_mended_and_keeps_its_data(shared: Clone) -> None:
    assert shared.invoke("lab", LAB).status == 0
    # As in a new clone of the same name: the data are there and the password is another.
    (shared.root / ".labs/compose/password").unlink()
    assert shared.compose("down", "--timeout", "1").status == 0
    ids = {"LAB_UID": str(owner(shared)), "LAB_GID": str(owner(shared))}
    said = shared.compose("run", "--rm", "workspace", "invoke", "check", LAB, **ids)
    assert (said.status, f"FAIL  {LAB}" in said.out) == (1, True), said.all


def test_a_password_changed_while_the_database_runs_is_told_and_mended_by_up(shared: Clone) -> None:
    # The health check gives it the password again, every 20 seconds.
    for _ in range(3):
        assert ask(shared, "ALTER ROLE postgres PASSWORD 'another'").status == 0
        said = shared.invoke("lab", LAB)
        if said.status != 0:
            break
    assert said.status == 2
    assert "The database does not know the password in .labs/compose/password." in said.out
    assert "keeps all data: invoke up" in said.out
    mended = shared.invoke("up")
    assert mended.status == 0, mended.all
    assert shared.works()


def test_a_deleted_state_folder_is_made_again_under_a_running_stack(shared: Clone) -> None:
    shutil.rmtree(shared.root / ".labs")
    again = shared.invoke("up")
    assert again.status == 0, again.all
    assert shared.works()


def test_a_database_killed_in_an_upgrade_is_told_and_the_next_up_goes_on(shared: Clone) -> None:
    running = upgrading(shared)
    shared.run("docker", "kill", shared.container("db"))
    out, _ = running.communicate(timeout=120)
    assert running.returncode == 2, out
    assert "PostgreSQL went away while `alembic upgrade head` ran" in out
    assert "your files are as they were" in " ".join(out.split())
    said = shared.invoke("check", LAB)
    assert said.status == 2
    assert "The database container does not answer." in said.out
    assert "Start it again: invoke up" in said.out
    assert shared.invoke("up").status == 0
    half = ask(shared, "SELECT count(*) FROM pg_class WHERE relname = 'half'")
    assert (half.status, half.out.strip(), shared.works()) == (0, "0", True)


def test_a_database_restarted_in_an_upgrade_is_told_and_the_next_command_goes_on(
    shared: Clone,
) -> None:
    running = upgrading(shared)
    assert shared.compose("restart", "--timeout", "5", "db").status == 0
    out, _ = running.communicate(timeout=120)
    assert running.returncode == 2, out
    assert "PostgreSQL went away while `alembic upgrade head` ran" in out
    while not shared.works():
        assert shared.is_up()
    assert shared.invoke("check", LAB).status == 1


def upgrading(clone: Clone) -> subprocess.Popen[str]:
    """A check of the lab that stands in the middle of an upgrade."""
    assert clone.invoke("reset", LAB).status == 0
    clone.write(
        f"workspace/{LAB}/{SLOW}",
        "from alembic import op\nrevision = '0006'\ndown_revision = '0005'\n"
        "def upgrade():\n    op.execute('CREATE TABLE half (id int)')\n"
        "    op.execute('SELECT pg_sleep(300)')\n"
        "def downgrade():\n    pass\n",
    )
    running = clone.started(*clone.invoke_words("check", LAB))
    asleep = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)'"
        " AND state = 'active' AND pid <> pg_backend_pid()"
    )
    while ask(clone, asleep).out.strip() != "1":
        assert running.poll() is None, running.communicate()
    (clone.root / "workspace" / LAB / SLOW).unlink()
    return running


def ask(clone: Clone, statement: str) -> Said:
    """What the database's own psql says to a statement."""
    return clone.compose("exec", "-T", "db", "psql", "-U", "postgres", "-XAtc", statement)


def owner(clone: Clone) -> int:
    return clone.root.stat().st_uid


def test_down_while_a_shell_is_open_is_told_in_that_shells_terminal(shared: Clone) -> None:
    with shared.window(*shared.invoke_words("shell")) as window:
        window.wait_for("labs /labs$ ")
        assert shared.invoke("down").status == 0
        assert window.status() == 2
    assert "The workspace container was stopped while `invoke shell` ran in it." in window.text
    assert "Your files are as they were. Start it again: invoke up" in window.text


def test_a_workspace_that_was_killed_is_told(shared: Clone) -> None:
    shared.run("docker", "kill", shared.container("workspace"))
    said = shared.invoke("lab", LAB)
    assert (said.status, "The workspace container is not running." in said.out) == (2, True)
    assert shared.invoke("up").status == 0
    assert shared.works()


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
def test_a_clone_of_another_uid_is_told_and_works_the_second_time(clones: Make) -> None:
    clone = clones(owner=4712)
    command = ("run", "--rm", "--build", "workspace", "invoke", "lab", LAB)
    (clone.root / ".env").write_text("# mine")
    said = clone.compose(*command)
    assert said.status == 2
    assert "The clone belongs to uid 4712" in said.err
    assert "That uid is noted in .env now: run the same command again." in said.err
    assert (clone.root / ".env").read_text() == "# mine\nLAB_UID=4712\nLAB_GID=4712\n"
    again = clone.compose(*command)
    assert again.status == 0, again.all
    assert (clone.root / "workspace" / LAB).stat().st_uid == 4712


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make somebody else's clone")
def test_a_clone_of_another_uid_that_was_prepared_works_the_first_time(clones: Make) -> None:
    clone = clones(owner=4712)
    prepared = clone.compose("run", "--rm", "prepare")
    assert (prepared.status, prepared.out) == (0, ""), prepared.all
    said = clone.compose("run", "--rm", "workspace", "sh", "-c", "id -u; touch workspace/mine")
    assert (said.status, said.out.split()[-1:]) == (0, ["4712"]), said.all
    assert (clone.root / "workspace/mine").stat().st_uid == 4712


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make somebody else's clone")
def test_an_uid_that_somebody_has_set_is_left_and_told(clones: Make) -> None:
    clone = clones(owner=4712)
    (clone.root / ".env").write_text("LAB_UID=4713\n")
    said = clone.compose("run", "--rm", "--build", "workspace", "true")
    assert said.status == 2
    assert "cannot be written by uid 4713" in said.err
    assert "' 4712 4712 >> .env" in said.err
    assert (clone.root / ".env").read_text() == "LAB_UID=4713\n"


def test_an_image_that_is_older_than_the_lock_file_is_told(shared: Clone) -> None:
    lock = shared.root / "requirements.lock"
    before = lock.read_text()
    ids = {"LAB_UID": str(owner(shared)), "LAB_GID": str(owner(shared))}
    words = ("run", "--rm", "--no-deps", "workspace", "true")
    assert "Mend it" not in shared.compose(*words, **ids).err
    lock.write_text(f"{before}# newer\n")
    try:
        assert "Mend it: docker compose build" in shared.compose(*words, **ids).err
    finally:
        lock.write_text(before)


def test_a_folder_without_a_latin_letter_gets_a_name(clones: Make) -> None:
    clone = clones("学")
    clone.root = clone.root.rename(clone.root.with_name("学"))
    del clone.environment["COMPOSE_PROJECT_NAME"]
    said = clone.invoke("up")
    clone.environment["COMPOSE_PROJECT_NAME"] = "labs-test-nameless"
    assert (said.status, "echo COMPOSE_PROJECT_NAME=labs >> .env" in said.out) == (2, True)


def test_five_workspaces_of_one_clone_are_like_five_terminals(shared: Clone) -> None:
    ids = {"LAB_UID": str(owner(shared)), "LAB_GID": str(owner(shared))}
    assert shared.compose("up", "--detach", "--scale", "workspace=5", **ids).status == 0
    containers = shared.compose("ps", "--quiet", "workspace").out.split()
    assert len(containers) == 5
    running = [
        subprocess.Popen(
            ["docker", "exec", container, "invoke", "lab", LAB],
            env=shared.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for container in containers[:2]
    ]
    assert [process.communicate()[0].count(f"PASS  {LAB}") for process in running] == [1, 1]
    assert shared.invoke("down").status == 0


def test_the_compose_files_are_valid(shared: Clone) -> None:
    for more in ([], ["docker/class.yaml"], [".devcontainer/compose.yaml"]):
        files = [word for name in ["compose.yaml", *more] for word in ("--file", name)]
        said = shared.compose(*files, "config", "--quiet")
        assert (said.status, said.all) == (0, "")


def test_an_editor_finds_a_home_that_it_may_write(shared: Clone) -> None:
    ids = {"LAB_UID": str(owner(shared)), "LAB_GID": str(owner(shared))}
    files = ("--file", "compose.yaml", "--file", ".devcontainer/compose.yaml")
    assert shared.compose(*files, "up", "--detach", "--wait", "workspace", **ids).status == 0
    script = (
        "touch ~/.vscode-server/server ~/settings && psql --version && python -c 'import alembic'"
    )
    said = shared.compose(*files, "exec", "-T", "workspace", "sh", "-c", script, **ids)
    assert said.status == 0, said.all
    assert shared.compose(*files, "down", "--timeout", "1").status == 0
