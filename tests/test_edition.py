"""All labs at once, as their authors have them: recorded, compared, begun, and nothing astray."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.audience import Silent
from labkit.authoring import form, versions
from labkit.authoring.beginning import OPEN, begin
from labkit.authoring.stray import strays
from labkit.course import Course
from labkit.edition import Edition
from labkit.lab import Lab, all_labs
from labkit.server import Server
from labkit.trouble import Trouble
from tests.clone import NAME, NEW, NUMBER, OTHER, ROOT, Clone

LAB = NUMBER + 1


def say_yes(_: str) -> bool:
    return True


def edition(course: Course) -> Edition:
    return Edition(course, say_yes, Silent())


def about(verdict_findings: tuple[object, ...], *, form_too: bool = False) -> list[str]:
    """What findings say, those on form left out: the small labs have none."""
    said = [str(getattr(finding, "what", "")) for finding in verdict_findings]
    rules = "the title is not", "its parts are", "“", "nothing annotates", "mistakes.md has"
    return [one for one in said if form_too or not any(rule in one for rule in rules)]


def lie(course: Course) -> Path:
    """Have the page of the smaller lab say something that is not true."""
    page = course.lab(str(LAB)).folder / "README.md"
    page.write_text(page.read_text().replace("# => Output: bread\n", "# => Output: butter\n", 1))
    return page


# Recorded and compared.


def test_a_check_says_what_would_change_and_writes_nothing(course: Course) -> None:
    page = lie(course)
    before = page.read_text()
    offered: list[str] = []

    def hear(difference: str) -> bool:
        offered.append(difference)
        return True

    verdict = Edition(course, hear, Silent()).check_all()
    assert f"{OTHER}/README.md is not what the run shows." in about(verdict.findings)
    assert verdict.status == "FAIL"
    assert verdict.following == (
        "Mend what is above; what the run shows is written by: invoke record --all"
    )
    assert page.read_text() == before
    assert "-# => Output: butter" in offered[0]
    assert not (course.root / "labs" / versions.FILE).exists()


def test_a_check_of_what_is_true_names_no_file(course: Course) -> None:
    verdict = edition(course).recorded("", all_labs=True, check=True)
    assert [said for said in about(verdict.findings) if "is not what the run shows" in said] == []
    assert verdict.verified == {"labs": 2}


def test_a_check_of_one_lab_looks_at_that_one(course: Course) -> None:
    lie(course)
    verdict = edition(course).recorded(NAME, all_labs=False, check=True)
    assert [said for said in about(verdict.findings) if OTHER in said] == []


def test_recording_all_writes_what_is_true_and_with_which_versions(
    course: Course, server: Server
) -> None:
    page = lie(course)
    verdict = edition(course).recorded("", all_labs=True, check=False)
    assert about(verdict.findings) == []
    assert "butter" not in page.read_text()
    labs = course.root / "labs"
    assert versions.recorded(labs) == versions.present(server.version)
    assert (labs / versions.FILE).read_text().startswith("# What the snapshots of the labs were ")


def test_a_lab_that_cannot_run_does_not_stop_the_others(course: Course) -> None:
    page = course.lab(NAME).folder / "README.md"
    page.write_text(page.read_text().replace("$ python gate.py", "$ python nowhere.py"))
    lie(course)
    findings = edition(course).check_all().findings
    broken = next(finding for finding in findings if finding.what.startswith(f"{NAME}: `python"))
    assert broken.what.endswith("so nothing was recorded.")
    assert broken.remedy == "Mend it. If it is meant to fail, write “# => Error: …” below it."
    assert f"{OTHER}/README.md is not what the run shows." in about(findings)


def test_an_unreadable_page_is_told_with_its_line_and_the_remedy(course: Course) -> None:
    page = course.lab(str(LAB)).folder / "README.md"
    page.write_text(page.read_text().replace("$ cat notes.txt\n", "cat notes.txt\n", 1))
    line = page.read_text().splitlines().index("cat notes.txt") + 1
    findings = edition(course).check_all().findings
    broken = next(finding for finding in findings if finding.what.startswith(f"{OTHER}: "))
    assert f"README.md:{line}: " in broken.what
    assert "Instead: write output as “# => Output: …” and a command as “$ …”." in broken.what


def test_a_broken_rule_of_form_is_told_with_its_line(course: Course) -> None:
    verdict = edition(course).record(course.lab(str(LAB)))
    first = next(finding for finding in verdict.findings if "the title is not" in finding.what)
    assert first.what == f"{OTHER}: the title is not “Lab {LAB}: …”."
    assert first.place == f"{OTHER}/README.md:1"
    assert first.remedy == "“How to write one” in labs/README.md has the rules."
    assert verdict.following == f"Mend what is above, then: invoke record {LAB}"


def test_the_labs_say_with_what_they_were_recorded() -> None:
    assert set(versions.recorded(ROOT / "labs")) == {
        "alembic",
        "postgresql",
        "psycopg2-binary",
        "sqlalchemy",
    }


@pytest.mark.parametrize("text", ["", "- a\n", "{", "\0"])
def test_versions_that_cannot_be_read_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / versions.FILE).write_text(text)
    assert versions.recorded(tmp_path) == {}


# What is astray.


def test_no_lab_of_ours_is_astray() -> None:
    assert list(strays(ROOT / "labs")) == []


def test_what_is_no_lab_is_found(course: Course) -> None:
    labs = course.root / "labs"
    (labs / "notes.txt").touch()
    (labs / "7-Add Column").mkdir()
    (labs / f"{NUMBER}-again").mkdir()
    found = list(strays(labs))
    assert [finding.what for finding in found] == [
        "labs/7-Add Column is named like a lab, and is none.",
        "labs/notes.txt belongs to no lab.",
        f"Several labs have one number: {NUMBER}-again, {NAME}.",
    ]
    assert found[0].expected == (
        "two digits, a hyphen, then words in lower case with hyphens between them"
    )
    assert [finding.remedy for finding in found] == [
        "git mv labs/7-Add Column labs/NN-title",
        "Move it elsewhere, or remove it: git rm -r labs/notes.txt",
        "Renumber one.",
    ]


# A new lab.


@pytest.fixture
def new(tmp_path: Path) -> Lab:
    labs = all_labs(ROOT / "labs")
    made = begin(tmp_path, "31", "  Renaming a table,  no downtime ", labs)
    (made.folder / "snapshots").mkdir()
    for name in ("head", "turn"):
        made.snapshot(name).touch()
    return made


def test_a_new_lab_is_named_after_its_title(new: Lab) -> None:
    assert new.name == "31-renaming-a-table-no-downtime"
    assert new.page.title == "Lab 31: Renaming a table, no downtime"


def test_a_new_lab_fails_its_tests_until_it_is_written(new: Lab) -> None:
    said = [str(fault) for fault in form.faults(new)]
    line = new.page.source.splitlines().index(f"{OPEN} what the code shows, in a sentence.") + 1
    assert f"{line}: line {line} is still to be written" in said
    assert "0: solution.md changes nothing" in said
    assert "0: mistakes.md has 0 mistakes, it must have two or more" in said or any(
        "has no verdict" in one for one in said
    )


def test_a_new_lab_has_the_scaffold_of_the_others(new: Lab) -> None:
    theirs = {
        f.attributes["title"]: f.text for f in form.scaffold(Lab(ROOT / "labs/07-add-column"))
    }
    assert {f.attributes["title"]: f.text for f in form.scaffold(new)} == theirs


def test_a_new_lab_runs_once_it_is_recorded(course: Course) -> None:
    lab = begin(course.root / "labs", NEW[:2], "New", all_labs(ROOT / "labs"))
    recorded = edition(course).recorded(lab.name, all_labs=False, check=False)
    assert recorded.status == "FAIL"
    assert course.run(course.lab(lab.name), Silent()).status == "PASS"


@pytest.mark.parametrize(
    ("number", "title", "what", "why", "mend"),
    [
        ("0", "A", "“0” cannot be the number of a lab.", "It is a number from 1 to 99.", ""),
        ("x", "A", "“x” cannot be the number of a lab.", "It is a number from 1 to 99.", ""),
        (
            "31",
            "…",
            "“…” cannot be the title of a lab.",
            "Its folder is named after it, so it needs letters or digits.",
            "",
        ),
        (
            "7",
            "It's",
            "Lab 7 is there already: 07-add-column.",
            "People refer to a lab by its number, so it never changes.",
            """invoke new 4 'It'"'"'s'""",
        ),
    ],
)
def test_what_cannot_be_a_new_lab(
    tmp_path: Path, number: str, title: str, what: str, why: str, mend: str
) -> None:
    (tmp_path / "07-add-column").mkdir()
    labs = [Lab(tmp_path / f"{n:02}-add-column") for n in (1, 2, 3, 7)]
    with pytest.raises(Trouble) as told:
        begin(tmp_path, number, title, labs)
    assert told.value.what == what
    assert told.value.why == why
    assert told.value.mend == (mend or 'For example: invoke new 31 "Zero-downtime rename"')
    assert sorted(path.name for path in tmp_path.iterdir()) == ["07-add-column"]


def test_without_a_scaffold_nothing_is_begun(tmp_path: Path) -> None:
    with pytest.raises(Trouble) as told:
        begin(tmp_path, "31", "A", [])
    assert str(told.value) == (
        "No lab has the scaffold that a new one begins with.\n"
        "It is copied from a page that has alembic.ini, env.py and script.py.mako folded"
        " away.\n"
        "Bring one back: git checkout labs"
    )
    assert list(tmp_path.iterdir()) == []


# As it is typed.


def test_all_can_stand_in_the_place_of_a_lab(clone: Clone) -> None:
    done = clone.invoke("record", "--check", "--all")
    assert done.status == 1
    assert f"1 of 2: {NAME}" in done.lines
    assert done.lines[-1].startswith("Mend what is above; ")


def test_a_new_lab_is_begun_as_it_is_typed(clone: Clone) -> None:
    scaffold = '```ini title="alembic.ini"\na\n```\n```python title="migrations/env.py"\nb\n```\n'
    scaffold += '```mako title="migrations/script.py.mako"\nc\n```\n'
    page = clone.root / "labs" / NAME / "README.md"
    text = page.read_text()
    page.write_text(text + f"\n<details>\n\n{scaffold}\n</details>\n")
    done = clone.invoke("new", NEW[:2], "New")
    path = f"labs/{NEW[:2]}-new"
    assert (done.status, done.lines) == (
        0,
        [
            f"Written: {path}/README.md, solution.md and mistakes.md. It runs, and fails",
            "its tests.",
            f"See what is open, at any time: invoke record {NEW[:2]}",
            f"Write {path}/README.md, then: invoke record {NEW[:2]}",
        ],
    )
    again = clone.invoke("new", NEW[:2], "New")
    assert (again.status, again.lines[1]) == (
        2,
        f"ERROR  Lab {NEW[:2]} is there already: {NEW[:2]}-new.",
    )
