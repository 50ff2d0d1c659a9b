"""A walk: the chain of the project in this folder, run in each way in one empty database.

``python -m labkit.authoring.walk WRITTEN TABLE...`` runs in a process of its own, with the
database in DATABASE_URL. WRITTEN is the URL of the one that the page left behind. Its last line
of output is JSON: (way, what is wrong) for each way that does not lead where all must lead.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence

import psycopg2
from alembic.config import CommandLine, Config
from alembic.script import Script, ScriptDirectory

from labkit import look, snapshot, way
from labkit.compare import compare
from labkit.schema.address import connect
from labkit.snapshot import Snapshot

# What a statement may hold a semicolon in, and the one that ends it.
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|\$(\w*)\$.*?\$\1\$|--[^\n]*|;""", re.DOTALL)


class Walk:
    """One walk; ``found`` lists (way, what is wrong with it)."""

    def __init__(self, url: str, written: str, tables: Sequence[str]) -> None:
        self._url = url
        self._written = written
        self._tables = tables
        self._line = CommandLine(prog="alembic")
        self.found: list[tuple[str, str]] = []

    def run(self) -> None:
        empty = self._seen()
        if not self._steps():
            return
        stepwise = self._seen()
        if not self._alembic(way.STEP_BY_STEP, "downgrade", "base"):
            return
        self._compare(way.STEP_BY_STEP, empty, self._seen(), "after `alembic downgrade base`")
        if not self._alembic(way.IN_ONE, "upgrade", "heads"):
            return
        whole = self._seen()
        self._compare(way.STEP_BY_STEP, whole, stepwise, "at the head", rows=False)
        written = snapshot.read(self._written)
        if written.alembic_version == whole.alembic_version:  # else it stands somewhere else
            self._compare(way.AS_WRITTEN, whole, written, rows=False)
        self._offline(whole)

    def _steps(self) -> bool:
        """Each revision up, down and up again."""
        script = _chain()
        chain = list(script.walk_revisions())[::-1]
        for revision in chain:
            before = self._seen()
            down = _below(revision, script)
            for direction, target in (("upgrade", revision.revision), ("downgrade", down)):
                if not self._alembic(way.STEP_BY_STEP, direction, target):
                    return False
            after = self._seen()
            where = f"after revision {revision.revision} went up and down"
            self._compare(way.STEP_BY_STEP, before, after, where)
            if not self._alembic(way.STEP_BY_STEP, "upgrade", revision.revision):
                return False
        return True

    def _offline(self, whole: Snapshot) -> None:
        self._alembic(way.STEP_BY_STEP, "downgrade", "base")
        connection = connect(self._url)
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS alembic_version")
            script = io.StringIO()
            if not self._alembic(way.OFFLINE, "upgrade", "heads", "--sql", into=script):
                return
            try:
                for statement in statements(script.getvalue()):
                    cursor.execute(statement)
            except psycopg2.Error as error:
                first = str(error).strip().partition("\n")[0]
                self.found.append((way.OFFLINE, f"the script fails: {first}"))
                return
        self._compare(way.OFFLINE, whole, self._seen())

    def _alembic(self, of: str, *words: str, into: io.StringIO | None = None) -> bool:
        """Run a command; whether it ended well."""
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(into or said), contextlib.redirect_stderr(said):
                self._line.main(list(words))
        except (Exception, SystemExit) as error:
            lines = said.getvalue().strip().splitlines()
            last = str(error).strip().partition("\n")[0] or type(error).__name__
            if isinstance(error, SystemExit) and lines:
                last = lines[-1]
            self.found.append((of, f"`alembic {' '.join(words)}` fails: {last}"))
            return False
        return True

    def _seen(self) -> Snapshot:
        return look.schema(self._url, self._tables)

    def _compare(
        self, of: str, wanted: Snapshot, there: Snapshot, where: str = "", *, rows: bool = True
    ) -> None:
        leave = ("alembic_version",) if rows else ("alembic_version", "row")
        for difference in compare(wanted, there):
            # A column that comes back is the last one, which no migration can change.
            if difference.kind not in leave and difference.part != "column order":
                told = f"{difference.sentence}{', ' if where else ''}{where}"
                self.found.append((of, told))


def statements(script: str) -> Iterator[str]:
    """The statements of a script, as psql would send them."""
    begin = 0
    for token in _TOKEN.finditer(script):
        if token[0] == ";":
            yield script[begin : token.start()]
            begin = token.end()
    if script[begin:].strip():
        yield script[begin:]


class _Reading(CommandLine):
    """Reads the command line and the configuration, and runs nothing."""

    def run_cmd(self, config: Config, options: Namespace) -> None:  # noqa: ARG002 - Alembic's
        self.config = config


def _chain() -> ScriptDirectory:
    line = _Reading(prog="alembic")
    line.main(["heads"])
    return ScriptDirectory.from_config(line.config)


def _below(revision: Script, script: ScriptDirectory) -> str:
    """What a downgrade names that takes back this one revision and leaves other branches alone."""
    below = revision.down_revision or "base"
    if not isinstance(below, str):
        return below[0]  # taking back a merge leaves all that it merged
    return f"{revision.revision}@{below}" if _branches(script) else below


def _branches(script: ScriptDirectory) -> bool:
    forks = any(revision.is_branch_point for revision in script.walk_revisions())
    return forks or len(script.get_bases()) > 1


if __name__ == "__main__":
    # Nobody edits these files while the walk goes over them again and again.
    sys.dont_write_bytecode = False
    walk = Walk(os.environ["DATABASE_URL"], sys.argv[1], sys.argv[2:])
    walk.run()
    print(json.dumps(walk.found))
