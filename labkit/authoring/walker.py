"""A walker: runs commands of Alembic in the project in this folder, all in one process.

``python walker.py PORT`` is told the words of one command after the other, each a line of JSON from
that port of this machine, and answers each with a line of its output: MARK and JSON. The first
answer comes unasked: (revision, what a downgrade names that takes it back) of each revision, from
the base up. Any other is (what the command printed, why it failed or "").

It knows nothing of labkit, which would take longer to load than a command to run.
"""

from __future__ import annotations

import contextlib
import io
import json
import socket
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import psycopg2
from alembic.config import CommandLine, Config
from alembic.script import Script, ScriptDirectory
from psycopg2.extensions import connection

MARK = "\x1ewalker "


def main(port: int) -> None:
    # Nobody edits these files while the walk goes over them again and again.
    sys.dont_write_bytecode = False
    psycopg2.connect = _connect
    with socket.create_connection(("127.0.0.1", port)) as line, line.makefile() as words:
        _answer(_chain())
        for told in words:
            _answer(_alembic(json.loads(told)))


def _answer(what: object) -> None:
    # What somebody else printed may not have ended its line.
    print(f"\n{MARK}{json.dumps(what)}", flush=True)


def _alembic(words: Sequence[str]) -> tuple[str, str]:
    """(what a command printed, why it failed or "")."""
    said, aside = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(aside):
            CommandLine(prog="alembic").main(list(words))
    except (Exception, SystemExit) as error:
        lines = aside.getvalue().strip().splitlines()
        last = str(error).strip().partition("\n")[0] or type(error).__name__
        return said.getvalue(), lines[-1] if isinstance(error, SystemExit) and lines else last
    return said.getvalue(), ""


class _Reading(CommandLine):
    """Reads the command line and the configuration, and runs nothing."""

    def run_cmd(self, config: Config, options: Namespace) -> None:  # noqa: ARG002 - Alembic's
        self.config = config


def _chain() -> list[tuple[str, str]]:
    line = _Reading(prog="alembic")
    line.main(["heads"])
    script = ScriptDirectory.from_config(line.config)
    chain = list(script.walk_revisions())[::-1]
    branches = len(script.get_bases()) > 1 or any(one.is_branch_point for one in chain)
    return [(revision.revision, _below(revision, branches)) for revision in chain]


def _below(revision: Script, branches: bool) -> str:
    """What a downgrade names that takes back this one revision and leaves other branches alone."""
    below = revision.down_revision or "base"
    if not isinstance(below, str):
        return below[0]  # taking back a merge leaves all that it merged
    return f"{revision.revision}@{below}" if branches else below


_new = psycopg2.connect
_idle: dict[str, _Kept] = {}


class _Kept(connection):
    """A connection that is taken again, as good as new: to open one takes half of most commands."""

    key = ""

    def close(self) -> None:
        try:
            self.rollback()
            self.set_session("default", "default", "default", autocommit=True)
            with self.cursor() as cursor:
                cursor.execute("DISCARD ALL")
            self.autocommit = False
            del self.notices[:]
        except psycopg2.Error:
            super().close()
        else:
            _idle[self.key] = self


def _connect(*words: Any, **options: Any) -> Any:
    if options.get("connection_factory") is not None:
        return _new(*words, **options)
    key = repr((words, sorted(options.items())))
    kept = _idle.pop(key, None)
    if kept is None or kept.closed:
        kept = _new(*words, **{**options, "connection_factory": _Kept})
        kept.key = key
    return kept


if __name__ == "__main__":
    main(int(sys.argv[1]))
