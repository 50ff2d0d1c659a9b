"""What a kind of object is: how it is read, checked, named in words and made good."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from labkit.catalog.raw import Raw

Spec = dict[str, Any]
Tree = dict[str, Any]

RELATIONS = ("tables", "views", "materialized views")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_options(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(key, str) and isinstance(item, str) for key, item in value.items()
    )


@dataclass(frozen=True)
class Part:
    """The shape that one part of an object may have, and its name for a message."""

    noun: str
    holds: Callable[[object], bool]


TEXT = Part("text", _is_text)
NUMBER = Part("a whole number", _is_number)
FLAG = Part("true or false", _is_flag)
TEXTS = Part("a list of texts", _is_texts)
OPTIONS = Part("a mapping of texts", _is_options)


class Kind:
    """One kind of object.

    ``section`` is its key in the snapshot, ``inside`` the sections whose objects hold it (empty for
    a kind of its own). ``parts`` are all keys an object may have; ``definition`` names those
    that are told together, in ``words``, and the others are told one by one.
    """

    noun: ClassVar[str]
    section: ClassVar[str]
    inside: ClassVar[tuple[str, ...]] = ()
    parts: ClassVar[Mapping[str, Part]] = {}
    required: ClassVar[tuple[str, ...]] = ()
    definition: ClassVar[tuple[str, ...]] = ()
    ordered: ClassVar[bool] = False

    def arms(self, version: int) -> dict[str, str]:
        """By tag, a SELECT of at most WIDTH text columns; ``version`` is the server's major."""
        raise NotImplementedError

    def read(self, raw: Raw, tree: Tree) -> None:
        """Add every object of this kind to the tree."""
        raise NotImplementedError

    def words(self, spec: Spec) -> str:
        """The definition of one object in the words of SQL."""
        raise NotImplementedError

    def noun_of(self, spec: Spec) -> str:
        """The kind in a word; some kinds have several."""
        return self.noun

    def rank(self, spec: Spec) -> int:
        """Among differences of this kind, which come first."""
        return 0

    def alike(self, wanted: Spec, found: Spec) -> bool:
        """Whether one may be the other under a new name."""
        return wanted == found

    def belongs_to(self, spec: Spec) -> str | None:
        """The column without which the object would not be, as ``table.column``."""
        return None

    def part_words(self, part: str, value: Any) -> str | None:
        """One part that is told by itself; None where there is nothing."""
        if value is None or value == [] or value == {}:
            return None
        return plain(value)

    def missing(self, owner: str, name: str, spec: Spec) -> str | None:
        """The ``op.*`` call that makes the object."""
        return None

    def unexpected(self, owner: str, name: str, spec: Spec) -> str | None:
        """The ``op.*`` call that takes the object away."""
        return None

    def changed(self, owner: str, name: str, part: str, wanted: Spec, found: Spec) -> str | None:
        """The ``op.*`` call that makes one part right, or the definition when ``part`` is ""."""
        return None

    def renamed(self, owner: str, wanted: str, found: str, spec: Spec) -> str | None:
        """The ``op.*`` call that gives the object its expected name."""
        return None


def plain(value: Any) -> str:
    """A value in a sentence."""
    if value is True:
        return "yes"
    if value is False:
        return "no"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}={item}" for key, item in value.items())
    return str(value)


def owners(tree: Tree, kind: Kind) -> Iterator[tuple[str, Spec]]:
    """(identity, object) of everything that can hold the kind; ("", tree) for a kind of its own."""
    if not kind.inside:
        yield "", tree
        return
    for section in kind.inside:
        yield from tree.get(section, {}).items()


def relation(tree: Tree, identity: str) -> Spec | None:
    """The table or view of that identity."""
    for section in RELATIONS:
        found: Spec | None = tree.get(section, {}).get(identity)
        if found is not None:
            return found
    return None
