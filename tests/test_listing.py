"""Lists of labs fit their window, and finding says where a word stands."""

from __future__ import annotations

import io
from pathlib import Path
from textwrap import dedent

import pytest

from labkit.lab import Lab
from labkit.listing import draw_mentions, draw_overview
from labkit.mention import mentions
from labkit.overview import Overview, Row
from labkit.progress import LAPSED, NEW, PASSED
from labkit.terminal import Terminal
from labkit.trouble import Trouble

PAGE = """\
# Lab 7: Adding a column

## Explanation

A column more, and nobody waits.

## Annotated code

```python title="0001.py"
def upgrade() -> None:
    op.add_column("products", 1)  # => one column more
    op.add_column("orders", 1)
```

```console
$ alembic -x a=b upgrade head
# => Version: 0001
```
"""


@pytest.fixture
def labs(tmp_path: Path) -> list[Lab]:
    made = []
    for name, page in (
        ("07-add-column", PAGE),
        ("08-other", "# Lab 8: Another\n\n## Explanation\n\nNot about a column.\n"),
        ("09-broken", "## No title\n\n```python\nnever ended: add_column\n"),
        ("10-empty", ""),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "README.md").write_text(page, encoding="utf-8")
        made.append(Lab(tmp_path / name))
    return made


def drawn(width: int, overview: Overview) -> str:
    file = io.StringIO()
    draw_overview(Terminal(file, width), overview)
    return file.getvalue()


def found(labs: list[Lab], word: str, width: int = 80) -> str:
    file = io.StringIO()
    draw_mentions(Terminal(file, width), mentions(labs, word))
    return file.getvalue()


def test_a_list_has_a_line_for_each_lab(labs: list[Lab]) -> None:
    rows = (Row(labs[0], PASSED, False, 50), Row(labs[1], LAPSED, True), Row(labs[3], NEW))
    told = drawn(80, Overview(rows, "Some passed.", "Next: invoke lab 8", ("A note.",)))
    assert told == dedent("""\
           7 Adding a column passed                50 %
        >  8 Another         passed but no longer
          10 empty           new
        A note.

        Some passed.
        Next: invoke lab 8
        """).replace("           7", "   7")


def test_a_narrow_window_has_a_line_for_each_lab_too(labs: list[Lab]) -> None:
    rows = (Row(labs[0], PASSED, False, 50), Row(labs[1], LAPSED, True))
    told = drawn(30, Overview(rows, "", ""))
    assert told.splitlines()[:2] == ["   7 Adding a co… passed  50 %", ">  8 Another      lapsed"]


def test_a_word_is_found_with_its_lab_and_its_part(labs: list[Lab]) -> None:
    assert found(labs, "add_column") == dedent("""\
         7 Adding a column
           Annotated code
             op.add_column
             op.add_column("products", 1)  # => one column more
             op.add_column("orders", 1)
         9 broken
           No title
             never ended: add_column

        Run one: invoke lab 7
        """)


def test_blanks_stand_for_underscores_and_case_does_not_matter(labs: list[Lab]) -> None:
    assert [m.shown for m in mentions(labs, "ADD COLUMN")][:1] == ["op.add_column"]


def test_commands_are_found_with_their_options(labs: list[Lab]) -> None:
    (mention,) = mentions(labs, "-x a=b")
    assert (mention.part, mention.kind, mention.line) == ("Annotated code", "command", 16)


def test_labs_that_are_about_a_word_come_first(labs: list[Lab]) -> None:
    assert mentions([*reversed(labs)], "column")[0].lab.number == 7


def test_a_word_that_no_page_has_is_answered_with_those_near_it(labs: list[Lab]) -> None:
    with pytest.raises(Trouble) as told:
        mentions(labs, "upgrad e")
    assert (told.value.what, told.value.why, told.value.mend) == (
        "No page speaks of “upgrad e”.",
        "Near it is upgrade.",
        "invoke labs --find upgrade",
    )
    with pytest.raises(Trouble) as nothing:
        mentions(labs, "xyzzy")
    assert (nothing.value.why, nothing.value.mend) == ("", "See all labs: invoke labs")


def test_long_lines_are_cut_and_many_are_counted(tmp_path: Path) -> None:
    (tmp_path / "01-long").mkdir()
    lines = "\n\n".join(f"word {number} {'x' * 90}" for number in range(6))
    (tmp_path / "01-long" / "README.md").write_text(f"# Lab 1: L\n\n## Explanation\n\n{lines}\n")
    told = found([Lab(tmp_path / "01-long")], "word", 40)
    assert told.splitlines()[2] == f"     word 0 {'x' * 27}…"
    assert told.splitlines()[6] == "     and 2 more"
