"""Publications of logical replication."""

from __future__ import annotations

from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.expression import bare_expression
from labkit.schema.catalog.kind import FLAG, TEXT, TEXTS, Side, Spec, Tree, with_extras
from labkit.schema.catalog.names import quoted
from labkit.schema.catalog.raw import PUBLICATION, Arm, Raw

_ACTIONS = ("insert", "update", "delete", "truncate")
_GENERATED = {"s": "stored"}
_NOTHING = "of no tables"


class Publications(BySql):
    noun = "publication"
    section = "publications"
    given = "pg_publication"
    parts = {
        "all tables": FLAG,
        "tables": TEXTS,
        "schemas": TEXTS,
        "publish": TEXTS,
        "via root": FLAG,
        "generated columns": TEXT,
        "comment": TEXT,
    }
    definition = ("all tables", "tables", "schemas", "publish", "via root", "generated columns")
    sql = "PUBLICATION"

    def arms(self, version: int) -> dict[str, Arm]:
        generated = "pubgencols" if version >= 18 else "'n'"
        columns = "prattrs, pg_get_expr(prqual, prrelid)" if version >= 15 else "NULL, NULL"
        arms = {
            "publication": Arm(
                "SELECT oid, pubname, puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, "
                f"pubviaroot, {generated} FROM pg_publication"
            ),
            "published": Arm(f"SELECT prpubid, prrelid, {columns} FROM pg_publication_rel"),
        }
        if version >= 15:
            arms["published schema"] = Arm("SELECT pnpubid, pnnspid FROM pg_publication_namespace")
        return arms

    def read(self, raw: Raw, tree: Tree) -> None:
        tables: dict[str, list[str]] = {}
        for publication, table, numbers, where in raw.rows("published"):
            told = raw.relations.get(table, "")
            if numbers:
                told += f" ({', '.join(raw.columns[table][n] for n in numbers.split())})"
            if where:
                told += f" WHERE ({bare_expression(where)})"
            tables.setdefault(publication, []).append(told)
        schemas: dict[str, list[str]] = {}
        for publication, schema in raw.rows("published schema"):
            schemas.setdefault(publication, []).append(quoted(raw.schemas[schema]))
        found = tree[self.section] = {}
        for oid, name, everything, *flags, root, generated in raw.rows("publication"):
            spec: Spec = {}
            if everything == "t":
                spec["all tables"] = True
            if oid in tables:
                spec["tables"] = sorted(tables[oid])
            if oid in schemas:
                spec["schemas"] = sorted(schemas[oid])
            actions = [a for a, flag in zip(_ACTIONS, flags, strict=True) if flag == "t"]
            if len(actions) < len(_ACTIONS):
                spec["publish"] = actions
            if root == "t":
                spec["via root"] = True
            if generated in _GENERATED:
                spec["generated columns"] = _GENERATED[generated]
            found[quoted(name)] = with_extras(spec, raw, PUBLICATION, oid)

    def words(self, spec: Spec) -> str:
        told = [f"TABLE {', '.join(spec['tables'])}"] if "tables" in spec else []
        told += [f"TABLES IN SCHEMA {', '.join(spec['schemas'])}"] if "schemas" in spec else []
        words = "FOR ALL TABLES" if spec.get("all tables") else ""
        words = f"FOR {', '.join(told)}" if told else words
        options = [f"publish = '{', '.join(spec['publish'])}'"] if "publish" in spec else []
        options += ["publish_via_partition_root = true"] if spec.get("via root") else []
        if "generated columns" in spec:
            options.append(f"publish_generated_columns = {spec['generated columns']}")
        more = f"WITH ({', '.join(options)})" if options else ""
        return f"{words or _NOTHING} {more}".rstrip()

    def create(self, side: Side) -> list[str]:
        words = self.words(side.spec).removeprefix(_NOTHING).strip()
        return [f"CREATE PUBLICATION {side.name} {words}".rstrip()]
