"""Guidance: help that somebody asked for, drawn."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from labkit import coach
from labkit.audience import Silent
from labkit.coach import Help, Shown
from labkit.course import Course
from labkit.lab import Lab
from labkit.lookout import Verbs
from labkit.show import Screen
from labkit.terminal import cleaned
from labkit.verdict import Verdict


def draw(screen: Screen, told: Help | Shown | Verdict | Sequence[str]) -> Verdict | None:
    """Show what a coach says; the last line is the next thing to do.

    Returns:
        A verdict, which is shown with the end of the task.
    """
    if isinstance(told, Verdict):
        return told
    if isinstance(told, Help):
        screen.paragraph(told.title, "bold")
        for text in told.hint.texts:
            screen.console.print()
            _markdown(screen, text)
        if told.hint.code:
            screen.console.print()
            screen.console.print(Text(cleaned(told.hint.code)), soft_wrap=True)
        screen.console.print()
        screen.note(told.following)
    elif isinstance(told, Shown):
        screen.console.print(Text(cleaned(told.text)), soft_wrap=True)
        if told.contrast:
            screen.told(told.contrast)
        screen.console.print()
        screen.note(told.following)
    else:
        for line in told:
            screen.note(line)
    return None


def verbs(course: Course) -> Verbs:
    """A hint and the page's answer, drawn where a lab is watched."""

    def hint(lab: Lab, screen: Screen) -> None:
        told(screen, coach.help_with(course, lab, Silent()))

    def solution(lab: Lab, screen: Screen) -> None:
        told(screen, coach.solution(course, lab, screen.sure))

    def told(screen: Screen, help_: Help | Shown | Verdict | Sequence[str]) -> None:
        screen.console.print()
        if verdict := draw(screen, help_):
            screen.verdict(verdict)

    return Verbs(hint, solution)


def _markdown(screen: Screen, text: str) -> None:
    """Show Markdown as it is written, its paragraphs wrapped and its code left alone."""
    for number, part in enumerate(text.split("```")):
        if number % 2:
            code = part.partition("\n")[2].rstrip()
            screen.console.print(Text(cleaned(code)), soft_wrap=True)
            continue
        for paragraph in part.strip().split("\n\n"):
            if paragraph.strip():
                screen.paragraph(" ".join(paragraph.split()))
