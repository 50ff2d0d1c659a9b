"""The verbs: what a learner or an author types after ``invoke``."""

from __future__ import annotations

import sys
from pathlib import Path

from invoke.collection import Collection
from invoke.context import Context
from invoke.main import program
from invoke.tasks import task

from labkit import loading
from labkit.containers.handover import hand_over

ROOT = Path(__file__).resolve().parent
# Before all that only the task itself needs is loaded.
hand_over(ROOT, sys.argv)
loading.begin(sys.argv)

from labkit import coach, desk, guidance, lookout, passage, tour
from labkit import doctor as doctors
from labkit import shell as shells
from labkit.audience import Silent
from labkit.authoring.suite import run_bench, run_suite
from labkit.bar import Bar
from labkit.containers.stack import Stack
from labkit.course import Course
from labkit.edition import Edition, begin
from labkit.ending import end
from labkit.grading import session as grading
from labkit.listing import draw_mentions, draw_overview, draw_schema
from labkit.messages import compose as messages
from labkit.messages.course import NOT_RUNNING
from labkit.process.words import understand
from labkit.show import Screen
from labkit.verdict import Verdict
from labkit.view import View


def _unseen(*_: str) -> None:
    """Show nothing."""


_LAB = {"lab": "a number, a folder name or a unique part of one: 12, downgrading"}
_JSON = {"json": "print the verdict as JSON and nothing else"}


@task(name="lab", help=_LAB | _JSON)
def run_lab(_: Context, lab: str, json: bool = False) -> None:
    """Run a lab's page: load its files, run its commands, verify all it claims.

    Example: invoke lab 12
    """
    screen = Screen()

    def action() -> Verdict:
        with Course(ROOT) as course:
            return course.run(course.lab(lab), Silent() if json else screen)

    end(action, screen, task="lab", lab=lab, machine=json)


@task(help=_LAB | {"all": "every lab that you began; progress follows"} | _JSON)
def check(
    _: Context,
    lab: str,
    all: bool = False,  # noqa: A002 - it is what is typed
    json: bool = False,
) -> None:
    """Judge your answer to a lab's “Your turn”.

    Example: invoke check 12
    """
    screen = Screen(brief=True)

    def action() -> Verdict:
        with Course(ROOT) as course:
            if all:
                with Bar(screen.console, shown=not json) as bar:
                    return tour.check_all(course, bar.at)
            return course.check(course.lab(lab, "check"), Silent() if json else screen)

    end(action, screen, task="check", lab=lab, typed=["--all"] if all else (), machine=json)


@task(help=_LAB)
def hint(_: Context, lab: str) -> None:
    """Get the next hint for “Your turn”, about the state that your answer is in.

    Example: invoke hint 12
    """
    screen = Screen()

    def action() -> Verdict | None:
        with Course(ROOT) as course:
            return guidance.draw(screen, coach.help_with(course, course.lab(lab, "hint"), Silent()))

    end(action, screen, task="hint", lab=lab)


@task(help=_LAB | {"anyway": "before your own answer passes, without asking"})
def solution(_: Context, lab: str, anyway: bool = False) -> None:
    """Show the page's answer to “Your turn”.

    Example: invoke solution 12
    """
    screen = Screen()

    def action() -> Verdict | None:
        with Course(ROOT) as course:
            sure = (lambda _: True) if anyway else screen.sure
            return guidance.draw(screen, coach.solution(course, course.lab(lab, "solution"), sure))

    end(action, screen, task="solution", lab=lab)


@task(help=_LAB)
def watch(_: Context, lab: str) -> None:
    """Check a lab whenever you save something of it, until you quit.

    Example: invoke watch 12
    """
    screen = Screen()

    def action() -> Verdict | None:
        with Course(ROOT) as course:
            verbs = guidance.verbs(course)
            return lookout.keep(course, course.lab(lab, "watch"), Screen, verbs)

    end(action, screen, task="watch", lab=lab)


@task(help=_LAB)
def shell(_: Context, lab: str) -> None:
    """Open a shell in a lab's project, with DATABASE_URL set.

    Example: invoke shell 12
    """
    screen = Screen()

    def action() -> Verdict | None:
        with Course(ROOT) as course:
            return shells.open_shell(course, course.lab(lab, "shell"), screen)

    end(action, screen, task="shell", lab=lab)


