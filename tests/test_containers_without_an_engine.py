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
from tests.impostor import CLOSED, STARTING, Impostor

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
    assert trouble.why == (
        "`invoke up` runs PostgreSQL and a workspace in containers, which needs it."
    )
    assert trouble.mend == (
        "Install Docker Engine or Docker Desktop; or run `invoke lab 1` as it is, which brings a"
        " PostgreSQL of its own."
    )


def test_a_docker_without_compose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, monkeypatch, "echo 'unknown flag: --short' >&2; exit 125")
    trouble = told(tmp_path)
    assert trouble.what == "This Docker has no `docker compose`."
    assert trouble.why == "The labs need Compose 2.20 or newer, a plugin of the docker command."
    assert trouble.mend == (
        "Install the package docker-compose-plugin (docker-compose-v2 on Ubuntu)."
    )


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
    with pytest.raises(Trouble) as caught:
        engine.need_compose()
    assert str(caught.value) == (
        f"This Docker Compose is version {version}.\n"
        "The labs need 2.20 or newer.\n"
        "Install a newer docker-compose-plugin."
    )


@pytest.mark.parametrize(
    ("said", "what", "why", "mend"),
    [
        (
            SOCKET_CLOSED,
            "You may not use the Docker engine: ",
            "Its socket belongs to root and to the group docker.",
            "Join that group (`sudo usermod -aG docker $USER`, then log in again), or use a"
            " rootless engine. ",
        ),
        (
            ENGINE_STOPPED,
            "The Docker engine does not answer: Cannot connect",
            "It is not running, or DOCKER_HOST leads elsewhere.",
            "Start it (`sudo systemctl start docker`, or Docker Desktop). ",
        ),
    ],
    ids=["closed", "stopped"],
)
def test_an_engine_that_cannot_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, what: str, why: str, mend: str
) -> None:
    script = f"case $* in *version*) echo 2.40.3 ;; *) echo '{said}' >&2; exit 1 ;; esac"
    docker(tmp_path, monkeypatch, script)
    trouble = told(tmp_path)
    assert trouble.what.startswith(what)
    assert trouble.why == why
    assert trouble.mend == (
        f"{mend}The labs also run without Docker: `invoke down`, then the same command."
    )


@pytest.mark.parametrize(
    ("said", "what", "why", "mend"),
    [
        (
            PORT_TAKEN,
            "The port 25432 on 127.0.0.1 is taken, so the database cannot be reached there.",
            "Another program listens on it, perhaps the database of another clone.",
            "Choose another one, once: echo LABS_DB_PORT=25433 >> .env    Then: invoke up",
        ),
        (
            "#7 1.2 x509: certificate signed by unknown authority",
            "A certificate on the way to the network is not trusted: x509: certificate"
            " signed by unknown authority",
            "You are probably behind a proxy that has a certificate authority of its own.",
            "Name the file with its certificates: LABS_CA=/path/to/bundle.pem invoke up",
        ),
        (
            "write /var/lib/docker/x: no space left on device",
            "The disk of the Docker engine is full: write /var/lib/docker/x: no space left on"
            " device",
            "The images take about 500 MB, and the database about 60 MB.",
            "`docker system df` shows what uses it and `docker system prune` frees it; then run"
            " the command again.",
        ),
        (
            "lookup registry-1.docker.io: no such host",
            "The images cannot be made without the network: lookup registry-1.docker.io: no such"
            " host",
            "They are downloaded and built the first time; after that no network is needed.",
            "Go online, or set the proxy in ~/.docker/config.json, and run `invoke up` again.",
        ),
    ],
    ids=["port", "certificate", "disk", "network"],
)
def test_a_complaint_of_docker_is_put_in_words(said: str, what: str, why: str, mend: str) -> None:
    trouble = complaint(said, "25432")
    assert trouble is not None
    assert (trouble.what, trouble.why, trouble.mend) == (what, why, mend)


