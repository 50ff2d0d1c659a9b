"""Triggers of tables and views."""

from __future__ import annotations

from labkit.schema.catalog import op
from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.expression import bare_expression, steady
from labkit.schema.catalog.kind import (
    RELATIONS,
    TEXT,
    TEXTS,
    Side,
    Spec,
    Tree,
    relation,
    with_extras,
)
from labkit.schema.catalog.names import quoted
from labkit.schema.catalog.raw import TRIGGER, Arm, Raw, registered

# What a trigger or rule is where it is not simply enabled.
STATES = {"D": "never", "R": "on replicas", "A": "always"}
STATEMENTS = {"never": "DISABLE", "on replicas": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}
_EVENTS = ((4, "INSERT"), (8, "DELETE"), (16, "UPDATE"), (32, "TRUNCATE"))


def state_change(kind: str, side: Side, state: str | None) -> str:
    """The statement that enables or disables a trigger or rule."""
    return f"ALTER TABLE {side.owner} {STATEMENTS.get(state or '', 'ENABLE')} {kind} {side.name}"


class Triggers(BySql):
    noun = "trigger"
    section = "triggers"
    given = "pg_trigger WHERE oid >= 16384"
    inside = RELATIONS
    parts = {
        "definition": TEXT,
        "enabled": TEXT,
        "partition of": TEXT,
        "depends on": TEXTS,
        "comment": TEXT,
    }
    definition = ("definition", "partition of")
    sql = "TRIGGER"
    usual = {"enabled": "yes"}

    def arms(self, version: int) -> dict[str, Arm]:
        # Before 15 a partition's copies counted as internal; those of foreign keys had no parent.
        own = "NOT tgisinternal" if version >= 15 else "(NOT tgisinternal OR tgparentid <> 0)"
        return {
            "trigger": Arm(
                "SELECT oid, tgname, tgrelid, tgparentid, tgtype, tgenabled, tgattr, "
                "CASE WHEN tgqual IS NOT NULL THEN pg_get_triggerdef(oid) END, "
                "tgfoid::regproc, encode(tgargs, 'hex'), "
                "tgconstraint <> 0, tgconstrrelid, tgdeferrable, tginitdeferred, "
                f"tgoldtable, tgnewtable FROM pg_trigger WHERE {own} AND oid >= 16384"
            ),
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        rows = {row[0]: row for row in raw.rows("trigger")}
        for oid, row in rows.items():
            owner = relation(tree, raw.relations.get(row[2], ""))
            if owner is None:
                continue
            state, parent = row[5], rows.get(row[3])
            if parent is not None:
                # A partition has it from its parent; only another state is its own.
                if parent[5] == state:
                    continue
                spec: Spec = {
                    "partition of": quoted(parent[1]),
                    "enabled": STATES.get(state, "yes"),
                }
            else:
                spec = {"definition": _definition(raw, row)}
                if state in STATES:
                    spec["enabled"] = STATES[state]
            spec = with_extras(spec, raw, TRIGGER, oid)
            owner.setdefault("triggers", {})[quoted(row[1])] = spec

    def words(self, spec: Spec) -> str:
        if "partition of" in spec:
            return f"part of {spec['partition of']}, enabled: {spec.get('enabled')}"
        return str(spec.get("definition"))

    def address(self, side: Side) -> str:
        return f"{side.name} ON {side.owner}"

    def create(self, side: Side) -> list[str]:
        state = side.spec.get("enabled")
        more = [state_change("TRIGGER", side, state)] if state else []
        if "definition" not in side.spec:
            return more
        text = side.spec["definition"]
        kind = "CONSTRAINT TRIGGER" if text.startswith("CONSTRAINT ") else "TRIGGER"
        text = text.removeprefix("CONSTRAINT ")
        places = (" FROM ", " NOT DEFERRABLE", " DEFERRABLE", " REFERENCING ", " FOR EACH ")
        end = min(text.index(place) for place in places if place in text)
        return [f"CREATE {kind} {side.name} {text[:end]} ON {side.owner}{text[end:]}", *more]

    def drop(self, found: Side) -> str:
        if "partition of" in found.spec:
            return state_change("TRIGGER", found, None)
        return super().drop(found)

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        if part == "enabled":
            return op.execute(state_change("TRIGGER", found, wanted.spec.get(part)))
        return super().changed(part, wanted, found)


def _definition(raw: Raw, row: list[str]) -> str:
    """The trigger as in CREATE TRIGGER, without its name and its table."""
    _, _, table, _, bits, _, columns, whole, function, arguments, *rest = row
    constraint, other, deferrable, deferred, old, new = rest
    kind = int(bits)
    words = ["CONSTRAINT"] if constraint == "t" else []
    words.append("BEFORE" if kind & 2 else "INSTEAD OF" if kind & 64 else "AFTER")
    events = []
    for bit, event in _EVENTS:
        if kind & bit:
            of = ", ".join(raw.columns[table][number] for number in columns.split())
            events.append(f"{event} OF {of}" if event == "UPDATE" and of else event)
    words.append(" OR ".join(events))
    if other in raw.relations:
        words.append(f"FROM {raw.relations[other]}")
    if constraint == "t":
        words.append("DEFERRABLE" if deferrable == "t" else "NOT DEFERRABLE")
        words.append("INITIALLY DEFERRED" if deferred == "t" else "INITIALLY IMMEDIATE")
    if old or new:
        words.append("REFERENCING")
        words += [f"OLD TABLE AS {quoted(old)}"] if old else []
        words += [f"NEW TABLE AS {quoted(new)}"] if new else []
    words.append("FOR EACH ROW" if kind & 1 else "FOR EACH STATEMENT")
    if whole:
        _, _, condition = steady(whole).partition(" WHEN (")
        condition = condition[: condition.rindex(") EXECUTE FUNCTION ")]
        words.append(f"WHEN ({bare_expression(condition)})")
    texts = bytes.fromhex(arguments).decode("utf-8", "replace").split("\0")[:-1]
    told = ", ".join(op.sql_text(text) for text in texts)
    words.append(f"EXECUTE FUNCTION {registered(function)}({told})")
    return " ".join(words)
