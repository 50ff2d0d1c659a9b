"""A page read as a person reads it who copies it by hand: files, commands and what they print.

On purpose it knows nothing of labkit and as little of the grammar as will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_FENCE = re.compile(r"^```(\S+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NEED = re.compile(r"# => needs: PostgreSQL (?:(\d+)\+|before (\d+))")


@dataclass
class Copied:
    """A file (``path`` is set) or a command with what it claims to print."""

    text: str
    path: str = ""
    claims: list[tuple[str, list[str]]] = field(default_factory=list)
    need: str = ""


def copied(source: str, major: int) -> Iterator[Copied]:
    """What a person with PostgreSQL ``major`` copies from the top of a page to “Your turn”."""
    for language, info, text in _FENCE.findall(source.partition("\n## Your turn")[0]):
        if title := re.search(r'title="([^"]+)"', info):
            if _fits(text, major):
                yield Copied(text, title[1])
        elif language == "console":
            for command in _commands(text):
                if _fits(command.need, major):
                    yield command


def _commands(text: str) -> list[Copied]:
    found: list[Copied] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append(Copied(line[2:]))
        elif line.startswith("> "):
            found[-1].text += "\n" + line[2:]
        elif match := re.match(r"# => (Output|Error): ?(.*)", line):
            found[-1].claims.append((match[1], [match[2]]))
        elif (match := re.match(r"# =>(?:  (.*)|\s*)$", line)) and found[-1].claims:
            found[-1].claims[-1][1].append(match[1] or "")
        elif "# => needs:" in line:
            found[-1].need = line
        else:
            # Another claim; what goes on below it is not printed.
            found[-1].claims.append(("", []))
    return found


def _fits(text: str, major: int) -> bool:
    match = _NEED.search(text)
    if not match:
        return True
    return major >= int(match[1]) if match[1] else major < int(match[2])


def wrong(command: Copied, status: int, output: str) -> str:
    """What is not as the page says, "" where all is."""
    expected_to_fail = any(kind == "Error" for kind, _ in command.claims)
    if (status != 0) != expected_to_fail:
        return f"it ends with {status}"
    printed = "\n".join(line.strip() for line in output.strip().splitlines())
    for kind, lines in command.claims:
        pattern = _pattern("\n".join(line.strip() for line in lines).strip())
        if kind == "Output" and not re.fullmatch(pattern, printed, re.DOTALL):
            return f"it does not print {lines}"
        if kind == "Error" and not re.search(rf"^{pattern}$", printed, re.DOTALL | re.MULTILINE):
            return f"it does not fail with {lines}"
    return ""


def _pattern(text: str) -> str:
    """Three dots are any text of a line; at the beginning or end of one, of more lines too."""
    lines = []
    for line in text.split("\n"):
        inner = re.escape(line.removeprefix("...").removesuffix("...")).replace(
            r"\.\.\.", r"[^\n]*?"
        )
        before = ".*?" if line.startswith("...") else ""
        lines.append(before + inner + (".*?" if line.endswith("...") and line != "..." else ""))
    return "\n".join(lines)
