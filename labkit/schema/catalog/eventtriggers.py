"""Event triggers of the database."""

from __future__ import annotations

from labkit.schema.catalog import op
from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.kind import TEXT, TEXTS, Side, Spec, Tree, with_extras
from labkit.schema.catalog.names import quoted
from labkit.schema.catalog.raw import EVENT_TRIGGER, Arm, Raw, lines, registered
from labkit.schema.catalog.triggers import STATES

_STATEMENTS = {"never": "DISABLE", "on replicas": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}


class EventTriggers(BySql):
    noun = "event trigger"
    section = "event triggers"
    given = "pg_event_trigger"
    parts = {"on": TEXT, "tags": TEXTS, "function": TEXT, "enabled": TEXT, "comment": TEXT}
    required = ("on", "function")
    definition = ("on", "tags", "function")
    sql = "EVENT TRIGGER"
    usual = {"enabled": "yes"}

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "event trigger": Arm(
                "SELECT oid, evtname, evtevent, evtenabled, "
                f"evtfoid::regproc, {lines('evttags')} FROM pg_event_trigger"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for oid, name, event, state, function, tags in raw.rows("event trigger"):
            if not raw.own(EVENT_TRIGGER, oid):
                continue
            spec: Spec = {"on": event, "function": registered(function)}
            if tags:
                spec["tags"] = sorted(tags.split("\n"))
            if state in STATES:
                spec["enabled"] = STATES[state]
            found[quoted(name)] = with_extras(spec, raw, EVENT_TRIGGER, oid)

    def words(self, spec: Spec) -> str:
        tags = ", ".join(op.sql_text(tag) for tag in spec.get("tags", ()))
        when = f" WHEN TAG IN ({tags})" if tags else ""
        return f"ON {spec['on']}{when} EXECUTE FUNCTION {spec['function']}()"

    def create(self, side: Side) -> list[str]:
        made = f"CREATE EVENT TRIGGER {side.name} {self.words(side.spec)}"
        state = side.spec.get("enabled")
        return [made, self._state(side, state)] if state else [made]

    def _state(self, side: Side, state: str | None) -> str:
        return f"ALTER EVENT TRIGGER {side.name} {_STATEMENTS.get(state or '', 'ENABLE')}"

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        if part == "enabled":
            return op.execute(self._state(found, wanted.spec.get(part)))
        return super().changed(part, wanted, found)