@task(help=_LAB | {"all": "every lab that you began"})
def reset(
    _: Context,
    lab: str,
    all: bool = False,  # noqa: A002 - it is what is typed
) -> None:
    """Set your edits of a lab aside, and run its page from the start.

    Example: invoke reset 12
    """
    screen = Screen()

    def action() -> Verdict:
        with Course(ROOT) as course:
            if all:
                with Bar(screen.console) as bar:
                    return tour.reset_all(course, bar.at)
            return course.reset(course.lab(lab, "reset"), screen)

    end(action, screen, task="reset", lab=lab, typed=["--all"] if all else ())


@task(help=_LAB | {"at": "when it was set aside, as `invoke reset` told; the last time otherwise"})
def restore(_: Context, lab: str, at: str = "") -> None:
    """Bring back edits of a lab that were set aside; without a lab, list them.

    Example: invoke restore 12
    """
    screen = Screen()

    def action() -> None:
        with Course(ROOT) as course:
            wanted = course.lab(lab, "restore") if lab else None
            for line in course.restore(wanted, at, screen) if wanted else course.kept():
                screen.note(line)

    end(action, screen, task="restore", lab=lab, typed=[lab, "--at", at] if at else ())


@task(help=_LAB | {"revision": "base, head, or an id that the page's database stands at"})
def goto(_: Context, lab: str, revision: str) -> None:
    """Bring a lab to where its page stands at a revision; your edits are set aside.

    Example: invoke goto 12 0002
    """
    screen = Screen(brief=True)

    def action() -> None:
        with Course(ROOT) as course:
            for line in passage.goto(course, course.lab(lab, "goto"), revision, screen):
                screen.note(line)

    end(action, screen, task="goto", lab=lab, typed=[lab, revision])


@task(
    help=_LAB
    | {
        "diff": "compare with this snapshot of the lab instead",
        "erd": "write a diagram: Mermaid, and SVG where mmdc is installed",
    }
    | _JSON
)
def schema(_: Context, lab: str, diff: str = "", erd: bool = False, json: bool = False) -> None:
    """Show the schema of a lab's database as it is now.

    Example: invoke schema 12 --diff head
    """
    screen = Screen()

    def action() -> Verdict | None:
        with Course(ROOT) as course:
            view = View(course, course.lab(lab, "schema"))
            if diff:
                return view.compared(diff)
            if erd:
                for line in view.drawn():
                    screen.note(line)
            else:
                draw_schema(screen.console, view.text())
            return None

    end(action, screen, task="schema", lab=lab, machine=json)


@task(
    help={
        "folder": "holds a folder for each submission: a workspace, or one project with --lab",
        "lab": "grade this lab only",
        "jobs": "how many at a time; one a processor otherwise",
        "seconds": "what one submission may take",
        "memory": "what each of its processes may use, in MB",
    }
    | _JSON
)
def grade(
    _: Context,
    folder: str,
    lab: str = "",
    jobs: str = "",
    seconds: str = grading.SECONDS,
    memory: str = grading.MEMORY,
    json: bool = False,
) -> None:
    """For graders: judge a folder of submissions, and write a table, JSON, CSV and JUnit XML.

    Example: invoke grade submissions --lab 7
    """
    screen = Screen()

    def action() -> Verdict:
        with Course(ROOT) as course:
            return grading.grade(
                course,
                Path(folder),
                lab=lab,
                jobs=jobs,
                seconds=seconds,
                memory=memory,
                on_progress=Silent().noted if json else screen.passing,
                on_row=_unseen if json else screen.row,
            )

    typed = grading.typed(folder, lab=lab, jobs=jobs, seconds=seconds, memory=memory)
    end(action, screen, task="grade", lab=folder, typed=typed, machine=json)


@task(
    help=_LAB
    | {
        "yes": "write without asking",
        "all": "all labs, one after the other",
        "check": "write nothing, and say what would be written",
    },
)
def record(
    _: Context,
    lab: str,
    all: bool = False,  # noqa: A002 - it is what is typed
    check: bool = False,
    yes: bool = False,
) -> None:
    """For authors: write a lab's snapshots, and refresh what its page claims.

    Example: invoke record 12
    """
    screen = Screen()

    def action() -> Verdict:
        with Course(ROOT) as course:
            agree = screen.told if yes or check else screen.agree
            return Edition(course, agree, screen).recorded(lab, all_labs=all, check=check)

    end(action, screen, task="record", lab="--all" if all else lab)


