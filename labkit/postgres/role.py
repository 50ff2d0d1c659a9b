"""The role of a lab: it may do what it likes in its own databases, and nothing elsewhere."""

from __future__ import annotations

from psycopg2.extensions import encrypt_password
from psycopg2.sql import SQL, Composable, Identifier, Literal

from labkit.messages import server as messages
from labkit.postgres.administrator import Administrator

# What marks a role as one that we made, and may therefore change and drop.
_MARK = "Alembic Labs"


def ensure(admin: Administrator, name: str, password: str, reset: bool = False) -> str:
    """Make the role, or give it its password anew; ``reset`` undoes its ALTER ROLE … SET too.

    Returns its name, which is the administrator's own where that may not create roles.

    Raises:
        Trouble: somebody else's role has this name.
        psycopg2.Error: the server refuses.
    """
    rights = admin.rights
    if not rights.may_create_roles:
        return rights.user
    marks = admin.run(
        "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s", name
    )
    if marks and marks[0] != (_MARK,):
        raise messages.foreign_role(name)
    role = Identifier(name)
    # The server never sees the password itself, so no log of it can show one.
    verifier = Literal(encrypt_password(password, name, admin.session.connection, "scram-sha-256"))
    statements: list[Composable]
    if marks:
        statements = [SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(role, verifier)]
        if reset:
            statements.append(SQL("ALTER ROLE {} RESET ALL").format(role))
    else:
        statements = [
            SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, verifier),
            SQL("COMMENT ON ROLE {} IS {}").format(role, Literal(_MARK)),
        ]
        if not rights.superuser:
            statements.append(SQL("GRANT {} TO CURRENT_USER").format(role))
    admin.run(SQL("; ").join(statements))
    return name


def drop(admin: Administrator, name: str) -> None:
    """Drop the role if it is a lab's and owns nothing.

    Raises:
        psycopg2.errors.DependentObjectsStillExist: it owns something.
    """
    marks = admin.run(
        "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s", name
    )
    if marks == [(_MARK,)]:
        admin.run(SQL("DROP ROLE {}").format(Identifier(name)))


def owner(admin: Administrator, database: str) -> str | None:
    """The role that owns a database; None if there is no such database.

    Raises:
        Trouble: it belongs to somebody who is not a lab.
    """
    rows = admin.run(
        "SELECT rolname, shobj_description(pg_roles.oid, 'pg_authid')"
        " FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba WHERE datname = %s",
        database,
    )
    if not rows:
        return None
    name, mark = rows[0]
    # Who may create no roles owns the labs' databases in person.
    own = name == admin.rights.user and not admin.rights.may_create_roles
    if mark != _MARK and not own:
        raise messages.foreign_database(database, name)
    return str(name)
