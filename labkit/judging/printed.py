"""What a command printed, set beside what a page says that it prints.

Indentation and blank ends of lines are left out on both sides. ``...`` inside a line stands for
text of that line; at the beginning or the end of one it stands for further lines as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from labkit.observation import Observation

# How programs, Python, Alembic, PostgreSQL and shells open what they say of a failure.
_FAILURE = re.compile(
    r"Traceback \(|(?:ERROR|CRITICAL|FATAL|FAILED)\b|usage: |\S*error:|[\w.]*(?:Error|Exception)\b",
)
_PASSING = re.compile(r"(?:DEBUG|INFO|WARN|WARNI|WARNING)\s+\[")


def lines(output: str) -> list[str]:
    """The lines of an output, stripped, without blank ones at its beginning and its end."""
    return [line.strip() for line in output.strip().splitlines()]


def shows(wanted: Sequence[str], output: str) -> bool:
    """Whether the lines of a claim are the whole output."""
    return bool(re.fullmatch(_body(wanted), "\n".join(lines(output)), re.DOTALL))


def matches(wanted: str, line: str) -> bool:
    """Whether one line of a claim says one line of an output."""
    return bool(re.fullmatch(_body([wanted]), line))


def tells(wanted: Sequence[str], seen: Observation) -> bool:
    """Whether the lines of a claim, one after the other, are among what a failure printed."""
    told = "\n".join(failing_lines(seen))
    return bool(re.search(rf"^{_body(wanted)}$", told, re.DOTALL | re.MULTILINE))


def failing_lines(seen: Observation) -> list[str]:
    """The lines that a command printed about its failure, messages of its good part left out.

    They begin with the first line that opens like an error or holds the failure's own message;
    where there is none, it is the last line alone.
    """
    printed = [line for line in lines(seen.output) if not _PASSING.match(line)]
    message = seen.failure.message.strip().partition("\n")[0] if seen.failure else ""
    for number, line in enumerate(printed):
        if _FAILURE.match(line) or (len(message) > 3 and message in line):
            return printed[number:]
    return printed[-1:]


def _body(wanted: Sequence[str]) -> str:
    return r"\n".join(_line(line) for line in "\n".join(wanted).strip().splitlines())


def _line(wanted: str) -> str:
    parts = [re.escape(part) for part in wanted.strip().split("...")]
    body = parts[0]
    for number, part in enumerate(parts[1:], 1):
        at_an_end = (number == 1 and not parts[0]) or (number == len(parts) - 1 and not part)
        body += (".*?" if at_an_end else r"[^\n]*?") + part
    return body
