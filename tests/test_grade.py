"""A grader's folder: each submission gets its verdict, and none harms another."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import psutil
import psycopg2
import pytest

from labkit.course import Course
from labkit.grading import cell, leash, report, session
from labkit.grading.allowance import Allowance
from labkit.grading.grader import Grade, Grader, Limits
from labkit.grading.lending import MOST, Lender
from labkit.grading.submission import Submission, copy, submissions
from labkit.messages import grade as messages
from labkit.process import fence
from labkit.run import Runner
from labkit.server import Database, Server
from labkit.trouble import Trouble
from labkit.verdict import Finding
from tests import clone as clones
from tests.clone import ANSWER, NAME, NUMBER, OTHER, ROOT, WRONG, Clone, Done
from tests.drills import as_ordinary_user, ask
from tests.window import Window

COMMANDS = "# what I typed\n$ alembic upgrade head\npython sell.py\n"
SELL = clones._SELL

# What a migration does first, by who handed it in.
HOSTILE = {
    "exits": "import os\nos._exit(0)\n",
    "floods": "for _ in range(100):\n    print('x' * 1_000_000)\n",
    "closes": "import os\nos.close(1)\n",
    "kills": "import os\nos.kill(-1, 9)\n",
    "breeds": """
import os
import time

for _ in range(200):
    if os.fork() == 0:
        break
time.sleep(600)
""",
    "stays": """
import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)
""",
    "shouts": "raise RuntimeError('x' * 8_000_000)\n",
    "hogs": "hoard = bytearray(64 << 30)\n",
    "spies": """
import glob
import os
import pathlib

found = []
for path in ["/proc/self/environ", *glob.glob("/proc/[0-9]*/environ")]:
    try:
        if b"LABS_DATABASE_URL" in pathlib.Path(path).read_bytes():
            found.append(path)
    except OSError:
        continue
for name in ("STATE/secret", "FOLDER/good/NAME/sell.py", "ROOT/tasks.py"):
    try:
        found.append(pathlib.Path(name).read_text(errors="replace")[:0] + name)
    except OSError:
        continue
for name in ("FOLDER/good/mine", "ROOT/mine", "STATE/mine"):
    try:
        pathlib.Path(name).write_text("mine")
        found.append(name)
    except OSError:
        continue
raise RuntimeError(f"found {found}")
""",
}


@dataclass(frozen=True)
class Story:
    """What a grader saw who graded once."""

    done: Done
    folder: Path
    left: list[str]

    @property
    def target(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}-grades")

    def told(self, name: str) -> dict[str, Any]:
        grades = json.loads((self.target / "grades.json").read_text())["submissions"]
        return next(grade for grade in grades if grade["submission"] == name)


def hand_in(project: Path, folder: Path, name: str, revision: str = ANSWER) -> Path:
    """A submission of the small lab; returns its project."""
    target = folder / name / NAME
    shutil.copytree(project, target)
    (target / "migrations" / "versions" / "0003_price.py").write_text(revision)
    (target / "sell.py").write_text(SELL)
    (target / "commands.txt").write_text(COMMANDS)
    return target


@pytest.fixture(scope="module")
def story(
    server: Server, small_labs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    for name in clones.databases(server):
        server.drop(name)
    base = tmp_path_factory.mktemp("grading")
    root = base / "mit Leerstellen, é und ß"
    clones.copy_repository(root, small_labs)
    clone = Clone(root, {"LABS_DATABASE_URL": server.admin_url})
    assert clone.invoke("lab", NUMBER).status == 0
    folder = base / "handed in"
    hand_in(clone.project, folder, "good")
    hand_in(clone.project, folder, "wrong", WRONG)
    for name, code in HOSTILE.items():
        for word, path in (("STATE", root / ".labs"), ("FOLDER", folder), ("ROOT", root)):
            code = code.replace(word, str(path))
        hand_in(clone.project, folder, name, code.replace("NAME", NAME) + ANSWER)
    leading = hand_in(clone.project, folder, "links")
    (leading / "migrations" / "script.py.mako").symlink_to("/etc/passwd")
    (folder / "a link").symlink_to(root)
    (folder / "empty").mkdir()
    (folder / "packed" / NAME).mkdir(parents=True)
    (folder / "packed" / NAME / "all.zip").write_bytes(b"PK")
    (folder / "=1+1").mkdir()
    (folder / "notes.txt").write_text("no submission")
    without = hand_in(clone.project, folder, "without")
    (without / "commands.txt").unlink()
    failing = hand_in(clone.project, folder, "failing")
    (failing / "commands.txt").write_text("alembic upgrade 0009\n")
    done = clone.invoke("grade", folder, "--jobs", 2, "--seconds", 100)
    own = {f"lab_{NUMBER}", f"lab_{NUMBER}_end"}
    left = [row[0] for row in ask(server.admin_url, _LEFT) if row[0] not in own]
    left += [path.name for path in (root / ".labs" / "grading").iterdir()]
    left += still_running(root / ".labs" / "grading")
    yield Story(done, folder, left)
    shutil.rmtree(base)


def still_running(below: Path) -> list[str]:
    """The processes that were started for a submission."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(value.startswith(f"{below}/") for value in process.environ().values()):
                found.append(" ".join(process.cmdline()))
    return found


