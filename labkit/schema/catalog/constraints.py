"""Constraints of tables: primary key, unique, check, foreign key, exclusion."""

from __future__ import annotations

from labkit.schema.catalog import constraintop, op, shape
from labkit.schema.catalog.expression import bare_expression, steady
from labkit.schema.catalog.inheritance import follows_partition
from labkit.schema.catalog.kind import FLAG, MAPPING, TEXT, TEXTS, Kind, Side, Spec, Tree
from labkit.schema.catalog.names import quoted
from labkit.schema.catalog.raw import CONSTRAINT, RELATION, Arm, Raw, options
from labkit.schema.catalog.row import Constraint, Index
from labkit.schema.catalog.storage import option_changes
from labkit.schema.catalog.triggers import STATES

_NOUNS = {
    "primary key": "primary key",
    "unique": "unique constraint",
    "exclude": "exclusion constraint",
    "check": "check constraint",
    "foreign key": "foreign key",
}
# Keys first, and room behind each kind for tables that need those before.
_RANKS = {noun: 1000 * rank for rank, noun in enumerate(_NOUNS.values())}
CHECKED = _RANKS["check constraint"]
_ACTIONS = {"r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
_MATCHES = {"f": "full", "p": "partial"}


class Constraints(Kind):
    noun = "constraint"
    section = "constraints"
    after = "constraint"
    inside = ("tables", "foreign tables")
    rivals = ("indexes",)
    usual = {"triggers": "enabled"}
    parts = {
        "primary key": TEXTS,
        "unique": TEXTS,
        "check": TEXT,
        "foreign key": TEXTS,
        "exclude": TEXT,
        "references": TEXT,
        "without overlaps": FLAG,
        "period": FLAG,
        "nulls not distinct": FLAG,
        "include": TEXTS,
        "match": TEXT,
        "on update": TEXT,
        "on delete": TEXT,
        "deferrable": FLAG,
        "initially deferred": FLAG,
        "enforced": FLAG,
        "valid": FLAG,
        "inherited": FLAG,
        "partition of": TEXT,
        "tablespace": TEXT,
        "options": MAPPING,
        "clustered": FLAG,
        "replica identity": FLAG,
        "triggers": TEXT,
        "index comment": TEXT,
        "comment": TEXT,
    }
    definition = tuple(
        part
        for part in parts
        if part
        not in (
            "tablespace",
            "options",
            "clustered",
            "replica identity",
            "triggers",
            "index comment",
            "comment",
        )
    )

    def arms(self, version: int) -> dict[str, Arm]:
        set_columns = "c.confdelsetcols" if version >= 15 else "NULL"
        period, enforced = ("c.conperiod", "c.conenforced") if version >= 18 else ("false", "true")
        return {
            "constraint": Arm(
                "SELECT c.oid, c.conname, c.conrelid, c.conindid, c.confrelid, "
                f"{shape.together(shape.CONSTRAINT)}, "
                "c.confupdtype, c.confdeltype, c.confmatchtype, c.condeferrable, "
                "c.condeferred, c.convalidated, c.connoinherit, "
                "CASE c.contype WHEN 'c' THEN pg_get_expr(c.conbin, c.conrelid) "
                f"WHEN 'x' THEN pg_get_constraintdef(c.oid) END, {set_columns}, "
                f"{period}, {enforced}, c.conparentid FROM pg_constraint c "
                "WHERE c.conrelid >= 16384 AND c.contype IN ('p', 'u', 'c', 'f', 'x') "
                "AND NOT (c.contype = 'c' AND c.coninhcount > 0)",
                always=6,
                unless="c.contype NOT IN ('p', 'u', 'f') OR c.contype = 'f' AND "
                "(c.confupdtype <> 'a' OR c.confdeltype <> 'a' OR c.confmatchtype <> 's') "
                "OR c.condeferrable OR NOT c.convalidated "
                f"OR c.conparentid <> 0 OR {period} OR NOT {enforced}",
            ),
            # What the server enforces a foreign key with, where somebody switched it off.
            "constraint trigger": Arm(
                "SELECT DISTINCT tgconstraint, tgrelid, tgenabled FROM pg_trigger "
                "WHERE tgisinternal AND tgconstraint <> 0 AND tgenabled <> 'O'"
            ),
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        owners: dict[str, Spec] = {}
        for section in self.inside:
            owners.update(tree.get(section, {}))
        for owner in owners.values():
            owner["constraints"] = {}
        indexes = {held.oid: held for held in raw.indexes}
        found = {held.oid: held for held in raw.constraints}
        states: dict[str, list[str]] = {}
        for oid, table, state in raw.rows("constraint trigger"):
            told = f"{STATES[state]} on {raw.relations.get(table, '')}"
            states.setdefault(oid, []).append(told)
        comments, index_comments = raw.comments_on(CONSTRAINT), raw.comments_on(RELATION)
        for held in raw.constraints:
            if raw.relations.get(held.table) not in owners:
                continue
            owner = owners[raw.relations[held.table]]
            parent = found.get(held.parent) if held.parent else None
            # One of those that stand behind a foreign key between partitioned tables. Its own
            # name is all that a partition's has; that of a referenced partition is no one's.
            if (
                parent is not None
                and held.shape.kind == "f"
                and (parent.table == held.table or parent.name == held.name)
            ):
                continue
            if parent is not None:
                spec: Spec = {"partition of": quoted(parent.name)}
            else:
                spec = self._spec(raw, held)
                if held.shape.kind in "pux":
                    if (index := indexes.get(held.backing)) is not None:
                        self._backed(raw, spec, index, held.shape.kind)
                    if held.backing in index_comments:
                        spec["index comment"] = index_comments[held.backing]
            if held.oid in states:
                spec["triggers"] = ", ".join(sorted(states[held.oid]))
            if held.oid in comments:
                spec["comment"] = comments[held.oid]
            owner["constraints"][quoted(held.name)] = spec

    def _spec(self, raw: Raw, held: Constraint) -> Spec:
        kind, places, targets = held.shape
        spec: Spec = {}
        if kind == "c":
            spec["check"] = bare_expression(held.expression)
        elif kind == "x":
            text = steady(held.expression).removeprefix("EXCLUDE ")
            for end in (" DEFERRABLE", " INITIALLY DEFERRED"):
                text = text.replace(end, "") if held.deferrable == "t" else text
            spec["exclude"] = text
        elif kind == "f":
            spec["foreign key"] = raw.names(held.table, places)
            names = ", ".join(raw.names(held.target, targets))
            spec["references"] = f"{raw.identity(held.target)} ({names})"
            if held.period == "t":
                spec["period"] = True
            if held.match in _MATCHES:
                spec["match"] = _MATCHES[held.match]
            if held.update in _ACTIONS:
                spec["on update"] = _ACTIONS[held.update]
            if held.delete in _ACTIONS:
                spec["on delete"] = _ACTIONS[held.delete]
                if held.set_columns:
                    names = ", ".join(raw.names(held.table, shape.places(held.set_columns)))
                    spec["on delete"] += f" ({names})"
        else:
            spec["primary key" if kind == "p" else "unique"] = raw.names(held.table, places)
            if held.period == "t":
                spec["without overlaps"] = True
        if held.deferrable == "t":
            spec["deferrable"] = True
        if held.deferred == "t":
            spec["initially deferred"] = True
        if held.enforced == "f":
            spec["enforced"] = False
        elif held.valid == "f":
            spec["valid"] = False
        if kind == "c" and held.alone == "t":
            spec["inherited"] = False
        return spec

    def _backed(self, raw: Raw, spec: Spec, index: Index, kind: str) -> None:
        """What the index behind a constraint adds to it."""
        if index.nulls == "t":
            spec["nulls not distinct"] = True
        if index.shape.included and kind != "x":
            spec["include"] = raw.names(index.table, index.shape.included)
        if index.space:
            spec["tablespace"] = index.space
        if index.options and kind != "x":
            spec["options"] = options(index.options)
        if index.clustered == "t":
            spec["clustered"] = True
        if index.replica == "t":
            spec["replica identity"] = True

    def noun_of(self, spec: Spec) -> str:
        return next((noun for key, noun in _NOUNS.items() if key in spec), self.noun)

    def rank(self, side: Side) -> int:
        return _RANKS.get(self.noun_of(side.spec), 0)

    def goes_before(self, spec: Spec) -> str | None:
        # A primary key makes its columns NOT NULL.
        return "columns" if "primary key" in spec else None

    def follows(self, owner: str, spec: Spec, tree: Tree) -> bool:
        return follows_partition(self.section, owner, spec, tree)

    def words(self, spec: Spec) -> str:
        words = []
        overlaps = " WITHOUT OVERLAPS" if spec.get("without overlaps") else ""
        if "partition of" in spec:
            words.append(f"part of {spec['partition of']}")
        if "primary key" in spec:
            words.append(f"PRIMARY KEY ({', '.join(spec['primary key'])}{overlaps})")
        if "unique" in spec:
            distinct = "NULLS NOT DISTINCT " if spec.get("nulls not distinct") else ""
            words.append(f"UNIQUE {distinct}({', '.join(spec['unique'])}{overlaps})")
        if "check" in spec:
            words.append(f"CHECK ({spec['check']})")
        if "exclude" in spec:
            words.append(f"EXCLUDE {spec['exclude']}")
        if "foreign key" in spec:
            columns, reference = list(spec["foreign key"]), spec["references"]
            if spec.get("period"):
                table, targets = constraintop.target(spec)
                columns[-1] = f"PERIOD {columns[-1]}"
                targets[-1] = f"PERIOD {targets[-1]}"
                reference = f"{table} ({', '.join(targets)})"
            words.append(f"FOREIGN KEY ({', '.join(columns)}) REFERENCES {reference}")
        if "include" in spec:
            words.append(f"INCLUDE ({', '.join(spec['include'])})")
        for key in ("match", "on update", "on delete"):
            if key in spec:
                action, _, columns = spec[key].partition(" (")
                words.append(f"{key} {action}".upper() + (f" ({columns}" if columns else ""))
        if spec.get("inherited") is False:
            words.append("NO INHERIT")
        if spec.get("deferrable"):
            words.append("DEFERRABLE")
        if spec.get("initially deferred"):
            words.append("INITIALLY DEFERRED")
        if spec.get("enforced") is False:
            words.append("NOT ENFORCED")
        if spec.get("valid") is False:
            words.append("NOT VALID")
        return " ".join(words)

    def missing(self, wanted: Side) -> str | None:
        if "partition of" in wanted.spec:
            return None
        return constraintop.missing(wanted, self.words(wanted.spec))

    def unexpected(self, found: Side) -> str | None:
        return None if "partition of" in found.spec else constraintop.drop(found)

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        if part == "options":
            actions = option_changes(wanted.spec.get(part), found.spec.get(part))
            index = _beside(found.owner, found.name)
            return op.execute(*(f"ALTER INDEX {index} {action}" for action in actions))
        if part == "tablespace":
            space = wanted.spec.get(part, "pg_default")
            index = _beside(found.owner, found.name)
            return op.execute(f"ALTER INDEX {index} SET TABLESPACE {space}")
        if part == "triggers":
            anew = part not in wanted.spec and "partition of" not in wanted.spec
            if anew:
                # Only a superuser may switch them on again; a key that is made anew has new ones.
                return f"{constraintop.drop(found)}\n{self.missing(wanted)}"
            return op.execute(*constraintop.part_sql(part, wanted))
        if part:
            return op.execute(*constraintop.part_sql(part, wanted))
        if "partition of" in wanted.spec or "partition of" in found.spec:
            return None
        apart = {key for key in self.definition if wanted.spec.get(key) != found.spec.get(key)}
        alter = f"ALTER TABLE {found.owner}"
        if apart == {"valid"} and "valid" not in wanted.spec:
            return op.execute(f"{alter} VALIDATE CONSTRAINT {found.name}")
        if apart <= {"deferrable", "initially deferred"} and "foreign key" in found.spec:
            timing = "DEFERRABLE" if wanted.spec.get("deferrable") else "NOT DEFERRABLE"
            timing += " INITIALLY DEFERRED" if wanted.spec.get("initially deferred") else ""
            return op.execute(f"{alter} ALTER CONSTRAINT {found.name} {timing}")
        return f"{constraintop.drop(found)}\n{self.missing(wanted)}"

    def renamed(self, wanted: Side, found: Side) -> str | None:
        alter = f"ALTER TABLE {found.owner}"
        return op.execute(f"{alter} RENAME CONSTRAINT {found.name} TO {wanted.name}")


def _beside(table: str, name: str) -> str:
    """The identity of an index of a table."""
    *home, _ = op.names(table)
    return op.joined([*home, op.bare(name)])
