"""Functions, procedures, window functions and aggregates, by their signatures."""

from __future__ import annotations

from labkit.schema.catalog import op, privileges
from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.expression import steady, tokens
from labkit.schema.catalog.kind import FLAG, GRANTS, TEXT, TEXTS, Side, Spec, Tree, with_extras
from labkit.schema.catalog.names import qualified, quoted, short_type
from labkit.schema.catalog.raw import FUNCTION, Arm, Raw, lines, operator, registered

_KINDS = {"f": "function", "p": "procedure", "a": "aggregate", "w": "window function"}
_VOLATILITY = {"i": "immutable", "s": "stable"}
_PARALLEL = {"s": "safe", "r": "restricted"}
_MODIFY = {"r": "READ_ONLY", "s": "SHAREABLE", "w": "READ_WRITE"}
# Settings that are lists of names, and so are kept with the quotes that they need.
_LISTS = ("search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries")

# The clauses of an aggregate, in the order of the fields that the server is asked for.
_AGGREGATE = (
    "SFUNC",
    "STYPE",
    "SSPACE",
    "FINALFUNC",
    "FINALFUNC_EXTRA",
    "FINALFUNC_MODIFY",
    "COMBINEFUNC",
    "SERIALFUNC",
    "DESERIALFUNC",
    "INITCOND",
    "MSFUNC",
    "MINVFUNC",
    "MSTYPE",
    "MSSPACE",
    "MFINALFUNC",
    "MFINALFUNC_EXTRA",
    "MFINALFUNC_MODIFY",
    "MINITCOND",
    "SORTOP",
    "HYPOTHETICAL",
)


