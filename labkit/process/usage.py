"""Usage: which parts of Alembic a process meets, told to its record once each.

Only attribute access and the lookup of an option are listened to. Both are over before anything
can fail, so that no traceback ever passes through here.
"""

from __future__ import annotations

import configparser
import contextlib
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from labkit.process import failing

# What a generated function of alembic.op and alembic.context calls the arguments it passes on.
_POSITIONAL, _BY_NAME = "args", "kw"

Tell = Callable[[str, str], None]


class Usage:
    """Tells ``tell(kind, name)`` of every use that a line of the project makes of Alembic.

    Kinds are "op", "configure" and "ini". ``tell`` may be called with the same more than once.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self.project = "/nowhere"

    def listen_to_operations(self) -> None:
        """Hear of each ``op.*`` that a project reaches for, and of what env.py configures."""
        import inspect

        from alembic.operations import Operations
        from alembic.runtime.environment import EnvironmentContext

        for name in _directives():
            setattr(Operations, name, _Heard(Operations, name, self._operation))
        heard = _Heard(EnvironmentContext, "configure", self._configure)
        self._defaults = {
            name: parameter.default
            for name, parameter in inspect.signature(
                EnvironmentContext.configure
            ).parameters.items()
        }
        EnvironmentContext.configure = heard  # type: ignore[assignment,method-assign]

    def listen_to_options(self) -> None:
        """Hear of each option that Alembic finds in its configuration file."""
        from alembic import config

        tell = self._tell

        class ConfigParser(configparser.ConfigParser):
            """The same parser; it hears which of its options are asked for."""

            def optionxform(self, optionstr: str) -> str:
                name: str = super().optionxform(optionstr)
                get, caller = sys._getframe(1), sys._getframe(2)
                asked = get.f_code.co_name == "get" and failing.is_alembic(caller)
                if asked and name in get.f_locals.get("d", ()):
                    tell("ini", name)
                return name

            def has_section(self, section: str) -> bool:
                if section == "post_write_hooks" and super().has_section(section):
                    for name in self._sections[section]:  # type: ignore[attr-defined]
                        tell("ini", name.rpartition(".")[2])
                return bool(super().has_section(section))

        setattr(config, "ConfigParser", ConfigParser)  # noqa: B010 - it is no public name

    def _operation(self, name: str, asking: FrameType) -> None:
        if asking.f_globals.get("__name__") == "alembic.op" and asking.f_back is not None:
            asking = asking.f_back
        if failing.in_project(asking.f_code.co_filename, self.project):
            self._tell("op", name)

    def _configure(self, _: str, asking: FrameType) -> None:
        names = list(self._defaults)[1:]
        given = dict(zip(names, asking.f_locals.get(_POSITIONAL, ()), strict=False))
        for name, value in {**given, **asking.f_locals.get(_BY_NAME, {})}.items():
            if name in self._defaults and value is not self._defaults[name]:
                self._tell("configure", name)


def _directives() -> list[str]:
    """The names of all ``op.*`` functions."""
    from alembic import op
    from alembic.operations import Operations

    return [
        name
        for name in sorted(vars(op))
        if not name.startswith("_") and name in dir(Operations) and callable(getattr(op, name))
    ]


class _Heard:
    """An attribute of a class that is heard of when somebody gets it, and is as it was."""

    def __init__(self, owner: type, name: str, hear: Callable[[str, FrameType], None]) -> None:
        self._there = next(vars(base)[name] for base in owner.__mro__ if name in vars(base))
        self._name = name
        self._hear = hear

    def __get__(self, instance: Any, owner: type) -> Any:
        # What is not heard of is a gap in a table and no more.
        with contextlib.suppress(Exception):
            self._hear(self._name, sys._getframe(1))
        bind = getattr(type(self._there), "__get__", None)
        return bind(self._there, instance, owner) if bind else self._there
