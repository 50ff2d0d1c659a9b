"""Templates: what very many columns have in common, found out once for all that are alike."""

from __future__ import annotations

from typing import NamedTuple

from labkit.schema.catalog import privileges
from labkit.schema.catalog.attributes import Attribute, attribute
from labkit.schema.catalog.kind import Spec
from labkit.schema.catalog.raw import Raw, options

_STORAGE = {"p": "plain", "e": "external", "m": "main", "x": "extended"}
_COMPRESSION = {"p": "pglz", "l": "lz4"}


class Template(NamedTuple):
    """What many columns have in common, and what still has to be looked up for each."""

    spec: Spec
    generation: str = ""
    identity: str = ""
    inherited: bool = False


class Templates(dict[str, Template]):
    """Templates by what the server told; ``special`` are those with something to be looked up."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        # A column that was dropped.
        self[""] = Template({})
        self.special = {""}

    def __missing__(self, text: str) -> Template:
        found = self[text] = template(attribute(self._raw, text), self._raw.version)
        if found.identity:
            self.special.add(text)
        return found


def template(held: Attribute, version: int) -> Template:
    """What an attribute says of all the columns that are like it."""
    spec: Spec = {"type": held.type}
    if held.collation:
        spec["collation"] = held.collation
    if held.not_null:
        spec["nullable"] = False
    if held.storage:
        spec["storage"] = _STORAGE[held.storage]
    if held.compression in _COMPRESSION:
        spec["compression"] = _COMPRESSION[held.compression]
    if held.target:
        spec["statistics"] = int(held.target)
    if held.options:
        spec["options"] = options(held.options)
    if held.foreign_options:
        spec["foreign options"] = options(held.foreign_options)
    grants = privileges.unusual(held.acl, "column", version) if held.acl else None
    if grants:
        spec["privileges"] = grants
    return Template(spec, held.generation, held.identity, held.inherited)
