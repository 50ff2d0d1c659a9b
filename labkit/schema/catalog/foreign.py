"""What stands outside: foreign data wrappers, servers, user mappings and foreign tables."""

from __future__ import annotations

from labkit.schema.catalog import op, privileges
from labkit.schema.catalog.bysql import BySql, comment_on
from labkit.schema.catalog.kind import GRANTS, MAPPING, TEXT, TEXTS, Side, Spec, Tree, with_extras
from labkit.schema.catalog.names import quoted
from labkit.schema.catalog.raw import (
    FOREIGN_SERVER,
    WRAPPER,
    Arm,
    Raw,
    lines,
    options,
    registered,
)
from labkit.schema.catalog.storage import alterations, foreign_option_changes, foreign_options
from labkit.schema.catalog.tables import Tables


class Wrappers(BySql):
    noun = "foreign data wrapper"
    section = "foreign data wrappers"
    given = "pg_foreign_data_wrapper WHERE oid >= 16384"
    parts = {
        "handler": TEXT,
        "validator": TEXT,
        "foreign options": MAPPING,
        "comment": TEXT,
        "privileges": GRANTS,
    }
    definition = ("handler", "validator", "foreign options")
    sql = granted = "FOREIGN DATA WRAPPER"
    acl = "foreign data wrapper"

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "wrapper": Arm(
                "SELECT oid, fdwname, CASE WHEN fdwhandler <> 0 THEN fdwhandler::regproc END, "
                "CASE WHEN fdwvalidator <> 0 THEN fdwvalidator::regproc END, "
                f"{lines('fdwoptions')}, {privileges.acl('fdw')} "
                "FROM pg_foreign_data_wrapper WHERE oid >= 16384"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for oid, name, handler, validator, text, acl in raw.rows("wrapper"):
            if not raw.own(WRAPPER, oid):
                continue
            spec: Spec = {}
            if handler:
                spec["handler"] = registered(handler)
            if validator:
                spec["validator"] = registered(validator)
            if text:
                spec["foreign options"] = options(text)
            grants = privileges.unusual(acl, self.acl, raw.version) if acl else None
            found[quoted(name)] = with_extras(spec, raw, WRAPPER, oid, grants)

    def words(self, spec: Spec) -> str:
        words = [f"HANDLER {spec['handler']}"] if "handler" in spec else []
        words += [f"VALIDATOR {spec['validator']}"] if "validator" in spec else []
        words += [foreign_options(spec["foreign options"])] if "foreign options" in spec else []
        return " ".join(words) or "without options"

    def create(self, side: Side) -> list[str]:
        words = self.words(side.spec).removesuffix("without options")
        return [f"CREATE FOREIGN DATA WRAPPER {side.name} {words}".rstrip()]

    def alter(self, wanted: Side, found: Side) -> list[str]:
        told = []
        for key in ("handler", "validator"):
            if wanted.spec.get(key) != found.spec.get(key):
                word = key.upper()
                told.append(f"{word} {wanted.spec[key]}" if key in wanted.spec else f"NO {word}")
        ours, theirs = (side.spec.get("foreign options") for side in (wanted, found))
        told += [foreign_option_changes(ours, theirs)] if ours != theirs else []
        return [f"ALTER FOREIGN DATA WRAPPER {found.name} {' '.join(told)}"]


class Servers(BySql):
    noun = "foreign server"
    section = "servers"
    given = "pg_foreign_data_wrapper WHERE oid >= 16384"
    parts = {
        "wrapper": TEXT,
        "type": TEXT,
        "version": TEXT,
        "foreign options": MAPPING,
        "users": TEXTS,
        "comment": TEXT,
        "privileges": GRANTS,
    }
    required = ("wrapper",)
    definition = ("wrapper", "type", "version", "foreign options")
    sql = "SERVER"
    granted = "FOREIGN SERVER"
    acl = "server"

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "server": Arm(
                "SELECT s.oid, srvname, fdwname, srvtype, srvversion, "
                f"{lines('srvoptions')}, {privileges.acl('srv')} FROM pg_foreign_server s "
                "JOIN pg_foreign_data_wrapper w ON w.oid = srvfdw"
            ),
            # Their options hold passwords and are nobody's business.
            "user mapping": Arm(
                "SELECT umserver, CASE WHEN umuser = 0 THEN 'PUBLIC' "
                "WHEN umuser = srvowner THEN 'OWNER' ELSE 'r' || pg_get_userbyid(umuser) END "
                "FROM (SELECT srvid AS umserver, umuser FROM pg_user_mappings) m "
                "JOIN pg_foreign_server s ON s.oid = umserver"
            ),
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        users: dict[str, list[str]] = {}
        for server, user in raw.rows("user mapping"):
            name = user if user in ("PUBLIC", "OWNER") else quoted(user[1:])
            users.setdefault(server, []).append(name)
        found = tree[self.section] = {}
        for oid, name, wrapper, kind, version, text, acl in raw.rows("server"):
            if not raw.own(FOREIGN_SERVER, oid):
                continue
            spec: Spec = {"wrapper": quoted(wrapper)}
            if kind:
                spec["type"] = kind
            if version:
                spec["version"] = version
            if text:
                spec["foreign options"] = options(text)
            if oid in users:
                spec["users"] = sorted(users[oid])
            grants = privileges.unusual(acl, self.acl, raw.version) if acl else None
            found[quoted(name)] = with_extras(spec, raw, FOREIGN_SERVER, oid, grants)

    def words(self, spec: Spec) -> str:
        words = [f"TYPE {op.sql_text(spec['type'])}"] if "type" in spec else []
        words += [f"VERSION {op.sql_text(spec['version'])}"] if "version" in spec else []
        words.append(f"FOREIGN DATA WRAPPER {spec['wrapper']}")
        words += [foreign_options(spec["foreign options"])] if "foreign options" in spec else []
        return " ".join(words)

    def create(self, side: Side) -> list[str]:
        return [f"CREATE SERVER {side.name} {self.words(side.spec)}"]

    def alter(self, wanted: Side, found: Side) -> list[str]:
        if any(wanted.spec.get(key) != found.spec.get(key) for key in ("wrapper", "type")):
            return super().alter(wanted, found)
        told = []
        if wanted.spec.get("version") != found.spec.get("version"):
            told.append(f"VERSION {op.sql_text(wanted.spec.get('version', ''))}")
        ours, theirs = (side.spec.get("foreign options") for side in (wanted, found))
        told += [foreign_option_changes(ours, theirs)] if ours != theirs else []
        return [f"ALTER SERVER {found.name} {' '.join(told)}"]

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        if part != "users":
            return super().changed(part, wanted, found)
        ours, theirs = wanted.spec.get(part, ()), found.spec.get(part, ())
        gone = [f"DROP USER MAPPING FOR {user}" for user in theirs if user not in ours]
        made = [f"CREATE USER MAPPING FOR {user}" for user in ours if user not in theirs]
        told = [f"{line} SERVER {found.name}" for line in [*gone, *made]]
        return op.execute(*(line.replace("FOR OWNER", "FOR CURRENT_USER") for line in told))


class ForeignTables(Tables):
    noun = "foreign table"
    section = "foreign tables"
    after = "relation"
    given = "pg_foreign_data_wrapper WHERE oid >= 16384"
    parts = {**Tables.parts, "server": TEXT, "foreign options": MAPPING}
    required = ("server",)
    definition = (*Tables.definition, "server")

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "foreign table": Arm(
                f"SELECT ftrelid, srvname, {lines('ftoptions')} FROM pg_foreign_table "
                "JOIN pg_foreign_server s ON s.oid = ftserver"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for oid, server, text in raw.rows("foreign table"):
            if oid not in raw.relations:
                continue
            spec = self._spec(raw, raw.by_oid[oid], "")
            spec["server"] = quoted(server)
            if text:
                spec["foreign options"] = options(text)
            found[raw.relations[oid]] = spec

    def words(self, spec: Spec) -> str:
        return f"{super().words(spec)} on server {spec['server']}"

    def unexpected(self, found: Side) -> str | None:
        return op.execute(f"DROP FOREIGN TABLE {found.name}")

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        if part == "comment":
            text = wanted.spec.get(part)
            return op.execute(comment_on(f"FOREIGN TABLE {found.name}", text))
        if part == "foreign options":
            actions = alterations(part, wanted.spec.get(part), found.spec.get(part))
            return op.execute(*(f"ALTER FOREIGN TABLE {found.name} {do}" for do in actions))
        return super().changed(part, wanted, found)
