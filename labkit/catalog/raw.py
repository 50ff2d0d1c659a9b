"""What a server answered: rows of text by tag, and the lookups that every kind needs."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from labkit.catalog.names import qualified, quoted

Row = list[str]


class Raw:
    """The rows of one reading. A field is "" where the server had NULL or an empty string."""

    def __init__(self, rows: dict[str, list[Row]], version: int) -> None:
        self._rows = rows
        self.version = version

    def rows(self, tag: str) -> list[Row]:
        return self._rows.get(tag, [])

    @cached_property
    def schemas(self) -> dict[str, str]:
        """Schema name by oid, the system's own included."""
        return {row[0]: row[1] for row in self.rows("schema")}

    @cached_property
    def relations(self) -> dict[str, str]:
        """Identity by oid of everything in pg_class that is not an index."""
        schemas = self.schemas
        return {row[0]: qualified(schemas[row[1]], row[2]) for row in self.rows("relation")}

    @cached_property
    def columns(self) -> dict[str, dict[str, str]]:
        """Quoted column names by relation oid and attribute number."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for row in self.rows("column"):
            found[row[0]][row[1]] = quoted(row[2])
        return found

    @cached_property
    def comments(self) -> dict[tuple[str, str, str], str]:
        """Comment by (catalog, oid, sub-object number)."""
        return {(row[0], row[1], row[2]): row[3] for row in self.rows("comment")}

    @cached_property
    def members(self) -> set[tuple[str, str]]:
        """(catalog, oid) of everything that belongs to an extension."""
        return {(row[0], row[1]) for row in self.rows("member")}

    def comment(self, catalog: str, oid: str, number: str = "0") -> str:
        return self.comments.get((catalog, oid, number), "")
