"""What is said of Docker where it is missing, stopped, closed or old; no engine is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.containers import compose, note
from labkit.containers.engine import Engine, complaint
from labkit.containers.handover import OUTSIDE, hand_over
from labkit.containers.stack import Stack
from labkit.trouble import Trouble
from tests.drills import ROOT

# Of Docker 28.5 and Compose 2.40.
SOCKET_CLOSED = (
    "permission denied while trying to connect to the Docker daemon socket at"
    ' unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.51/info": dial unix'
    " /var/run/docker.sock: connect: permission denied"
)
ENGINE_STOPPED = (
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon"
    " running?"
)
PORT_TAKEN = (
    "Error response from daemon: failed to set up container networking: driver failed programming"
    " external connectivity on endpoint labs-db-1: failed to bind host port for"
    " 127.0.0.1:25432:172.19.0.2:5432/tcp: address already in use"
)


def docker(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Have ``docker`` be this script, and nothing else be found."""
    program = folder / "bin" / "docker"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))


def told(root: Path) -> Trouble:
    with pytest.raises(Trouble) as caught:
        list(Stack(root).up())
    return caught.value


def test_docker_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    trouble = told(tmp_path)
    assert trouble.what == "Docker is not installed here: there is no command `docker`."
    assert "`invoke lab 1` as it is" in trouble.mend


def test_a_docker_without_compose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, monkeypatch, "echo 'unknown flag: --short' >&2; exit 125")
    assert told(tmp_path).what == "This Docker has no `docker compose`."


def test_only_the_first_version_of_compose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, monkeypatch, "echo 'unknown flag: --short' >&2; exit 125")
    first = tmp_path / "bin" / "docker-compose"
    first.write_text("#!/bin/sh\n")
    first.chmod(0o755)
    trouble = told(tmp_path)
    assert "There is a `docker-compose`, which is the first version." in trouble.what
    assert "docker-compose-plugin" in trouble.mend


@pytest.mark.parametrize(
    ("version", "good"), [("2.19.1", False), ("2.20.0", True), ("v5.0.1", True)]
)
def test_compose_2_20_is_the_oldest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, good: bool
) -> None:
    docker(tmp_path, monkeypatch, f"echo {version}")
    engine = Engine(tmp_path, os.environ)
    if good:
        engine.need_compose()
        return
    with pytest.raises(Trouble, match=f"This Docker Compose is version {version}."):
        engine.need_compose()


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (SOCKET_CLOSED, "You may not use the Docker engine: "),
        (ENGINE_STOPPED, "The Docker engine does not answer: Cannot connect"),
    ],
)
def test_an_engine_that_cannot_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, what: str
) -> None:
    script = f"case $* in *version*) echo 2.40.3 ;; *) echo '{said}' >&2; exit 1 ;; esac"
    docker(tmp_path, monkeypatch, script)
    assert told(tmp_path).what.startswith(what)


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (PORT_TAKEN, "The port 25432 on 127.0.0.1 is taken"),
        ("#7 1.2 x509: certificate signed by unknown authority", "A certificate on the way"),
        (
            "write /var/lib/docker/x: no space left on device",
            "The disk of the Docker engine is full",
        ),
        ("lookup registry-1.docker.io: no such host", "The images cannot be made without the"),
    ],
)
def test_a_complaint_of_docker_is_put_in_words(said: str, what: str) -> None:
    trouble = complaint(said, "25432")
    assert trouble is not None
    assert trouble.what.startswith(what)


