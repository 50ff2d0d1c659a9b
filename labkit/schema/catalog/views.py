"""Views and materialized views: the query, and what is said of their columns."""

from __future__ import annotations

from labkit.schema.catalog import defaults, op, privileges
from labkit.schema.catalog.bysql import BySql, comment_on
from labkit.schema.catalog.expression import steady, tokens, view
from labkit.schema.catalog.kind import (
    FLAG,
    GRANTS,
    MAPPING,
    NAMESAKES,
    TEXT,
    TEXTS,
    Side,
    Spec,
    Tree,
    with_extras,
)
from labkit.schema.catalog.names import quoted
from labkit.schema.catalog.raw import RELATION, Raw
from labkit.schema.catalog.row import Relation
from labkit.schema.catalog.storage import kept, option_changes


class Views(BySql):
    noun = "view"
    section = "views"
    after = "relation"
    rivals = NAMESAKES
    parts = {
        "query": TEXT,
        "options": MAPPING,
        "defaults": MAPPING,
        "comment": TEXT,
        "comments": MAPPING,
        "privileges": GRANTS,
    }
    required = ("query",)
    definition = ("query",)
    sql = "VIEW"
    granted = "TABLE"
    acl = "table"
    letter = "v"
    usual = {"access method": "heap", "tablespace": "the database's"}

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for held in raw.catalog:
            if held.kind == self.letter and held.oid in raw.relations:
                found[raw.relations[held.oid]] = self._spec(raw, held)

    def complete(self, raw: Raw, tree: Tree) -> None:
        views = {held.oid for held in raw.catalog if held.kind == self.letter}
        for default in defaults.found(raw) if views else ():
            for oid in default.relations:
                if oid in views and oid in raw.relations:
                    spec = tree[self.section][raw.relations[oid]]
                    (column,) = raw.names(oid, [default.place])
                    spec.setdefault("defaults", {})[column] = steady(default.text)

    def _spec(self, raw: Raw, held: Relation) -> Spec:
        oid = held.oid
        spec: Spec = {"query": view(held.query)}
        if held.populated == "f":
            spec["populated"] = False
        spec |= kept(held)
        columns = raw.columns[oid]
        comments = {
            name: raw.comments[RELATION, oid, number]
            for number, name in columns.items()
            if (RELATION, oid, number) in raw.comments
        }
        if comments:
            spec["comments"] = dict(sorted(comments.items()))
        grants = privileges.unusual(held.acl, "table", raw.version) if held.acl else None
        return with_extras(spec, raw, RELATION, oid, grants)

    def stands_on(self, tree: Tree) -> dict[str, set[str]]:
        views = tree.get(self.section, {})
        bare = {quoted(op.names(name)[-1]): name for name in views}
        return {
            name: {bare[word] for word in tokens(spec["query"]) if word in bare} - {name}
            for name, spec in views.items()
        }

    def words(self, spec: Spec) -> str:
        return str(spec["query"])

    def create(self, side: Side) -> list[str]:
        spec = side.spec
        head = f"CREATE {self.sql} {side.identity}"
        if "access method" in spec:
            head += f" USING {spec['access method']}"
        if "options" in spec:
            told = (f"{name}={op.sql_text(text)}" for name, text in spec["options"].items())
            head += f" WITH ({', '.join(told)})"
        if "tablespace" in spec:
            head += f" TABLESPACE {spec['tablespace']}"
        end = "\nWITH NO DATA" if spec.get("populated") is False else ""
        return [f"{head} AS\n{spec['query']}{end}"]

    def extras(self, wanted: Side, found: Side | None = None) -> list[str]:
        before = found.spec if found else {}
        told = super().extras(wanted, found)
        for part in ("defaults", "comments"):
            ours, theirs = wanted.spec.get(part, {}), before.get(part, {})
            for name in sorted({*ours, *theirs}):
                if ours.get(name) == theirs.get(name):
                    continue
                if part == "comments":
                    told.append(comment_on(f"COLUMN {wanted.identity}.{name}", ours.get(name)))
                else:
                    action = f"SET DEFAULT {ours[name]}" if name in ours else "DROP DEFAULT"
                    told.append(f"ALTER VIEW {wanted.identity} ALTER COLUMN {name} {action}")
        return told

    def alter(self, wanted: Side, found: Side) -> list[str]:
        name = quoted(op.names(found.name)[-1])
        others = [
            spec["query"]
            for section in ("views", "materialized views")
            for other, spec in found.tree.get(section, {}).items()
            if other != found.name
        ]
        if self.sql == "VIEW" and any(name in tokens(query) for query in others):
            # It cannot be dropped below another.
            made = self.create(wanted)[0].replace("CREATE ", "CREATE OR REPLACE ", 1)
            return [made, *self.extras(wanted, found)]
        return super().alter(wanted, found)

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        ours, theirs = wanted.spec.get(part), found.spec.get(part)
        alter = f"ALTER {self.sql} {found.identity}"
        if part == "options":
            return op.execute(*(f"{alter} {action}" for action in option_changes(ours, theirs)))
        if part == "access method":
            return op.execute(f"{alter} SET ACCESS METHOD {ours or 'heap'}")
        if part == "tablespace":
            return op.execute(f"{alter} SET TABLESPACE {ours or 'pg_default'}")
        if part == "populated":
            data = "" if ours is None else " WITH NO DATA"
            return op.execute(f"REFRESH MATERIALIZED VIEW {found.identity}{data}")
        if part in ("defaults", "comments"):
            sides = (
                Side("", side.name, {part: side.spec.get(part, {})}, side.tree)
                for side in (wanted, found)
            )
            return op.execute(*self.extras(*sides))
        return super().changed(part, wanted, found)


class MaterializedViews(Views):
    noun = "materialized view"
    section = "materialized views"
    after = "relation"
    parts = {
        "query": TEXT,
        "populated": FLAG,
        "access method": TEXT,
        "tablespace": TEXT,
        "options": MAPPING,
        "depends on": TEXTS,
        "comment": TEXT,
        "comments": MAPPING,
        "privileges": GRANTS,
    }
    sql = "MATERIALIZED VIEW"
    letter = "m"
