"""What a learner is told when invoke does not understand what was typed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from labkit.trouble import Trouble


def no_task(word: str, near: Sequence[str], names: Sequence[str], rest: Sequence[str]) -> Trouble:
    """The first word is no task."""
    if word.isdecimal():
        return Trouble(
            f"{word} alone does not say what to do with lab {word}.",
            "A task stands before it: lab runs its page, shell opens it, check judges your answer.",
            f"invoke lab {word}",
        )
    if near:
        return Trouble(
            f"There is no task “{word}”.",
            f"Near it {'is' if len(near) == 1 else 'are'} {', '.join(near)}.",
            shlex.join(["invoke", near[0], *rest]),
        )
    return Trouble(
        f"There is no task “{word}”.", f"The tasks are {', '.join(names)}.", "invoke --list"
    )


def missing(task: str) -> Trouble:
    """The task was not told which lab."""
    return Trouble(
        f"`invoke {task}` has to be told which lab.",
        "A lab goes by its number, its folder's name or a unique part of it.",
        f"See all labs with `invoke labs`, then for example: invoke {task} 1",
    )


def incomplete(task: str, word: str, told: str) -> Trouble:
    """The task was not told something else that it needs."""
    return Trouble(
        f"`invoke {task}` has to be told {word.upper()}.",
        f"It {told}." if told.startswith("holds ") else f"It is {told}.",
        f"invoke {task} --help",
    )


def too_many(good: Sequence[str], word: str, near: Sequence[str]) -> Trouble:
    """A word follows a task that wants no more of them."""
    why = "A task takes one lab; several tasks follow one another with all their words."
    if near:
        why = f"A task takes one lab; if a second task was meant, near it is {near[0]}."
    said = shlex.join(["invoke", *good])
    return Trouble(f"After `{said}`, “{word}” is one word too many.", why, said)


def no_option(task: str, word: str, near: Sequence[str], options: Sequence[str]) -> Trouble:
    """The task has no such option."""
    why = f"Near it is {near[0]}." if near else ""
    if not why:
        why = f"It has {', '.join(options)}." if options else "It has none at all."
    return Trouble(f"`invoke {task}` has no option {word}.", why, f"invoke {task} --help")


def needs_value(task: str, word: str) -> Trouble:
    """An option stands without what it is about."""
    return Trouble(
        f"{word} of `invoke {task}` needs a value after it.", "", f"invoke {task} --help"
    )


def too_early(word: str) -> Trouble:
    """An option of a task stands before the task."""
    return Trouble(
        f"{word} stands before the task.",
        "What stands there is for invoke itself.",
        f"Put it at the end: invoke lab 1 {word}",
    )


def no_core_option(word: str) -> Trouble:
    """Invoke has no such option."""
    return Trouble(f"invoke itself has no option {word}.", "", "invoke --help")


def misunderstood(said: str) -> Trouble:
    """Invoke refuses for a reason of its own."""
    return Trouble(f"invoke does not understand this: {said}", "", "invoke --list")
