"""Passages: a lab brought to the point of its page where the database stands at a revision."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from labkit import snapshot
from labkit.audience import Audience, Silent
from labkit.course import Course
from labkit.lab import Lab
from labkit.messages import passage as messages
from labkit.need import possible
from labkit.page import File, Step
from labkit.trial import CHECK_SECONDS, Trial

BASE, HEAD = "base", "head"


def goto(course: Course, lab: Lab, revision: str, audience: Audience) -> list[str]:
    """Bring files, database and ``alembic_version`` to where the page stands at a revision.

    Where it stands there more than once it is the last time. Edits are set aside as by a reset.

    Args:
        revision: an id or the beginning of one, ``base``, or ``head`` for the page's end.

    Returns:
        What was done, in sentences; the last one is the next thing to do.

    Raises:
        Trouble: the page never stands there, and where it does.
    """
    steps = possible(lab.page.example, course.server.version)
    points = _points(course, lab, steps)
    index, name = _meant(lab, revision, points)
    taken = steps[: index + 1]
    said = course.play_to(lab, taken, audience)
    last = next(step.text for step in reversed(taken) if not isinstance(step, File))
    return [*said, messages.arrived(lab, name, last), messages.go_on(lab)]


def _points(course: Course, lab: Lab, steps: Sequence[Step]) -> list[tuple[int, tuple[str, ...]]]:
    """(step, versions) for each command of a page, run beside everything that a learner has."""
    found = []
    with course.held(lab, Silent()) as hold:
        project = hold.scratch / lab.name
        project.mkdir()
        with course.server.throwaway(lab.database) as database:
            trial = Trial(project, database.url, course.runner, timeout=CHECK_SECONDS)
            for index, taken in enumerate(trial.take(steps)):
                if isinstance(taken, File):
                    continue
                if taken.observation.interrupted:
                    raise KeyboardInterrupt
                versions = snapshot.read(database.url).alembic_version
                found.append((index, tuple(versions or ())))
    return found


def _meant(
    lab: Lab, revision: str, points: Sequence[tuple[int, tuple[str, ...]]]
) -> tuple[int, str]:
    """The last step that leaves the database at a revision, and what that is called."""
    names = {index: ", ".join(versions) or BASE for index, versions in points}
    if revision == HEAD and points:
        return points[-1][0], names[points[-1][0]]
    known = list(dict.fromkeys(names.values()))
    exact = [name for name in known if name == revision]
    begun = exact or [name for name in known if revision and name.startswith(revision)]
    if len(begun) == 1:
        return max(index for index, name in names.items() if name == begun[0]), begun[0]
    near = begun or difflib.get_close_matches(revision, known, 1, 0.4)
    raise messages.never_there(lab, revision, known, near)
