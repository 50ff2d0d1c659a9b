"""What a grader is told."""

from __future__ import annotations

from pathlib import Path

from labkit.lab import Lab
from labkit.observation import Observation
from labkit.trouble import Stopped, Trouble
from labkit.verdict import Finding

_MIB = 1 << 20


def no_folder(folder: Path, said: str) -> Trouble:
    """The folder of submissions cannot be listed."""
    return Trouble(
        f"The folder {folder} cannot be read: {said}",
        "It is to hold one folder for each submission.",
        "Name another one: invoke grade FOLDER",
    )


def nothing_there(folder: Path) -> Trouble:
    """No folder in the folder."""
    return Trouble(
        f"There is no submission in {folder}.",
        "Each folder in it is one; archives have to be unpacked first.",
        "Name another one: invoke grade FOLDER",
    )


def no_roles(source: str) -> Trouble:
    """All submissions would share one role."""
    return Trouble(
        f"Nobody can be given a role of their own: {source}.",
        "The role of the labs may not create roles there, so that a submission could reach the "
        "databases of the others.",
        "Let it: ALTER ROLE … CREATEROLE, or grade with the embedded server: "
        "env -u LABS_DATABASE_URL invoke grade FOLDER",
    )


def no_number(option: str, said: str) -> Trouble:
    """A limit is no number that can be one."""
    return Trouble(
        f"--{option} has to be a number from 1 on, and “{said}” is none.",
        "",
        "invoke grade --help",
    )


def no_lab(name: str) -> Trouble:
    """No folder of the submission is called like a lab."""
    return Trouble(
        f"Nothing in {name} is called like a lab.",
        "A submission holds the projects of a workspace under their names, such as 07-add-column.",
        "If it is one project itself, say of which lab: invoke grade FOLDER --lab 7",
    )


def not_handed_in(name: str, lab: Lab) -> Trouble:
    """The submission has other labs, and not this one."""
    return Trouble(f"{name} has no folder {lab.name}.", "Other labs were handed in.", "")


def nothing_in(name: str) -> Trouble:
    """The submission has no file that could be an answer."""
    return Trouble(
        f"There is no project in {name}.",
        "It is empty, or holds an archive that was not unpacked.",
        "Unpack it, or ask for the project once more.",
    )


def is_link(project: Path) -> Trouble:
    """The submission is a link to somewhere."""
    return Trouble(
        f"{project.name} is a link, and links are not followed.",
        "It may lead to somebody else's files.",
        "Put a folder in its place.",
    )


def too_large(project: Path, files: int, size: int) -> Trouble:
    """The submission has more files than any answer."""
    return Trouble(
        f"{project.name} has more than {files} files or {size // _MIB} MB.",
        "An answer is a few small files; a virtual environment may have been handed in with it.",
        "Remove what is no answer.",
    )


def unreadable(path: Path, said: str) -> Trouble:
    """A file of the submission cannot be read."""
    return Trouble(
        f"{path.name} cannot be read: {said}",
        "The submission was not judged without it.",
        "Make it readable: chmod -R u+rX FOLDER",
    )


def needs_commands(lab: Lab, name: str) -> Trouble:
    """A check live cannot be judged from files."""
    return Trouble(
        f"The answer to lab {lab.number} is the state of a database, and none was handed in.",
        f"It is brought about by the commands in {name}, a line each, after the page has run.",
        f"Ask for {lab.name}/{name}, with for example: alembic upgrade head",
    )


def command_failed(command: str, seen: Observation) -> Finding:
    """A command of commands.txt did not go well."""
    how = "it did not end" if seen.timed_out else f"exit status {seen.status}"
    said = f": {seen.failure.kind}: {seen.failure.message.strip()}" if seen.failure else ""
    return Finding(
        f"`{command}` of commands.txt failed, so the checks did not run.",
        "exit status 0",
        f"{how}{said}",
        str(seen.failure.place) if seen.failure and seen.failure.place else "",
    )


def page_fails(lab: Lab, command: str) -> Trouble:
    """The page itself does not run here."""
    return Trouble(
        f"The page of lab {lab.number} does not run to its end here: `{command}`.",
        "The submission was not judged.",
        f"See why: invoke lab {lab.number}",
    )


def too_long(seconds: float) -> Finding:
    """The time is over."""
    return Finding(
        f"It was not done within {seconds:.0f} s.",
        why="Something in it does not end, or waits for what never comes.",
    )


def too_many_processes(most: int) -> Finding:
    """It starts processes without end."""
    return Finding(f"It had more than {most} processes, and was ended.")


def too_much_memory(most: int) -> Finding:
    """Its processes together fill the memory."""
    return Finding(f"It used more than {2 * most // _MIB} MB of memory, and was ended.")


def too_much_stored(files: int, size: int) -> Finding:
    """Its files fill the disk."""
    return Finding(f"It wrote more than {files} files or {size // _MIB} MB, and was ended.")


def too_much_data(most: int) -> Finding:
    """Its databases fill the disk."""
    return Finding(f"Its databases had more than {most // _MIB} MB, and it was ended.")


def no_verdict(status: int | None) -> Trouble:
    """The process that judges is gone."""
    how = "was ended" if status is None else f"ended with status {status}"
    return Trouble(
        f"The process that judges it {how} before a verdict.",
        "The submission has killed it, or the system did, which had no memory left.",
        "Judge it alone: invoke grade FOLDER --jobs 1",
    )


def not_graded(name: str) -> Trouble:
    """The grading ended before this one was judged."""
    return Trouble(
        f"{name} was not graded.", "The grading was stopped before its end.", "Grade once more."
    )


def stopped(done: int, count: int, report: Path) -> Trouble:
    """The grader pressed Ctrl-C."""
    return Stopped(
        f"Stopped by Ctrl-C; {done} of {count} are graded.",
        f"Their grades are in {report}, and the others are ERROR there: not graded.",
    )


def fault(said: str) -> Trouble:
    """A fault nobody foresaw."""
    return Trouble(
        f"A fault in the labs themselves: {said}", "It is not the submission's.", "Report it."
    )


NO_FENCE = (
    "This system has no Landlock, so a submission could read and write what you can. "
    "Grade in a container or on Linux 6.12 or later where you do not trust them."
)


def progress(done: int, count: int) -> str:
    """How far it is."""
    return f"{done} of {count} graded …"


def summary(passed: int, failed: int, errors: int) -> str:
    """How many ended how."""
    return f"{passed} passed, {failed} failed, {errors} could not be judged."


def following(report: str) -> str:
    """What to do with the grades."""
    return f"Read the grades: {report}"