class Functions(BySql):
    noun = "function"
    section = "functions"
    given = "pg_proc WHERE oid >= 16384"
    parts = {
        "kind": TEXT,
        "arguments": TEXT,
        "returns": TEXT,
        "language": TEXT,
        "transforms": TEXTS,
        "volatility": TEXT,
        "strict": FLAG,
        "security definer": FLAG,
        "leakproof": FLAG,
        "parallel": TEXT,
        "cost": TEXT,
        "rows": TEXT,
        "support": TEXT,
        "settings": TEXTS,
        "library": TEXT,
        "body": TEXT,
        "query": TEXT,
        "aggregate": TEXTS,
        "depends on": TEXTS,
        "comment": TEXT,
        "privileges": GRANTS,
    }
    definition = tuple(
        part for part in parts if part not in ("depends on", "comment", "privileges")
    )
    sql = granted = "FUNCTION"
    acl = "function"

    def arms(self, version: int) -> dict[str, Arm]:
        function = {
            name: f"CASE WHEN {name}::oid <> 0 THEN {name} END"
            for name in (
                "aggtransfn",
                "aggfinalfn",
                "aggcombinefn",
                "aggserialfn",
                "aggdeserialfn",
                "aggmtransfn",
                "aggminvtransfn",
                "aggmfinalfn",
            )
        }
        return {
            "function": Arm(
                "SELECT p.oid, pronamespace, proname, "
                "oidvectortypes(proargtypes), prokind, "
                "pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), lanname, "
                "(SELECT string_agg(format_type(t, NULL), E'\\n') FROM unnest(protrftypes) t), "
                "provolatile::text || proparallel::text || proisstrict::int || prosecdef::int || "
                "proleakproof::int, procost, CASE WHEN proretset THEN prorows END, "
                f"CASE WHEN prosupport::oid <> 0 THEN p.prosupport::regproc "
                f"END, {lines('proconfig')}, probin, prosrc, pg_get_function_sqlbody(p.oid), "
                f"{privileges.acl('pro')} FROM pg_proc p JOIN pg_language l ON l.oid = prolang "
                # A range type brings functions of its own.
                "WHERE p.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend "
                "WHERE classid = 1255 AND objid = p.oid AND deptype = 'i')"
            ),
            "aggregate": Arm(
                f"SELECT aggfnoid::oid, {function['aggtransfn']}, "
                "format_type(aggtranstype, NULL), nullif(aggtransspace, 0), "
                f"{function['aggfinalfn']}, nullif(aggfinalextra, false), "
                f"aggfinalmodify::text || aggkind::text, {function['aggcombinefn']}, "
                f"{function['aggserialfn']}, {function['aggdeserialfn']}, agginitval, "
                f"{function['aggmtransfn']}, {function['aggminvtransfn']}, "
                "CASE WHEN aggmtranstype <> 0 THEN format_type(aggmtranstype, NULL) END, "
                f"nullif(aggmtransspace, 0), {function['aggmfinalfn']}, "
                "nullif(aggmfinalextra, false), aggmfinalmodify::text || aggkind::text, "
                "aggminitval, "
                f"CASE WHEN aggsortop <> 0 THEN aggsortop::regoper END, "
                "nullif(aggkind = 'h', false) FROM pg_aggregate WHERE aggfnoid::oid >= 16384"
            ),
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        aggregates = {row[0]: row[1:] for row in raw.rows("aggregate")}
        found = tree[self.section] = {}
        for row in raw.rows("function"):
            oid, schema, name, types, *_ = row
            if not raw.own(FUNCTION, oid):
                continue
            types = ", ".join(short_type(steady(text)) for text in types.split(", "))
            spec = _spec(row)
            if oid in aggregates:
                spec["aggregate"] = _aggregate(aggregates[oid])
            identity = f"{qualified(raw.schemas[schema], name)}({types})"
            acl = row[17]
            grants = privileges.unusual(acl, "function", raw.version) if acl else None
            found[identity] = with_extras(spec, raw, FUNCTION, oid, grants)

    def noun_of(self, spec: Spec) -> str:
        return str(spec.get("kind", "function"))

    def sql_of(self, side: Side) -> str:
        kind = side.spec.get("kind", "function")
        return {"procedure": "PROCEDURE", "aggregate": "AGGREGATE"}.get(kind, "FUNCTION")

    def granted_as(self, side: Side) -> str:
        return "PROCEDURE" if side.spec.get("kind") == "procedure" else self.granted

    def words(self, spec: Spec) -> str:
        if "aggregate" in spec:
            parallel = [f"PARALLEL = {spec['parallel']}"] if "parallel" in spec else []
            return f"({', '.join([*spec['aggregate'], *parallel])})"
        words = [f"({spec['arguments']})"] if "arguments" in spec else []
        words += [f"RETURNS {spec['returns']}"] if "returns" in spec else []
        words.append(f"LANGUAGE {spec['language']}")
        if "transforms" in spec:
            words.append("TRANSFORM " + ", ".join(f"FOR TYPE {t}" for t in spec["transforms"]))
        words += ["WINDOW"] if spec.get("kind") == "window function" else []
        words += [spec["volatility"].upper()] if "volatility" in spec else []
        words += ["STRICT"] if spec.get("strict") else []
        words += ["SECURITY DEFINER"] if spec.get("security definer") else []
        words += ["LEAKPROOF"] if spec.get("leakproof") else []
        words += [f"PARALLEL {spec['parallel'].upper()}"] if "parallel" in spec else []
        for key in ("cost", "rows", "support"):
            words += [f"{key.upper()} {spec[key]}"] if key in spec else []
        words += [f"SET {_setting(text)}" for text in spec.get("settings", ())]
        head = " ".join(words)
        if "library" in spec:
            return f"{head} AS {op.sql_text(spec['library'])}, {op.sql_text(spec['body'])}"
        if "query" in spec:
            return f"{head}\n{spec['query']}"
        return f"{head} AS {_dollars(spec.get('body', ''))}"

    def address(self, side: Side) -> str:
        if "aggregate" in side.spec:
            return f"{_name(side)}({side.spec.get('arguments', '*')})"
        return side.name

    def create(self, side: Side) -> list[str]:
        aggregate = "aggregate" in side.spec
        arguments = f"({side.spec.get('arguments', '*' if aggregate else '')})"
        words = self.words(side.spec)
        if not aggregate:
            words = words.removeprefix(arguments).strip()
        return [f"CREATE {self.sql_of(side)} {_name(side)}{arguments} {words}"]

    def renamed(self, wanted: Side, found: Side) -> str | None:
        alter = f"ALTER {self.sql_of(found)} {self.address(found)}"
        (new, home), (old, schema) = op.where(_name(wanted)), op.where(_name(found))
        told = [f"{alter} RENAME TO {op.joined([new])}"] if new != old else []
        if home != schema:
            told.insert(0, f"{alter} SET SCHEMA {op.joined([home or 'public'])}")
        return op.execute(told[0]) if len(told) == 1 else None

    def alter(self, wanted: Side, found: Side) -> list[str]:
        fixed = ("kind", "arguments", "returns", "aggregate")
        if "aggregate" in found.spec or any(
            wanted.spec.get(key) != found.spec.get(key) for key in fixed
        ):
            return super().alter(wanted, found)
        return [self.create(wanted)[0].replace("CREATE ", "CREATE OR REPLACE ", 1)]


def _name(side: Side) -> str:
    """The function without its arguments."""
    pieces = tokens(side.name)
    return "".join(pieces[: pieces.index("(")])


def _spec(row: list[str]) -> Spec:
    _, _, _, _, kind, arguments, result, language, transforms, flags, *rest = row
    cost, count, support, settings, library, source, query, _ = rest
    volatility, parallel, strict, definer, leakproof = tuple(flags)
    spec: Spec = {}
    if kind != "f":
        spec["kind"] = _KINDS[kind]
    if arguments:
        spec["arguments"] = steady(arguments)
    if result:
        spec["returns"] = steady(result)
    spec["language"] = quoted(language)
    if transforms:
        spec["transforms"] = transforms.split("\n")
    if volatility in _VOLATILITY:
        spec["volatility"] = _VOLATILITY[volatility]
    if strict == "1":
        spec["strict"] = True
    if definer == "1":
        spec["security definer"] = True
    if leakproof == "1":
        spec["leakproof"] = True
    if parallel in _PARALLEL:
        spec["parallel"] = _PARALLEL[parallel]
    if cost != ("1" if language in ("internal", "c") else "100"):
        spec["cost"] = cost
    if count not in ("", "1000"):
        spec["rows"] = count
    if support:
        spec["support"] = registered(support)
    if settings:
        spec["settings"] = sorted(settings.split("\n"))
    if library:
        spec["library"] = library
    if query:
        spec["query"] = steady(query)
    elif kind != "a":
        spec["body"] = source
    return spec


def _aggregate(fields: list[str]) -> list[str]:
    """The clauses of CREATE AGGREGATE that are not as they would be by themselves."""
    told = []
    for clause, text in zip(_AGGREGATE, fields, strict=False):
        if not text:
            continue
        if clause in ("FINALFUNC_EXTRA", "MFINALFUNC_EXTRA", "HYPOTHETICAL"):
            told.append(clause)
        elif clause.endswith("_MODIFY"):
            modify, kind = text[0], text[1]
            if modify != ("r" if kind == "n" else "w"):
                told.append(f"{clause} = {_MODIFY[modify]}")
        elif clause.endswith("FUNC"):
            told.append(f"{clause} = {registered(text)}")
        elif clause.endswith("INITCOND"):
            told.append(f"{clause} = {op.sql_text(text)}")
        elif clause == "SORTOP":
            told.append(f"{clause} = {operator(text)}")
        else:
            told.append(f"{clause} = {steady(text)}")
    return told


def _dollars(body: str) -> str:
    """The body between dollars, with a word in them that it does not have itself."""
    mark = "$$"
    while mark in body:
        mark = f"$f{mark[1:]}"
    return f"{mark}{body}{mark}"


def _setting(text: str) -> str:
    name, _, value = text.partition("=")
    if name in _LISTS:
        value = "''" if value == '""' else value
        return f"{name} TO {value}"
    return f"{name} TO {op.sql_text(value)}"
