"""What is said around Docker: of the engine, of the stack, and of its database."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from labkit.trouble import Trouble

_WITHOUT = "The labs also run without Docker: `invoke down`, then the same command."

# The engine and its client.


def not_installed() -> Trouble:
    return Trouble(
        "Docker is not installed here: there is no command `docker`.",
        "`invoke up` runs PostgreSQL and a workspace in containers, which needs it.",
        "Install Docker Engine or Docker Desktop; or run `invoke lab 1` as it is, which brings a"
        " PostgreSQL of its own.",
    )


def not_running(said: str) -> Trouble:
    return Trouble(
        f"The Docker engine does not answer: {said}",
        "It is not running, or DOCKER_HOST leads elsewhere.",
        f"Start it (`sudo systemctl start docker`, or Docker Desktop). {_WITHOUT}",
    )


def no_rights(said: str) -> Trouble:
    return Trouble(
        f"You may not use the Docker engine: {said}",
        "Its socket belongs to root and to the group docker.",
        "Join that group (`sudo usermod -aG docker $USER`, then log in again), or use a rootless"
        f" engine. {_WITHOUT}",
    )


def no_compose(old: bool) -> Trouble:
    return Trouble(
        "This Docker has no `docker compose`."
        + (" There is a `docker-compose`, which is the first version." if old else ""),
        "The labs need Compose 2.20 or newer, a plugin of the docker command.",
        "Install the package docker-compose-plugin (docker-compose-v2 on Ubuntu).",
    )


def compose_too_old(version: str) -> Trouble:
    return Trouble(
        f"This Docker Compose is version {version}.",
        "The labs need 2.20 or newer.",
        "Install a newer docker-compose-plugin.",
    )


# Building and starting.


def port_taken(port: str) -> Trouble:
    return Trouble(
        f"The port {port} on 127.0.0.1 is taken, so the database cannot be reached there.",
        "Another program listens on it, perhaps the database of another clone.",
        "Choose another one, once: echo LABS_DB_PORT=25433 >> .env    Then: invoke up",
    )


def no_network(said: str) -> Trouble:
    return Trouble(
        f"The images cannot be made without the network: {said}",
        "They are downloaded and built the first time; after that no network is needed.",
        "Go online, or set the proxy in ~/.docker/config.json, and run `invoke up` again.",
    )


def unknown_certificate(said: str) -> Trouble:
    return Trouble(
        f"A certificate on the way to the network is not trusted: {said}",
        "You are probably behind a proxy that has a certificate authority of its own.",
        "Name the file with its certificates: LABS_CA=/path/to/bundle.pem invoke up",
    )


def disk_full(said: str) -> Trouble:
    return Trouble(
        f"The disk of the Docker engine is full: {said}",
        "The images take about 500 MB, and the database about 60 MB.",
        "`docker system df` shows what uses it and `docker system prune` frees it; then run the"
        " command again.",
    )


def no_project_name(folder: Path) -> Trouble:
    return Trouble(
        f"Compose cannot make a project's name from the folder's: {folder.name}",
        "It uses the letters a to z and digits only, and there are none.",
        "Give it a name, once: echo COMPOSE_PROJECT_NAME=labs >> .env    Then: invoke up",
    )


def db_does_not_start(log: str) -> Trouble:
    return Trouble(
        "The database container does not get ready.",
        f"Its log ends with:\n{log}" if log else "Its log is empty.",
        "`invoke logs` shows all of it. If the data are damaged, `invoke down --volumes` forgets"
        " them; your files are not touched.",
    )


def workspace_does_not_start(log: str) -> Trouble:
    return Trouble(
        "The workspace container does not stay up.",
        f"Its log ends with:\n{log}" if log else "Its log is empty.",
        "`invoke logs` shows all of it.",
    )


def refused(command: Sequence[str], said: str) -> Trouble:
    return Trouble(
        f"`{shlex.join(command)}` failed.",
        f"It ends with:\n{said}" if said else "It said nothing.",
        "Mend what it names and run the command again.",
    )


# The database.


def gone() -> Trouble:
    return Trouble(
        "The Compose stack has just been stopped.",
        "Somebody ran `invoke down` in another terminal.",
        "Run the command again, or `invoke up` to start it.",
    )


def no_database() -> Trouble:
    return Trouble(
        "The database container does not answer.",
        "It was stopped or killed, or is out of memory or disk; `invoke logs` tells.",
        "Start it again: invoke up    (outside the container; its data are kept)",
    )


def not_yet(said: str) -> Trouble:
    return Trouble(
        f"The database container takes no connections now: {said}",
        "It is starting, stopping or recovering from a crash.",
        "Run the command again in a moment; `invoke up` waits until it is ready.",
    )


def wrong_password() -> Trouble:
    return Trouble(
        "The database does not know the password in .labs/compose/password.",
        "That file was made anew, or the password changed, while the database went on.",
        "This gives it the password again and keeps all data: invoke up    (outside the container)",
    )


def cannot_connect(said: str) -> Trouble:
    return Trouble(
        f"The database container refuses the connection: {said}",
        "`invoke logs` shows what it thinks.",
        "Mend what it names, and start it again: invoke up",
    )


# The workspace.


def not_up() -> Trouble:
    return Trouble(
        "The workspace container is not running.",
        "It was started by `invoke up` and has ended since: the machine or the engine was"
        " restarted, or it was stopped by hand.",
        "Start it again: invoke up    Or go on without Docker: invoke down",
    )


def stopped_meanwhile(task: str) -> Trouble:
    return Trouble(
        f"The workspace container was stopped while `invoke {task}` ran in it.",
        "Somebody ran `invoke down`, or the engine was stopped or out of memory.",
        "Your files are as they were. Start it again: invoke up",
    )


# What goes well.

BUILDING = "Building the workspace image. The first time takes a minute or two."
STARTING = "Starting PostgreSQL and the workspace."
MENDING = "The database knows another password; giving it this clone's. All data are kept."
NOTHING_TO_FORGET = "Docker keeps no data of this clone."
SURE = "This deletes the labs' data in Docker. Your files stay. Delete them? [y/N] "
KEPT = "Nothing was deleted."


def up(source: str) -> str:
    return f"{source}; and a workspace, in which all tasks run now."


def next_thing() -> str:
    return "Next: invoke lab 1    (`invoke shell 1` opens a shell there, `invoke down` ends it)"


def down(forgotten: bool) -> str:
    data = "with their data" if forgotten else "the data are kept"
    return f"The containers are gone, {data}. Without them the labs use the embedded PostgreSQL."


def let_go(what: str) -> str:
    return (
        f"{what}\nIts containers are left as they are. Without them the labs use the embedded"
        " PostgreSQL."
    )
