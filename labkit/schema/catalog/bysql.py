"""Kinds that Alembic has no directive for: their remedies are SQL in ``op.execute``."""

from __future__ import annotations

from typing import ClassVar

from labkit.schema.catalog import op, privileges
from labkit.schema.catalog.kind import Kind, Side
from labkit.schema.catalog.names import parts, quoted

# What is said of an object beside its definition.
_BESIDE = ("comment", "privileges", "depends on")


def comment_on(what: str, comment: str | None) -> str:
    """The statement that sets a comment, or takes it away."""
    return f"COMMENT ON {what} IS {'NULL' if comment is None else op.sql_text(comment)}"


class BySql(Kind):
    """A kind with CREATE, ALTER and DROP statements.

    ``sql`` is its name in them, ``granted`` its name in GRANT, and ``acl`` its kind of privileges,
    both "" where there are none.
    """

    sql: ClassVar[str]
    granted: ClassVar[str] = ""
    acl: ClassVar[str] = ""

    def create(self, side: Side) -> list[str]:
        """The statements that make the object, without its comment and privileges."""
        raise NotImplementedError

    def alter(self, wanted: Side, found: Side) -> list[str]:
        """The statements that turn one definition into another: by default it is made anew."""
        return [self.drop(found), *self.create(wanted), *self.extras(wanted)]

    def sql_of(self, side: Side) -> str:
        """The kind in statements about this object."""
        return self.sql

    def address(self, side: Side) -> str:
        """The object in statements about it."""
        return side.identity

    def acl_of(self, side: Side) -> str:
        """The kind of privileges of this object."""
        return self.acl

    def granted_as(self, side: Side) -> str:
        """The kind in GRANT."""
        return self.granted

    def drop(self, found: Side) -> str:
        return f"DROP {self.sql_of(found)} {self.address(found)}"

    def extras(self, wanted: Side, found: Side | None = None) -> list[str]:
        """The statements that set comment and privileges where they differ."""
        told = []
        before = found.spec if found else {}
        comment = wanted.spec.get("comment")
        if comment != before.get("comment"):
            told.append(comment_on(f"{self.sql_of(wanted)} {self.address(wanted)}", comment))
        grants = wanted.spec.get("privileges", {}), before.get("privileges", {})
        if grants[0] != grants[1]:
            on = f"{self.granted_as(wanted)} {self.address(wanted)}".lstrip()
            told += privileges.statements(*grants, on, self.acl_of(wanted))
        dependence = wanted.spec.get("depends on", []), before.get("depends on", [])
        alter = f"ALTER {self.sql_of(wanted)} {self.address(wanted)}"
        for name in sorted({*dependence[0], *dependence[1]}):
            if name not in dependence[1]:
                told.append(f"{alter} DEPENDS ON EXTENSION {name}")
            elif name not in dependence[0]:
                told.append(f"{alter} NO DEPENDS ON EXTENSION {name}")
        return told

    def missing(self, wanted: Side) -> str | None:
        return op.execute(*self.create(wanted), *self.extras(wanted))

    def unexpected(self, found: Side) -> str | None:
        return op.execute(self.drop(found))

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        if part == "":
            return op.execute(*self.alter(wanted, found))
        if part in _BESIDE:
            told = {key: found.spec[key] for key in found.spec if key == part}
            kept = {key: wanted.spec[key] for key in wanted.spec if key == part}
            sides = (
                Side(wanted.owner, wanted.name, {**_base(wanted), **kept}, wanted.tree),
                Side(found.owner, found.name, {**_base(found), **told}, found.tree),
            )
            return op.execute(*self.extras(*sides))
        return None

    def renamed(self, wanted: Side, found: Side) -> str | None:
        ours, theirs = parts(wanted.name) or [""], parts(found.name) or [""]
        alter = f"ALTER {self.sql_of(found)} "
        told = []
        if ours[:-1] != theirs[:-1]:
            home = quoted(["public", *ours][-2])
            told.append(f"{alter}{self.address(found)} SET SCHEMA {home}")
            found = Side(
                found.owner, ".".join(map(quoted, [*ours[:-1], theirs[-1]])), found.spec, found.tree
            )
        if ours[-1] != theirs[-1]:
            told.append(f"{alter}{self.address(found)} RENAME TO {quoted(ours[-1])}")
        return op.execute(*told)


def _base(side: Side) -> dict[str, object]:
    """The object without what is told by itself."""
    return {k: v for k, v in side.spec.items() if k not in _BESIDE}
