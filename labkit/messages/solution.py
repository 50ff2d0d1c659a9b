"""What a learner is told of the page's solution beside their own."""

from __future__ import annotations

NOTHING_OF_YOURS = "nothing of yours"
COMMANDS = "The page's solution then runs:"


def same(name: str) -> str:
    """The learner's file and the solution's mean the same."""
    return f"{name} is what the page's solution has."


def yours(name: str) -> str:
    """The learner's side of the difference."""
    return f"{name}, yours"


def of_page(name: str) -> str:
    """The solution's side of the difference."""
    return f"{name}, the page's solution"