_LEFT = f"""
SELECT datname FROM pg_database WHERE datname LIKE 'lab\\_{NUMBER}\\_%'
UNION ALL SELECT rolname FROM pg_roles WHERE rolname LIKE 'lab\\_{NUMBER}\\_%'
"""


# What becomes of each.


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("good", "PASS", ""),
        ("floods", "PASS", ""),
        ("links", "PASS", ""),
        ("stays", "PASS", ""),
        ("wrong", "FAIL", "`python sell.py` of commands.txt failed, so the checks did not run."),
        ("exits", "FAIL", "`alembic current` was left in the middle, with exit status 0."),
        ("breeds", "FAIL", "It "),
        ("hogs", "FAIL", "`alembic upgrade head` of commands.txt failed, so the checks did not"),
        ("failing", "FAIL", "`alembic upgrade 0009` of commands.txt failed, so the checks did not"),
        ("a link", "ERROR", "a link is a link, and links are not followed."),
        ("empty", "ERROR", "Nothing in empty is called like a lab."),
        ("packed", "ERROR", "There is no project in packed."),
        pytest.param(
            "without",
            "ERROR",
            f"The answer to lab {NUMBER} is the state of a database, and none was",
            # The number differs from one process of the tests to the other.
            id="without",
        ),
    ],
)
def test_a_submission_gets_its_own_verdict(story: Story, name: str, status: str, said: str) -> None:
    told = story.told(name)
    first = told["error"] or (told["findings"] or [{"what": ""}])[0]
    assert (told["status"], first["what"][: len(said)]) == (status, said)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (
            "a link",
            {
                "what": "a link is a link, and links are not followed.",
                "why": "It may lead to somebody else's files.",
                "mend": "Put a folder in its place.",
            },
        ),
        (
            "empty",
            {
                "what": "Nothing in empty is called like a lab.",
                "why": "A submission holds the projects of a workspace under their names, such as"
                " 07-add-column.",
                "mend": "If it is one project itself, say of which lab:"
                " invoke grade FOLDER --lab 7",
            },
        ),
        (
            "packed",
            {
                "what": "There is no project in packed.",
                "why": "It is empty, or holds an archive that was not unpacked.",
                "mend": "Unpack it, or ask for the project once more.",
            },
        ),
        pytest.param(
            "without",
            {
                "what": f"The answer to lab {NUMBER} is the state of a database, and none was"
                " handed in.",
                "why": "It is brought about by the commands in commands.txt, a line each, after the"
                " page has run.",
                "mend": f"Ask for {NAME}/commands.txt, with for example: alembic upgrade head",
            },
            id="without",
        ),
    ],
)
def test_what_keeps_one_from_being_judged_is_told_with_what_mends_it(
    story: Story, name: str, error: dict[str, str]
) -> None:
    assert story.told(name)["error"] == error


def test_a_long_error_is_cut(story: Story) -> None:
    (finding,) = story.told("shouts")["findings"]
    start = "exit status 1: RuntimeError: "
    left = 8_000_000 + len(start) - 4_000
    assert finding["actual"] == f"{start}{'x' * (4_000 - len(start))} … and {left} characters more"


@pytest.mark.parametrize("name", ["closes", "kills"])
def test_whatever_it_does_to_itself_ends_in_a_verdict(story: Story, name: str) -> None:
    assert story.told(name)["status"] in ("PASS", "FAIL")


@pytest.mark.skipif(fence.version() < 6, reason="this kernel has no fence to test")
def test_a_submission_sees_no_administrator_no_other_submission_and_writes_nowhere(
    story: Story,
) -> None:
    (finding,) = story.told("spies")["findings"]
    assert finding["actual"] == "exit status 1: RuntimeError: found []"
    assert not (story.folder / "good" / "mine").exists()


