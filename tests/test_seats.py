"""The service that gives each workspace of a class its seat; no engine is needed."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from labkit.containers import seats
from labkit.containers.seats import Seats, take
from labkit.trouble import Trouble
from tests.drills import ask


@contextmanager
def serving(named: Callable[[str], str]) -> Iterator[str]:
    """A service whose containers have these names; its address."""
    with Seats(("127.0.0.1", 0), named) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("host", "number"),
    [
        ("labs-workspace-3", 3),
        ("my-workspace-1-workspace-12.my_default", 12),
        ("labs-workspace-run-1f2e3d", None),
        ("labs-db-1.labs_default", None),
        ("workspace-1", None),
    ],
)
def test_only_a_workspace_that_is_counted_has_a_number(host: str, number: int | None) -> None:
    assert seats.number(host) == number


def test_a_workspace_gets_a_seat_that_it_can_log_in_with(
    class_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = f"c{secrets.token_hex(3)}"
    monkeypatch.setenv("LABS_CLASS", course)
    with serving(lambda _: "labs-workspace-4.labs_default") as place:
        lines = take(place).splitlines()
        again = take(place).splitlines()
    try:
        variables = dict(line.removeprefix("export ").split("=", 1) for line in again)
        assert list(variables) == ["LABS_DATABASE_URL", "LABS_PREFIX"]
        assert variables["LABS_PREFIX"] == f"{course}-4"
        url = variables["LABS_DATABASE_URL"].strip("'")
        assert ask(url, "SELECT current_user") == [(f"{course}-4",)]
        assert lines[0] != again[0]
    finally:
        ask(class_url, f'DROP ROLE "{course}-4"')


def test_whoever_is_no_workspace_gets_no_seat() -> None:
    with (
        serving(lambda _: "labs-workspace-run-1f2e3d.labs_default") as place,
        pytest.raises(Trouble) as told,
    ):
        take(place)
    assert str(told.value) == (
        "This workspace gets no seat. This container has no seat.\n"
        "Seats belong to the workspaces that `docker compose up --scale workspace=5`"
        " counts.\n"
        "Enter one of those: docker compose exec --index 1 workspace bash"
    )


def test_an_address_without_a_name_gets_no_seat() -> None:
    def unknown(address: str) -> str:
        raise OSError

    with serving(unknown) as place, pytest.raises(Trouble, match="This container has no seat"):
        take(place)


def test_a_database_that_refuses_is_told_in_the_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/postgres")
    with (
        serving(lambda _: "labs-workspace-1") as place,
        pytest.raises(Trouble, match=r"gets no seat. Nothing listens at 127.0.0.1"),
    ):
        take(place)


def test_a_service_that_does_not_answer_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Trouble) as caught:
        take("http://127.0.0.1:1", patience=0)
    assert caught.value.what.startswith("The service that gives the seats does not answer: ")
    assert caught.value.why == (
        "It was stopped, or does not reach the database; `docker compose logs seats` tells."
    )
    assert caught.value.mend == "Start the class again: docker compose up --detach"
    monkeypatch.setenv("LABS_SEATS", "http://127.0.0.1:1")
    monkeypatch.setattr(seats, "_PATIENCE", 0.0)
    assert seats.main(["take"]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.startswith("ERROR  The service")) == ("", True)
