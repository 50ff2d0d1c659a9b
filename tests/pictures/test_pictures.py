"""Every diagram is drawn by a real browser: it has no error, and a phone shows it readably."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from labkit.authoring.diagram import PALETTE
from labkit.lab import all_labs
from tests.pictures.phone import Drawn, browser, drawn, mermaid

LABS = all_labs(Path(__file__).resolve().parents[2] / "labs")
DIAGRAMS = {
    lab.name: fence.text for lab in LABS for fence in lab.page.fences if fence.language == "mermaid"
}
SMALLEST = 9.0  # pixels: what a phone's own small print has
PLAIN = 'flowchart TD\n    A["one"] -->|"label"| B["two"]\n'


@pytest.fixture(scope="module")
def a_browser() -> None:
    missing = [
        name for name, there in (("Chromium", browser()), ("Mermaid", mermaid())) if not there
    ]
    if missing:
        said = f'{" and ".join(missing)} not found: eval "$(tests/pictures/browser.sh)" gets it'
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)


@pytest.fixture(scope="module")
def pictures(a_browser: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Drawn]:
    folder = tmp_path_factory.mktemp("pictures")
    told = drawn([*DIAGRAMS.values(), PLAIN], folder)
    return dict(zip([*DIAGRAMS, "plain"], told, strict=True))


def strange(colours: tuple[str, ...], known: tuple[str, ...] = ()) -> list[str]:
    """Those that are neither in the palette, nor among the known, nor nothing."""
    found = []
    for colour in colours:
        channels = re.match(r"rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)", colour)
        if colour in ("none", *known) or (channels and channels[4] == "0"):
            continue
        written = "#" + "".join(f"{int(c):02X}" for c in channels.groups()[:3]) if channels else ""
        if written not in PALETTE:
            found.append(written or colour)
    return found


def too_small(picture: Drawn) -> list[tuple[str, float]]:
    return [(text, size) for text, size in picture.texts if size < SMALLEST]


def test_about_a_third_of_the_labs_have_one() -> None:
    assert 9 <= len(DIAGRAMS) <= 12


def test_each_is_drawn_without_an_error(pictures: dict[str, Drawn]) -> None:
    assert {name: p.error for name, p in pictures.items() if p.error} == {}
    assert [name for name, picture in pictures.items() if not picture.texts] == []


def test_each_can_be_read_on_a_phone(pictures: dict[str, Drawn]) -> None:
    assert {name: too_small(p) for name, p in pictures.items() if too_small(p)} == {}
    assert {name: p.overflow for name, p in pictures.items() if p.overflow} == {}


def test_each_shows_no_colour_but_those_of_the_palette(pictures: dict[str, Drawn]) -> None:
    # A diagram that asks for no colours shows those that Mermaid gives to lines and their labels.
    known = pictures["plain"].lines
    pictures = {name: picture for name, picture in pictures.items() if name != "plain"}
    assert {n: strange(p.colours) for n, p in pictures.items() if strange(p.colours)} == {}
    lines = {name: strange(picture.lines, known) for name, picture in pictures.items()}
    assert {name: found for name, found in lines.items() if found} == {}


def test_what_is_wrong_with_a_diagram_is_seen(a_browser: None, tmp_path: Path) -> None:
    wide = "".join(f'    A -->|"label of an edge"| N{n}["a node with words"]\n' for n in range(9))
    bad = [
        "flowchart TD\n    A[broken --> ]B\n",
        f'flowchart TD\n    A["top"]\n{wide}',
        'flowchart TD\n    A["plain"]\n    class A hot\n    classDef hot fill:#FF0000\n',
    ]
    broken, crowded, red = drawn(bad, tmp_path)
    assert broken.error
    assert too_small(crowded)
    assert "#FF0000" in strange(red.colours)