def test_nothing_of_a_submission_is_left(story: Story) -> None:
    assert story.left == []


def test_submissions_stay_as_they_were_handed_in(story: Story) -> None:
    names = sorted(path.name for path in (story.folder / "good" / NAME).iterdir())
    assert names == ["alembic.ini", "commands.txt", "gate.py", "migrations", "sell.py"]


def test_where_signals_leave_the_fence_all_that_was_started_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
import os
import time

for _ in range(20):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            print("here", flush=True)
            time.sleep(600)
        os._exit(0)
time.sleep(600)
"""
    monkeypatch.setattr(leash, "signals_stay", lambda: False)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={"HOME": str(tmp_path / "home")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout
        assert [process.stdout.readline() for _ in range(20)] == [b"here\n"] * 20
        leash.let_go(process, tmp_path)
    assert still_running(tmp_path) == []


# What the grader sees.


def test_the_table_names_each_and_the_last_line_says_where_the_grades_are(story: Story) -> None:
    assert story.done.status == 1
    assert story.done.err == ""
    assert "notes.txt" not in story.done.out
    assert f"PASS  good  {NAME}" in story.done.lines
    assert f"FAIL  wrong  {NAME}" in story.done.lines
    assert "ERROR empty  -" in story.done.lines
    assert story.done.lines[-1] == f"Read the grades: {story.target / 'grades.csv'}"
    told = json.loads((story.target / "grades.json").read_text())
    said = messages.summary(told["passed"], told["failed"], told["errors"])
    assert f"1. {said}" in story.done.lines
    assert told["errors"] == 5


def test_a_table_and_a_build_server_read_the_same_verdicts(story: Story) -> None:
    told = json.loads((story.target / "grades.json").read_text())["submissions"]
    with (story.target / "grades.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == [grade["status"] for grade in told]
    assert rows[0]["submission"] == "'=1+1"
    suite = ElementTree.parse(story.target / "junit.xml").getroot()
    assert [case.get("name") for case in suite] == [grade["submission"] for grade in told]
    kinds = {"PASS": [], "FAIL": ["failure"], "ERROR": ["error"]}
    assert [[e.tag for e in case] for case in suite] == [kinds[g["status"]] for g in told]
    assert suite.get("errors") == "5"


def test_what_xml_cannot_hold_is_replaced() -> None:
    submission = Submission("a\x01\udcff", None, None)
    text = report.as_junit([Grade(submission, (Finding("\x00 & < \x1b[31m"),))])
    (case,) = ElementTree.fromstring(text.partition("\n")[2])
    assert case.get("name") == "a�?"
    assert case[0].get("message") == "� & < �[31m"


def test_an_error_that_no_file_can_hold_costs_no_grade(tmp_path: Path) -> None:
    grades = [
        Grade(Submission("good", None, None)),
        Grade(Submission("bad\udcff", None, None), (Finding("\ud800 ,\"'\n\x00"),)),
    ]
    report.write(tmp_path / "grades", grades)
    told = json.loads((tmp_path / "grades" / "grades.json").read_text())["submissions"]
    assert [grade["submission"] for grade in told] == ["good", "bad?"]
    assert told[1]["findings"][0]["what"] == "? ,\"'\n\x00"
    rows = list(csv.reader((tmp_path / "grades" / "grades.csv").read_text().splitlines()))
    assert rows[2][0] == "bad?"
    assert rows[2][4] == "? ,\"' �"
    assert len(ElementTree.parse(tmp_path / "grades" / "junit.xml").getroot()) == 2


def test_a_narrow_window_shows_the_same(clone: Clone, tmp_path: Path) -> None:
    folder = tmp_path / "all"
    (folder / "ada").mkdir(parents=True)
    environment = clone.environment(TERM="xterm")
    command = clone.command(["grade", folder])
    with Window(command, columns=40, cwd=clone.root, env=environment) as window:
        assert window.status() == 1
    assert "0 of 1 graded …" in window.text
    assert "\x1b[1;33mERROR\x1b[0m ada  -" in window.text


def test_ctrl_c_keeps_what_was_graded_until_then(
    clone: Clone, tmp_path: Path, server: Server
) -> None:
    folder = tmp_path / "all"
    (folder / "ada" / NAME).mkdir(parents=True)
    (folder / "bob" / OTHER).mkdir(parents=True)
    (folder / "bob" / OTHER / "commands.txt").write_text("sleep 600\n")
    environment = clone.environment(TERM="xterm")
    command = clone.command(["grade", folder, "--jobs", 1])
    with Window(command, cwd=clone.root, env=environment) as window:
        window.wait_for("1 of 2 graded …")
        window.type("\x03")
        assert window.status() == 2
    target = tmp_path / "all-grades"
    told = (
        "\x1b[1;33mERROR\x1b[0m Stopped by Ctrl-C; 1 of 2 are graded. "
        f"Their grades are in {target}, and the others are ERROR there: not graded. "
        f"\x1b[1mRun it again: invoke grade {folder} --jobs 1\x1b[0m"
    )
    # Where a path is longer than the window is wide, it is broken.
    assert "".join(window.text.split()).endswith("".join(told.split()))
    rows = list(csv.DictReader((target / "grades.csv").read_text().splitlines()))
    assert [(row["status"], row["first"][:20]) for row in rows] == [
        ("ERROR", "There is no project "),
        ("ERROR", "bob was not graded."),
    ]
    told = json.loads((target / "grades.json").read_text())["submissions"][1]["error"]
    assert (told["why"], told["mend"]) == (
        "The grading was stopped before its end.",
        "Grade once more.",
    )
    assert still_running(clone.root / ".labs" / "grading") == []
    assert ask(server.admin_url, _LEFT) == []


# What a grader cannot do.


@pytest.mark.parametrize(
    ("words", "what", "why", "mend"),
    [
        (
            ["nowhere"],
            "nowhere cannot be read: No such file or directory",
            "It is to hold one folder for each submission.",
            "Name another one: invoke grade FOLDER",
        ),
        (
            ["labs"],
            "",
            "Each folder in it is one; archives have to be unpacked first.",
            "Name another one: invoke grade FOLDER",
        ),
        (
            [".", "--jobs", "0"],
            "--jobs has to be a number from 1 on, and “0” is none.",
            "",
            "invoke grade --help",
        ),
        (
            [".", "--seconds", "soon"],
            "--seconds has to be a number from 1 on, and “soon” is none.",
            "",
            "invoke grade --help",
        ),
        (
            [".", "--lab", "qqq"],
            "No lab is called “qqq”.",
            "Nothing comes near it.",
            "See all labs: invoke labs",
        ),
    ],
    ids=["nowhere", "empty", "jobs", "seconds", "lab"],
)
def test_what_cannot_be_graded_is_an_error(
    clone: Clone, words: list[str], what: str, why: str, mend: str
) -> None:
    (clone.root / "empty").mkdir()
    words = ["empty"] if words == ["labs"] else words
    done = clone.invoke("grade", *words, "--json")
    assert done.status == 2
    what = what or f"There is no submission in {clone.root / 'empty'}."
    error = json.loads(done.out)["error"]
    assert error["what"].endswith(what)
    assert (error["why"], error["mend"]) == (why, mend)


def test_a_server_without_roles_is_no_place_to_grade(
    course: Course, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABS_DATABASE_URL", server.admin_url)
    monkeypatch.setattr(Server, "makes_roles", False)
    grader = Grader(ROOT, tmp_path / ".labs", Limits(), 1)
    with pytest.raises(Trouble) as told:
        grader.grade([Submission("ada", course.lab(OTHER), tmp_path)], lambda _: None)
    assert told.value.what.startswith("Nobody can be given a role of their own: ")
    assert told.value.why == (
        "The role of the labs may not create roles there, so that a submission could reach the"
        " databases of the others."
    )
    assert told.value.mend == (
        "Let it: ALTER ROLE … CREATEROLE, or grade with the embedded server:"
        " env -u LABS_DATABASE_URL invoke grade FOLDER"
    )


def test_what_does_not_end_is_ended(
    course: Course, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABS_DATABASE_URL", server.admin_url)
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "commands.txt").write_text("sleep 60\n")
    submission = Submission("ada", course.lab(OTHER), tmp_path / "project")
    grader = Grader(ROOT, tmp_path / ".labs", Limits(seconds=1), 1)
    (grade,) = grader.grade([submission], lambda _: None)
    assert grade.findings == (
        Finding(
            "It was not done within 1 s.",
            why="Something in it does not end, or waits for what never comes.",
        ),
    )
    assert list((tmp_path / ".labs" / "grading").iterdir()) == []


def graded(course: Course, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What keeps a submission to the smaller lab from being judged."""
    monkeypatch.setenv("LABS_DATABASE_URL", server.admin_url)
    project = tmp_path / "project"
    project.mkdir()
    (project / "commands.txt").write_text("true\n")
    submission = Submission("ada", course.lab(OTHER), project)
    (grade,) = Grader(ROOT, tmp_path / ".labs", Limits(), 1).grade([submission], lambda _: None)
    assert not grade.findings
    return str(grade.trouble)


