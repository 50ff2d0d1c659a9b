"""Constraints of tables: primary key, unique, check, foreign key, exclusion."""

from __future__ import annotations

import re

from labkit.catalog.kind import FLAG, TEXT, TEXTS, Kind, Spec, Tree
from labkit.catalog.names import quoted, steady
from labkit.catalog.raw import Raw

NOUNS = {
    "p": "primary key",
    "u": "unique constraint",
    "c": "check constraint",
    "f": "foreign key",
    "x": "exclusion constraint",
}
_RANKS = {noun: rank for rank, noun in enumerate(NOUNS.values())}
_ACTIONS = {"r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
_MATCHES = {"f": "full", "p": "partial"}


class Constraints(Kind):
    noun = "constraint"
    section = "constraints"
    inside = ("tables",)
    parts = {
        "primary key": TEXTS,
        "unique": TEXTS,
        "check": TEXT,
        "foreign key": TEXTS,
        "exclude": TEXT,
        "references": TEXT,
        "nulls not distinct": FLAG,
        "include": TEXTS,
        "on update": TEXT,
        "on delete": TEXT,
        "match": TEXT,
        "deferrable": FLAG,
        "initially deferred": FLAG,
        "valid": FLAG,
        "inherited": FLAG,
        "comment": TEXT,
    }
    definition = tuple(part for part in parts if part != "comment")

    def arms(self, version: int) -> dict[str, str]:
        set_columns = "confdelsetcols" if version >= 15 else "NULL"
        return {
            "constraint": "SELECT oid, conname, contype, conrelid, conindid, confrelid, conkey, "
            "confkey, confupdtype, confdeltype, confmatchtype, condeferrable, condeferred, "
            "convalidated, connoinherit, CASE contype WHEN 'c' THEN pg_get_expr(conbin, conrelid) "
            f"WHEN 'x' THEN pg_get_constraintdef(oid) END, {set_columns} "
            "FROM pg_constraint WHERE conrelid >= 16384 AND contype IN ('p', 'u', 'c', 'f', 'x') "
            "AND conparentid = 0 AND (conislocal OR coninhcount = 0)",
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        tables = tree["tables"]
        for table in tables.values():
            table["constraints"] = {}
        included = {row[0]: row for row in raw.rows("index")}
        for row in raw.rows("constraint"):
            owner = tables.get(raw.relations.get(row[3], ""))
            if owner is not None:
                owner["constraints"][quoted(row[1])] = self._spec(raw, row, included.get(row[4]))

    def _spec(self, raw: Raw, row: list[str], index: list[str] | None) -> Spec:
        oid, _, kind, table, _, target, keys, target_keys, update, delete, match, *rest = row
        deferrable, deferred, valid, no_inherit, expression, set_columns, *_ = rest
        columns = _columns(raw, table, keys)
        spec: Spec = {}
        if kind == "p":
            spec["primary key"] = columns
        elif kind == "u":
            spec["unique"] = columns
        elif kind == "c":
            spec["check"] = steady(expression)
        elif kind == "x":
            spec["exclude"] = steady(re.sub(r"^EXCLUDE ", "", expression))
        else:
            spec["foreign key"] = columns
            targets = ", ".join(_columns(raw, target, target_keys))
            spec["references"] = f"{raw.relations[target]} ({targets})"
            if update in _ACTIONS:
                spec["on update"] = _ACTIONS[update]
            if delete in _ACTIONS:
                spec["on delete"] = _ACTIONS[delete]
                if set_columns:
                    spec["on delete"] += f" ({', '.join(_columns(raw, table, set_columns))})"
            if match in _MATCHES:
                spec["match"] = _MATCHES[match]
        if index is not None and kind in "pu":
            if index[7] == "true":
                spec["nulls not distinct"] = True
            numbers = index[12].split()[int(index[11]) :]
            if numbers:
                spec["include"] = [raw.columns[table][number] for number in numbers]
        if deferrable == "true":
            spec["deferrable"] = True
        if deferred == "true":
            spec["initially deferred"] = True
        if valid == "false":
            spec["valid"] = False
        if kind == "c" and no_inherit == "true":
            spec["inherited"] = False
        if comment := raw.comment("2606", oid):
            spec["comment"] = comment
        return spec

    def noun_of(self, spec: Spec) -> str:
        for key, noun in zip(
            ("primary key", "unique", "check", "foreign key", "exclude"),
            NOUNS.values(),
            strict=True,
        ):
            if key in spec:
                return noun
        return self.noun

    def rank(self, spec: Spec) -> int:
        return _RANKS.get(self.noun_of(spec), 0)

    def words(self, spec: Spec) -> str:
        words = []
        if "primary key" in spec:
            words.append(f"PRIMARY KEY ({', '.join(spec['primary key'])})")
        if "unique" in spec:
            distinct = "NULLS NOT DISTINCT " if spec.get("nulls not distinct") else ""
            words.append(f"UNIQUE {distinct}({', '.join(spec['unique'])})")
        if "check" in spec:
            words.append(f"CHECK ({spec['check']})")
        if "exclude" in spec:
            words.append(f"EXCLUDE {spec['exclude']}")
        if "foreign key" in spec:
            words.append(f"FOREIGN KEY ({', '.join(spec['foreign key'])})")
            words.append(f"REFERENCES {spec['references']}")
        if "include" in spec:
            words.append(f"INCLUDE ({', '.join(spec['include'])})")
        for key in ("match", "on update", "on delete"):
            if key in spec:
                words.append(f"{key} {spec[key]}".upper())
        if spec.get("deferrable"):
            words.append("DEFERRABLE")
        if spec.get("initially deferred"):
            words.append("INITIALLY DEFERRED")
        if spec.get("inherited") is False:
            words.append("NO INHERIT")
        if spec.get("valid") is False:
            words.append("NOT VALID")
        return " ".join(words)


def _columns(raw: Raw, table: str, numbers: str) -> list[str]:
    known = raw.columns[table]
    return [known[number] for number in numbers.strip("{}").split(",") if number in known]
