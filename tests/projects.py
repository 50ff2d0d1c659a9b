"""Projects for tests: a folder with Alembic's scaffold and the revisions that a test gives it."""

from __future__ import annotations

import os
import shutil
import textwrap
from pathlib import Path

INI = """\
[alembic]
script_location = %(here)s/migrations
prepend_sys_path = .
path_separator = os

[loggers]
keys = root,alembic

[handlers]
keys = console

[formatters]
keys = generic

[logger_root]
level = WARNING
handlers = console
qualname =

[logger_alembic]
level = INFO
handlers =
qualname = alembic

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic

[formatter_generic]
format = %(levelname)-5.5s [%(name)s] %(message)s
"""

ENV = """\
import os
from logging.config import fileConfig

from alembic import context
from sqlalchemy import MetaData, create_engine
from sqlalchemy.pool import NullPool

fileConfig(context.config.config_file_name)
url = os.environ["DATABASE_URL"]
target_metadata = MetaData()

if context.is_offline_mode():
    context.configure(url=url, literal_binds=True, target_metadata=target_metadata)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()
"""

MAKO = '''\
"""${message}"""
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''


class Project:
    """A project in ``folder`` whose database is ``url``."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.lay()

    def lay(self) -> None:
        """Make the folder hold the scaffold and nothing else."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "migrations" / "versions").mkdir(parents=True)
        self.write("alembic.ini", INI)
        self.write("migrations/env.py", ENV)
        self.write("migrations/script.py.mako", MAKO)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project, dedented."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return file

    def revision(self, name: str, after: str | None, upgrade: str, downgrade: str = "pass") -> str:
        """Write a revision; the first line of ``upgrade`` is line 9. Returns its file's name."""
        file = f"migrations/versions/{name}.py"
        up = textwrap.indent(textwrap.dedent(upgrade).strip(), "    ")
        down = textwrap.indent(textwrap.dedent(downgrade).strip(), "    ")
        text = (
            f'"""{name}"""\n'
            "import os, signal, sys, time\n"
            "import sqlalchemy as sa\n"
            "from alembic import op\n"
            f"revision = {name!r}\ndown_revision = {after!r}\n\n"
            f"def upgrade():\n{up}\n\ndef downgrade():\n{down}\n"
        )
        self.write(file, text)
        return file

    @property
    def env(self) -> dict[str, str]:
        """The environment of its commands."""
        # As in a lab, where a fork serves the command for this reason.
        return {**os.environ, "DATABASE_URL": self.url, "PYTHONDONTWRITEBYTECODE": "1"}
