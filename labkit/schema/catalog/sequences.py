"""Sequences with their options and owner column; what they have counted to is not meaning."""

from __future__ import annotations

from functools import lru_cache

from labkit.schema.catalog import privileges
from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.kind import (
    FLAG,
    GRANTS,
    NAMESAKES,
    NUMBER,
    TEXT,
    Part,
    Side,
    Spec,
    Tree,
    with_extras,
)
from labkit.schema.catalog.names import split
from labkit.schema.catalog.raw import RELATION, Arm, Raw
from labkit.schema.catalog.row import Sequence

_SIZES = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
OPTIONS: dict[str, Part] = {
    "type": TEXT,
    "start": NUMBER,
    "increment": NUMBER,
    "minimum": NUMBER,
    "maximum": NUMBER,
    "cache": NUMBER,
    "cycle": FLAG,
}
_CLAUSES = (
    ("start", "START WITH"),
    ("increment", "INCREMENT BY"),
    ("minimum", "MINVALUE"),
    ("maximum", "MAXVALUE"),
    ("cache", "CACHE"),
)


@lru_cache(1000)
def _options(text: str) -> Spec:
    kind, start, increment, maximum, minimum, cache, cycle = text.split()
    spec: Spec = {"type": kind}
    ascending = not increment.startswith("-")
    size = _SIZES[kind]
    low, high = (1, size - 1) if ascending else (-size, -1)
    if start != (minimum if ascending else maximum):
        spec["start"] = int(start)
    if increment != "1":
        spec["increment"] = int(increment)
    if minimum != str(low):
        spec["minimum"] = int(minimum)
    if maximum != str(high):
        spec["maximum"] = int(maximum)
    if cache != "1":
        spec["cache"] = int(cache)
    if cycle == "t":
        spec["cycle"] = True
    return spec


def options(held: Sequence) -> Spec:
    """The options of a sequence that are not the default of its type and direction."""
    return _options(held.options).copy()


def option_words(spec: Spec) -> str:
    """Options as in CREATE SEQUENCE."""
    words = [f"AS {spec['type']}"] if spec.get("type", "bigint") != "bigint" else []
    words += [f"{clause} {spec[key]}" for key, clause in _CLAUSES if key in spec]
    words += ["CYCLE"] if spec.get("cycle") else []
    return " ".join(words)


def changed_options(ours: Spec, theirs: Spec) -> str:
    """The options that differ, as in ALTER SEQUENCE."""
    up = ours.get("increment", 1) > 0
    turned = up != (theirs.get("increment", 1) > 0)
    words = [f"AS {ours['type']}"] if ours.get("type") != theirs.get("type") else []
    for key, clause in _CLAUSES:
        limit = key in ("start", "minimum", "maximum")
        if ours.get(key) == theirs.get(key) and not (turned and limit):
            continue
        if key in ours:
            words.append(f"{clause} {ours[key]}")
        elif key in ("minimum", "maximum"):
            words.append(f"NO {clause}")
        elif key == "start":
            first = ours.get("minimum", 1) if up else ours.get("maximum", -1)
            words.append(f"{clause} {first}")
        else:
            words.append(f"{clause} 1")
    if turned:
        # Where it stood is out of its new bounds.
        words.append("RESTART")
    if ours.get("cycle") != theirs.get("cycle"):
        words.append("CYCLE" if ours.get("cycle") else "NO CYCLE")
    return " ".join(words)


def creation(name: str, spec: Spec) -> str:
    """The statement that makes a sequence, owned by no column."""
    unlogged = "UNLOGGED " if spec.get("unlogged") else ""
    return f"CREATE {unlogged}SEQUENCE {name} {option_words(spec)}".rstrip()


def ownership(name: str, spec: Spec) -> list[str]:
    """The statement that gives a sequence to its column, if it has one."""
    return [f"ALTER SEQUENCE {name} OWNED BY {spec['owned by']}"] if "owned by" in spec else []


class Sequences(BySql):
    noun = "sequence"
    section = "sequences"
    after = "relation"
    rivals = NAMESAKES
    parts = {
        **OPTIONS,
        "unlogged": FLAG,
        "owned by": TEXT,
        "comment": TEXT,
        "privileges": GRANTS,
    }
    required = ("type",)
    definition = (*OPTIONS, "unlogged", "owned by")
    sql = granted = "SEQUENCE"
    acl = "sequence"

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "sequence": Arm(
                "SELECT seqrelid, relnamespace, relname, "
                "concat(format_type(seqtypid, NULL), ' ', seqstart, ' ', seqincrement, ' ', "
                "seqmax, ' ', seqmin, ' ', seqcache, ' ', seqcycle), "
                f"refobjid, refobjsubid, deptype, relpersistence, {privileges.acl('rel')} "
                "FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid "
                "LEFT JOIN pg_depend ON classid = 1259 AND objid = seqrelid AND objsubid = 0 "
                "AND refclassid = 1259 AND deptype IN ('a', 'i') "
                "WHERE seqrelid >= 16384 AND relpersistence <> 't'",
                always=7,
                unless="relpersistence <> 'p' OR relacl IS NOT NULL",
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for held in raw.sequences:
            if held.how == "i" or held.oid not in raw.relations:
                continue
            spec = options(held)
            if held.persistence == "u":
                spec["unlogged"] = True
            if owner := raw.relations.get(held.table):
                (column,) = raw.names(held.table, [int(held.number) - 1])
                spec["owned by"] = f"{owner}.{column}"
            grants = privileges.unusual(held.acl, "sequence", raw.version) if held.acl else None
            found[raw.relations[held.oid]] = with_extras(spec, raw, RELATION, held.oid, grants)

    def follows(self, owner: str, spec: Spec, tree: Tree) -> bool:
        table, column = split(spec.get("owned by", ""))
        return bool(table) and column not in tree.get("tables", {}).get(table, {}).get(
            "columns", {}
        )

    def words(self, spec: Spec) -> str:
        words = [option_words({**spec, "type": "bigint"})]
        words += ["UNLOGGED"] if spec.get("unlogged") else []
        words += [f"OWNED BY {spec['owned by']}"] if "owned by" in spec else []
        return " ".join(word for word in [spec["type"], *words] if word)

    def create(self, side: Side) -> list[str]:
        return [creation(side.identity, side.spec), *ownership(side.identity, side.spec)]

    def alter(self, wanted: Side, found: Side) -> list[str]:
        ours, theirs = wanted.spec, found.spec
        told = []
        if any(ours.get(key) != theirs.get(key) for key in OPTIONS):
            told.append(f"ALTER SEQUENCE {found.identity} {changed_options(ours, theirs)}")
        if ours.get("unlogged") != theirs.get("unlogged"):
            state = "UNLOGGED" if ours.get("unlogged") else "LOGGED"
            told.append(f"ALTER SEQUENCE {found.identity} SET {state}")
        if ours.get("owned by") != theirs.get("owned by"):
            told.append(f"ALTER SEQUENCE {found.identity} OWNED BY {ours.get('owned by', 'NONE')}")
        return told
