"""Sequences with their options and owner column; what they count to is not meaning."""

from __future__ import annotations

from labkit.catalog.kind import FLAG, NUMBER, TEXT, Kind, Part, Spec, Tree
from labkit.catalog.raw import Raw

SIZES = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
OPTIONS: dict[str, Part] = {
    "type": TEXT,
    "start": NUMBER,
    "increment": NUMBER,
    "minimum": NUMBER,
    "maximum": NUMBER,
    "cache": NUMBER,
    "cycle": FLAG,
}


def options(row: list[str]) -> Spec:
    """The options of a sequence that are not the default of its type and direction."""
    _, kind, start, increment, maximum, minimum, cache, cycle, *_ = row
    step = int(increment)
    size = SIZES[kind]
    low, high = (1, size - 1) if step > 0 else (-size, -1)
    defaults = {
        "start": int(minimum) if step > 0 else int(maximum),
        "increment": 1,
        "minimum": low,
        "maximum": high,
        "cache": 1,
        "cycle": False,
    }
    values = {
        "start": int(start),
        "increment": step,
        "minimum": int(minimum),
        "maximum": int(maximum),
        "cache": int(cache),
        "cycle": cycle == "true",
    }
    spec: Spec = {key: value for key, value in values.items() if value != defaults[key]}
    return {"type": kind, **spec}


def option_words(spec: Spec) -> str:
    words = [f"AS {spec['type']}"] if spec.get("type", "bigint") != "bigint" else []
    for key, clause in (
        ("start", "START"),
        ("increment", "INCREMENT"),
        ("minimum", "MINVALUE"),
        ("maximum", "MAXVALUE"),
        ("cache", "CACHE"),
    ):
        if key in spec:
            words.append(f"{clause} {spec[key]}")
    if spec.get("cycle"):
        words.append("CYCLE")
    return " ".join(words)


class Sequences(Kind):
    noun = "sequence"
    section = "sequences"
    parts = {**OPTIONS, "unlogged": FLAG, "owned by": TEXT, "comment": TEXT}
    required = ("type",)
    definition = (*OPTIONS, "unlogged", "owned by")

    def arms(self, version: int) -> dict[str, str]:
        return {
            "sequence": "SELECT seqrelid, format_type(seqtypid, NULL), seqstart, seqincrement, "
            "seqmax, seqmin, seqcache, seqcycle FROM pg_sequence WHERE seqrelid >= 16384",
            "owned": "SELECT objid, refobjid, refobjsubid, deptype FROM pg_depend "
            "WHERE classid = 1259 AND refclassid = 1259 AND refobjsubid > 0 AND objid >= 16384 "
            "AND deptype IN ('a', 'i') AND objid IN (SELECT seqrelid FROM pg_sequence)",
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        owned = {row[0]: row[1:] for row in raw.rows("owned")}
        unlogged = {row[0] for row in raw.rows("relation") if row[4] == "u"}
        found = tree["sequences"] = {}
        for row in raw.rows("sequence"):
            oid = row[0]
            table, number, how, *_ = owned.get(oid, ["", "", ""])
            if how == "i" or oid not in raw.relations or ("1259", oid) in raw.members:
                continue
            spec = options(row)
            if oid in unlogged:
                spec["unlogged"] = True
            if table:
                spec["owned by"] = f"{raw.relations[table]}.{raw.columns[table][number]}"
            if comment := raw.comment("1259", oid):
                spec["comment"] = comment
            found[raw.relations[oid]] = spec

    def belongs_to(self, spec: Spec) -> str | None:
        return spec.get("owned by")

    def words(self, spec: Spec) -> str:
        words = [option_words({"type": "bigint", **spec})]
        if spec.get("unlogged"):
            words.append("UNLOGGED")
        if "owned by" in spec:
            words.append(f"OWNED BY {spec['owned by']}")
        return " ".join(word for word in words if word) or "bigint"
