"""Subscriptions of logical replication; where they connect to is not told, for its password."""

from __future__ import annotations

from labkit.schema.catalog import op
from labkit.schema.catalog.bysql import BySql
from labkit.schema.catalog.kind import (
    FLAG,
    MAPPING,
    TEXT,
    TEXTS,
    Side,
    Spec,
    Tree,
    plain,
    with_extras,
)
from labkit.schema.catalog.names import quoted
from labkit.schema.catalog.raw import SUBSCRIPTION, Arm, Raw

# Options that are told where they are not as by default, in the words of CREATE SUBSCRIPTION.
_OPTIONS = {
    "binary": ("subbinary", "false", 14),
    "streaming": ("substream", "f", 14),
    "synchronous_commit": ("subsynccommit", "off", 14),
    "two_phase": ("subtwophasestate <> 'd'", "false", 15),
    "disable_on_error": ("subdisableonerr", "false", 15),
    "origin": ("suborigin", "any", 16),
    "password_required": ("subpasswordrequired", "true", 16),
    "run_as_owner": ("subrunasowner", "false", 16),
    "failover": ("subfailover", "false", 17),
}
_STREAMING = {"t": "on", "true": "on", "p": "parallel", "false": "f"}


class Subscriptions(BySql):
    noun = "subscription"
    section = "subscriptions"
    given = "pg_subscription"
    parts = {
        "publications": TEXTS,
        "enabled": FLAG,
        "slot": TEXT,
        "options": MAPPING,
        "comment": TEXT,
    }
    required = ("publications",)
    definition = ("publications", "slot", "options")
    sql = "SUBSCRIPTION"

    def arms(self, version: int) -> dict[str, Arm]:
        columns = [f"({told})::text" for told, _, since in _OPTIONS.values() if since <= version]
        return {
            "subscription": Arm(
                "SELECT s.oid, subname, subenabled, subslotname, "
                f"array_to_string(subpublications, E'\\n'), {', '.join(columns)} "
                "FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid "
                "WHERE datname = current_database()"
            )
        }

    def read(self, raw: Raw, tree: Tree) -> None:
        found = tree[self.section] = {}
        known = {
            name: usual for name, (_, usual, since) in _OPTIONS.items() if since <= raw.version
        }
        for oid, name, enabled, slot, publications, *fields in raw.rows("subscription"):
            if not raw.own(SUBSCRIPTION, oid):
                continue
            spec: Spec = {"publications": [quoted(p) for p in sorted(publications.split("\n"))]}
            if enabled == "f":
                spec["enabled"] = False
            if slot != name:
                spec["slot"] = slot or "none"
            told = {}
            for (option, usual), text in zip(known.items(), fields, strict=True):
                text = _STREAMING.get(text, text) if option == "streaming" else text
                # Since PostgreSQL 18 it is parallel by itself.
                usual = "parallel" if option == "streaming" and raw.version >= 18 else usual
                if text != usual:
                    told[option] = {"f": "off"}.get(text, text)
            if told:
                spec["options"] = told
            found[quoted(name)] = with_extras(spec, raw, SUBSCRIPTION, oid)

    def words(self, spec: Spec) -> str:
        told = [f"slot_name = {spec['slot']}"] if "slot" in spec else []
        told += [f"{name} = {plain(text)}" for name, text in spec.get("options", {}).items()]
        more = f" WITH ({', '.join(told)})" if told else ""
        return f"PUBLICATION {', '.join(spec['publications'])}{more}"

    def missing(self, wanted: Side) -> str | None:
        # It needs a connection, which nobody told.
        return None

    def alter(self, wanted: Side, found: Side) -> list[str]:
        alter = f"ALTER SUBSCRIPTION {found.name}"
        ours, theirs = wanted.spec, found.spec
        told = []
        if ours["publications"] != theirs["publications"]:
            names = ", ".join(ours["publications"])
            told.append(f"{alter} SET PUBLICATION {names} WITH (refresh = false)")
        options = {}
        if ours.get("slot") != theirs.get("slot"):
            options["slot_name"] = ours.get("slot", wanted.name)
        before, after = theirs.get("options", {}), ours.get("options", {})
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                usual = _OPTIONS[name][1] if name in _OPTIONS else "off"
                options[name] = after.get(name, {"f": "off"}.get(usual, usual))
        if options:
            words = ", ".join(f"{name} = {text}" for name, text in options.items())
            told.append(f"{alter} SET ({words})")
        return told

    def changed(self, part: str, wanted: Side, found: Side) -> str | None:
        if part != "enabled":
            return super().changed(part, wanted, found)
        verb = "DISABLE" if wanted.spec.get(part) is False else "ENABLE"
        return op.execute(f"ALTER SUBSCRIPTION {found.name} {verb}")
