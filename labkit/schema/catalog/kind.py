"""What a kind of object is: how it is read, checked, named in words and made good."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from labkit.schema.catalog.raw import Arm, Raw

Spec = dict[str, Any]
Tree = dict[str, Any]

# The sections of things that can hold indexes, triggers and rules.
RELATIONS = ("tables", "views", "materialized views", "foreign tables")
# The sections of things of which a schema has one of a name.
NAMESAKES = (*RELATIONS, "sequences", "enums", "domains", "composite types", "range types")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(key, str) and isinstance(item, str) for key, item in value.items()
    )


def _is_grants(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(key, str) and _is_texts(item) for key, item in value.items()
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
MAPPING = Part("a mapping of texts", _is_mapping)
GRANTS = Part("a mapping from role to a list of privileges", _is_grants)


@dataclass(frozen=True)
class Side:
    """An object as a remedy needs it: where it is, what it is, and the tree that it stands in."""

    owner: str
    name: str
    spec: Spec
    tree: Tree

    @property
    def identity(self) -> str:
        return f"{self.owner}.{self.name}" if self.owner else self.name


class Kind:
    """One kind of object.

    ``section`` is its key in the snapshot, ``inside`` the sections whose objects hold it (empty for
    a kind of its own). ``parts`` are all keys an object may have and ``required`` those that it
    must; ``definition`` names those that are told together, in ``words``, and the others are told
    one by one. ``ordered`` tells that the order of the objects is meaning, ``always`` what every
    database has and a snapshot leaves out, ``covers`` the sections inside it that its remedy makes
    too, ``usual`` what a part is where a snapshot does not say, ``rivals`` the sections whose
    objects compete with these for names, ``given`` where in the catalogs there must
    be something for it to have objects, "" where it is always looked for, ``after`` the last arm
    that it is read from, "" where that is the last of all.
    """

    noun: ClassVar[str]
    section: ClassVar[str]
    inside: ClassVar[tuple[str, ...]] = ()
    parts: ClassVar[Mapping[str, Part]] = {}
    required: ClassVar[tuple[str, ...]] = ()
    definition: ClassVar[tuple[str, ...]] = ()
    ordered: ClassVar[bool] = False
    always: ClassVar[Mapping[str, Spec]] = {}
    covers: ClassVar[tuple[str, ...]] = ()
    usual: ClassVar[Mapping[str, str]] = {}
    rivals: ClassVar[tuple[str, ...]] = ()
    given: ClassVar[str] = ""
    after: ClassVar[str] = ""

    def arms(self, version: int) -> dict[str, Arm]:
        """By tag, the SELECTs that it needs; ``version`` is the server's major one."""
        return {}

    def read(self, raw: Raw, tree: Tree) -> None:
        """Add every object of this kind to the tree."""
        raise NotImplementedError

    def complete(self, raw: Raw, tree: Tree) -> None:
        """Add to the objects what is known only when all have been read."""

    def words(self, spec: Spec) -> str:
        """The definition of one object in the words of SQL."""
        raise NotImplementedError

    def noun_of(self, spec: Spec) -> str:
        """The kind in a word; some kinds have several."""
        return self.noun

    def rank(self, side: Side) -> int:
        """Among differences of this kind, which come first; unless some stand on others."""
        return 0

    def stands_on(self, tree: Tree) -> dict[str, set[str]]:
        """By name, the objects of this kind that each object is made of; {} where none is."""
        return {}

    def explicit(self, owner: str, name: str, spec: Spec) -> Spec:
        """The object with what follows from its name and its owner's written out."""
        return spec

    def likeness(self, spec: Spec) -> Hashable:
        """Two objects with equal likeness may be one under two names; None is like nothing."""
        return repr(sorted(spec.items()))

    def follows(self, owner: str, spec: Spec, tree: Tree) -> bool:
        """Whether the object cannot be in that tree, because what it is a part of is not."""
        return False

    def goes_before(self, spec: Spec) -> str | None:
        """The section whose objects differ because this one is there, though it should not be."""
        return None

    def part_words(self, part: str, spec: Spec, other: Spec) -> str | None:
        """A part that is told by itself; None where there is nothing, and nothing is usual."""
        value = spec.get(part)
        if part == "privileges":
            return in_words(value) if value else "the usual"
        if value is None:
            unlike = other.get(part)
            return plain(not unlike) if isinstance(unlike, bool) else self.usual.get(part)
        return plain(value)

    def missing(self, wanted: Side) -> str | None:
        """The ``op.*`` call that makes the object."""
        return None

    def unexpected(self, found: Side) -> str | None:
        """The ``op.*`` call that takes the object away."""
        return None

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        """The ``op.*`` call that makes one part right, or the definition when ``part`` is ""."""
        return None

    def renamed(self, wanted: Side, found: Side) -> str | None:
        """The ``op.*`` call that gives the object its expected name."""
        return None


def in_words(grants: Mapping[str, list[str]]) -> str:
    """Privileges in a sentence: ``reader: SELECT, INSERT; PUBLIC: nothing``."""
    return "; ".join(f"{role}: {', '.join(words) or 'nothing'}" for role, words in grants.items())


def plain(value: Any) -> str:
    """A value in a sentence."""
    if value is True:
        return "yes"
    if value is False:
        return "no"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "nothing"
    if isinstance(value, dict):
        return ", ".join(f"{key}={plain(item)}" for key, item in value.items())
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


def with_extras(spec: Spec, raw: Raw, catalog: str, oid: str, grants: Spec | None = None) -> Spec:
    """The object with its comment and its unusual privileges, where it has any."""
    remarked = (catalog, oid) in raw.remarked
    if remarked and (comment := raw.comment(catalog, oid)):
        spec["comment"] = comment
    if grants:
        spec["privileges"] = grants
    if remarked and (catalog, oid) in raw.dependents:
        spec["depends on"] = raw.dependents[catalog, oid]
    return spec
