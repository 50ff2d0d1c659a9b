"""Labs: the numbered folders, found by what a person types."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from labkit import page
from labkit.messages import lab as messages
from labkit.messages import words
from labkit.page import Page
from labkit.postgres import seat

_NUMBER = re.compile(r"[0-9]{1,9}\Z")
_TITLE = re.compile(r"# +(?:Lab \d+: *)?(.+)")
_FOLDER = re.compile(r"(\d\d)-[a-z0-9]+(?:-[a-z0-9]+)*\Z")


@dataclass(frozen=True)
class Lab:
    """One lab: a folder with a page, a solution, its mistakes and its snapshots."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's name, such as ``07-add-column``."""
        return self.folder.name

    @property
    def number(self) -> int:
        """The number that people call it by."""
        return int(self.name[:2])

    @cached_property
    def title(self) -> str:
        """What it is about: the page's title without the number, the name where there is none."""
        try:
            with (self.folder / "README.md").open(encoding="utf-8") as file:
                for line in file:
                    if found := _TITLE.match(line):
                        return found[1].strip()
        except (OSError, ValueError):
            pass
        return self.name[3:].replace("-", " ")

    @property
    def database(self) -> str:
        """The name of its database and of the role that owns it; in a class each has their own."""
        return f"{seat.prefix(os.environ)}lab_{self.number:02}"

    @cached_property
    def page(self) -> Page:
        """The page, every snapshot that it names being there.

        Raises:
            Trouble: where it cannot be read.
        """
        return page.read(self.folder / "README.md", self.snapshots)

    @cached_property
    def solution(self) -> Page:
        """An answer to “Your turn”, in the page's own grammar."""
        return page.read(self.folder / "solution.md", self.snapshots)

    @cached_property
    def mistakes(self) -> Page:
        """Wrong answers, each under a heading of its own."""
        return page.read(self.folder / "mistakes.md", self.snapshots)

    @property
    def snapshots(self) -> set[str]:
        """The names of the recorded snapshots."""
        return {path.stem for path in (self.folder / "snapshots").glob("*.yaml")}

    def snapshot(self, name: str) -> Path:
        """The file of a snapshot, recorded or not."""
        return self.folder / "snapshots" / f"{name}.yaml"


def all_labs(folder: Path) -> list[Lab]:
    """The labs below a folder, in their order; none where there is no such folder."""
    paths = folder.iterdir() if folder.is_dir() else ()
    found = [Lab(path) for path in paths if path.is_dir() and _FOLDER.match(path.name)]
    return sorted(found, key=lambda lab: lab.name)


def find(folder: Path, word: str, task: str = "lab") -> Lab:
    """The lab that somebody means by a number, a folder's name or a unique part of it.

    Args:
        task: what they want to do with it, for the message that says how to.

    Raises:
        Trouble: for none or several, with those that come near.
    """
    if not word.strip():
        raise words.missing(task)
    labs = all_labs(folder)
    word = word.strip().strip("/").rpartition("/")[2].lower()
    if _NUMBER.match(word):
        meant = [lab for lab in labs if lab.number == int(word)]
    else:
        meant = [lab for lab in labs if lab.name == word or lab.name[3:] == word]
        meant = meant or [lab for lab in labs if word and word in lab.name]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise messages.ambiguous(word, [lab.name for lab in meant], task)
    raise messages.unknown(word, _near(word, labs), task)


def _near(word: str, labs: list[Lab]) -> list[str]:
    """Names that the word may stand for: by its letters, or the nearest numbers."""
    if _NUMBER.match(word):
        return [lab.name for lab in sorted(labs, key=lambda lab: abs(lab.number - int(word)))[:3]]
    near = [
        (max(_likeness(word, part) for part in (lab.name[3:], *lab.name.split("-"))), lab.name)
        for lab in labs
    ]
    return [name for score, name in sorted(near, reverse=True)[:3] if score > 0.6]


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()
