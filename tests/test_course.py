"""What a learner did is never lost, whatever they type next and in whatever order."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labkit import desk
from labkit.audience import Silent
from labkit.course import Course
from labkit.lab import Lab
from labkit.observation import Observation
from labkit.progress import Standing
from labkit.run import Runner
from labkit.server import Server
from labkit.trouble import Trouble
from labkit.verdict import Verdict
from tests.clone import NUMBER, OTHER
from tests.drills import ask

LAB = NUMBER + 1
DATABASE = f"lab_{LAB}"
SHELL = f"A shell with its database, to try things: invoke shell {LAB}"


class Listener(Silent):
    """An audience that remembers what it was told, and may do something at a command."""

    def __init__(self, at_command: Callable[[], None] = lambda: None) -> None:
        self.told: list[str] = []
        self._at_command = at_command

    def noted(self, text: str) -> None:
        self.told.append(text)

    def began(self, _: object) -> None:
        self._at_command()


@pytest.fixture
def lab(course: Course) -> Lab:
    return course.lab(str(LAB))


@pytest.fixture
def project(course: Course, lab: Lab) -> Path:
    """The project of a lab whose page has run."""
    assert course.run(lab, Silent()).status == "PASS"
    return course.workspace.project(lab.name)


def sold(server: Server, database: str = DATABASE) -> list[str]:
    """The products in a database."""
    found = server.database(database)
    assert found is not None
    return [row[0] for row in ask(found.url, "SELECT name FROM products ORDER BY name")]


def sell(server: Server, name: str) -> None:
    found = server.database(DATABASE)
    assert found is not None
    ask(found.url, f"INSERT INTO products VALUES ('{name}')")


def stamp(verdict: Verdict | list[str] | Listener) -> str:
    """The time in the command that brings edits back."""
    said = verdict.notes if isinstance(verdict, Verdict) else verdict
    said = said.told if isinstance(said, Listener) else said
    found = re.search(rf"invoke restore {LAB} --at (\S+)", "\n".join(said))
    assert found, said
    return found[1]


# A run.


def test_a_run_lays_the_files_down_and_leaves_no_edit(
    course: Course, lab: Lab, project: Path
) -> None:
    assert sorted(path.name for path in project.iterdir()) == ["notes.txt", "shop.py"]
    assert course.work(lab).edits() == []


def test_a_second_run_of_unedited_files_is_the_same(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    verdict = course.run(lab, Silent())
    assert (verdict.status, verdict.notes) == ("PASS", (SHELL,))
    assert sold(server) == ["lamp"]


def test_a_run_says_what_was_verified_and_what_comes_next(course: Course, lab: Lab) -> None:
    verdict = course.run(lab, Silent())
    assert verdict.verified == {"claims": 2, "snapshots": 1, "commands": 2}
    assert verdict.following == (f"Your turn: edit workspace/{OTHER}, then: invoke check {LAB}")


def test_a_run_beside_edits_leaves_them_as_they_are(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    (project / "notes.txt").write_text("mine\n")
    (project / "new.txt").write_text("new\n")
    sell(server, "desk")
    verdict = course.run(lab, Silent())
    assert verdict.status == "PASS"
    assert verdict.notes == (
        f"Your edits in workspace/{OTHER} stay as they are (new.txt, notes.txt, the database); the "
        "page ran beside them, in a folder and a database of its own.",
        SHELL,
    )
    assert (project / "notes.txt").read_text() == "mine\n"
    assert (project / "new.txt").read_text() == "new\n"
    assert sold(server) == ["desk", "lamp"]


def test_rows_alone_are_an_edit(course: Course, lab: Lab, project: Path, server: Server) -> None:
    sell(server, "desk")
    assert course.work(lab).edits() == ["the database"]
    course.run(lab, Silent())
    assert sold(server) == ["desk", "lamp"]


def test_a_table_alone_is_an_edit(course: Course, lab: Lab, project: Path, server: Server) -> None:
    found = server.database(DATABASE)
    assert found is not None
    ask(found.url, "CREATE TABLE empty ()")
    assert course.work(lab).edits() == ["the database"]


def test_rows_that_changed_places_are_no_edit(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    found = server.database(DATABASE)
    assert found is not None
    ask(found.url, "UPDATE products SET name = name")
    assert course.work(lab).edits() == []


def test_many_edits_are_told_in_short(course: Course, lab: Lab, project: Path) -> None:
    for number in range(5):
        (project / f"{number}.txt").write_text("")
    note, _ = course.run(lab, Silent()).notes
    assert "(0.txt, 1.txt, 2.txt and 2 more)" in note


def test_a_run_beside_edits_leaves_nothing_behind(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    (project / "notes.txt").write_text("mine\n")
    course.run(lab, Silent())
    assert list((course.state / "scratch").iterdir()) == []
    rows = ask(
        server.admin_url, f"SELECT datname FROM pg_database WHERE datname LIKE '{DATABASE}%'"
    )
    assert sorted(rows) == [(DATABASE,), (f"{DATABASE}_end",)]


def test_a_file_edited_while_its_page_runs_is_an_edit(course: Course, lab: Lab) -> None:
    notes = course.workspace.project(lab.name) / "notes.txt"

    def edit() -> None:
        notes.write_text("bread\nmine\n")

    course.run(lab, Listener(edit))
    assert course.work(lab).edits() == ["notes.txt"]


def test_a_deleted_project_is_laid_down_again(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    shutil.rmtree(project)
    listener = Listener()
    assert course.run(lab, listener).notes == (SHELL,)
    assert listener.told == []
    assert (project / "notes.txt").exists()
    assert sold(server) == ["lamp"]


def test_rows_whose_project_was_deleted_are_set_aside(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    sell(server, "desk")
    shutil.rmtree(project)
    listener = Listener()
    course.run(lab, listener)
    (told,) = listener.told
    assert told.startswith(
        f"There was a database of lab {LAB} without the files that belong to it, so it was moved"
    )
    assert sold(server) == ["lamp"]
    course.restore(lab, stamp(listener), Silent())
    assert sold(server) == ["desk", "lamp"]


def test_a_database_that_nobody_knows_is_set_aside(
    course: Course, lab: Lab, server: Server
) -> None:
    stranger = server.fresh(DATABASE)
    ask(stranger.url, "CREATE TABLE products (name text)")
    listener = Listener()
    course.run(lab, listener)
    assert sold(server) == ["lamp"]
    course.restore(lab, stamp(listener), Silent())
    assert sold(server) == []


def test_files_that_nobody_loaded_are_edits(course: Course, lab: Lab) -> None:
    project = course.workspace.project(lab.name)
    project.mkdir(parents=True)
    (project / "notes.txt").write_text("mine\n")
    note, _ = course.run(lab, Silent()).notes
    assert "stay as they are (notes.txt)" in note
    assert (project / "notes.txt").read_text() == "mine\n"


def test_a_repository_in_the_project_is_left_alone(course: Course, lab: Lab, project: Path) -> None:
    (project / ".git" / "refs" / "heads").mkdir(parents=True)
    course.run(lab, Silent())
    assert (project / ".git" / "refs" / "heads").is_dir()


def test_a_database_that_is_gone_is_made_again_beside_edits(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    (project / "notes.txt").write_text("mine\n")
    server.drop(DATABASE)
    course.run(lab, Silent())
    assert sold(server) == ["lamp"]
    assert course.work(lab).edits() == ["notes.txt"]


def test_a_page_that_fails_does_not_hold_here(course: Course, lab: Lab) -> None:
    page = lab.folder / "README.md"
    page.write_text(page.read_text().replace("# => Output: bread\n", "# => Output: butter\n"))
    verdict = course.run(course.lab(str(LAB)), Silent())
    assert [finding.what for finding in verdict.findings] == [
        "`cat notes.txt` prints something else."
    ]
    assert verdict.following == (
        f"The page does not hold here. Run it once more, and report it: invoke lab {LAB}"
    )


def test_a_broken_page_is_told_with_its_line_and_touches_nothing(
    course: Course, lab: Lab, project: Path
) -> None:
    page = lab.folder / "README.md"
    page.write_text(page.read_text().replace("$ cat notes.txt\n", "cat notes.txt\n", 1))
    (project / "notes.txt").write_text("mine\n")
    with pytest.raises(Trouble) as told:
        course.run(course.lab(str(LAB)), Silent())
    line = page.read_text().splitlines().index("cat notes.txt") + 1
    assert f"README.md:{line}: " in told.value.what
    assert (project / "notes.txt").read_text() == "mine\n"


def test_a_snapshot_edited_into_nonsense_is_told_with_its_line(course: Course, lab: Lab) -> None:
    file = lab.snapshot("made")
    file.write_text(file.read_text().replace("tables:", "tabels:"))
    with pytest.raises(Trouble) as told:
        course.run(lab, Silent())
    assert "made.yaml:2: " in told.value.what


def test_a_snapshot_edited_by_a_letter_is_a_finding(course: Course, lab: Lab) -> None:
    file = lab.snapshot("made")
    file.write_text(file.read_text().replace("type: text", "type: test"))
    findings = course.run(lab, Silent()).findings
    assert [f.what for f in findings] == ["products.name: expected test, found text"]


# A check.


def test_a_check_before_the_lab_says_to_run_it(course: Course, lab: Lab) -> None:
    with pytest.raises(Trouble) as told:
        course.check(lab, Silent())
    assert told.value.what == f"There is nothing of lab {LAB} to check yet."
    assert told.value.why == (
        "Its page has not run to its end here, or the project folder was deleted."
    )
    assert told.value.mend == f"invoke lab {LAB}"


def test_an_untouched_example_fails_its_check(course: Course, lab: Lab, project: Path) -> None:
    verdict = course.check(lab, Silent())
    assert verdict.status == "FAIL"
    assert verdict.following == f"Edit workspace/{OTHER}, then again: invoke check {LAB}"


def test_an_answer_passes_its_check_and_stays_as_it_is(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    (project / "notes.txt").write_text("bread\nmilk\n")
    sell(server, "desk")
    verdict = course.check(lab, Silent())
    assert (verdict.status, verdict.findings) == ("PASS", ())
    assert verdict.following == f"Go on: invoke lab {NUMBER}"
    assert sorted(path.name for path in project.iterdir()) == ["notes.txt", "shop.py"]
    assert sold(server) == ["desk", "lamp"]


@pytest.mark.parametrize("costs", [True, False])
def test_a_check_reads_the_costs_that_its_audience_wants_to_hear(
    course: Course,
    lab: Lab,
    project: Path,
    shared_runner: Runner,
    monkeypatch: pytest.MonkeyPatch,
    *,
    costs: bool,
) -> None:
    asked: set[bool] = set()
    run = shared_runner.run

    def asking(*words: Any, **options: Any) -> Observation:
        asked.add(options["costs"])
        return run(*words, **options)

    monkeypatch.setattr(shared_runner, "run", asking)
    audience = Listener()
    audience.costs = costs
    course.check(lab, audience)
    assert asked == {costs}


def test_what_a_check_writes_does_not_reach_the_project(
    course: Course, lab: Lab, project: Path
) -> None:
    page = lab.folder / "README.md"
    page.write_text(
        page.read_text().replace("$ cat notes.txt\n# => Output: bread\n# =>   milk", "$ rm *.txt")
    )
    course.check(course.lab(str(LAB)), Silent())
    assert (project / "notes.txt").read_text() == "bread\n"


def test_a_live_check_without_its_database_says_how_to_get_one(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    (project / "notes.txt").write_text("mine\n")
    server.drop(DATABASE)
    with pytest.raises(Trouble) as told:
        course.check(lab, Silent())
    assert told.value.what == f"The database of lab {LAB} is gone."
    assert told.value.why == "The server was made anew, or another server is in use now."
    assert told.value.mend == (f"Make it again; your files stay as they are: invoke lab {LAB}")
    course.run(lab, Silent())
    assert course.check(lab, Silent()).status == "FAIL"


def test_the_next_lab_comes_after_one_that_passed(
    course: Course, project: Path, server: Server, lab: Lab
) -> None:
    shutil.copytree(lab.folder, course.root / "labs" / f"{LAB + 1}-last")
    (project / "notes.txt").write_text("bread\nmilk\n")
    sell(server, "desk")
    assert course.check(lab, Silent()).following == f"Go on: invoke lab {LAB + 1}"


# A reset, and the way back.


def test_a_reset_without_edits_sets_nothing_aside(course: Course, lab: Lab, project: Path) -> None:
    verdict = course.reset(lab, Silent())
    assert (verdict.status, verdict.notes) == ("PASS", (SHELL,))
    assert course.workspace.kept(lab.name) == []


def test_a_reset_moves_the_edits_to_a_dated_folder_and_says_so_twice(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    (project / "notes.txt").write_text("mine\n")
    sell(server, "desk")
    listener = Listener()
    verdict = course.reset(lab, listener)
    time = stamp(verdict)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d{6}", time)
    said = (
        f"Your edits are in workspace/.kept/{time}/{OTHER}, their database too. "
        f"Back: invoke restore {LAB} --at {time}"
    )
    assert verdict.notes == (SHELL, said)
    assert listener.told == [said]
    kept = course.root / "workspace" / ".kept" / time / OTHER
    assert (kept / "notes.txt").read_text() == "mine\n"
    assert (project / "notes.txt").read_text() == "bread\n"
    assert sold(server) == ["lamp"]


def test_restoring_brings_everything_back_exactly(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    (project / "notes.txt").write_text("mine\n")
    (project / "empty").mkdir()
    (project / "link").symlink_to("notes.txt")
    (project / "shop.py").chmod(0o755)
    sell(server, "desk")
    before = course.work(lab).edits()
    time = stamp(course.reset(lab, Silent()))
    said = course.restore(lab, time, Silent())
    assert said == [
        f"workspace/{OTHER} is as it was at {time}.",
        f"Go on where you were: invoke shell {LAB}",
    ]
    assert (project / "notes.txt").read_text() == "mine\n"
    assert (project / "empty").is_dir()
    assert (project / "link").readlink() == Path("notes.txt")
    assert (project / "shop.py").stat().st_mode & 0o777 == 0o755
    assert sold(server) == ["desk", "lamp"]
    assert course.work(lab).edits() == before
    assert not (course.root / "workspace" / ".kept" / time).exists()


def test_two_resets_keep_both(course: Course, lab: Lab, project: Path) -> None:
    (project / "notes.txt").write_text("one\n")
    first = stamp(course.reset(lab, Silent()))
    (project / "notes.txt").write_text("two\n")
    second = stamp(course.reset(lab, Silent()))
    assert first != second
    said = course.restore(lab, first, Silent())
    assert (project / "notes.txt").read_text() == "one\n"
    assert said[1] == f"Also kept: invoke restore {LAB} --at {second}"
    course.restore(lab, second, Silent())
    assert (project / "notes.txt").read_text() == "two\n"


def test_restoring_over_new_edits_keeps_those_too(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    (project / "notes.txt").write_text("old\n")
    sell(server, "desk")
    old = stamp(course.reset(lab, Silent()))
    (project / "notes.txt").write_text("new\n")
    sell(server, "chair")
    said = course.restore(lab, old, Silent())
    assert said[1].startswith(f"What stood there is kept. Back: invoke restore {LAB} --at ")
    assert sold(server) == ["desk", "lamp"]
    course.restore(lab, stamp(said), Silent())
    assert (project / "notes.txt").read_text() == "new\n"
    assert sold(server) == ["chair", "lamp"]


def test_restoring_without_a_time_takes_the_last(course: Course, lab: Lab, project: Path) -> None:
    for text in ("one\n", "two\n"):
        (project / "notes.txt").write_text(text)
        course.reset(lab, Silent())
    course.restore(lab, "", Silent())
    assert (project / "notes.txt").read_text() == "two\n"


def test_restoring_what_is_not_there_names_what_is(course: Course, lab: Lab, project: Path) -> None:
    with pytest.raises(Trouble) as nothing:
        course.restore(lab, "", Silent())
    assert nothing.value.what == f"Nothing of lab {LAB} was set aside."
    assert nothing.value.why == (
        f"`invoke reset {LAB}` sets edits aside; there has been none, or all is back."
    )
    assert nothing.value.mend == f"invoke shell {LAB}"
    (project / "notes.txt").write_text("mine\n")
    time = stamp(course.reset(lab, Silent()))
    with pytest.raises(Trouble) as another:
        course.restore(lab, "2026", Silent())
    assert another.value.what == f"Nothing of lab {LAB} was set aside at “2026”."
    assert another.value.why == f"Something was at {time}."
    assert another.value.mend == f"invoke restore {LAB} --at {time}"


def test_restoring_where_the_database_is_not_says_so(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    (project / "notes.txt").write_text("mine\n")
    time = stamp(course.reset(lab, Silent()))
    server.drop(f"{DATABASE}_kept_{time.replace('-', '')}")
    said = course.restore(lab, time, Silent())
    assert said[1] == "Its database was not on this server, so only the files are back."
    assert (project / "notes.txt").read_text() == "mine\n"


def test_a_reset_of_rows_whose_project_was_deleted_keeps_them(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    sell(server, "desk")
    shutil.rmtree(project)
    listener = Listener()
    assert course.reset(lab, listener).status == "PASS"
    course.restore(lab, stamp(listener), Silent())
    assert sold(server) == ["desk", "lamp"]


def test_what_a_restore_meets_that_is_no_edit_is_kept_as_well(
    course: Course, lab: Lab, project: Path
) -> None:
    (project / "notes.txt").write_text("mine\n")
    time = stamp(course.reset(lab, Silent()))
    (project / ".git").mkdir()
    (project / ".git" / "HEAD").write_text("ref")
    said = course.restore(lab, time, Silent())
    kept = course.root / "workspace" / ".kept" / stamp(said) / OTHER
    assert (kept / ".git" / "HEAD").read_text() == "ref"


# What a killed run leaves.


def test_what_a_killed_run_left_is_moved_away_and_told(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    course.work(lab).begin()
    (project / "notes.txt").write_text("whose?\n")
    listener = Listener()
    verdict = course.run(lab, listener)
    assert verdict.status == "PASS"
    (told,) = listener.told
    assert told == (
        f"The last run of lab {LAB} was cut off before its end, and what it left was moved away. "
        f"Back: invoke restore {LAB} --at {stamp(listener)}"
    )
    assert course.work(lab).edits() == []
    kept = course.root / "workspace" / ".kept" / stamp(listener) / OTHER
    assert (kept / "notes.txt").read_text() == "whose?\n"


def test_a_killed_run_leaves_nothing_to_check(course: Course, lab: Lab, project: Path) -> None:
    course.work(lab).begin()
    with pytest.raises(Trouble) as told:
        course.check(lab, Silent())
    assert told.value.what == f"There is nothing of lab {LAB} to check yet."


def test_a_killed_check_is_told_and_swept(course: Course, lab: Lab, project: Path) -> None:
    left = course.state / "scratch" / OTHER / "copy-x" / OTHER
    left.mkdir(parents=True)
    (left / "notes.txt").write_text("bread\n")
    listener = Listener()
    course.check(lab, listener)
    assert listener.told == [
        f"The last command for lab {LAB} was cut off before its end; your files are as they were."
    ]
    assert not left.exists()
    course.check(lab, again := Listener())
    assert again.told == []


# Two labs, and all of them.


def test_a_reset_of_one_lab_leaves_another_alone(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    neighbour = course.workspace.project("00-neighbour")
    neighbour.mkdir()
    (neighbour / "a.txt").write_text("a")
    (project / "notes.txt").write_text("mine\n")
    course.reset(lab, Silent())
    assert (neighbour / "a.txt").read_text() == "a"


def test_the_overview_tells_how_far_each_lab_has_come(course: Course, lab: Lab) -> None:
    course.run(lab, Silent())
    overview = course.overview()
    assert [(row.lab.name, row.state, row.is_next) for row in overview.rows] == [
        (f"{NUMBER}-small", "new", True),
        (OTHER, "started", False),
    ]
    assert overview.summary == "0 of 2 labs passed: 0 % of Alembic covered so far"
    assert overview.following == f"Next: invoke lab {NUMBER}"


def test_a_repository_without_labs_says_so(course: Course) -> None:
    shutil.rmtree(course.root / "labs")
    assert course.overview().summary == "There is no lab in the folder labs."
    listener = Listener()
    assert course.go_on("new", listener) is None
    assert listener.told == ["There is no lab in the folder labs."]


# Progress.


def solve(server: Server, project: Path) -> None:
    (project / "notes.txt").write_text("bread\nmilk\n")
    sell(server, "desk")


def test_progress_follows_the_checks(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    states = [course.progress.of(lab.name).state]
    course.check(lab, Silent())
    states.append(course.progress.of(lab.name).state)
    solve(server, project)
    course.check(lab, Silent())
    states.append(course.progress.of(lab.name).state)
    (project / "notes.txt").write_text("bread\n")
    course.check(lab, Silent())
    states.append(course.progress.of(lab.name).state)
    assert states == ["started", "started", "passed", "passed but no longer"]


def test_a_reset_takes_back_that_a_lab_has_passed(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    solve(server, project)
    course.check(lab, Silent())
    course.progress.hinted(lab.name, 2)
    course.reset(lab, Silent())
    assert course.progress.of(lab.name) == Standing("passed but no longer", 0)


def test_a_verdict_stands_where_progress_cannot_be_noted(
    course: Course, lab: Lab, project: Path
) -> None:
    (course.state / "progress.json").unlink()
    (course.state / "progress.json").mkdir()
    verdict = course.check(lab, Silent())
    assert verdict.status == "FAIL"
    note, _ = verdict.notes
    assert note.startswith("Your progress was not noted: ")


def test_a_broken_progress_file_is_told_with_the_verdict(
    course: Course, lab: Lab, project: Path
) -> None:
    (course.state / "progress.json").write_text("{")
    note, _ = course.check(lab, Silent()).notes
    assert note.startswith("The progress file could not be read and is kept as .labs/progress-")
    assert note.endswith(".broken. Rebuild: invoke check --all")
    assert course.progress.of(lab.name).state == "started"


def test_going_on_runs_the_first_lab_that_has_not_passed(course: Course, lab: Lab) -> None:
    course.progress.judged(f"{NUMBER}-small", passed=True)
    verdict = course.go_on("new", Silent())
    assert verdict is not None
    assert (verdict.task, verdict.lab, verdict.status) == ("lab", OTHER, "PASS")


def test_going_on_after_the_last_lab_says_that_all_have_passed(course: Course, lab: Lab) -> None:
    for one in course.labs():
        course.progress.judged(one.name, passed=True)
    listener = Listener()
    assert course.go_on("new", listener) is None
    assert listener.told == ["All labs have passed. See all of them: invoke labs"]


# What an author records.


def recorded(course: Course, *, agree: bool = True) -> tuple[Verdict, list[str]]:
    """Record a page that no longer says what is true; what was offered."""
    lab = course.lab(str(LAB))
    page = lab.folder / "README.md"
    page.write_text(page.read_text().replace("# => Output: bread\n", "# => Output: butter\n", 1))
    offered: list[str] = []

    def answer(difference: str) -> bool:
        offered.append(difference)
        return agree

    return desk.record(course, lab, answer, Silent()), offered


def test_an_author_who_agrees_has_the_page_corrected(course: Course, lab: Lab) -> None:
    verdict, offered = recorded(course)
    assert (verdict.status, verdict.notes) == ("PASS", ("Written: README.md.",))
    assert verdict.following == f"Read what changed: git diff labs/{OTHER}"
    assert "-# => Output: butter" in offered[0] and "+# => Output: bread" in offered[0]
    assert "butter" not in (lab.folder / "README.md").read_text()


def test_an_author_who_does_not_agree_has_nothing_written(course: Course, lab: Lab) -> None:
    verdict, _ = recorded(course, agree=False)
    assert (verdict.status, verdict.notes) == ("FAIL", ("Nothing was written.",))
    assert verdict.following == f"Mend what is above, then: invoke record {LAB}"
    assert "butter" in (lab.folder / "README.md").read_text()


def test_recording_touches_no_learners_files(
    course: Course, lab: Lab, project: Path, server: Server
) -> None:
    (project / "notes.txt").write_text("mine\n")
    sell(server, "desk")
    recorded(course)
    assert (project / "notes.txt").read_text() == "mine\n"
    assert sold(server) == ["desk", "lamp"]
    assert list((course.state / "scratch").iterdir()) == []
