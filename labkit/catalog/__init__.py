"""The kinds of object that a schema holds, one module each, causes before consequences."""

from __future__ import annotations

from labkit.catalog.columns import Columns
from labkit.catalog.constraints import Constraints
from labkit.catalog.enums import Enums
from labkit.catalog.indexes import Indexes
from labkit.catalog.kind import Kind
from labkit.catalog.schemas import Extensions, Schemas
from labkit.catalog.sequences import Sequences
from labkit.catalog.tables import Tables

KINDS: tuple[Kind, ...] = (
    Schemas(),
    Extensions(),
    Enums(),
    Tables(),
    Sequences(),
    Columns(),
    Constraints(),
    Indexes(),
)
