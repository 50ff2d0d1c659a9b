"""The databases that a lab has on its server."""

from __future__ import annotations

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class

from labkit import connection
from labkit.server import Server


def connect(url: str, **instead: str) -> Connection:
    return connection.connect({**connection.parse(url), **instead})


def test_a_fresh_database_is_empty_and_its_role_may_use_it(server: Server) -> None:
    for _ in range(2):
        database = server.fresh("lab_fresh")
        with connect(database.url) as learner, learner.cursor() as cursor:
            cursor.execute("CREATE TABLE products (id int)")
        learner.close()
    server.drop("lab_fresh")
    assert not server.exists("lab_fresh")


def test_a_role_may_not_enter_another_labs_database(server: Server) -> None:
    mine, other = server.fresh("lab_mine"), server.fresh("lab_other")
    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        connect(mine.url, dbname=other.name)
    server.drop("lab_mine")
    server.drop("lab_other")
