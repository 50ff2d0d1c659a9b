"""What a command uses of Alembic is heard of, and nothing else is different for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.observation import Observation
from labkit.run import Runner
from labkit.server import Database
from tests.projects import INI, Project


@pytest.fixture(scope="module", params=["fork", "process"])
def runner(request: pytest.FixtureRequest) -> Iterator[Runner]:
    with Runner(fork=request.param == "fork") as runner:
        yield runner


@pytest.fixture
def project(tmp_path: Path, database: Database) -> Project:
    return Project(tmp_path / "shop", database.url)


def run(runner: Runner, project: Project, line: str) -> Observation:
    seen = runner.run(line, project=project.folder, env=project.env)
    assert (seen.status, seen.gaps) == (0, ()), seen.output
    return seen


def of(seen: Observation, kind: str) -> set[str]:
    return {name for group, name in seen.used if group == kind}


def test_operations_are_heard_of_that_a_migration_reaches_for(
    runner: Runner, project: Project
) -> None:
    project.revision(
        "roles",
        None,
        """
        op.create_table("roles", sa.Column("name", sa.Text))
        with op.batch_alter_table("roles") as roles:
            roles.add_column(sa.Column("note", sa.Text))
        op.get_bind()
        """,
        "op.drop_table('roles')",
    )
    seen = run(runner, project, "alembic upgrade head")
    assert of(seen, "op") == {"create_table", "batch_alter_table", "get_bind"}


def test_an_operation_of_the_projects_own_is_heard_of_by_what_makes_it(
    runner: Runner, project: Project
) -> None:
    project.write(
        "ours.py",
        """\
        from alembic.operations import MigrateOperation, Operations

        @Operations.register_operation("say")
        class Say(MigrateOperation):
            @classmethod
            def say(cls, operations):
                return operations.invoke(cls())

        @Operations.implementation_for(Say)
        def say(operations, operation):
            operations.execute("SELECT 1")
        """,
    )
    project.revision("say", None, "import ours\nop.say()")
    seen = run(runner, project, "alembic upgrade head")
    assert of(seen, "op") == {"register_operation", "implementation_for", "invoke", "execute"}


def test_arguments_of_configure_are_heard_of_that_are_not_as_they_are_without(
    runner: Runner, project: Project
) -> None:
    env = (project.folder / "migrations/env.py").read_text()
    env = env.replace("connection=connection,", "connection, compare_type=True, tag=None, ours=1,")
    project.write("migrations/env.py", env)
    seen = run(runner, project, "alembic upgrade head")
    assert of(seen, "configure") == {"connection", "target_metadata"}


def test_options_are_heard_of_that_alembic_finds_in_its_file(
    runner: Runner, project: Project
) -> None:
    hooks = "[post_write_hooks]\nhooks = look\nlook.type = exec\nlook.executable = true\n"
    project.write("alembic.ini", INI.replace("os\n", "os\ntimezone = UTC\nours = 1\n", 1) + hooks)
    seen = run(runner, project, "alembic revision -m one")
    assert of(seen, "ini") == {
        "script_location",
        "prepend_sys_path",
        "path_separator",
        "timezone",
        "hooks",
        "type",
        "executable",
    }


def test_the_words_of_each_program_are_told(runner: Runner, project: Project) -> None:
    seen = run(runner, project, "alembic heads -v && python -c 'pass' one")
    words = [tuple(words[1:]) for words in seen.programs]
    assert words[0][1:] == ("heads", "-v")
    assert words[0][0].endswith("alembic")
    assert words[1] == ("-c", "pass", "one")


def test_a_traceback_is_the_same_as_if_nobody_listened(runner: Runner, project: Project) -> None:
    project.revision("broken", None, "op.create_index('i', 'nowhere', ['id'])")
    seen = runner.run("alembic upgrade head", project=project.folder, env=project.env)
    assert seen.status == 1
    assert "in create_index" in seen.output
    assert "labkit" not in seen.output


def test_a_configuration_that_cannot_be_read_fails_as_if_nobody_listened(
    runner: Runner, project: Project
) -> None:
    project.write("alembic.ini", INI.replace("%(here)s", "%(nowhere)s"))
    seen = runner.run("alembic heads", project=project.folder, env=project.env)
    assert seen.status == 1
    assert "InterpolationMissingOptionError" in seen.output
    assert "labkit" not in seen.output
