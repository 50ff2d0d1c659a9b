"""The index: the parts of ``labs/README.md`` that are generated from the labs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from labkit.authoring.coverage import Used, covered, table
from labkit.authoring.surface import GROUPS, surface
from labkit.lab import Lab

_PART = "<!-- generated: {name}, by `invoke index` -->\n{text}\n<!-- end of {name} -->"
_ROW = re.compile(r"\| `([^`]+)` \| ([\d, ]+|none) \|")


def with_parts(source: str, labs: Sequence[Lab], by_lab: Mapping[int, Used]) -> str:
    """The README with its generated parts as they must be now.

    Raises:
        ValueError: a part has no place in it.
    """
    for name, lines in (("labs", lab_table(labs)), ("coverage", coverage(by_lab))):
        text = "\n".join(["", *lines, ""])
        whole = _PART.format(name=name, text=text)
        source, count = _place(name).subn(lambda _, whole=whole: whole, source)  # type: ignore[misc]
        if count != 1:
            raise ValueError(f"the README has no place for its part “{name}”")
    return source


def lab_table(labs: Sequence[Lab]) -> list[str]:
    """A row for each lab: its number, its title, and the first sentence of its page."""
    rows = ["| lab | title | what it is about |", "| ---: | --- | --- |"]
    for lab in labs:
        title = lab.page.title.partition(": ")[2]
        rows.append(f"| {lab.number} | [{title}]({lab.name}/README.md) | {first_sentence(lab)} |")
    return rows


def first_sentence(lab: Lab) -> str:
    """The first sentence of a page's Explanation, on one line."""
    text = " ".join(lab.page.part("Explanation").split())
    return re.split(r"(?<=[.!?])\s+(?=[A-Z`“])", text)[0].replace("|", "\\|")


def coverage(by_lab: Mapping[int, Used]) -> list[str]:
    """Counts of all groups, then a table for each."""
    lines = ["| | used | of |", "| --- | ---: | ---: |"]
    for group, name in GROUPS.items():
        lines.append("| {} | {} | {} |".format(name, *covered(by_lab, group)))
    for group, name in GROUPS.items():
        summary = "<summary>{}: {} of {}</summary>".format(
            re.sub(r"`([^`]*)`", r"<code>\1</code>", name), *covered(by_lab, group)
        )
        lines += ["", "<details>", summary, "", *table(by_lab, group), "", "</details>"]
    return lines


def read(source: str) -> dict[int, Used]:
    """What the README says of each lab's coverage, by the lab's number."""
    found: dict[int, Used] = {}
    part = _place("coverage").search(source)
    sections = re.split(r"<summary>.*</summary>", part[0] if part else "")[1:]
    for group, section in zip(GROUPS, sections, strict=True):
        for item, numbers in _ROW.findall(section):
            for number in re.findall(r"\d+", numbers):
                found.setdefault(int(number), set()).add((group, item))
    return found


def items(source: str) -> dict[str, tuple[str, ...]]:
    """The items that the README lists, by group."""
    part = _place("coverage").search(source)
    sections = re.split(r"<summary>.*</summary>", part[0] if part else "")[1:]
    return {
        group: tuple(item for item, _ in _ROW.findall(section))
        for group, section in zip(GROUPS, sections, strict=True)
    }


def is_current(source: str) -> bool:
    """Whether the README lists what the installed Alembic has."""
    return items(source) == surface()


def _place(name: str) -> re.Pattern[str]:
    begin = re.escape(f"<!-- generated: {name}, by `invoke index` -->")
    return re.compile(rf"{begin}\n.*?<!-- end of {name} -->", re.DOTALL)
