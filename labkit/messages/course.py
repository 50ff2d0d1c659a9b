"""What a learner is told around a run: what was kept, what is missing, what comes next."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from labkit.lab import Lab
from labkit.observation import Observation
from labkit.trouble import Trouble
from labkit.verdict import ERROR, FAIL, PASS, Verdict
from labkit.workspace import Kept


def ran_beside(project: str, edits: Sequence[str]) -> str:
    """The page ran in a copy because the learner has edits."""
    shown = ", ".join(edits[:3]) + (f" and {len(edits) - 3} more" if len(edits) > 3 else "")
    return (
        f"Your edits in {project} stay as they are ({shown}); the page ran beside them, "
        "in a folder and a database of its own."
    )


def not_loaded(lab: Lab) -> Trouble:
    """There is no project to judge."""
    return Trouble(
        f"Lab {lab.number} has no project folder yet.",
        "Its page has not been run, or the folder was deleted.",
        f"invoke lab {lab.number}",
    )


def no_database(lab: Lab) -> Trouble:
    """The project is there and its database is not."""
    return Trouble(
        f"The database of lab {lab.number} is gone.",
        "The server was reset, or another server is in use now.",
        f"invoke reset {lab.number}",
    )


def nothing_kept(word: str) -> Trouble:
    """Nothing was set aside under this name."""
    return Trouble(
        f"Nothing was set aside as “{word}”." if word else "Nothing was set aside.",
        "Edits are set aside by `invoke reset`; what it moved is listed by `invoke restore`.",
        "invoke restore",
    )


def interrupted(seen: Observation) -> Trouble:
    """The learner stopped a command."""
    place = seen.failure.place if seen.failure else None
    where = f" It was in {place}." if place else ""
    return Trouble(
        f"Stopped by Ctrl-C while `{seen.command}` ran.{where}",
        "Nothing was judged, and none of your files was touched.",
        "",
    )


def set_aside(stamp: str, folder: str) -> str:
    """Edits were moved away, and this is the way back."""
    return f"Your edits are in {folder}. Bring them back: invoke restore {stamp}"


def all_kept(kept: Sequence[Kept]) -> list[str]:
    """What was set aside, a line each."""
    if not kept:
        return ["Nothing was set aside."]
    return [f"{item.lab}  invoke restore {item.stamp}" for item in kept]


def brought_back(kept: Kept, replaced: Kept | None) -> str:
    """Edits are in their place again."""
    line = f"{kept.lab} is as it was at {kept.stamp}."
    if replaced:
        line += f" What stood there is kept: invoke restore {replaced.stamp}"
    return line


def written(files: Sequence[str]) -> str:
    """What a recording wrote."""
    return f"Written: {', '.join(files)}." if files else "Nothing was written."


def after_recording(lab: Lab, findings: bool) -> str:
    """What an author does after a recording."""
    if findings:
        return f"Mend what is above, then: invoke record {lab.number}"
    return f"Read what changed: git diff {lab.folder.parent.name}/{lab.name}"


STOPPED = "PostgreSQL is stopped; its data stays. Any lab starts it again."
NOT_RUNNING = "No PostgreSQL of the labs is running."


def with_following(verdict: Verdict, lab: Lab, project: str, labs: Sequence[Lab]) -> Verdict:
    """The verdict with the next thing to do as its last line."""
    return dataclasses.replace(verdict, following=_following(verdict, lab, project, labs))


def _following(verdict: Verdict, lab: Lab, project: str, labs: Sequence[Lab]) -> str:
    number = lab.number
    if verdict.status == ERROR:
        return f"Run it again: invoke {verdict.task} {number}"
    if verdict.task == "lab":
        if verdict.status == PASS:
            return f"Your turn: edit {project} (invoke shell {number}), then invoke check {number}"
        return f"This page does not hold here; start it afresh: invoke reset {number}"
    if verdict.status == FAIL:
        return f"Edit {project}, then run again: invoke check {number}"
    later = [other for other in labs if other.number > number]
    if later:
        return f"Go on: invoke lab {later[0].number}"
    return "That was the last lab. Any of them again: invoke lab N"
