"""What is said of a class's seats."""

from __future__ import annotations

from labkit.trouble import Trouble


def no_name(name: str) -> Trouble:
    return Trouble(
        f"“{name}” cannot be the name of a seat.",
        "A name begins with a letter from a to z and has up to 20 of a-z, 0-9, - and _.",
        "Choose another one, in LABS_PREFIX and for the seat.",
    )


def taken(name: str) -> Trouble:
    return Trouble(
        f"The role {name} exists on this server and is no seat.",
        "Somebody else made it, so it is left as it is.",
        "Choose another name for the seat.",
    )


# Seats that workspaces take.


def no_workspace() -> Trouble:
    return Trouble(
        "This container has no seat.",
        "Seats belong to the workspaces that `docker compose up --scale workspace=5` counts.",
        "Enter one of those: docker compose exec --index 1 workspace bash",
    )


def refused(said: str) -> Trouble:
    return Trouble(f"This workspace gets no seat. {said}", "", "")


def nobody_gives(said: str) -> Trouble:
    return Trouble(
        f"The service that gives the seats does not answer: {said}",
        "It was stopped, or does not reach the database; `docker compose logs seats` tells.",
        "Start the class again: docker compose up --detach",
    )
