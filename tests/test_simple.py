"""Simple commands: a line that a shell would have to read is none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from labkit.process import simple

SIMPLE = [
    "alembic upgrade head",
    "  alembic\t-x a=b   upgrade head \n",
    "python sql.py 'SELECT 1; -- $x `y` \\' \"it's\"",
    "python sql.py \"INSERT INTO products\n  VALUES (1, 'a')\"",
    "python -c '' \"\" a''b x\"y z\"'w'",
    "alembic upgrade heads@+1,-2:base ./a%b/c",
    "python prögram.py é",
]


@pytest.mark.parametrize("line", SIMPLE)
def test_the_words_of_a_simple_command_are_those_a_shell_finds(line: str) -> None:
    told = f"{sys.executable} -c 'import sys; print(ascii(sys.argv[1:]))' {line}"
    shell = subprocess.run(["sh", "-c", told], capture_output=True, text=True, check=True)
    assert ascii(simple.words(line)) == shell.stdout.strip()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "   ",
        "alembic upgrade head; true",
        "alembic upgrade head && true",
        "alembic current | cat",
        "alembic current > out",
        "python < sql.py",
        "alembic upgrade head &",
        "alembic upgrade $TARGET",
        'python sql.py "$TARGET"',
        'python sql.py "`date`"',
        'python sql.py "a\\"b"',
        "python a\\ b.py",
        "python ~/a.py",
        "python *.py",
        "python a?.py",
        "python [ab].py",
        "python {a,b}.py",
        "python a.py # a comment",
        "python a.py !1",
        "(alembic current)",
        "TZ=UTC python a.py",
        "python a.py\npython b.py",
        "python 'a.py",
        "python sql.py 'a\0b'",
        f"python -c '{'x' * 200_000}'",
    ],
)
def test_any_other_line_is_left_to_a_shell(line: str) -> None:
    assert simple.words(line) is None
