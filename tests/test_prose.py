"""The words of the pages: spelled in one way, in sentences of a length, each opened anew."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from spellchecker import SpellChecker

from labkit.authoring.prose import commentary, opening, paragraphs, sentences, words
from labkit.lab import Lab, all_labs
from tests.world import page

LABS = all_labs(Path(__file__).resolve().parents[1] / "labs")
OWN = Path(__file__).with_name("words.txt")
LONGEST = 36  # words, of a sentence or of the part of one before a colon or a semicolon
FILLERS = re.compile(
    r"\b(powerful|simply|just|easily|basically|obviously|of course|robust|seamless\w*|leverag\w+"
    r"|in order to|note that|crucial\w*|essential\w*|ensur\w+)\b|(?<!=)!(?![=\w])",
    re.IGNORECASE,
)

every_lab = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)


@cache
def dictionary() -> SpellChecker:
    spelling = SpellChecker()
    own = OWN.read_text(encoding="utf-8").splitlines()
    spelling.word_frequency.load_words(word for word in own if not word.startswith("#"))
    return spelling


def said(lab: Lab) -> list[tuple[str, str]]:
    """(place, text) of all prose of a lab."""
    return [
        (f"{page.path.name}:{line}", text)
        for page in (lab.page, lab.solution, lab.mistakes)
        for line, text in [*paragraphs(page), *commentary(page)]
    ]


def unknown(text: str) -> set[str]:
    found: set[str] = dictionary().unknown(words(text))
    return found


def long_parts(text: str) -> list[str]:
    if text.startswith("|"):
        return []
    parts = [part for sentence in sentences(text) for part in re.split(r"[:;]\s", sentence)]
    return [part for part in parts if len(part.split()) > LONGEST]


@every_lab
def test_every_word_is_spelled_as_in_america(lab: Lab) -> None:
    assert {place: found for place, text in said(lab) if (found := unknown(text))} == {}


@every_lab
def test_a_sentence_can_be_said_in_one_breath(lab: Lab) -> None:
    assert {place: found for place, text in said(lab) if (found := long_parts(text))} == {}


@every_lab
def test_no_word_is_there_to_fill(lab: Lab) -> None:
    assert [f"{place}: {m[0]}" for place, text in said(lab) for m in FILLERS.finditer(text)] == []


@pytest.mark.parametrize(
    ("part", "count"),
    [("Explanation", 3), ("Key takeaway", 3), ("Why it matters", 3), ("Your turn", 5)],
)
def test_no_two_pages_open_a_part_alike(part: str, count: int) -> None:
    by_opening: dict[str, list[str]] = {}
    for lab in LABS:
        by_opening.setdefault(opening(lab.page.part(part), count), []).append(lab.name)
    assert {words: names for words, names in by_opening.items() if len(names) > 1} == {}


def test_a_word_of_our_own_is_used() -> None:
    """Otherwise it would hide a mistake some day."""
    used = {word for lab in LABS for _, text in said(lab) for word in words(text)}
    own = {w for w in OWN.read_text(encoding="utf-8").splitlines() if not w.startswith("#")}
    assert own - used == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The colour is gray.", {"colour"}),
        ("A `bakctick` and a/pathh, x.yyy and --optoin are no words.", set()),
        ("It dosn't teh.", {"dosn't", "teh"}),
        ("The shop's index", set()),
    ],
)
def test_a_wrong_word_is_found(text: str, found: set[str]) -> None:
    assert unknown(text.replace("`bakctick`", "`x`")) == found


def test_prose_is_what_a_reader_reads_and_no_code() -> None:
    read = page("""\
        # Title

        A `code` word
        goes on.

        ```python title="a.py"
        x = 1  # => one `thing`
        # => SQL: SELECT 1
        # =>   FROM t
        # => more
        ```
        """)
    assert list(paragraphs(read)) == [(1, "Title"), (3, "A `x` word goes on.")]
    assert list(commentary(read)) == [(7, "one `x`"), (10, "more")]


def test_a_long_sentence_is_found_and_a_colon_divides_it() -> None:
    half = "word " * 30
    assert long_parts(f"{half}and {half}end.") != []
    assert long_parts(f"{half}end: and {half}end.") == []
