"""Rules of tables and views, other than the one that makes a view a view."""

from __future__ import annotations

from labkit.schema.catalog import op
from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.expression import steady
from labkit.schema.catalog.kind import RELATIONS, TEXT, Side, Spec, Tree, relation, with_extras
from labkit.schema.catalog.names import quoted
from labkit.schema.catalog.raw import RULE, Arm, Raw
from labkit.schema.catalog.triggers import STATES, state_change


class Rules(BySql):
    noun = "rule"
    section = "rules"
    given = "pg_rewrite WHERE oid >= 16384 AND rulename <> '_RETURN'"
    inside = RELATIONS
    parts = {"definition": TEXT, "enabled": TEXT, "comment": TEXT}
    required = ("definition",)
    definition = ("definition",)
    sql = "RULE"
    usual = {"enabled": "yes"}

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "rule": Arm(
                "SELECT r.oid, rulename, ev_class, ev_enabled, pg_get_ruledef(r.oid) "
                "FROM pg_rewrite r WHERE r.oid >= 16384 AND rulename <> '_RETURN'"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        for oid, name, table, state, definition in raw.rows("rule"):
            owner = relation(tree, raw.relations.get(table, ""))
            if owner is None:
                continue
            text = steady(definition).removesuffix(";")
            # CREATE RULE name AS ON INSERT TO schema.table ...: what comes before the event and
            # the table itself stand in the snapshot already.
            _, _, text = text.partition(" AS\n    ON ")
            event, _, rest = text.partition(" TO ")
            _, _, rest = rest.partition(quoted(raw.by_oid[table].name))
            spec: Spec = {"definition": f"ON {event}{rest}"}
            if state in STATES:
                spec["enabled"] = STATES[state]
            spec = with_extras(spec, raw, RULE, oid)
            owner.setdefault("rules", {})[quoted(name)] = spec

    def words(self, spec: Spec) -> str:
        return str(spec["definition"])

    def address(self, side: Side) -> str:
        return f"{side.name} ON {side.owner}"

    def create(self, side: Side) -> list[str]:
        event, _, rest = side.spec["definition"].removeprefix("ON ").partition(" ")
        made = f"CREATE RULE {side.name} AS ON {event} TO {side.owner} {rest}"
        state = side.spec.get("enabled")
        return [made, state_change("RULE", side, state)] if state else [made]

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        if part == "enabled":
            return op.execute(state_change("RULE", found, wanted.spec.get(part)))
        return super().changed(part, wanted, found)
