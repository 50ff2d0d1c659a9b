"""The loop of a learner: stuck, helped, passed, back at the start; typed as they would type it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit import passage, tour
from labkit.audience import Silent
from labkit.course import Course
from labkit.server import Server
from labkit.trouble import Trouble
from tests import clone as clones
from tests.clone import NAME, NUMBER, OTHER, WRONG, Clone
from tests.drills import ask
from tests.window import Window

LAB = NUMBER + 1
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def window(clone: Clone, columns: int, *words: object, **variables: str) -> Window:
    environment = clone.environment(**{"TERM": "xterm", **variables})
    return Window(clone.command(words), columns=columns, cwd=clone.root, env=environment)


def seen(clone: Clone, columns: int, *words: object, **variables: str) -> tuple[int, list[str]]:
    """The exit status of a task in a window, and the lines it has shown."""
    with window(clone, columns, *words, **variables) as shown:
        status = shown.status()
        return status, _COLOUR.sub("", shown.text).splitlines()


@pytest.fixture(scope="module")
def shared(
    server: Server, small_labs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clone]:
    """A clone in which the page of the small lab has run, and a wrong answer stands."""
    for name in clones.databases(server):
        server.drop(name)
    root = tmp_path_factory.mktemp("loop") / "mit Leerstellen, é und ß"
    clones.copy_repository(root, small_labs)
    clone = Clone(root, {"LABS_DATABASE_URL": server.admin_url})
    assert clone.invoke("lab", NUMBER).status == 0
    clone.answer(WRONG)
    yield clone


def solve(clone: Clone, server: Server) -> None:
    """Give the right answer to the smaller lab, whose page has run."""
    (clone.root / "workspace" / OTHER / "notes.txt").write_text("bread\nmilk\n")
    database = server.database(f"lab_{LAB}")
    assert database
    ask(database.url, "INSERT INTO products VALUES ('desk')")


# The list.


@pytest.mark.parametrize(
    ("columns", "summary"),
    [
        (80, ["0 of 2 labs passed: 0 % of Alembic covered so far"]),
        (40, ["0 of 2 labs passed: 0 % of Alembic", "covered so far"]),
    ],
)
def test_the_list_fits_a_window(shared: Clone, columns: int, summary: list[str]) -> None:
    status, lines = seen(shared, columns, "labs")
    assert status == 0
    assert lines == [
        f"> {NUMBER} Small   started",
        f"  {LAB} Smaller new",
        "",
        *summary,
        f"Next: invoke check {NUMBER}",
    ]


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_the_list_has_colours_where_they_are_wanted(
    shared: Clone, variables: dict[str, str], coloured: bool
) -> None:
    with window(shared, 80, "labs", **variables) as shown:
        shown.status()
        assert ("\x1b[33m" in shown.text) is coloured


def test_a_word_is_found_from_the_command_line(shared: Clone) -> None:
    done = shared.invoke("labs", "--find", "gate.py")
    assert (done.status, done.lines) == (
        0,
        [
            f"{NUMBER} Small",
            "   Annotated code",
            "     $ python gate.py",
            "   Your turn",
            "     $ python gate.py",
            "",
            f"Run one: invoke lab {NUMBER}",
        ],
    )


def test_an_answer_that_never_passed_is_a_finding_of_a_check_of_all(shared: Clone) -> None:
    done = shared.invoke("check", "--all")
    assert done.status == 1
    assert re.fullmatch(rf"1\. {NAME} does not pass yet: \d findings?\.", done.lines[3])
    assert done.lines[-1] == f"Look at one: invoke check {NUMBER}"


# Help.


def test_hints_come_one_after_the_other_and_then_the_remedy_is_shown(shared: Clone) -> None:
    before = shared.invoke("check", NUMBER)
    assert "mend" not in before.out
    _, nudge = seen(shared, 80, "hint", NUMBER)
    assert nudge == [
        "Small: hint 1 of 3",
        "",
        "First: products does not hold the expected number of rows.",
        "",
        "A price is a column of its own.",
        "",
        f"Try it: invoke check {NUMBER}. The next hint: invoke hint {NUMBER}",
    ]
    _, second = seen(shared, 40, "hint", NUMBER)
    assert second == [
        "Small: hint 2 of 3",
        "",
        "First: products does not hold the",
        "expected number of rows.",
        "",
        "Give it a default:",
        'sa.Column("price", sa.Integer, server_default="0")',
        "",
        f"Try it: invoke check {NUMBER}. The next hint: invoke hint {NUMBER}",
    ]
    last = shared.invoke("hint", NUMBER)
    assert last.lines[0] == "Small: hint 3 of 3"
    assert last.lines[-1] == (
        f"Try it: invoke check {NUMBER}. The answer: invoke solution {NUMBER}"
    )
    assert '   mend  op.alter_column("products", "price"' in shared.invoke("check", NUMBER).out


def test_the_solution_is_not_shown_to_whoever_says_no(shared: Clone) -> None:
    with window(shared, 80, "solution", NUMBER) as shown:
        shown.wait_for("all the same? [y/N]")
        shown.type("n\n")
        assert shown.status() == 0
        assert _COLOUR.sub("", shown.text).splitlines() == [
            f"Your answer to lab {NUMBER} has not passed. Show the page's all the same? [y/N] n",
            "It is not shown.",
            f"A hint instead: invoke hint {NUMBER}",
        ]


def test_the_solution_is_shown_to_whoever_insists(shared: Clone) -> None:
    done = shared.invoke("solution", NUMBER, "--anyway")
    assert done.status == 0
    assert done.lines[:3] == ["migrations/versions/0003_price.py", "", '"""price"""']
    assert "$ python sell.py" in done.lines
    assert done.lines[-1] == f"Write it yourself now, then: invoke check {NUMBER}"


def test_a_lab_without_a_solution_says_how_to_get_it_back(clone: Clone) -> None:
    (clone.root / "labs" / NAME / "solution.md").unlink()
    done = clone.invoke("solution", NUMBER, "--anyway")
    assert done.status == 2
    assert done.lines[1:] == [
        f"ERROR  Lab {NUMBER} has no solution.md.",
        "Its folder is not whole.",
        f"git checkout -- labs/{NAME}",
    ]


def test_a_hint_before_the_page_has_run_says_to_run_it(clone: Clone) -> None:
    done = clone.invoke("hint", NUMBER)
    assert done.status == 2
    assert done.lines[1] == f"ERROR  There is nothing of lab {NUMBER} to check yet."


# A pass, and what becomes of it.


def test_a_pass_explains_and_stays_until_something_breaks(clone: Clone, server: Server) -> None:
    assert clone.invoke("lab", LAB).status == 0
    solve(clone, server)
    passed = clone.invoke("check", LAB)
    assert passed.status == 0
    text = re.sub(r"\d+\.\d s", "N s", passed.out)
    assert text.partition("\n\n")[2] == (
        "notes.txt is what the page's solution has.\n"
        "The page's solution then runs:\n"
        "  $ python shop.py \"INSERT INTO products VALUES ('desk')\"\n\n"
        f"PASS  {OTHER}: 2 claims, 1 command verified in N s\n\n"
        "Bread alone is no breakfast.\n\n"
        f"Go on: invoke lab {NUMBER}\n"
    )
    assert clone.invoke("hint", LAB).lines == [
        f"Your answer to lab {LAB} passes; there is nothing to hint at.",
        f"See how the page does it: invoke solution {LAB}",
    ]
    shown = clone.invoke("solution", LAB)
    assert shown.lines[-1] == f"Go on: invoke next. Try another way: edit, then: invoke check {LAB}"
    everything = clone.invoke("check", "--all")
    assert everything.status == 0
    assert re.match(r"PASS  1 lab: 1 answer verified in .* s$", everything.lines[1])
    assert everything.lines[2] == "Go on: invoke next"
    (clone.root / "workspace" / OTHER / "notes.txt").write_text("bread\n")
    status, lines = seen(clone, 80, "check", "--all")
    assert status == 1
    assert lines[-4:] == [
        f"1. {OTHER} passed and passes no longer: 1 finding.",
        f"   mend  invoke check {LAB}",
        "",
        f"Look at one: invoke check {LAB}",
    ]
    assert clone.invoke("labs").lines[1] == f"  {LAB} Smaller passed but no longer"


def test_a_lost_progress_file_is_rebuilt_by_a_check_of_all(clone: Clone, server: Server) -> None:
    assert clone.invoke("lab", LAB).status == 0
    solve(clone, server)
    (clone.root / ".labs" / "progress.json").write_text("{ nothing")
    told = clone.invoke("labs")
    assert told.lines[2].startswith("The progress file could not be read and is kept as .labs/")
    assert clone.invoke("check", "--all").status == 0
    assert clone.invoke("labs").lines[1] == f"  {LAB} Smaller passed"


def test_checking_all_where_nothing_was_begun_says_how_to_begin(clone: Clone) -> None:
    done = clone.invoke("check", "--all", "--json")
    assert done.status == 2
    assert '"what": "No lab was begun yet."' in done.out
    assert '"next": "Begin with the first: invoke next"' in done.out


def test_a_project_that_was_deleted_is_a_finding_of_a_check_of_all(clone: Clone) -> None:
    clone.invoke("lab", LAB)
    for file in (clone.root / "workspace" / OTHER).iterdir():
        file.unlink()
    (clone.root / "workspace" / OTHER).rmdir()
    done = clone.invoke("check", "--all")
    assert done.status == 1
    assert done.lines[1:] == [
        "FAIL  1 lab: 1 finding",
        "",
        f"1. {OTHER} is begun and not there.",
        "   expected  a project that its page has left",
        "   found     none",
        "   why       The project folder was deleted, or a run was cut off.",
        f"   mend      invoke lab {LAB}, or what was set aside: invoke restore {LAB}",
        "",
        f"Look at one: invoke check {LAB}",
    ]


def test_a_database_that_is_gone_is_a_finding_and_the_rest_is_checked(
    clone: Clone, server: Server
) -> None:
    clone.invoke("lab", LAB)
    server.drop(f"lab_{LAB}")
    done = clone.invoke("check", "--all")
    assert done.status == 1
    assert done.lines[1:] == [
        "FAIL  1 lab: 1 finding",
        "",
        f"1. {OTHER} could not be judged: its database is gone.",
        "   why   The server was made anew, or another server is in use now.",
        f"   mend  invoke lab {LAB}",
        "",
        f"Look at one: invoke check {LAB}",
    ]


# Points of a page, and the way back.


def test_a_page_that_has_no_points_is_told(course: Course) -> None:
    with pytest.raises(Trouble) as told:
        passage._meant(course.lab(str(LAB)), "0001", [])
    assert str(told.value) == (
        f"The page of lab {LAB} never stands at “0001”.\n"
        "None of its commands could be run.\n"
        f"invoke goto {LAB} base"
    )


def test_a_point_of_the_page_is_files_database_and_version_at_once(
    clone: Clone, server: Server
) -> None:
    clone.invoke("lab", NUMBER)
    clone.answer(WRONG)
    done = clone.invoke("goto", NUMBER, "0001")
    assert done.status == 0
    assert done.lines[-2:] == [
        f"Lab {NUMBER} is where its page stands at 0001, after `alembic upgrade 0001`.",
        f"Look around: invoke shell {NUMBER}",
    ]
    assert re.match(
        rf"Your edits are in workspace/\.kept/\S+/{NAME}, their database too\. "
        rf"Back: invoke restore {NUMBER} --at \S+$",
        done.lines[-3],
    )
    database = server.database(f"lab_{NUMBER}")
    assert database
    assert ask(database.url, "SELECT version_num FROM alembic_version") == [("0001",)]
    listed = clone.invoke("restore")
    assert re.fullmatch(rf"{NAME}  \S+  6 files", listed.lines[0])
    assert listed.lines[1].startswith(f"Bring one back: invoke restore {NUMBER} --at ")
    assert clone.invoke("restore", NUMBER).status == 0
    assert (clone.project / "migrations" / "versions" / "0003_price.py").exists()


def test_a_revision_that_the_page_never_stands_at_is_answered_with_the_others(
    clone: Clone,
) -> None:
    done = clone.invoke("goto", NUMBER, "0009")
    assert done.status == 2
    assert done.lines[1:] == [
        f"ERROR  The page of lab {NUMBER} never stands at “0009”.",
        "It stands at 0001, 0002.",
        f"invoke goto {NUMBER} 0002",
    ]
    assert not clone.project.exists()


def test_nothing_set_aside_is_told(clone: Clone) -> None:
    assert clone.invoke("restore").lines == [
        "Nothing is set aside.",
        "`invoke reset` and `invoke goto` set edits aside.",
    ]


def test_a_page_that_does_not_hold_is_a_finding_of_a_reset_of_all(clone: Clone) -> None:
    clone.invoke("lab", LAB)
    page = clone.root / "labs" / OTHER / "README.md"
    page.write_text(page.read_text().replace("# => Output: bread\n", "# => Output: butter\n", 1))
    done = clone.invoke("reset", "--all")
    assert done.status == 1
    assert done.lines[1:] == [
        "FAIL  1 lab: 1 finding",
        "",
        f"1. The page of {OTHER} does not hold here.",
        f"   mend  invoke lab {LAB}",
        "",
        "Begin again: invoke next",
    ]


def test_ctrl_c_during_a_reset_of_all_says_what_was_set_aside(clone: Clone, server: Server) -> None:
    clone.invoke("lab", NUMBER)
    clone.answer(WRONG)
    look = f"SELECT query FROM pg_stat_activity WHERE datname = 'lab_{NUMBER}'"
    with window(clone, 80, "reset", "--all", HANG="1") as shown:
        while not any("pg_sleep" in row[0] for row in ask(server.admin_url, look)):
            assert shown.process.poll() is None
        shown.type("\x03")
        assert shown.status() == 2
    text = " ".join(_COLOUR.sub("", shown.text).split())
    assert re.search(
        r"ERROR Stopped by Ctrl-C while `alembic upgrade head` ran\. It was in"
        r" migrations/versions/0002_name\.py:14\. Nothing was judged, and nothing of yours is"
        rf" lost\. Your edits are in workspace/\.kept/\S+/{NAME}, their database too\. Back:"
        rf" invoke restore {NUMBER} --at \S+ Run it again: invoke reset --all$",
        text,
    ), text


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (KeyboardInterrupt(), "`invoke reset` was stopped by Ctrl-C."),
        (Trouble("The server is gone."), "The server is gone."),
    ],
    ids=["Ctrl-C", "trouble"],
)
def test_whatever_ends_a_reset_of_all_the_way_back_is_told(
    course: Course, monkeypatch: pytest.MonkeyPatch, error: BaseException, what: str
) -> None:
    lab = course.lab(str(LAB))
    course.run(lab, Silent())
    (course.workspace.project(lab.name) / "notes.txt").write_text("mine\n")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Course, "run", fail)
    with pytest.raises(Trouble) as told:
        tour.reset_all(course, lambda *_: None)
    assert told.value.what == what
    assert f"Back: invoke restore {LAB} --at" in told.value.why


def test_a_reset_of_all_sets_every_edit_aside(clone: Clone) -> None:
    clone.invoke("lab", LAB)
    (clone.root / "workspace" / OTHER / "notes.txt").write_text("mine\n")
    status, lines = seen(clone, 40, "reset", "--all")
    assert status == 0
    text = " ".join(lines)
    assert f"Back: invoke restore {LAB} --at" in text
    assert lines[-1] == "Begin again: invoke next"
    assert (clone.root / "workspace" / OTHER / "notes.txt").read_text() == "bread\n"


# The schema.


def test_the_schema_is_shown_compared_and_drawn(clone: Clone, server: Server) -> None:
    clone.invoke("lab", NUMBER)
    shown = clone.invoke("schema", NUMBER)
    assert shown.lines == [
        "alembic_version: ['0002']",
        "tables:",
        "  products:",
        "    columns:",
        "      name: {type: text, nullable: false}",
    ]
    _, coloured = seen(clone, 80, "schema", NUMBER)
    assert [line.rstrip() for line in coloured] == shown.lines
    same = clone.invoke("schema", NUMBER, "--diff", "head")
    assert same.status == 0
    assert same.lines[-1] == f"See the whole schema: invoke schema {NUMBER}"
    other = clone.invoke("schema", NUMBER, "--diff", "turn")
    assert other.status == 1
    assert "products.price: expected integer DEFAULT 0, found no such column" in other.out
    assert "why   Against the snapshot “turn”." in other.out
    drawn = clone.invoke("schema", NUMBER, "--erd", PATH="/usr/bin:/bin")
    assert drawn.lines == [
        f"Written: workspace/{NAME}.mmd",
        "No SVG was made: mmdc is not installed. Most editors and GitHub draw the file as",
        "it is.",
    ]
    assert (clone.root / "workspace" / f"{NAME}.mmd").read_text() == (
        "erDiagram\n    products {\n        text name\n    }\n"
    )


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ('#!/bin/sh\necho "<svg/>" > "$4"\n', f"Written: workspace/{NAME}.svg"),
        ("#!/bin/sh\necho no browser >&2\nexit 1\n", "No SVG was made; mmdc says: no browser"),
    ],
    # The name of the lab differs from one process of the tests to the other.
    ids=["draws", "fails"],
)
def test_a_picture_is_made_where_the_renderer_is(
    clone: Clone, tmp_path: Path, program: str, said: str
) -> None:
    clone.invoke("lab", NUMBER)
    renderer = tmp_path / "bin" / "mmdc"
    renderer.parent.mkdir()
    renderer.write_text(program)
    renderer.chmod(0o755)
    done = clone.invoke("schema", NUMBER, "--erd", PATH=f"{renderer.parent}:/usr/bin:/bin")
    assert (done.status, done.lines[1]) == (0, said)


def test_a_snapshot_that_is_not_there_is_answered_with_those_that_are(clone: Clone) -> None:
    clone.invoke("lab", NUMBER)
    done = clone.invoke("schema", NUMBER, "--diff", "hed")
    assert done.status == 2
    assert done.lines[1:] == [
        f"ERROR  Lab {NUMBER} has no snapshot “hed”.",
        "It has head, turn.",
        f"invoke schema {NUMBER} --diff head",
    ]


def test_a_schema_without_a_database_says_how_to_get_one(clone: Clone) -> None:
    done = clone.invoke("schema", NUMBER)
    assert done.status == 2
    assert done.lines[1] == f"ERROR  The database of lab {NUMBER} is gone."
