"""The YAML that a snapshot is written in: for people and for ``git diff``."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import yaml

from labkit.messages import snapshot as messages
from labkit.schema.catalog import KINDS
from labkit.schema.catalog.kind import Kind, Part

_WIDTH = 100
# What is longer has to be said to be a key.
_LONGEST_KEY = 1000
_HEADER = "# A schema as it was read from PostgreSQL. Record it again rather than edit it.\n"

# What may stand bare in YAML, inside brackets and outside them; everything else is quoted.
_IN_FLOW = re.compile(r"[A-Za-z_(][\w ./()+*<>=|$@^-]*(?<! )\Z", re.ASCII).match
_IN_BLOCK = re.compile(r"[A-Za-z_(][\w ./()+*<>=|$@^,\[\]-]*(?<! )\Z", re.ASCII).match
_TAKEN = re.compile(r"(?i)(?:y|n|yes|no|on|off|true|false|null)\Z").match
_PRINTABLE = r"\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"

_SECTIONS = frozenset(kind.section for kind in KINDS)


@cache
def _unprintable(but: str = "") -> re.Pattern[str]:
    """Made when it is first needed: so large a set takes as long as all else in here."""
    return re.compile(f"[^{but}{_PRINTABLE}]")


def write(content: dict[str, Any]) -> str:
    """The content of a snapshot as YAML that ends in a newline."""
    lines: list[str] = []
    for key, value in content.items():
        _entry(lines, "", key, value)
    return _HEADER + ("\n".join(lines) if lines else "{}") + "\n"


def _entry(lines: list[str], indent: str, key: str, value: Any) -> None:
    name = _scalar(key, _IN_FLOW)
    if len(name) > _LONGEST_KEY:
        lines.append(f"{indent}? {name}")
        name = ""
    head = f"{indent}{name}:"
    if not isinstance(value, str):
        holds_objects = isinstance(value, dict) and (key in _SECTIONS or _SECTIONS & value.keys())
        short = None if holds_objects and value else _flow(value)
    else:
        short = None if "\n" in value else _scalar(value, _IN_BLOCK)
    if short is not None and (
        len(head) + len(short) < _WIDTH or not value or not isinstance(value, dict | list)
    ):
        lines.append(f"{head} {short}")
    elif isinstance(value, dict):
        lines.append(head)
        for name, item in value.items():
            _entry(lines, indent + "  ", name, item)
    elif isinstance(value, list):
        lines.append(head)
        lines.extend(f"{indent}- {_flow(item) or _flow(item, tall=True)}" for item in value)
    elif _unprintable("\t\n").search(value):
        lines.append(f"{head} {_double(value)}")
    else:
        _text(lines, indent, head, value)


def _text(lines: list[str], indent: str, head: str, value: str) -> None:
    """A text of several lines, as it is."""
    body = value.split("\n")
    chomp = "-"
    if not body[-1]:
        body.pop()
        chomp = "" if body[-1] else "+"
    lines.append(f"{head} |2{chomp}")
    lines.extend(f"{indent}  {line}" if line else "" for line in body)


def _flow(value: Any, *, tall: bool = False) -> str | None:
    """The value on one line; None when a text in it has several, unless those are ``tall``."""
    if isinstance(value, str) and "\n" in value:
        return _double(value) if tall else None
    if not isinstance(value, dict | list):
        return _scalar(value, _IN_FLOW)
    texts = [
        _flow(item, tall=tall) for item in (value.values() if isinstance(value, dict) else value)
    ]
    shown = [text for text in texts if text is not None]
    if len(shown) < len(texts):
        return None
    if isinstance(value, list):
        return "[" + ", ".join(shown) + "]"
    items = zip(value, shown, strict=True)
    return "{" + ", ".join(f"{_scalar(key, _IN_FLOW)}: {text}" for key, text in items) + "}"


def _scalar(value: Any, plain: Callable[[str], object]) -> str:
    if isinstance(value, str):
        if plain(value) and not _TAKEN(value):
            return value
        if _unprintable().search(value):
            return _double(value)
        return "'" + value.replace("'", "''") + "'"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _double(value: str) -> str:
    text = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + _unprintable().sub(lambda found: f"\\U{ord(found.group()):08x}", text) + '"'


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A loader that refuses a key given twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        if len(mapping) != len(node.value):
            seen = set()
            for key, _ in node.value:
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"{key.value} is given twice", problem_mark=key.start_mark
                    )
                seen.add(key.value)
        return mapping


def parse(text: str, name: str) -> dict[str, Any]:
    """The content of a snapshot; Trouble with ``name`` and line when it is none."""
    try:
        content = yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise messages.nonsense(
            f"{name}:{line}", f"{error.problem or 'this is not YAML'}."
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise messages.nonsense(f"{name}:1", " ".join(str(error).split()) + ".") from None
    if content is None:
        content = {}
    complaint = _complaint(content)
    if complaint is not None:
        path, what = complaint
        raise messages.nonsense(f"{name}:{_line(text, path)}", what)
    checked: dict[str, Any] = content
    return checked


Path = tuple[Any, ...]


def _complaint(content: Any) -> tuple[Path, str] | None:
    """The first thing that no snapshot can hold, with the way to it."""
    if not isinstance(content, dict):
        return (), "a snapshot is a mapping with sections such as tables."
    sections = {kind.section: kind for kind in KINDS if not kind.inside}
    for section, objects in content.items():
        if section == "alembic_version":
            if not (isinstance(objects, list) and all(isinstance(item, str) for item in objects)):
                return (section,), "alembic_version is a list of revisions; write [] for none."
        elif section == "rows":
            complaint = _rows_complaint(objects)
            if complaint:
                return complaint
        elif section not in sections:
            known = ", ".join(["alembic_version", *sections, "rows"])
            return (section,), f"{section!r} is no section of a snapshot; known are {known}."
        else:
            complaint = _objects_complaint((section,), sections[section], objects)
            if complaint:
                return complaint
    return None


def _rows_complaint(tables: Any) -> tuple[Path, str] | None:
    if not isinstance(tables, dict):
        return ("rows",), "rows is a mapping from table to a list of rows."
    for table, found in tables.items():
        if not isinstance(table, str) or not isinstance(found, list):
            return ("rows", table), "the rows of a table are a list."
        for number, row in enumerate(found):
            if not isinstance(row, dict) or not all(isinstance(key, str) for key in row):
                return ("rows", table, number), "a row is a mapping from column to value."
            for column, cell in row.items():
                if not (cell is None or isinstance(cell, str | int)):
                    what = f"{cell} has to be in quotes: values other than whole numbers are texts."
                    return ("rows", table, number, column), what
    return None


def _objects_complaint(path: Path, kind: Kind, objects: Any) -> tuple[Path, str] | None:
    if not isinstance(objects, dict):
        return path, f"{kind.section} is a mapping from name to {kind.noun}."
    nested = {child.section: child for child in KINDS if path[0] in child.inside and len(path) == 1}
    for name, spec in objects.items():
        here = (*path, name)
        if not isinstance(name, str):
            return here, f"the name {name} has to be in quotes: it is not a text."
        if not isinstance(spec, dict):
            return here, f"a {kind.noun} is a mapping of its parts, such as {_example(kind)}."
        for part, value in spec.items():
            if part in nested:
                complaint = _objects_complaint((*here, part), nested[part], value)
                if complaint:
                    return complaint
                continue
            shape: Part | None = kind.parts.get(part)
            if shape is None:
                known = ", ".join([*kind.parts, *nested])
                return (*here, part), f"{part!r} is no part of a {kind.noun}; known are {known}."
            if not shape.holds(value):
                return (*here, part), f"{part} is {shape.noun}, not {value!r}."
        for part in kind.required:
            if part not in spec:
                return here, f"this {kind.noun} has no {part}."
    return None


def _example(kind: Kind) -> str:
    part = next(iter(kind.parts), "comment")
    return f"{part}: ..."


def _line(text: str, path: Path) -> int:
    """The line where the value at the path stands."""
    node = yaml.compose(text, _Loader)
    line = 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step) or _Loader("").construct_object(key) == step:
                    line = key.start_mark.line + 1
                    node = value
                    break
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line
