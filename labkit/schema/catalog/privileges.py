"""Privileges by role, where they are not the ones that an object of its kind has anyway."""

from __future__ import annotations

import re

from labkit.schema.catalog import op
from labkit.schema.catalog.kind import GRANTS, Kind, Side, Spec, Tree, in_words
from labkit.schema.catalog.names import quoted
from labkit.schema.catalog.raw import Arm, Raw

Grants = dict[str, list[str]]

_LETTERS = {
    "r": "SELECT",
    "a": "INSERT",
    "w": "UPDATE",
    "d": "DELETE",
    "D": "TRUNCATE",
    "x": "REFERENCES",
    "t": "TRIGGER",
    "m": "MAINTAIN",
    "X": "EXECUTE",
    "U": "USAGE",
    "C": "CREATE",
}
# What there is to grant, by kind of object, and what everybody may do without a word.
_ALL = {
    "table": "rawdDxtm",
    "column": "rawx",
    "sequence": "rwU",
    "schema": "UC",
    "function": "X",
    "type": "U",
    "language": "U",
    "foreign data wrapper": "U",
    "server": "U",
    "large object": "rw",
}
_PUBLIC = {"function": "X", "type": "U", "language": "U", "public schema": "U"}
_PLACE = re.compile(r"on ([a-z ]+?)s(?: in schema (.+?))?(?: by (.+))?")
_OPTION = " WITH GRANT OPTION"
_ITEM = re.compile(r'(?:"((?:[^"]|"")*)"|([^=]*))=([A-Za-z*]*)/')


def acl(prefix: str) -> str:
    """The SQL for an object's owner and access list, one entry a line; NULL where it has none."""
    return listed(f"{prefix}acl", f"{prefix}owner")


def listed(items: str, owner: str) -> str:
    """The same, for an access list and an owner that are given."""
    return (
        f"CASE WHEN {items} IS NOT NULL "
        f"THEN pg_get_userbyid({owner}) || E'\\n' || array_to_string({items}, E'\\n') END"
    )


def unusual(text: str, kind: str, version: int, *, added: bool = False) -> Grants:
    """What the text of ``acl`` grants, by role, without what an object of the kind has anyway.

    The owner is called OWNER, whoever that is. ``added`` tells that the text holds only what comes
    on top of the usual.
    """
    everything = _ALL[kind.removeprefix("public ")]
    if kind == "table" and version < 17:
        everything = everything.removesuffix("m")
    public = _PUBLIC.get(kind, "")
    if kind == "public schema" and version < 15:
        public = "UC"
    usual = {"OWNER": "" if kind == "column" else everything, "PUBLIC": public}
    if added:
        # What is usual anyway may have been taken away elsewhere.
        usual = {}
    owner, *items = text.split("\n")
    held: dict[str, str] = {}
    for item in items:
        match = _ITEM.match(item)
        if match is None:
            continue
        name, bare, letters = match.groups()
        role = name.replace('""', '"') if name is not None else bare
        if role == owner:
            held["OWNER"] = held.get("OWNER", "") + letters.replace("*", "")
        else:
            role = quoted(role) if role else "PUBLIC"
            held[role] = held.get(role, "") + letters
    told = {}
    for role in sorted({*held, *usual}):
        letters = held.get(role, "")
        if set(letters) != set(usual.get(role, "")):
            told[role] = _words(letters, everything)
    return told


def _words(letters: str, everything: str) -> list[str]:
    plain = [letter for letter in everything if re.search(rf"{letter}(?!\*)", letters)]
    passed = [letter for letter in everything if f"{letter}*" in letters]
    several = len(everything) > 1
    words = [_LETTERS[letter] for letter in plain]
    if several and plain == list(everything):
        words = ["ALL"]
    if several and passed == list(everything):
        return [*words, f"ALL{_OPTION}"]
    return [*words, *(_LETTERS[letter] + _OPTION for letter in passed)]


def statements(
    wanted: Grants, found: Grants, on: str, kind: str, column: str | None = None
) -> list[str]:
    """GRANT and REVOKE that lead from what is found to what is wanted.

    ``on`` is the object as in ``GRANT ... ON``; ``column`` the column of it that is meant.
    """
    told = []
    usual = {"OWNER": ["ALL"], "PUBLIC": [_LETTERS[letter] for letter in _PUBLIC.get(kind, "")]}
    of = f" ({column})" if column else ""
    for role in sorted({*wanted, *found}):
        if wanted.get(role) == found.get(role):
            continue
        grantee = "CURRENT_USER" if role == "OWNER" else role
        told.append(f"REVOKE ALL{of} ON {on} FROM {grantee}")
        words = wanted.get(role, usual.get(role, []) if not column else [])
        for option in ("", _OPTION):
            granted = [
                word.removesuffix(_OPTION) + of
                for word in words
                if word.endswith(_OPTION) == bool(option)
            ]
            if granted:
                told.append(f"GRANT {', '.join(granted)} ON {on} TO {grantee}{option}")
    return told


class DefaultPrivileges(Kind):
    noun = "default privileges"
    section = "default privileges"
    given = "pg_default_acl"
    parts = {"privileges": GRANTS}
    required = ("privileges",)
    definition = ("privileges",)

    def arms(self, version: int) -> dict[str, Arm]:
        return {
            "default privileges": Arm(
                "SELECT CASE defaclobjtype WHEN 'r' THEN 'table' WHEN 'S' THEN 'sequence' "
                "WHEN 'f' THEN 'function' WHEN 'T' THEN 'type' WHEN 'n' THEN 'schema' "
                "WHEN 'L' THEN 'large object' END, "
                "nspname, "
                "CASE WHEN defaclrole <> datdba THEN pg_get_userbyid(defaclrole) END, "
                f"{listed('defaclacl', 'defaclrole')} "
                "FROM pg_default_acl JOIN pg_database ON datname = current_database() "
                "LEFT JOIN pg_namespace n ON n.oid = defaclnamespace"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        for kind, schema, maker, text in raw.rows("default privileges"):
            if kind in _ALL:
                # Of a schema only the additions are kept, else the whole list.
                told = unusual(text, kind, raw.version, added=bool(schema))
                where = [f"on {kind}s"]
                where += [f"in schema {quoted(schema)}"] if schema else []
                where += [f"by {quoted(maker)}"] if maker else []
                if told:
                    found[" ".join(where)] = {"privileges": told}

    def words(self, spec: Spec) -> str:
        return in_words(spec["privileges"])

    def missing(self, wanted: Side) -> str | None:
        return _default_statements(wanted.name, wanted.spec["privileges"], {})

    def unexpected(self, found: Side) -> str | None:
        return _default_statements(found.name, {}, found.spec["privileges"])

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        return _default_statements(found.name, wanted.spec["privileges"], found.spec["privileges"])

    def likeness(self, spec: Spec) -> None:
        return None


def _default_statements(name: str, wanted: Grants, found: Grants) -> str | None:
    match = _PLACE.fullmatch(name)
    if match is None:
        return None
    kind, schema, maker = match.groups()
    alter = "ALTER DEFAULT PRIVILEGES"
    alter += f" FOR ROLE {maker}" if maker else ""
    alter += f" IN SCHEMA {schema}" if schema else ""
    # In a schema nothing is usual: only what comes on top of it is kept there.
    told = statements(wanted, found, f"{kind}s".upper(), "schema" if schema else kind)
    return op.execute(*(f"{alter} {line}" for line in told))