def test_a_page_that_does_not_run_here_judges_nobody(
    course: Course, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = course.lab(OTHER).folder / "README.md"
    page.write_text(page.read_text().replace("$ cat notes.txt", "$ cat nothing.txt", 1))
    assert graded(course, server, tmp_path, monkeypatch) == (
        f"The page of lab {NUMBER + 1} does not run to its end here: `cat nothing.txt`.\n"
        "The submission was not judged.\n"
        f"See why: invoke lab {NUMBER + 1}"
    )


def test_a_judge_that_is_gone_is_told(
    course: Course, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = subprocess.Popen

    def begin(_: object, **options: Any) -> subprocess.Popen[bytes]:
        return start([sys.executable, "-c", "raise SystemExit(9)"], **options)

    monkeypatch.setattr("labkit.grading.grader.subprocess.Popen", begin)
    assert graded(course, server, tmp_path, monkeypatch) == (
        "The process that judges it ended with status 9 before a verdict.\n"
        "The submission has killed it, or the system did, which had no memory left.\n"
        "Judge it alone: invoke grade FOLDER --jobs 1"
    )


def test_a_fault_of_the_labs_is_told_as_one(
    course: Course, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr("labkit.grading.submission.copy", fail)
    assert graded(course, server, tmp_path, monkeypatch) == (
        "A fault in the labs themselves: ValueError: odd\nIt is not the submission's.\nReport it."
    )


def test_a_command_that_does_not_end_is_the_submissions(
    database: Database, shared_runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cell, "CHECK_SECONDS", 0.2)
    (finding,) = cell._play(["sleep 60", "true"], tmp_path, database.url, shared_runner)
    assert finding == Finding(
        "`sleep 60` of commands.txt failed, so the checks did not run.",
        "exit status 0",
        "it did not end",
    )


@pytest.mark.parametrize("fenced", [True, False])
def test_a_system_without_a_fence_is_told(course: Course, fenced: bool) -> None:
    grade = Grade(Submission("ada", None, None), fenced=fenced)
    verdict = session._verdict([grade], Path("all-grades"), 1.0, course)
    said = (
        "This system has no Landlock, so a submission could read and write what you can. Grade in"
        " a container or on Linux 6.12 or later where you do not trust them."
    )
    assert verdict.notes == (() if fenced else (said,))


def test_a_lab_that_was_not_handed_in_is_told(
    course: Course, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABS_DATABASE_URL", server.admin_url)
    (tmp_path / "all" / "ada" / NAME).mkdir(parents=True)
    found = submissions(tmp_path / "all", course.labs(), course.lab(OTHER))
    (grade,) = Grader(ROOT, tmp_path / ".labs", Limits(), 1).grade(found, lambda _: None)
    assert str(grade.trouble) == f"ada has no folder {OTHER}.\nOther labs were handed in."


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[psutil.Process]:
    """A process that has started two."""
    with subprocess.Popen(["sh", "-c", "sleep 600 & sleep 600 & echo; wait"], stdout=-1) as shell:
        assert shell.stdout
        shell.stdout.readline()
        there = psutil.Process(shell.pid)
        yield there
        for process in (*there.children(), there):
            process.kill()


@pytest.mark.parametrize(
    ("allowance", "said"),
    [
        (Allowance(1 << 30), None),
        (Allowance(1 << 30, processes=1), "It had more than 1 processes, and was ended."),
        (Allowance(1 << 10), "It used more than 0 MB of memory, and was ended."),
        (Allowance(1 << 30, rows=1 << 20), "Its databases had more than 1 MB, and it was ended."),
        (
            Allowance(1 << 30, files=2, stored=1 << 30),
            "It wrote more than 2 files or 1024 MB, and was ended.",
        ),
        (
            Allowance(1 << 30, stored=1 << 20),
            "It wrote more than 20000 files or 1 MB, and was ended.",
        ),
    ],
    ids=["enough", "processes", "memory", "rows", "files", "bytes"],
)
def test_what_a_submission_uses_is_limited(
    busy: psutil.Process,
    database: Database,
    server: Server,
    tmp_path: Path,
    allowance: Allowance,
    said: str | None,
) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "large").write_bytes(bytes(2 << 20))
    (tmp_path / "loop").symlink_to(tmp_path)
    found = allowance.exceeded(busy.pid, tmp_path, [database.name], server)
    assert (found and found.what) == said


def test_a_name_of_several_lines_is_shown_on_one(clone: Clone, tmp_path: Path) -> None:
    (tmp_path / "all" / "ada\nPASS  bob").mkdir(parents=True)
    done = clone.invoke("grade", tmp_path / "all")
    assert "ERROR ada PASS  bob  -" in done.lines


# Which folders are submissions.


def test_a_clone_a_workspace_and_a_project_can_be_handed_in(course: Course, tmp_path: Path) -> None:
    labs = course.labs()
    folder = tmp_path / "all"
    (folder / "clone" / "workspace" / NAME).mkdir(parents=True)
    (folder / "workspace" / OTHER).mkdir(parents=True)
    (folder / "project" / "migrations").mkdir(parents=True)
    (folder / ".git").mkdir()
    found = submissions(folder, labs, None)
    assert [(s.name, s.lab and s.lab.name) for s in found] == [
        ("clone", NAME),
        ("project", None),
        ("workspace", OTHER),
    ]
    one = submissions(folder, labs, course.lab(OTHER))
    assert [(s.name, s.project and s.project.name) for s in one] == [
        ("clone", None),
        ("project", "project"),
        ("workspace", OTHER),
    ]


def test_a_copy_leaves_out_what_leads_outside(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "below").mkdir(parents=True)
    (project / "below" / "a.py").write_text("a")
    (project / "inside").symlink_to("below/a.py")
    (project / "outside").symlink_to("/etc")
    (project / "up").symlink_to("..")
    (project / "loop").symlink_to("loop")
    os.mkfifo(project / "pipe")
    (project / ".git").mkdir()
    copy(project, tmp_path / "copy")
    found = sorted(path.name for path in (tmp_path / "copy").rglob("*"))
    assert found == ["a.py", "below", "inside"]


def test_a_submission_with_a_whole_environment_in_it_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    with (project / "large").open("wb") as file:
        file.truncate(33 << 20)
    with pytest.raises(Trouble) as told:
        copy(project, tmp_path / "copy")
    assert str(told.value) == (
        "project has more than 2000 files or 32 MB.\n"
        "An answer is a few small files; a virtual environment may have been handed in with it.\n"
        "Remove what is no answer."
    )


def test_a_submission_of_folders_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.grading.submission.MOST_FILES", 3)
    for number in range(4):
        (tmp_path / "project" / str(number)).mkdir(parents=True)
    with pytest.raises(Trouble, match="project has more than 3 files or 32 MB"):
        copy(tmp_path / "project", tmp_path / "copy")


def test_a_file_that_cannot_be_read_is_told(folder: Path) -> None:
    project = folder / "project"
    project.mkdir()
    (project / "a.py").write_text("a")
    (project / "a.py").chmod(0)
    with pytest.raises(Trouble) as told:
        as_ordinary_user(lambda: copy(project, folder / "copy"))
    assert str(told.value) == (
        "a.py cannot be read: Permission denied\n"
        "The submission was not judged without it.\n"
        "Make it readable: chmod -R u+rX FOLDER"
    )


# Whose databases.


def test_one_submission_cannot_enter_the_database_of_another(server: Server) -> None:
    with Lender(server, f"lab_{NUMBER}_a") as one, Lender(server, f"lab_{NUMBER}_b") as other:
        mine, theirs = one.answer({"borrow": ""}), other.answer({"borrow": ""})
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            ask(mine["url"], "SELECT 1", dbname=theirs["name"])
        assert one.answer({"borrow": "", "template": theirs["name"]})["name"] != theirs["name"]
        assert other.names == [theirs["name"]]
        assert one.answer({"return": theirs["name"]}) == {}
        assert ask(theirs["url"], "SELECT 1") == [(1,)]
    assert not server.exists(theirs["name"])
    roles = ask(server.admin_url, f"SELECT 1 FROM pg_roles WHERE rolname LIKE 'lab\\_{NUMBER}\\__'")
    assert roles == []


def test_nobody_borrows_all_there_is(server: Server) -> None:
    with Lender(server, f"lab_{NUMBER}_c") as lender:
        for number in range(MOST):
            lender._lent[str(number)] = ExitStack()
        answer = lender.answer({"borrow": ""})
    assert answer == {"refused": ["Too many databases were asked for.", "", ""]}