def test_a_complaint_that_nobody_knows_is_none() -> None:
    assert complaint("something else") is None


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"container": "x"}', '{"port": 1'])
def test_a_note_that_is_none_is_not_believed(tmp_path: Path, content: str) -> None:
    path = note.path(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert note.read(tmp_path) is None


def leave_note(root: Path) -> None:
    path = note.path(root / ".labs")
    path.parent.mkdir(parents=True)
    path.write_text('{"container": "0123456789ab", "port": 1}')
    compose.password_path(root / ".labs").write_text("secret")


def handed_over(root: Path, *words: str) -> int | str | None:
    with pytest.raises(SystemExit) as caught:
        hand_over(root, ["invoke", *words])
    return caught.value.code


def test_a_task_is_handed_over_as_it_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    leave_note(tmp_path)
    docker(tmp_path, monkeypatch, 'echo "$@"')
    assert handed_over(tmp_path, "lab", "a b", "--json") == 0
    assert capfd.readouterr().out.endswith(" 0123456789ab invoke lab a b --json\n")


def test_an_url_that_is_given_wins_over_the_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_note(tmp_path)
    docker(tmp_path, monkeypatch, f": >{tmp_path}/asked")
    monkeypatch.setenv("LABS_DATABASE_URL", "postgresql://me@localhost/postgres")
    hand_over(tmp_path, ["invoke", "lab", "12"])
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize(
    "words", [*([word] for word in OUTSIDE), ["--list"], ["lab", "--help"], ["lab", "-h"], []]
)
def test_a_task_that_is_not_for_the_workspace_stays_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    leave_note(tmp_path)
    docker(tmp_path, monkeypatch, f": >{tmp_path}/asked")
    hand_over(tmp_path, ["invoke", *words])
    assert not (tmp_path / "asked").exists()


def test_a_task_that_nobody_has_written_yet_is_handed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    leave_note(tmp_path)
    docker(tmp_path, monkeypatch, 'echo "$@"')
    assert handed_over(tmp_path, "brew", "12") == 0
    assert capfd.readouterr().out.endswith(" invoke brew 12\n")


def test_without_a_note_docker_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(tmp_path, monkeypatch, f": >{tmp_path}/asked")
    hand_over(tmp_path, ["invoke", "lab", "12"])
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize(
    ("script", "what"),
    [
        (f"echo '{ENGINE_STOPPED}' >&2; exit 1", "The Docker engine does not answer"),
        ("echo 'Error: No such object' >&2; exit 1", "The workspace container is not running."),
        ("case $1 in exec) exit 137 ;; *) echo false ;; esac", "was stopped while `invoke lab`"),
    ],
)
def test_a_note_of_a_container_that_is_gone_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    script: str,
    what: str,
) -> None:
    leave_note(tmp_path)
    docker(tmp_path, monkeypatch, script)
    assert handed_over(tmp_path, "lab", "12") == 2
    out = capsys.readouterr().out
    assert what in out
    assert "invoke up" in out or "invoke down" in out


def test_a_fail_in_a_container_that_lives_is_a_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_note(tmp_path)
    docker(tmp_path, monkeypatch, "case $1 in exec) exit 1 ;; *) echo true ;; esac")
    assert handed_over(tmp_path, "check", "12") == 1


def test_down_without_an_engine_lets_the_labs_do_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_note(tmp_path)
    docker(
        tmp_path,
        monkeypatch,
        f"case $* in *version*) echo 2.40.3 ;; *) echo '{ENGINE_STOPPED}' >&2; exit 1 ;; esac",
    )
    said = Stack(tmp_path).down()
    assert said.startswith("The Docker engine does not answer: Cannot connect")
    assert said.endswith("Without them the labs use the embedded PostgreSQL.")
    assert note.read(tmp_path / ".labs") is None
    with pytest.raises(Trouble, match="The Docker engine does not answer"):
        Stack(tmp_path).down(forget=True)


def test_down_without_containers_does_not_ask_docker(tmp_path: Path) -> None:
    assert not Stack(tmp_path).was_used()
    leave_note(tmp_path)
    assert Stack(tmp_path).was_used()


def test_a_database_of_the_stack_that_does_not_answer(tmp_path: Path) -> None:
    leave_note(tmp_path)
    with pytest.raises(Trouble, match="The database container does not answer"):
        compose.outside(tmp_path / ".labs")


def test_a_stack_that_was_stopped_meanwhile(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="The Compose stack has just been stopped"):
        compose.outside(tmp_path / ".labs")


def test_a_password_file_that_cannot_be_read(tmp_path: Path) -> None:
    leave_note(tmp_path)
    compose.password_path(tmp_path / ".labs").unlink()
    with pytest.raises(Trouble, match=r"compose/password, where PostgreSQL's password should be"):
        compose.outside(tmp_path / ".labs")


# An engine on which all goes well, but for what the database says of the password.
RUNNING = """case $* in
*version*) echo 2.40.3 ;;
*ps*) echo 0123456789abcdef ;;
exec*) {answer} ;;
esac"""
SOURCE = "PostgreSQL 18.6 of Docker Compose, on 127.0.0.1:25432"


def test_up_tells_each_step_and_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_note(tmp_path)
    docker(tmp_path, monkeypatch, RUNNING.format(answer=f"echo '{SOURCE}'"))
    assert list(Stack(tmp_path).up()) == [
        "Building the workspace image. The first time takes a minute or two.",
        "Starting PostgreSQL and the workspace.",
        f"{SOURCE}; and a workspace, in which all tasks run now.",
        "Next: invoke lab 1    (`invoke shell 1` opens a shell there, `invoke down` ends it)",
    ]


def test_up_gives_a_database_that_knows_another_password_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_note(tmp_path)
    refuse_once = (
        f"[ -e {tmp_path}/refused ] && echo '{SOURCE}' || {{ : >{tmp_path}/refused; exit 3; }}"
    )
    docker(tmp_path, monkeypatch, RUNNING.format(answer=refuse_once))
    assert list(Stack(tmp_path).up())[2:4] == [
        "The database knows another password; giving it this clone's. All data are kept.",
        f"{SOURCE}; and a workspace, in which all tasks run now.",
    ]


def test_a_database_that_still_knows_another_password_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_note(tmp_path)
    docker(tmp_path, monkeypatch, RUNNING.format(answer="exit 3"))
    assert told(tmp_path).what == (
        "The database does not know the password in .labs/compose/password."
    )


@pytest.mark.parametrize(
    ("ci", "status", "said"),
    [
        ("", 0, "No Docker engine with Compose answers, so no container was tested: there is no"),
        ("true", 1, "No Docker engine with Compose answers here, and CI needs one: there is no"),
    ],
)
def test_a_missing_engine_is_told_and_in_ci_it_is_a_failure(
    tmp_path: Path, ci: str, status: int, said: str
) -> None:
    test = "tests/containers/test_stack.py::test_json_comes_out_alone"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", test],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path), "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, said in done.stdout) == (status, True), done.stdout
