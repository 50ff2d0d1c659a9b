"""The stack as a learner uses it: one command, tasks from outside and inside, up and down."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
import yaml

from labkit import page
from labkit.page import File
from tests.containers.clone import Clone
from tests.containers.conftest import Make

pytestmark = pytest.mark.xdist_group("containers")

LAB = "07-add-column"


def settled(output: str) -> str:
    """Output without the times in it."""
    return re.sub(r"\d+\.\d+ (ms|s)\b", r"N \1", output)


def solve(clone: Clone) -> None:
    """Write the solution of the lab as somebody does who edits files outside the container."""
    folder = clone.root / "labs" / LAB
    names = {path.stem for path in (folder / "snapshots").glob("*.yaml")}
    for step in page.read(folder / "solution.md", names).steps:
        if isinstance(step, File):
            clone.write(f"workspace/{LAB}/{step.path}", step.text)


def owner(clone: Clone) -> int:
    return clone.root.stat().st_uid


def owners(folder: Path) -> set[int]:
    return {path.lstat().st_uid for path in [folder, *folder.rglob("*")]}


def test_one_command_from_a_fresh_clone_ends_with_the_labs_verdict(clones: Make) -> None:
    clone = clones("clone with spaces", owner=1000)
    said = clone.compose("run", "--rm", "workspace", "invoke", "lab", LAB)
    assert said.status == 0, said.all
    assert re.search(rf"^PASS  {LAB}: ", said.out, re.M)
    if os.geteuid() == 0:
        assert owners(clone.root / "workspace") == {1000}
    # The untouched example is no answer, and the exit status of a FAIL comes through.
    assert clone.compose("run", "--rm", "workspace", "invoke", "check", LAB).status == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a clone that is root's")
def test_a_clone_of_root_is_worked_in_by_the_workspaces_user(clones: Make) -> None:
    clone = clones(owner=0)
    said = clone.compose("run", "--rm", "workspace", "sh", "-c", "id -u; touch workspace/mine")
    assert (said.status, said.out.split()[-1]) == (0, "1000"), said.all
    assert (clone.root / "workspace/mine").stat().st_uid == 1000
    assert clone.root.stat().st_uid == 0


def test_a_task_outside_does_in_the_workspace_what_it_does_inside(shared: Clone) -> None:
    inside = shared.compose("exec", "-T", "workspace", "invoke", "lab", LAB)
    outside = shared.invoke("lab", LAB)
    assert (outside.status, outside.err) == (0, "")
    assert settled(outside.out) == settled(inside.out)
    assert f"of Docker Compose, on 127.0.0.1:{shared.environment['LABS_DB_PORT']}" in outside.out


def test_json_comes_out_alone(shared: Clone) -> None:
    said = shared.invoke("lab", "99", "--json")
    assert json.loads(said.out)["status"] == "ERROR"


def test_a_task_that_ends_with_error_ends_with_2_outside_too(shared: Clone) -> None:
    said = shared.invoke("lab", "99")
    assert (said.status, said.out.split()[0]) == (2, "ERROR")


def test_python_outside_reaches_the_database_of_the_stack(shared: Clone) -> None:
    code = (
        "from pathlib import Path; from labkit.server import find;"
        " print(find(Path('.labs')).source)"
    )
    python = str(Path(shared.invoke_words()[0]).with_name("python"))
    assert "of Docker Compose" in shared.run(python, "-c", code).out


def test_a_lab_is_solved_by_editing_files_outside(shared: Clone) -> None:
    assert shared.invoke("reset", LAB).status == 0
    assert shared.invoke("check", LAB).status == 1
    solve(shared)
    said = shared.invoke("check", LAB)
    assert (said.status, f"PASS  {LAB}" in said.out) == (0, True), said.all


def test_files_made_in_the_workspace_belong_to_the_clones_owner(shared: Clone) -> None:
    shared.invoke("lab", LAB)
    made = owners(shared.root / "workspace") | owners(shared.root / ".labs")
    assert made == {owner(shared)}


def test_a_shell_is_at_the_lab_with_its_database(shared: Clone) -> None:
    shared.invoke("lab", LAB)
    with shared.window(*shared.invoke_words("shell", LAB)) as window:
        window.wait_for("lab 7> ")
        window.type("alembic curr\t")
        window.wait_for("ent")
        window.type("\x15pwd; psql -XAtc 'select current_user'; exit\n")
        window.wait_for("Next: invoke check 7")
        assert window.status() == 0
    seen = set(re.split(r"[\r\n]+|\x1b\S*", window.text))
    assert {f"/labs/workspace/{LAB}", "lab_07"} <= seen


def test_tab_completes_alembic_and_invoke(shared: Clone) -> None:
    with shared.window(*shared.invoke_words("shell")) as window:
        window.wait_for("labs /labs$ ")
        window.type("alembic dow\t")
        window.wait_for("ngrade")
        window.type("\x15invoke rese\t")
        window.wait_for("t ")
        window.type("\x15exit 5\n")
        assert window.status() == 5


def test_a_task_at_a_terminal_is_at_a_terminal_inside(shared: Clone) -> None:
    with shared.window(*shared.invoke_words("lab", "99")) as window:
        assert window.status() == 2
    assert re.search(r"\x1b\[[\d;]+mERROR", window.text)


def test_ctrl_c_ends_a_task_whose_output_goes_elsewhere(shared: Clone) -> None:
    shared.invoke("reset", LAB)
    endless = f"workspace/{LAB}/migrations/versions/0006_endless.py"
    shared.write(
        endless,
        "import time\nrevision = '0006'\ndown_revision = '0005'\n"
        "def upgrade():\n    time.sleep(300)\n"
        "def downgrade():\n    pass\n",
    )
    running = shared.started(*shared.invoke_words("check", LAB))
    assert running.stdout
    while "alembic upgrade head" not in (line := running.stdout.readline()):
        assert line, "it ended before the endless migration"
    os.killpg(running.pid, 2)
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 2, out
    assert "Stopped by Ctrl-C" in out
    left = shared.compose("exec", "-T", "workspace", "sh", "-c", "cat /proc/*/cmdline")
    assert "invoke\0check" not in left.out
    (shared.root / endless).unlink()


def test_the_configuration_shows_no_secret(shared: Clone) -> None:
    password = (shared.root / ".labs/compose/password").read_text()
    shown = shared.compose("config").out
    assert len(password) == 40
    assert password not in shown
    described = shared.run(
        "docker", "inspect", shared.container("db"), shared.container("workspace")
    )
    assert password not in described.out
    mode = (shared.root / ".labs/compose/password").stat().st_mode & 0o777
    assert mode == 0o600


def test_the_workspace_has_no_rights_and_only_loopback_listens(shared: Clone) -> None:
    config = yaml.safe_load(shared.compose("config").out)["services"]
    assert {port["host_ip"] for port in config["db"]["ports"]} == {"127.0.0.1"}
    assert "ports" not in config["workspace"]
    place = shared.compose("port", "db", "5432").out.strip()
    assert place == f"127.0.0.1:{shared.environment['LABS_DB_PORT']}"
    script = (
        "id -u; grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; touch /etc/x || echo read-only"
    )
    said = shared.compose("exec", "-T", "workspace", "sh", "-c", script).out.split()
    rights = dict(zip(said[1:-1:2], said[2:-1:2], strict=True))
    assert (said[0], said[-1]) == (str(owner(shared)), "read-only")
    assert rights == {"CapEff:": "0000000000000000", "NoNewPrivs:": "1"}


def test_the_image_is_small_and_holds_no_compiler_and_no_cache(shared: Clone) -> None:
    image = f"{shared.project}-workspace"
    size = int(shared.run("docker", "image", "inspect", "--format", "{{.Size}}", image).out)
    assert size < 350_000_000
    script = (
        "for program in gcc cc g++ c++ clang ld as make cargo psql nano; do"
        "  command -v $program; done;"
        " find /var/lib/apt/lists /var/cache/apt /root/.cache /home /tmp -type f 2>/dev/null;"
        " find /opt/labs -name pip"
    )
    found = shared.run(
        "docker", "run", "--rm", "--user", "0", "--entrypoint", "sh", image, "-c", script
    )
    assert [Path(line).name for line in found.out.split()] == ["psql", "nano"]


def test_up_again_down_and_up_keep_the_data_and_volumes_forget_them(shared: Clone) -> None:
    assert shared.invoke("lab", LAB).status == 0
    before = shared.container("db")
    again = shared.invoke("up")
    assert (again.status, shared.container("db")) == (0, before), again.all
    assert f"of Docker Compose, on 127.0.0.1:{shared.environment['LABS_DB_PORT']}" in again.out
    assert has_database(shared)

    down = shared.invoke("down")
    assert (down.status, "data are kept" in down.out) == (0, True), down.all
    assert shared.compose("ps", "--all", "--quiet").out == ""
    assert not (shared.root / ".labs/compose/workspace.json").exists()
    assert shared.invoke("up").status == 0
    assert has_database(shared)

    unsure = shared.invoke("down", "--volumes")
    assert "Your files stay. Delete them? [y/N] \nNothing was deleted." in unsure.out
    assert shared.compose("ps", "--quiet").out != ""
    forgotten = shared.invoke("down", "--volumes", "--yes")
    assert (forgotten.status, "with their data" in forgotten.out) == (0, True), forgotten.all
    assert not (shared.root / ".labs/compose/password").exists()
    assert shared.invoke("up").status == 0
    assert not has_database(shared)


def has_database(clone: Clone) -> bool:
    """Whether the lab has one in the stack."""
    look = (
        "import sys; from pathlib import Path;"
        " from labkit.server import find; sys.exit(not find(Path('.labs')).exists('lab_07'))"
    )
    return clone.compose("exec", "-T", "workspace", "python", "-c", look).status == 0


def test_a_stack_that_compose_started_by_itself_is_known_outside(shared: Clone) -> None:
    shared.compose("down", "--timeout", "1")
    up = shared.compose("up", "--detach", LAB_UID=str(owner(shared)), LAB_GID=str(owner(shared)))
    assert up.status == 0, up.all
    while not (shared.root / ".labs/compose/workspace.json").exists():
        assert shared.compose("ps", "--quiet", "workspace").out
    assert "of Docker Compose" in shared.invoke("lab", LAB).out
    assert shared.compose("stop", "workspace").status == 0
    assert not (shared.root / ".labs/compose/workspace.json").exists()


def test_logs_show_what_the_database_says(shared: Clone) -> None:
    assert "database system is ready to accept connections" in shared.invoke("logs").all
