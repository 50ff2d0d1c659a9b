"""Row security policies of tables."""

from __future__ import annotations

from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.expression import bare_expression
from labkit.schema.catalog.kind import FLAG, TEXT, TEXTS, Side, Spec, Tree, with_extras
from labkit.schema.catalog.names import quoted
from labkit.schema.catalog.raw import POLICY, Arm, Raw

_COMMANDS = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


class Policies(BySql):
    noun = "policy"
    section = "policies"
    given = "pg_policy"
    inside = ("tables",)
    parts = {
        "restrictive": FLAG,
        "for": TEXT,
        "to": TEXTS,
        "using": TEXT,
        "with check": TEXT,
        "comment": TEXT,
    }
    definition = ("restrictive", "for", "to", "using", "with check")
    sql = "POLICY"

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "policy": Arm(
                "SELECT p.oid, polname, polrelid, polcmd, polpermissive, "
                "(SELECT string_agg(CASE WHEN role = 0 THEN '' WHEN role = relowner THEN 'OWNER' "
                "ELSE 'r' || pg_get_userbyid(role) END, E'\\n') FROM unnest(polroles) AS role), "
                "pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) "
                "FROM pg_policy p JOIN pg_class c ON c.oid = polrelid WHERE p.oid >= 16384"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        for oid, name, table, command, permissive, roles, using, check in raw.rows("policy"):
            owner = tree["tables"].get(raw.relations.get(table, ""))
            if owner is None:
                continue
            spec: Spec = {}
            if permissive == "f":
                spec["restrictive"] = True
            if command in _COMMANDS:
                spec["for"] = _COMMANDS[command]
            if roles:
                # A role has a letter before its name, so that none is taken for OWNER.
                told = [r if r == "OWNER" else quoted(r[1:]) for r in roles.split("\n")]
                spec["to"] = sorted(told)
            if using:
                spec["using"] = bare_expression(using)
            if check:
                spec["with check"] = bare_expression(check)
            spec = with_extras(spec, raw, POLICY, oid)
            owner.setdefault("policies", {})[quoted(name)] = spec

    def words(self, spec: Spec) -> str:
        words = ["AS RESTRICTIVE"] if spec.get("restrictive") else []
        words.append(f"FOR {spec.get('for', 'ALL')}")
        words.append(f"TO {', '.join(spec.get('to', ['PUBLIC']))}")
        words += [f"USING ({spec['using']})"] if "using" in spec else []
        words += [f"WITH CHECK ({spec['with check']})"] if "with check" in spec else []
        return " ".join(words)

    def address(self, side: Side) -> str:
        return f"{side.name} ON {side.owner}"

    def create(self, side: Side) -> list[str]:
        roles = ["CURRENT_USER" if role == "OWNER" else role for role in side.spec.get("to", ())]
        words = self.words({**side.spec, "to": roles or ["PUBLIC"]})
        return [f"CREATE POLICY {self.address(side)} {words}"]
