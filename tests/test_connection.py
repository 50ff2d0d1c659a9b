"""URLs and connections that depend on nothing but their URL."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from labkit.postgres.connection import compose, environment, parse


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_every_common_scheme_is_read(scheme: str) -> None:
    assert parse(f"{scheme}://ada:secret@db.example:5433/shop?sslmode=require") == {
        "user": "ada",
        "password": "secret",
        "host": "db.example",
        "port": "5433",
        "dbname": "shop",
        "sslmode": "require",
    }


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("db.example:5432", "does not begin with postgresql://"),
        ("mysql://ada@db.example/shop", "does not begin with postgresql://"),
        ("postgresql://ada:50%@db.example/shop", "percent-encoded"),
        ("postgresql://db.example/shop?nonsense=1", "invalid URI query parameter"),
    ],
)
def test_what_is_no_url_of_postgresql(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(url)


@pytest.mark.parametrize(
    "parameters",
    [
        {"user": "ada", "password": "p@ss:/w?rd%+ ü", "host": "127.0.0.1", "port": "5432"},
        {"user": "a@b", "host": "::1", "port": "5432"},
        {"user": "ada", "host": "/var/run/postgresql", "port": "5433"},
        {"user": "ada", "host": "one,two", "port": "5432,5433", "target_session_attrs": "any"},
        {"host": "db.example", "sslmode": "require", "options": "-c search_path=a,b"},
        {},
    ],
)
def test_libpq_and_sqlalchemy_read_what_is_composed(parameters: dict[str, str]) -> None:
    given = {**parameters, "dbname": "lab_12"}
    url = compose(given)
    assert parse(url) == given
    read = make_url(url)
    seen = {**read.query, "dbname": read.database, "user": read.username, "host": read.host}
    seen |= {"password": read.password, "port": str(read.port) if read.port else None}
    seen |= {name: read.query[name] for name in ("host", "port") if name in read.query}
    assert {name: value for name, value in seen.items() if value is not None} == given


def test_variables_of_libpq_are_left_out() -> None:
    assert environment({"PGHOST": "x", "PGDATA": "y", "PATH": "z", "pghost": "w"}) == {
        "PATH": "z",
        "pghost": "w",
    }