@task(help=_JSON)
def doctor(_: Context, json: bool = False) -> None:
    """Look at all that the labs need, and say what mends it; the text can be shown to anybody.

    Example: invoke doctor
    """
    screen = Screen()

    def action() -> Verdict:
        with Course(ROOT) as course:
            return doctors.consult(course, screen.window, None if json else screen.checkup)

    end(action, screen, task="doctor", machine=json)


@task(help={"number": "what it is to be called by, 1 to 99", "title": "its title, in quotes"})
def new(_: Context, number: str, title: str) -> None:
    """For authors: begin a lab, which fails its tests until it is written.

    Example: invoke new 31 "Zero-downtime rename"
    """
    screen = Screen()

    def action() -> None:
        with Course(ROOT) as course:
            for line in begin(course, number, title):
                screen.note(line)

    end(action, screen, task="new", lab=number, typed=[number, title])


@task
def index(_: Context) -> None:
    """For authors: write the tables of labs/README.md.

    Example: invoke index
    """
    screen = Screen()

    def action() -> None:
        with Course(ROOT) as course:
            for line in desk.index(course, screen):
                screen.note(line)

    end(action, screen, task="index")


@task(
    default=True,
    help={
        "path": "new, migrating or reference",
        "find": "where titles, operations, commands and texts have a word",
    },
)
def labs(_: Context, path: str = "new", find: str = "") -> None:
    """List the labs, how far each has come, and which one is next.

    Example: invoke labs --path migrating
    """
    screen = Screen()

    def action() -> None:
        with Course(ROOT) as course:
            if find:
                draw_mentions(screen.console, course.mentions(find, path))
            else:
                draw_overview(screen.console, course.overview(path))

    end(action, screen, task="labs")


@task(name="next", help={"path": "new, migrating or reference"})
def next_lab(_: Context, path: str = "new") -> None:
    """Run the first lab that has not passed.

    Example: invoke next
    """
    screen = Screen()

    def action() -> Verdict | None:
        with Course(ROOT) as course:
            return course.go_on(path, screen)

    end(action, screen, task="next")


@task
def up(_: Context) -> None:
    """Start PostgreSQL and a workspace in Docker; all tasks then run in it.

    Example: invoke up
    """
    screen = Screen()

    def action() -> None:
        for said in Stack(ROOT, screen.console.is_terminal).up():
            screen.note(said)

    end(action, screen, task="up")


@task(help={"volumes": "forget the databases in Docker, too", "yes": "without asking"})
def down(_: Context, volumes: bool = False, yes: bool = False) -> None:
    """Stop the PostgreSQL that the labs started, embedded or in Docker; its data stays.

    Example: invoke down
    """
    screen = Screen()

    def action() -> None:
        stack = Stack(ROOT)
        if volumes and not stack.was_used():
            screen.note(messages.NOTHING_TO_FORGET)
        elif volumes and not yes and not screen.sure(messages.SURE):
            screen.note(messages.KEPT)
            return
        used = stack.was_used()
        if used:
            screen.note(stack.down(volumes))
        with Course(ROOT) as course:
            said = course.stop()
        if said != NOT_RUNNING or not used:
            screen.note(said)

    end(action, screen, task="down")


@task(help={"follow": "go on showing until Ctrl-C"})
def logs(_: Context, follow: bool = False) -> None:
    """Show what the containers have logged.

    Example: invoke logs --follow
    """
    screen = Screen()
    end(lambda: Stack(ROOT).logs(follow), screen, task="logs")


@task
def test(_: Context) -> None:
    """Check everything: style, types, and all tests with all proofs of all labs.

    Example: invoke test
    """
    run_suite(ROOT)


@task
def bench(_: Context) -> None:
    """Measure each lab against the same commands typed by hand.

    Example: invoke bench
    """
    run_bench(ROOT)


# Before invoke reads the words itself.
understand(program, Collection.from_module(sys.modules[__name__]))
loading.end()
