"""The surface of the installed Alembic: all that a person can use of it, as it says itself."""

from __future__ import annotations

import argparse
import ast
import inspect
from functools import cache
from pathlib import Path

import alembic
from alembic.config import CommandLine
from alembic.runtime.environment import EnvironmentContext

# What a command line can name revisions by. These are a grammar of Alembic's and no list of it.
TARGETS = ("id", "head", "heads", "base", "+N", "-N", "from:to", "branch@head")

GROUPS = {
    "op": "`op.*` directives",
    "command": "commands",
    "option": "options of commands",
    "target": "forms of a target",
    "configure": "arguments of `context.configure`",
    "ini": "options of alembic.ini",
}

# The functions in whose calls Alembic names the options that it looks for.
_ASKING = {
    "get_alembic_option",
    "get_alembic_boolean_option",
    "get_main_option",
    "_get_file_separator_char",
    "_get_required_option",
    "get",
}
_SOURCES = (
    "config.py",
    "command.py",
    "script/base.py",
    "script/write_hooks.py",
    "templates/generic/env.py",
)


@cache
def surface() -> dict[str, tuple[str, ...]]:
    """The items of each of the ``GROUPS``, in order."""
    parser = CommandLine(prog="alembic").parser
    commands = subcommands(parser)
    options = _options(parser)
    for command, sub in commands.items():
        options += [f"{command} {name}" for name in _options(sub)]
    configure = list(inspect.signature(EnvironmentContext.configure).parameters)[1:-1]
    return {
        "op": tuple(_directives()),
        "command": tuple(sorted(commands)),
        "option": tuple(options),
        "target": TARGETS,
        "configure": tuple(configure),
        "ini": tuple(sorted(_ini_options())),
    }


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of the commands, by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def option_name(action: argparse.Action) -> str:
    """The longest of an option's names; "" for what is no option, and for help."""
    if isinstance(action, argparse._HelpAction):
        return ""
    return max(action.option_strings, key=len, default="")


def _options(parser: argparse.ArgumentParser) -> list[str]:
    return [name for action in parser._actions if (name := option_name(action))]


def _directives() -> list[str]:
    """The functions of ``alembic.op`` that its type stub makes public."""
    stub = Path(alembic.__file__).with_name("op.pyi").read_text(encoding="utf-8")
    return sorted({node.name for node in ast.parse(stub).body if isinstance(node, ast.FunctionDef)})


def _ini_options() -> set[str]:
    """The names that Alembic's own code, and the env.py that it generates, look for."""
    found: set[str] = set()
    for source in _SOURCES:
        path = Path(alembic.__file__).parent / source
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found.update(_asked_for(node))
            elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "hook":
                found.add(
                    str(getattr(node.slice, "value", ""))
                )  # a hook's options are a dictionary
    return {name for name in found if not name.startswith("_")}


def _asked_for(call: ast.Call) -> list[str]:
    function = call.func
    name = getattr(function, "attr", getattr(function, "id", ""))
    if name not in _ASKING:
        return []
    texts = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if name != "get":
        return texts if name in ("_get_file_separator_char", "_get_required_option") else texts[:1]
    # A dictionary's own, unless it is one of options.
    of = getattr(function, "value", None)
    if getattr(of, "attr", getattr(of, "id", "")) in ("file_config", "options", "ini_hook_config"):
        return texts[:1]
    return []
