"""The SQL that makes right what is said of an index beside its definition."""

from __future__ import annotations

from labkit.schema.catalog import op
from labkit.schema.catalog.bysql import comment_on
from labkit.schema.catalog.kind import Side, Spec
from labkit.schema.catalog.storage import option_changes


def address(side: Side) -> str:
    """The index with the schema of its table."""
    *home, _ = op.names(side.owner)
    return op.joined([*home, op.bare(side.name)])


def attach(wanted: Side, found: Side) -> str | None:
    """The call that makes the index a part of that of the partitioned table."""
    table = found.tree.get("tables", {}).get(found.owner, {}).get("partition of")
    if table is None:
        return None
    above = Side(table, wanted.spec["partition of"], {}, found.tree)
    return op.execute(f"ALTER INDEX {address(above)} ATTACH PARTITION {address(found)}")


def part_sql(part: str, side: Side, theirs: Spec) -> list[str]:
    """The SQL that makes right one part that is told by itself."""
    alter, wanted = f"ALTER INDEX {address(side)}", side.spec.get(part)
    if part == "comment":
        return [comment_on(f"INDEX {address(side)}", wanted)]
    if part == "depends on":
        before, after = theirs.get(part, []), wanted or []
        gone = [f"NO DEPENDS ON EXTENSION {name}" for name in before if name not in after]
        new = [f"DEPENDS ON EXTENSION {name}" for name in after if name not in before]
        return [f"{alter} {action}" for action in [*gone, *new]]
    if part == "options":
        return [f"{alter} {action}" for action in option_changes(wanted, theirs.get(part))]
    if part == "tablespace":
        return [f"{alter} SET TABLESPACE {wanted or 'pg_default'}"]
    if part == "statistics":
        before, after = theirs.get(part, {}), wanted or {}
        return [
            f"{alter} ALTER COLUMN {number} SET STATISTICS {after.get(number, '-1')}"
            for number in sorted({*before, *after}, key=int)
            if before.get(number) != after.get(number)
        ]
    table = f"ALTER TABLE {side.owner}"
    if part == "clustered":
        return [f"{table} CLUSTER ON {side.name}" if wanted else f"{table} SET WITHOUT CLUSTER"]
    identity = f"USING INDEX {side.name}" if wanted else "DEFAULT"
    return [f"{table} REPLICA IDENTITY {identity}"]
