"""Extended statistics."""

from __future__ import annotations

from labkit.schema.catalog import op
from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.expression import listed, steady
from labkit.schema.catalog.kind import NUMBER, TEXT, TEXTS, Side, Spec, Tree, with_extras
from labkit.schema.catalog.names import qualified
from labkit.schema.catalog.raw import STATISTICS, Arm, Raw

_KINDS = {"d": "ndistinct", "f": "dependencies", "m": "mcv"}


class Statistics(BySql):
    noun = "statistics object"
    section = "statistics"
    given = "pg_statistic_ext WHERE oid >= 16384"
    parts = {"table": TEXT, "columns": TEXTS, "kinds": TEXTS, "target": NUMBER, "comment": TEXT}
    required = ("table", "columns")
    definition = ("table", "columns", "kinds")
    sql = "STATISTICS"
    usual = {"target": "default"}

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "statistics": Arm(
                "SELECT oid, stxnamespace, stxname, stxrelid, stxkeys, "
                "array_to_string(stxkind, ''), nullif(stxstattarget, -1), "
                "CASE WHEN stxexprs IS NOT NULL THEN pg_get_statisticsobjdef_columns(oid) END "
                "FROM pg_statistic_ext WHERE oid >= 16384"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for oid, schema, name, table, keys, kinds, target, expressions in raw.rows("statistics"):
            if not raw.own(STATISTICS, oid) or table not in raw.relations:
                continue
            columns = [raw.columns[table][number] for number in keys.split()]
            if expressions:
                columns = listed(steady(expressions))
            spec: Spec = {"table": raw.relations[table], "columns": columns}
            told = [_KINDS[letter] for letter in kinds if letter in _KINDS]
            if told and len(told) < len(_KINDS):
                spec["kinds"] = sorted(told)
            if target:
                spec["target"] = int(target)
            with_extras(spec, raw, STATISTICS, oid)
            found[qualified(raw.schemas[schema], name)] = spec

    def words(self, spec: Spec) -> str:
        kinds = f"({', '.join(spec['kinds'])}) " if "kinds" in spec else ""
        return f"{kinds}ON {', '.join(spec['columns'])} FROM {spec['table']}"

    def create(self, side: Side) -> list[str]:
        told = [f"CREATE STATISTICS {side.identity} {self.words(side.spec)}"]
        if "target" in side.spec:
            told.append(f"ALTER STATISTICS {side.identity} SET STATISTICS {side.spec['target']}")
        return told

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        if part == "target":
            target = wanted.spec.get(part, -1)
            return op.execute(f"ALTER STATISTICS {found.identity} SET STATISTICS {target}")
        return super().changed(part, wanted, found)
