"""Text reaches a window, a pipe and a file in the form that each can take."""

from __future__ import annotations

import io

import pytest
from rich.text import Text

from labkit.terminal import Terminal, cleaned


class Gone(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError


def test_no_line_in_a_pipe_ends_in_blanks() -> None:
    file = io.StringIO()
    terminal = Terminal(file, 80)
    terminal.print(Text("one  \n  \ntwo \t\nend "), soft_wrap=True)
    assert file.getvalue() == "one\n\ntwo\nend\n"


def test_a_prompt_keeps_its_blank() -> None:
    file = io.StringIO()
    Terminal(file, 80).print("Write? ", end="")
    assert file.getvalue() == "Write? "


def test_colour_stays_out_of_a_pipe() -> None:
    file = io.StringIO()
    Terminal(file, 80).print(Text("red", "bold red"))
    assert file.getvalue() == "red\n"


def test_what_cannot_be_encoded_becomes_a_question_mark() -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="latin-1")
    Terminal(file, 80).print(Text("é ─ “x” \udce4"))
    assert raw.getvalue() == "é ? ?x? ?\n".encode("latin-1")


def test_a_reader_that_has_gone_is_told_as_such() -> None:
    with pytest.raises(BrokenPipeError):
        Terminal(Gone(), 80).print("text")


@pytest.mark.parametrize(("asked", "given"), [(1, 30), (40, 40), (80, 80), (300, 100)])
def test_it_is_never_wider_or_narrower_than_can_be_read(asked: int, given: int) -> None:
    assert Terminal(io.StringIO(), asked).width == given


def test_the_width_of_the_window_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "44")
    assert Terminal(io.StringIO()).width == 44


@pytest.mark.parametrize("columns", ["0", "-1", "abc", ""])
def test_a_width_that_makes_no_sense_is_passed_over(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert 30 <= Terminal(io.StringIO()).width <= 100


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("x" * 12, 5, ["xxxxx", "xxxxx", "xx"]),
        ("a\n\nb", 5, ["a", "", "b"]),
        ("漢字漢字", 4, ["漢字", "漢字"]),
        ("  indented", 20, ["  indented"]),
        ("", 20, [""]),
        ("abc", 0, ["a", "b", "c"]),
    ],
)
def test_text_is_broken_at_blanks_and_else_where_it_must(
    text: str, width: int, lines: list[str]
) -> None:
    assert Terminal(io.StringIO(), 80).wrapped(text, width) == lines


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x07b\x00c", "abc"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b[2Jtext", "text"),
        ("one\n\x1b[1mtwo\x1b[0m", "one\ntwo"),
        ("[bold]as it is[/bold]", "[bold]as it is[/bold]"),
        ("", ""),
    ],
)
def test_nothing_that_steers_a_terminal_passes(text: str, clean: str) -> None:
    assert cleaned(text) == clean
