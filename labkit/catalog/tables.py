"""Tables, ordinary and partitioned."""

from __future__ import annotations

from labkit.catalog.kind import FLAG, TEXT, TEXTS, Kind, Spec, Tree
from labkit.catalog.raw import Raw

_REPLICA = {"n": "nothing", "f": "full", "i": "index"}


class Tables(Kind):
    noun = "table"
    section = "tables"
    parts = {
        "unlogged": FLAG,
        "partition by": TEXT,
        "partition of": TEXT,
        "bounds": TEXT,
        "inherits": TEXTS,
        "options": TEXTS,
        "row security": TEXT,
        "replica identity": TEXT,
        "comment": TEXT,
    }

    def arms(self, version: int) -> dict[str, str]:
        return {
            # One scan of pg_class serves every kind of relation; set_config stands in it so that
            # names are resolved under pg_catalog alone and written as seen from schema public.
            "relation": "SELECT oid, relnamespace, relname, relkind, relpersistence, "
            "relrowsecurity, relforcerowsecurity, relreplident, reloptions, relispartition, "
            "CASE WHEN relispartition THEN pg_get_expr(relpartbound, oid) END, "
            "CASE WHEN relkind = 'p' THEN pg_get_partkeydef(oid) END "
            "FROM pg_class WHERE oid >= 16384 AND relkind NOT IN ('i', 'I', 't') "
            "AND relpersistence <> 't'",
            "parent": "SELECT inhrelid, inhparent, inhseqno FROM pg_inherits "
            "JOIN pg_class ON oid = inhrelid WHERE relkind IN ('r', 'p', 'f')",
            "comment": "SELECT classoid, objoid, objsubid, description FROM pg_description "
            "WHERE objoid >= 16384",
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        parents: dict[str, list[tuple[int, str]]] = {}
        for child, parent, number, *_ in raw.rows("parent"):
            parents.setdefault(child, []).append((int(number), raw.relations[parent]))
        found = tree["tables"] = {}
        for row in raw.rows("relation"):
            if row[3] not in "rp" or ("1259", row[0]) in raw.members:
                continue
            found[raw.relations[row[0]]] = self._spec(raw, row, parents.get(row[0], []))

    def _spec(self, raw: Raw, row: list[str], parents: list[tuple[int, str]]) -> Spec:
        oid, _, _, _, persistence, secured, forced, replica, options, partition, *rest = row
        bounds, key, *_ = rest
        spec: Spec = {}
        if persistence == "u":
            spec["unlogged"] = True
        if key:
            spec["partition by"] = key
        if partition == "true":
            spec["partition of"] = parents[0][1]
            spec["bounds"] = bounds
        elif parents:
            spec["inherits"] = [parent for _, parent in sorted(parents)]
        if options:
            spec["options"] = sorted(options.strip("{}").split(","))
        if secured == "true" or forced == "true":
            spec["row security"] = {"truefalse": "enabled", "truetrue": "forced"}.get(
                secured + forced, "forced, not enabled"
            )
        if replica in _REPLICA and replica != "i":
            spec["replica identity"] = _REPLICA[replica]
        if comment := raw.comment("1259", oid):
            spec["comment"] = comment
        return spec

    def alike(self, wanted: Spec, found: Spec) -> bool:
        return bool(wanted.get("columns")) and wanted.get("columns") == found.get("columns")

    def words(self, spec: Spec) -> str:
        return f"a table of {len(spec.get('columns', {}))} columns"
