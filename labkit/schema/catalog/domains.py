"""Domains: a type with rules of its own."""

from __future__ import annotations

from labkit.schema.catalog import constants, op, privileges
from labkit.schema.catalog.bysql import BySql, comment_on
from labkit.schema.catalog.expression import bare_expression, steady
from labkit.schema.catalog.kind import (
    FLAG,
    GRANTS,
    MAPPING,
    NAMESAKES,
    TEXT,
    Side,
    Spec,
    Tree,
    with_extras,
)
from labkit.schema.catalog.names import MADE_UP_NOT_NULL, qualified, quoted, short_type
from labkit.schema.catalog.raw import CONSTRAINT, TYPE, Arm, Raw, registered


class Domains(BySql):
    noun = "domain"
    section = "domains"
    given = "pg_type WHERE oid >= 16384 AND typtype <> 'c' AND typcategory <> 'A'"
    rivals = NAMESAKES
    parts = {
        "type": TEXT,
        "collation": TEXT,
        "nullable": FLAG,
        "not null name": TEXT,
        "default": TEXT,
        "checks": MAPPING,
        "not valid": MAPPING,
        "comment": TEXT,
        "constraint comments": MAPPING,
        "privileges": GRANTS,
    }
    required = ("type",)
    definition = (
        "type",
        "collation",
        "nullable",
        "not null name",
        "default",
        "checks",
        "not valid",
    )
    sql = granted = "DOMAIN"
    acl = "type"

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "domain": Arm(
                "SELECT d.oid, d.typnamespace, d.typname, format_type(d.typbasetype, d.typtypmod), "
                "d.typndims, d.typnotnull, pg_get_expr(d.typdefaultbin, 0), "
                "CASE WHEN d.typcollation <> b.typcollation "
                f"THEN d.typcollation::regcollation END, "
                f"{privileges.acl('d.typ')} FROM pg_type d JOIN pg_type b ON b.oid = d.typbasetype "
                "WHERE d.typtype = 'd' AND d.oid >= 16384"
            ),
            "domain constraint": Arm(
                "SELECT oid, contypid, conname, contype, convalidated, "
                "CASE contype WHEN 'c' THEN pg_get_constraintdef(oid) END "
                "FROM pg_constraint WHERE contypid >= 16384"
            ),
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        domains: dict[str, Spec] = {}
        found = tree[self.section] = {}
        for row in raw.rows("domain"):
            oid, schema, name, kind, dimensions, notnull, default, collation, acl = row
            if not raw.own(TYPE, oid):
                continue
            spec: Spec = {"type": short_type(kind) + "[]" * (int(dimensions) - 1)}
            if collation:
                spec["collation"] = registered(collation)
            if notnull == "t":
                spec["nullable"] = False
            if default and (text := constants.default(steady(default), spec["type"])):
                spec["default"] = text
            grants = privileges.unusual(acl, "type", raw.version) if acl else None
            with_extras(spec, raw, TYPE, oid, grants)
            found[qualified(raw.schemas[schema], name)] = spec
            domains[oid] = spec
        for oid, domain, name, kind, valid, definition in sorted(
            raw.rows("domain constraint"), key=lambda row: row[2]
        ):
            if domain not in domains:
                continue
            spec = domains[domain]
            if kind == "c":
                checks = "checks" if valid == "t" else "not valid"
                text = definition.removesuffix(" NOT VALID").removeprefix("CHECK ")
                text = bare_expression(bare_expression(text))
                spec.setdefault(checks, {})[quoted(name)] = text
            elif kind == "n" and not MADE_UP_NOT_NULL(name):
                spec["not null name"] = quoted(name)
            if comment := raw.comment(CONSTRAINT, oid):
                spec.setdefault("constraint comments", {})[quoted(name)] = comment

    def words(self, spec: Spec) -> str:
        words = [spec["type"]]
        words += [f"COLLATE {spec['collation']}"] if "collation" in spec else []
        words += [f"DEFAULT {spec['default']}"] if "default" in spec else []
        if "not null name" in spec:
            words.append(f"CONSTRAINT {spec['not null name']}")
        words += ["NOT NULL"] if spec.get("nullable") is False else []
        for key, end in (("checks", ""), ("not valid", " NOT VALID")):
            for name, text in spec.get(key, {}).items():
                words.append(f"CONSTRAINT {name} CHECK ({text}){end}")
        return " ".join(words)

    def create(self, side: Side) -> list[str]:
        spec = {key: value for key, value in side.spec.items() if key != "not valid"}
        told = [f"CREATE DOMAIN {side.identity} AS {self.words(spec)}"]
        for name, text in side.spec.get("not valid", {}).items():
            add = f"ALTER DOMAIN {side.identity} ADD CONSTRAINT {name}"
            told.append(f"{add} CHECK ({text}) NOT VALID")
        for name, text in side.spec.get("constraint comments", {}).items():
            told.append(comment_on(f"CONSTRAINT {name} ON DOMAIN {side.identity}", text))
        return told

    def alter(self, wanted: Side, found: Side) -> list[str]:
        ours, theirs = wanted.spec, found.spec
        if any(ours.get(key) != theirs.get(key) for key in ("type", "collation", "not null name")):
            return super().alter(wanted, found)
        alter = f"ALTER DOMAIN {found.identity}"
        told = []
        if ours.get("default") != theirs.get("default"):
            default = ours.get("default")
            told.append(f"{alter} SET DEFAULT {default}" if default else f"{alter} DROP DEFAULT")
        if ours.get("nullable") != theirs.get("nullable"):
            told.append(f"{alter} {'SET' if ours.get('nullable') is False else 'DROP'} NOT NULL")
        before, after = _checks(theirs), _checks(ours)
        gone = [name for name in before if after.get(name) != before[name]]
        told += [f"{alter} DROP CONSTRAINT {name}" for name in gone]
        for name, text in after.items():
            if before.get(name) != text:
                told.append(f"{alter} ADD CONSTRAINT {name} {text}")
                if comment := ours.get("constraint comments", {}).get(name):
                    told.append(
                        comment_on(f"CONSTRAINT {name} ON DOMAIN {found.identity}", comment)
                    )
        return told

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        if part != "constraint comments":
            return super().changed(part, wanted, found)
        before, after = found.spec.get(part, {}), wanted.spec.get(part, {})
        return op.execute(
            *(
                comment_on(f"CONSTRAINT {name} ON DOMAIN {found.identity}", after.get(name))
                for name in sorted({*before, *after})
                if before.get(name) != after.get(name)
            )
        )


def _checks(spec: Spec) -> dict[str, str]:
    """The check constraints of a domain by name, as in ALTER DOMAIN."""
    return {
        name: f"CHECK ({text}){end}"
        for key, end in (("checks", ""), ("not valid", " NOT VALID"))
        for name, text in spec.get(key, {}).items()
    }
