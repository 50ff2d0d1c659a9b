"""Casts, operators, operator classes and families, languages."""

from __future__ import annotations

from labkit.schema.catalog import privileges
from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.kind import FLAG, GRANTS, TEXT, TEXTS, Side, Spec, Tree, with_extras
from labkit.schema.catalog.names import qualified, quoted, short_type
from labkit.schema.catalog.raw import (
    CAST,
    LANGUAGE,
    OPERATOR,
    OPERATOR_CLASS,
    OPERATOR_FAMILY,
    Arm,
    Raw,
    named,
    operator,
    registered,
)


class Casts(BySql):
    noun = "cast"
    section = "casts"
    given = "pg_cast WHERE oid >= 16384"
    parts = {"with": TEXT, "context": TEXT, "comment": TEXT}
    required = ("with",)
    definition = ("with", "context")
    sql = "CAST"

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "cast": Arm(
                "SELECT oid, format_type(castsource, NULL), format_type(casttarget, NULL), "
                "castmethod, castcontext, CASE WHEN castfunc <> 0 THEN "
                "castfunc::regproc || '(' || (SELECT "
                "oidvectortypes(proargtypes) FROM pg_proc p WHERE p.oid = castfunc) || ')' END "
                "FROM pg_cast c WHERE oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend "
                "WHERE classid = 2605 AND objid = c.oid AND deptype = 'i')"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for oid, source, target, method, context, function in raw.rows("cast"):
            if not raw.own(CAST, oid):
                continue
            how = {"i": "INOUT", "b": "WITHOUT FUNCTION"}.get(method, "")
            if not how:
                name, _, arguments = function.partition("(")
                how = f"FUNCTION {registered(name)}({arguments}"
            spec: Spec = {"with": how}
            if context in "ai":
                spec["context"] = {"a": "assignment", "i": "implicit"}[context]
            name = f"({short_type(source)} AS {short_type(target)})"
            found[name] = with_extras(spec, raw, CAST, oid)

    def words(self, spec: Spec) -> str:
        how = spec["with"]
        words = [how if how.startswith("WITHOUT") else f"WITH {how}"]
        words += [f"AS {spec['context'].upper()}"] if "context" in spec else []
        return " ".join(words)

    def create(self, side: Side) -> list[str]:
        return [f"CREATE CAST {side.name} {self.words(side.spec)}"]

    def renamed(self, wanted: Side, found: Side) -> str | None:
        return None

    def likeness(self, spec: Spec) -> None:
        return None


class Operators(BySql):
    noun = "operator"
    section = "operators"
    given = "pg_operator WHERE oid >= 16384"
    parts = {"clauses": TEXTS, "comment": TEXT}
    required = ("clauses",)
    definition = ("clauses",)
    sql = "OPERATOR"

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "operator": Arm(
                "SELECT o.oid, oprnamespace, oprname, "
                "CASE WHEN oprleft <> 0 THEN format_type(oprleft, NULL) END, "
                "format_type(oprright, NULL), oprcode::regproc, "
                "oprcom::regoper, oprnegate::regoper, "
                "oprrest::regproc, "
                "oprjoin::regproc, oprcanhash, oprcanmerge "
                "FROM pg_operator o WHERE o.oid >= 16384 AND oprcode <> 0"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for row in raw.rows("operator"):
            oid, schema, name, left, right, function, *others, hashes, merges = row
            if not raw.own(OPERATOR, oid):
                continue
            clauses = [f"FUNCTION = {registered(function)}"]
            for word, text in zip(("LEFTARG", "RIGHTARG"), (left, right), strict=True):
                clauses += [f"{word} = {short_type(text)}"] if text else []
            for word, text in zip(("COMMUTATOR", "NEGATOR"), others[:2], strict=True):
                clauses += [f"{word} = {operator(text)}"] if text not in ("", "0") else []
            for word, text in zip(("RESTRICT", "JOIN"), others[2:], strict=True):
                clauses += [f"{word} = {registered(text)}"] if registered(text) else []
            clauses += ["HASHES"] if hashes == "t" else []
            clauses += ["MERGES"] if merges == "t" else []
            home = raw.schemas[schema]
            sign = name if home == "public" else f"{quoted(home)}.{name}"
            identity = f"{sign} ({short_type(left) if left else 'NONE'}, {short_type(right)})"
            found[identity] = with_extras({"clauses": clauses}, raw, OPERATOR, oid)

    def words(self, spec: Spec) -> str:
        return f"({', '.join(spec['clauses'])})"

    def create(self, side: Side) -> list[str]:
        sign = side.name.partition(" (")[0]
        return [f"CREATE OPERATOR {sign} {self.words(side.spec)}"]

    def renamed(self, wanted: Side, found: Side) -> str | None:
        return None

    def likeness(self, spec: Spec) -> None:
        return None


class OperatorFamilies(BySql):
    noun = "operator family"
    section = "operator families"
    given = "pg_opfamily WHERE oid >= 16384"
    parts = {"members": TEXTS, "comment": TEXT}
    definition = ("members",)
    sql = "OPERATOR FAMILY"

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "family": Arm(
                "SELECT f.oid, opfnamespace, opfname, amname FROM pg_opfamily f "
                "JOIN pg_am a ON a.oid = opfmethod WHERE f.oid >= 16384"
            ),
            # A member that an operator class needs is told with the class.
            "family member": Arm(
                "SELECT amopfamily, 'OPERATOR ' || amopstrategy || ' ' || "
                "amopopr::regoperator FROM pg_amop WHERE amopfamily >= 16384 "
                "UNION ALL SELECT amprocfamily, 'FUNCTION ' || amprocnum || ' (' || "
                "format_type(amproclefttype, NULL) || ', ' || format_type(amprocrighttype, NULL) "
                "|| ') ' || amproc::regprocedure FROM pg_amproc WHERE amprocfamily >= 16384"
            ),
            "operator class": Arm(
                "SELECT o.oid, opcnamespace, opcname, amname, format_type(opcintype, NULL), "
                f"opcdefault, {named('pg_opfamily', 'opf', 'opcfamily')}, "
                "CASE WHEN opckeytype <> 0 THEN format_type(opckeytype, NULL) END "
                "FROM pg_opclass o JOIN pg_am a ON a.oid = opcmethod WHERE o.oid >= 16384"
            ),
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        members: dict[str, list[str]] = {}
        for family, text in raw.rows("family member"):
            members.setdefault(family, []).append(text)
        found = tree[self.section] = {}
        for oid, schema, name, method in raw.rows("family"):
            if raw.own(OPERATOR_FAMILY, oid):
                spec: Spec = {}
                if oid in members:
                    spec["members"] = sorted(members[oid])
                identity = f"{qualified(raw.schemas[schema], name)} USING {method}"
                found[identity] = with_extras(spec, raw, OPERATOR_FAMILY, oid)

    def words(self, spec: Spec) -> str:
        return f"({', '.join(spec.get('members', ()))})"

    def create(self, side: Side) -> list[str]:
        told = [f"CREATE OPERATOR FAMILY {side.name}"]
        if "members" in side.spec:
            told.append(f"ALTER OPERATOR FAMILY {side.name} ADD {', '.join(side.spec['members'])}")
        return told

    def likeness(self, spec: Spec) -> None:
        return None


class OperatorClasses(BySql):
    noun = "operator class"
    section = "operator classes"
    given = "pg_opclass WHERE oid >= 16384"
    parts = {"type": TEXT, "default": FLAG, "family": TEXT, "storage": TEXT, "comment": TEXT}
    required = ("type",)
    definition = ("type", "default", "family", "storage")
    sql = "OPERATOR CLASS"

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for oid, schema, name, method, kind, default, family, storage in raw.rows("operator class"):
            if not raw.own(OPERATOR_CLASS, oid):
                continue
            spec: Spec = {"type": short_type(kind), "family": raw.named(family)}
            if default == "t":
                spec["default"] = True
            if storage:
                spec["storage"] = short_type(storage)
            identity = f"{qualified(raw.schemas[schema], name)} USING {method}"
            found[identity] = with_extras(spec, raw, OPERATOR_CLASS, oid)

    def words(self, spec: Spec) -> str:
        words = ["DEFAULT"] if spec.get("default") else []
        words += [f"FOR TYPE {spec['type']}", f"FAMILY {spec.get('family', '')}"]
        words += [f"STORAGE {spec['storage']}"] if "storage" in spec else []
        return " ".join(words)

    def missing(self, wanted: Side) -> str | None:
        return None

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        return super().changed(part, wanted, found) if part else None

    def likeness(self, spec: Spec) -> None:
        return None


class Languages(BySql):
    noun = "language"
    section = "languages"
    given = "pg_language WHERE oid >= 16384"
    parts = {
        "trusted": FLAG,
        "handler": TEXT,
        "inline": TEXT,
        "validator": TEXT,
        "comment": TEXT,
        "privileges": GRANTS,
    }
    definition = ("trusted", "handler", "inline", "validator")
    sql = granted = "LANGUAGE"
    acl = "language"

    def arms(self, version: int) -> dict[str, Arm]:
        functions = ", ".join(
            f"{oid}::regproc" for oid in ("lanplcallfoid", "laninline", "lanvalidator")
        )
        return {
            "language": Arm(
                f"SELECT oid, lanname, lanpltrusted, {functions}, {privileges.acl('lan')} "
                "FROM pg_language WHERE oid >= 16384"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for oid, name, trusted, handler, inline, validator, acl in raw.rows("language"):
            if not raw.own(LANGUAGE, oid):
                continue
            spec: Spec = {"trusted": trusted == "t"}
            for key, text in (("handler", handler), ("inline", inline), ("validator", validator)):
                if registered(text):
                    spec[key] = registered(text)
            grants = privileges.unusual(acl, self.acl, raw.version) if acl else None
            found[quoted(name)] = with_extras(spec, raw, LANGUAGE, oid, grants)

    def words(self, spec: Spec) -> str:
        words = ["TRUSTED"] if spec.get("trusted") else []
        for key in ("handler", "inline", "validator"):
            words += [f"{key.upper()} {spec[key]}"] if key in spec else []
        return " ".join(words)

    def create(self, side: Side) -> list[str]:
        trusted = "TRUSTED " if side.spec.get("trusted") else ""
        words = self.words(side.spec).removeprefix("TRUSTED").strip()
        return [f"CREATE {trusted}LANGUAGE {side.name} {words}".rstrip()]