def test_a_complaint_that_nobody_knows_is_none() -> None:
    assert complaint("something else") is None


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"container": "x"}', '{"port": 1'])
def test_a_note_that_is_none_is_not_believed(tmp_path: Path, content: str) -> None:
    path = note.path(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert note.read(tmp_path) is None


def leave_note(root: Path, port: int = 1) -> None:
    path = note.path(root / ".labs")
    path.parent.mkdir(parents=True)
    path.write_text(f'{{"container": "0123456789ab", "port": {port}}}')
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
        (
            "echo 'Error: No such object' >&2; exit 1",
            "The workspace container is not running. It was started by `invoke up` and has ended"
            " since: the machine or the engine was restarted, or it was stopped by hand. Start it"
            " again: invoke up Or go on without Docker: invoke down",
        ),
        (
            "case $1 in exec) exit 137 ;; *) echo false ;; esac",
            "The workspace container was stopped while `invoke lab` ran in it. Somebody ran"
            " `invoke down`, or the engine was stopped or out of memory. Your files are as they"
            " were. Start it again: invoke up",
        ),
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
    out = " ".join(capsys.readouterr().out.split())
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
    assert said.endswith(
        "\nIts containers are left as they are. Without them the labs use the embedded PostgreSQL."
    )
    assert note.read(tmp_path / ".labs") is None
    with pytest.raises(Trouble, match="The Docker engine does not answer"):
        Stack(tmp_path).down(forget=True)


def test_down_without_containers_does_not_ask_docker(tmp_path: Path) -> None:
    assert not Stack(tmp_path).was_used()
    leave_note(tmp_path)
    assert Stack(tmp_path).was_used()


def test_a_database_of_the_stack_that_does_not_answer(tmp_path: Path) -> None:
    leave_note(tmp_path)
    with pytest.raises(Trouble) as caught:
        compose.outside(tmp_path / ".labs")
    assert str(caught.value) == (
        "The database container does not answer.\n"
        "It was stopped or killed, or is out of memory or disk; `invoke logs` tells.\n"
        "Start it again: invoke up    (outside the container; its data are kept)"
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            STARTING,
            "The database container takes no connections now: FATAL: the database system is"
            " starting up\n"
            "It is starting, stopping or recovering from a crash.\n"
            "Run the command again in a moment; `invoke up` waits until it is ready.",
        ),
        (
            CLOSED,
            "The database container refuses the connection: FATAL: no pg_hba.conf entry\n"
            "`invoke logs` shows what it thinks.\n"
            "Mend what it names, and start it again: invoke up",
        ),
    ],
    ids=["starting", "closed"],
)
def test_a_database_of_the_stack_that_lets_nobody_in(
    tmp_path: Path, answer: tuple[bytes, bytes], said: str
) -> None:
    with Impostor(answer) as impostor:
        leave_note(tmp_path, impostor.port)
        with pytest.raises(Trouble) as caught:
            compose.outside(tmp_path / ".labs")
    assert " ".join(str(caught.value).split()).replace(
        f'connection to server at "127.0.0.1", port {impostor.port} failed: ', ""
    ) == " ".join(said.split())


def test_a_stack_that_was_stopped_meanwhile(tmp_path: Path) -> None:
    with pytest.raises(Trouble) as caught:
        compose.outside(tmp_path / ".labs")
    assert str(caught.value) == (
        "The Compose stack has just been stopped.\n"
        "Somebody ran `invoke down` in another terminal.\n"
        "Run the command again, or `invoke up` to start it."
    )


def test_a_password_file_that_cannot_be_read(tmp_path: Path) -> None:
    leave_note(tmp_path)
    compose.password_path(tmp_path / ".labs").unlink()
    with pytest.raises(Trouble) as caught:
        compose.outside(tmp_path / ".labs")
    assert str(caught.value) == (
        f"The file {compose.password_path(tmp_path / '.labs')}, where PostgreSQL's password should"
        " be, cannot be read: No such file or directory.\n"
        "LABS_DATABASE_PASSWORD_FILE names it, or `invoke up` made it for another user.\n"
        "Correct LABS_DATABASE_PASSWORD_FILE, or run `invoke up` again."
    )


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
    assert str(told(tmp_path)) == (
        "The database does not know the password in .labs/compose/password.\n"
        "That file was made anew, or the password changed, while the database went on.\n"
        "This gives it the password again and keeps all data: invoke up    (outside the container)"
    )


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "*up*) echo 'dependency failed: container labs-db-1 is unhealthy' >&2; exit 1 ;;"
            " *logs*) echo 'invalid page' ;;",
            "The database container does not get ready.\nIts log ends with:\ninvalid page\n"
            "`invoke logs` shows all of it. If the data are damaged, `invoke down --volumes`"
            " forgets them; your files are not touched.",
        ),
        (
            "*up*) echo 'labs-db-1 exited (1)' >&2; exit 1 ;;",
            "The database container does not get ready.\nIts log is empty.\n"
            "`invoke logs` shows all of it. If the data are damaged, `invoke down --volumes`"
            " forgets them; your files are not touched.",
        ),
        (
            "*ps*) ;; *logs*) echo killed ;;",
            "The workspace container does not stay up.\nIts log ends with:\nkilled\n"
            "`invoke logs` shows all of it.",
        ),
        (
            "*ps*) ;;",
            "The workspace container does not stay up.\nIts log is empty.\n"
            "`invoke logs` shows all of it.",
        ),
        (
            "*build*) echo 'no such stage' >&2; exit 1 ;;",
            "`docker compose build workspace` failed.\nIt ends with:\nno such stage\n"
            "Mend what it names and run the command again.",
        ),
        (
            "*build*) exit 1 ;;",
            "`docker compose build workspace` failed.\nIt said nothing.\n"
            "Mend what it names and run the command again.",
        ),
        (
            "*build*) echo 'project name must not be empty' >&2; exit 1 ;;",
            "Compose cannot make a project's name from the folder's: ümläut\n"
            "It uses the letters a to z and digits only, and there are none.\n"
            "Give it a name, once: echo COMPOSE_PROJECT_NAME=labs >> .env    Then: invoke up",
        ),
    ],
    ids=["unhealthy", "exited", "gone", "gone in silence", "refused", "silent", "nameless"],
)
def test_a_stack_that_does_not_come_up_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    root = tmp_path / "ümläut"
    root.mkdir()
    docker(tmp_path, monkeypatch, f"case $* in *version*) echo 2.40.3 ;; {script} esac")
    assert str(told(root)) == said


@pytest.mark.parametrize(
    ("forget", "said"),
    [(False, "the data are kept"), (True, "with their data")],
)
def test_down_says_what_became_of_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forget: bool, said: str
) -> None:
    leave_note(tmp_path)
    docker(tmp_path, monkeypatch, "echo 2.40.3")
    assert Stack(tmp_path).down(forget) == (
        f"The containers are gone, {said}. Without them the labs use the embedded PostgreSQL."
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
