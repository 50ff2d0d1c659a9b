"""What a learner is told around a run: what was kept, what is missing, what comes next."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from labkit.lab import Lab
from labkit.observation import Observation
from labkit.trouble import Stopped, Trouble
from labkit.verdict import ERROR, FAIL, PASS, Verdict
from labkit.workspace import Kept


def waiting(lab: Lab) -> str:
    """Another terminal holds the lab."""
    return f"Another terminal is working on lab {lab.number}; waiting until it is done."


def ran_beside(project: str, edits: Sequence[str]) -> str:
    """The page ran in a copy because the learner has edits."""
    shown = ", ".join(edits[:3]) + (f" and {len(edits) - 3} more" if len(edits) > 3 else "")
    return (
        f"Your edits in {project} stay as they are ({shown}); the page ran beside them, "
        "in a folder and a database of its own."
    )


def restoring(lab: Lab, kept: Kept) -> str:
    """The command that brings edits back."""
    return f"invoke restore {lab.number} --at {kept.stamp}"


def set_aside(lab: Lab, kept: Kept, folder: str) -> str:
    """Edits were moved away, and this is the way back."""
    return f"Your edits are in {folder}, their database too. Back: {restoring(lab, kept)}"


def cut_off(lab: Lab) -> str:
    """A command for this lab was killed, and nothing is missing."""
    return (
        f"The last command for lab {lab.number} was cut off before its end; "
        "your files are as they were."
    )


def cut_off_in_place(lab: Lab, kept: Kept) -> str:
    """A run in the project was killed, so what is there may be anybody's."""
    return (
        f"The last run of lab {lab.number} was cut off before its end, and what it left was moved "
        f"away. Back: {restoring(lab, kept)}"
    )


def unknown_database(lab: Lab, kept: Kept) -> str:
    """There is a database, and nothing says what should be in it."""
    return (
        f"There was a database of lab {lab.number} without the files that belong to it, so it was "
        f"moved away. Back: {restoring(lab, kept)}"
    )


def not_loaded(lab: Lab) -> Trouble:
    """There is no project to judge."""
    return Trouble(
        f"There is nothing of lab {lab.number} to check yet.",
        "Its page has not run to its end here, or the project folder was deleted.",
        f"invoke lab {lab.number}",
    )


def no_database(lab: Lab) -> Trouble:
    """The project is there and its database is not."""
    return Trouble(
        f"The database of lab {lab.number} is gone.",
        "The server was made anew, or another server is in use now.",
        f"Make it again; your files stay as they are: invoke lab {lab.number}",
    )


def all_kept(kept: Sequence[tuple[Lab, Kept, int]]) -> list[str]:
    """What was set aside of all labs: which lab's, when, and how many files."""
    if not kept:
        return ["Nothing is set aside.", "`invoke reset` and `invoke goto` set edits aside."]
    said = []
    for lab, item, files in kept:
        number = "1 file" if files == 1 else f"{files} files"
        said.append(f"{lab.name}  {item.stamp}  {number}")
    first, newest, _ = kept[0]
    return [*said, f"Bring one back: {restoring(first, newest)}"]


def nothing_kept(lab: Lab, stamp: str, kept: Sequence[Kept]) -> Trouble:
    """Nothing was set aside of this lab, or not at this time."""
    if not kept:
        return Trouble(
            f"Nothing of lab {lab.number} was set aside.",
            f"`invoke reset {lab.number}` sets edits aside; there has been none, or all is back.",
            f"invoke shell {lab.number}",
        )
    return Trouble(
        f"Nothing of lab {lab.number} was set aside at “{stamp}”.",
        f"Something was at {', '.join(item.stamp for item in kept)}.",
        restoring(lab, kept[0]),
    )


def interrupted(seen: Observation) -> Trouble:
    """The learner stopped a command."""
    place = seen.failure.place if seen.failure else None
    where = f" It was in {place}." if place else ""
    return Stopped(
        f"Stopped by Ctrl-C while `{seen.command}` ran.{where}",
        "Nothing was judged, and nothing of yours is lost.",
    )


def brought_back(
    lab: Lab,
    project: str,
    kept: Kept,
    replaced: Kept | None,
    rest: Sequence[Kept],
    *,
    complete: bool,
) -> list[str]:
    """Edits are in their place again.

    Args:
        replaced: what stood there, where that was edited.
        rest: what else is still set aside.
        complete: whether the database came back too.
    """
    said = [f"{project} is as it was at {kept.stamp}."]
    if not complete:
        said.append("Its database was not on this server, so only the files are back.")
    if replaced:
        said.append(f"What stood there is kept. Back: {restoring(lab, replaced)}")
    said += [f"Also kept: {restoring(lab, item)}" for item in rest]
    return [*said, f"Go on where you were: invoke shell {lab.number}"]


def written(files: Sequence[str]) -> str:
    """What a recording wrote."""
    return f"Written: {', '.join(files)}." if files else "Nothing was written."


def after_recording(lab: Lab, findings: bool) -> str:
    """What an author does after a recording."""
    if findings:
        return f"Mend what is above, then: invoke record {lab.number}"
    return f"Read what changed: git diff {lab.folder.parent.name}/{lab.name}"


STOPPED = "PostgreSQL is stopped; its data stays. Any lab starts it again."
NOTHING_LEFT = "All labs have passed. See all of them: invoke labs"
NOT_RUNNING = "No PostgreSQL of the labs is running."


def with_following(verdict: Verdict, lab: Lab, project: str, coming: Lab | None) -> Verdict:
    """The verdict with the next thing to do as its last line; ``coming`` is the lab after it."""
    notes = verdict.notes
    if verdict.task == "lab" and verdict.status == PASS:
        notes = (*notes, f"A shell with its database, to try things: invoke shell {lab.number}")
    following = _following(verdict, lab, project, coming)
    return dataclasses.replace(verdict, notes=notes, following=following)


def _following(verdict: Verdict, lab: Lab, project: str, coming: Lab | None) -> str:
    number = lab.number
    if verdict.status == ERROR:
        return f"Run it again: invoke {verdict.task} {number}"
    if verdict.task == "lab":
        if verdict.status == PASS:
            return f"Your turn: edit {project}, then: invoke check {number}"
        return f"The page does not hold here. Run it once more, and report it: invoke lab {number}"
    if verdict.status == FAIL:
        return f"Edit {project}, then again: invoke check {number}"
    if coming:
        return f"Go on: invoke lab {coming.number}"
    return NOTHING_LEFT
