"""Text search: configurations, dictionaries, and the templates and parsers they are made of."""

from __future__ import annotations

from typing import ClassVar

from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.kind import MAPPING, TEXT, TEXTS, Side, Spec, Tree, with_extras
from labkit.schema.catalog.names import qualified
from labkit.schema.catalog.raw import (
    SEARCH_CONFIGURATION,
    SEARCH_DICTIONARY,
    SEARCH_PARSER,
    SEARCH_TEMPLATE,
    Arm,
    Raw,
    named,
    registered,
)


class SearchConfigurations(BySql):
    noun = "text search configuration"
    section = "text search configurations"
    given = "pg_ts_config WHERE oid >= 16384"
    parts = {"parser": TEXT, "mappings": MAPPING, "comment": TEXT}
    required = ("parser",)
    definition = ("parser", "mappings")
    sql = "TEXT SEARCH CONFIGURATION"

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "search configuration": Arm(
                "SELECT oid, cfgnamespace, cfgname, "
                f"{named('pg_ts_parser', 'prs', 'cfgparser')} FROM pg_ts_config WHERE oid >= 16384"
            ),
            "search mapping": Arm(
                "SELECT mapcfg, (SELECT alias FROM ts_token_type(cfgparser) "
                "WHERE tokid = maptokentype), mapseqno, mapdict::regdictionary "
                "FROM pg_ts_config_map JOIN pg_ts_config c ON c.oid = mapcfg WHERE mapcfg >= 16384"
            ),
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        mappings: dict[str, dict[str, list[tuple[int, str]]]] = {}
        for oid, token, number, dictionary in raw.rows("search mapping"):
            held = mappings.setdefault(oid, {}).setdefault(token, [])
            held.append((int(number), registered(dictionary)))
        found = tree[self.section] = {}
        for oid, schema, name, parser in raw.rows("search configuration"):
            if not raw.own(SEARCH_CONFIGURATION, oid):
                continue
            spec: Spec = {"parser": raw.named(parser)}
            if oid in mappings:
                spec["mappings"] = {
                    token: ", ".join(name for _, name in sorted(held))
                    for token, held in sorted(mappings[oid].items())
                }
            with_extras(spec, raw, SEARCH_CONFIGURATION, oid)
            found[qualified(raw.schemas[schema], name)] = spec

    def words(self, spec: Spec) -> str:
        told = [f"{token}: {names}" for token, names in spec.get("mappings", {}).items()]
        return f"parser {spec['parser']}" + (f" ({'; '.join(told)})" if told else "")

    def create(self, side: Side) -> list[str]:
        told = [f"CREATE {self.sql} {side.identity} (PARSER = {side.spec['parser']})"]
        for token, names in side.spec.get("mappings", {}).items():
            told.append(f"ALTER {self.sql} {side.identity} ADD MAPPING FOR {token} WITH {names}")
        return told

    def alter(self, wanted: Side, found: Side) -> list[str]:
        if wanted.spec["parser"] != found.spec["parser"]:
            return super().alter(wanted, found)
        ours, theirs = (side.spec.get("mappings", {}) for side in (wanted, found))
        alter = f"ALTER {self.sql} {found.identity}"
        told = [f"{alter} DROP MAPPING FOR {token}" for token in theirs if token not in ours]
        for token, names in ours.items():
            if theirs.get(token) != names:
                verb = "ALTER" if token in theirs else "ADD"
                told.append(f"{alter} {verb} MAPPING FOR {token} WITH {names}")
        return told


class SearchDictionaries(BySql):
    noun = "text search dictionary"
    section = "text search dictionaries"
    given = "pg_ts_dict WHERE oid >= 16384"
    parts = {"template": TEXT, "options": TEXT, "comment": TEXT}
    required = ("template",)
    definition = ("template", "options")
    sql = "TEXT SEARCH DICTIONARY"

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "search dictionary": Arm(
                "SELECT oid, dictnamespace, dictname, "
                f"{named('pg_ts_template', 'tmpl', 'dicttemplate')}, dictinitoption "
                "FROM pg_ts_dict WHERE oid >= 16384"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for oid, schema, name, template, text in raw.rows("search dictionary"):
            if not raw.own(SEARCH_DICTIONARY, oid):
                continue
            spec: Spec = {"template": raw.named(template)}
            if text:
                spec["options"] = text
            with_extras(spec, raw, SEARCH_DICTIONARY, oid)
            found[qualified(raw.schemas[schema], name)] = spec

    def words(self, spec: Spec) -> str:
        more = f", {spec['options']}" if "options" in spec else ""
        return f"(TEMPLATE = {spec['template']}{more})"

    def create(self, side: Side) -> list[str]:
        return [f"CREATE {self.sql} {side.identity} {self.words(side.spec)}"]


class _ByFunctions(BySql):
    """What is made of functions and of nothing else."""

    parts = {"clauses": TEXTS, "comment": TEXT}
    required = ("clauses",)
    definition = ("clauses",)
    # The clauses of CREATE, each with what the catalog holds for it.
    clauses: ClassVar[dict[str, str]]
    catalog: ClassVar[str]
    table: ClassVar[str]
    prefix: ClassVar[str]

    def arms(self, version: int) -> dict[str, Arm]:
        functions = ", ".join(f"{column}::regproc" for column in self.clauses.values())
        return {
            self.noun: Arm(
                f"SELECT oid, {self.prefix}namespace, {self.prefix}name, {functions} "
                f"FROM {self.table} WHERE oid >= 16384"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for oid, schema, name, *functions in raw.rows(self.noun):
            if raw.own(self.catalog, oid):
                told = [
                    f"{clause} = {registered(text)}"
                    for clause, text in zip(self.clauses, functions, strict=True)
                    if registered(text)
                ]
                identity = qualified(raw.schemas[schema], name)
                found[identity] = with_extras({"clauses": told}, raw, self.catalog, oid)

    def words(self, spec: Spec) -> str:
        return f"({', '.join(spec['clauses'])})"

    def create(self, side: Side) -> list[str]:
        return [f"CREATE {self.sql} {side.identity} {self.words(side.spec)}"]


class SearchTemplates(_ByFunctions):
    noun = "text search template"
    section = "text search templates"
    given = "pg_ts_template WHERE oid >= 16384"
    sql = "TEXT SEARCH TEMPLATE"
    clauses = {"INIT": "tmplinit", "LEXIZE": "tmpllexize"}
    catalog, table, prefix = SEARCH_TEMPLATE, "pg_ts_template", "tmpl"


class SearchParsers(_ByFunctions):
    noun = "text search parser"
    section = "text search parsers"
    given = "pg_ts_parser WHERE oid >= 16384"
    sql = "TEXT SEARCH PARSER"
    clauses = {
        "START": "prsstart",
        "GETTOKEN": "prstoken",
        "END": "prsend",
        "LEXTYPES": "prslextype",
        "HEADLINE": "prsheadline",
    }
    catalog, table, prefix = SEARCH_PARSER, "pg_ts_parser", "prs"
