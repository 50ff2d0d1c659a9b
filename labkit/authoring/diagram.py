"""Diagrams: the rules that a page's Mermaid picture keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator

PALETTE = ("#0173B2", "#DE8F05", "#029E73", "#CC78BC", "#CA9161", "#000000", "#FFFFFF")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{3,8}\b")
_STYLE = re.compile(r"\s*(classDef|class|style|linkStyle|click|direction|end)\b")
_EDGE = re.compile(r"\s*(?:<?(?:-->|---|-\.->|==>|--o|--x|-\.-|===))\s*")
_NODE = re.compile(
    r"(\w+)\s*(?:@\{[^}]*\}|[\[({>][\[({/\\]?(.*?)[/\\]?[\])}][\])}]?)?(?::::?\w+)?\Z"
)


def diagram_faults(text: str) -> Iterator[tuple[int, str]]:
    """(line of the diagram from 1, what is wrong) for every rule that it breaks."""
    lines = text.splitlines()
    first = next((line.strip() for line in lines if line.strip()), "")
    if not re.fullmatch(r"flowchart (TD|TB)", first):
        yield 1, "a diagram opens with “flowchart TD” or “flowchart TB”"
    labelled: set[str] = set()
    used: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if "%%{" in line:
            yield number, "“%%{” is a directive, write a comment as “%% text”"
        for colour in _COLOUR.findall(line):
            if colour.upper() not in PALETTE:
                yield number, f"the colour {colour} is not in the palette"
        bare = line.split("%%")[0]
        if not bare.strip() or bare.strip() == first or _STYLE.match(bare):
            continue
        if bare.lstrip().startswith("subgraph"):
            continue
        yield from ((number, what) for what in _line_faults(bare, number, labelled, used))
    for name, number in used.items():
        if name not in labelled:
            yield number, f"the node {name} has no label"


def _line_faults(line: str, number: int, labelled: set[str], used: dict[str, int]) -> Iterator[str]:
    """What is wrong on one line; notes the nodes that it names and those that it labels."""
    hidden: list[str] = []

    def hide(match: re.Match[str]) -> str:
        hidden.append(match[0])
        return f'"{len(hidden) - 1}"'

    parts = _EDGE.split(re.sub(r'"[^"]*"', hide, line.strip().rstrip(";")))
    for index, part in enumerate(parts):
        if index:
            label = re.match(r"\|([^|]+)\|\s*", part)
            if not label:
                yield 'an edge has no label, write -->|"text"|'
            part = part[label.end() :] if label else part
        for node in part.split("&"):
            match = _NODE.match(node.strip())
            if not match:
                yield f"“{node.strip()}” cannot be read as a node"
                continue
            used.setdefault(match[1], number)
            if match[2]:
                labelled.add(match[1])
