"""Rows of the catalogs that nearly all of an answer is made of.

Fields with a default are sent only where one of them is not as usual.
"""

from __future__ import annotations

from typing import NamedTuple

from labkit.schema.catalog.shape import ConstraintShape, IndexShape


class Relation(NamedTuple):
    """A row of pg_class: a table, view, composite type, or a toast table with options."""

    oid: str
    schema: str
    name: str
    kind: str
    toast: str
    columns: str
    names: str
    what: str
    persistence: str = ""
    acl: str = ""
    options: str = ""
    secured: str = ""
    forced: str = ""
    replica: str = ""
    partition: str = ""
    bounds: str = ""
    key: str = ""
    method: str = ""
    space: str = ""
    of_type: str = ""
    query: str = ""
    populated: str = ""
    type: str = ""
    type_acl: str = ""


class Sequence(NamedTuple):
    """A row of pg_sequence.

    ``how`` is "a" where it belongs to the column ``number`` of a table, and "i" where it is that of
    an identity column.
    """

    oid: str
    schema: str
    name: str
    options: str
    table: str
    number: str
    how: str
    persistence: str = ""
    acl: str = ""


class Index(NamedTuple):
    """A row of pg_index."""

    oid: str
    table: str
    name: str
    shape: IndexShape
    valid: str = ""
    clustered: str = ""
    nulls: str = ""
    replica: str = ""
    options: str = ""
    definition: str = ""
    where: str = ""
    space: str = ""
    own: str = ""
    collations: str = ""


class Constraint(NamedTuple):
    """A row of pg_constraint; ``backing`` is the index behind it."""

    oid: str
    name: str
    table: str
    backing: str
    target: str
    shape: ConstraintShape
    update: str = ""
    delete: str = ""
    match: str = ""
    deferrable: str = ""
    deferred: str = ""
    valid: str = ""
    alone: str = ""
    expression: str = ""
    set_columns: str = ""
    period: str = ""
    enforced: str = ""
    parent: str = ""
