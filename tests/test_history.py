"""What keeps Alembic from reading a history is told with the file and the line that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.judging import disorder, history
from labkit.observation import Failure, Observation, Place
from labkit.verdict import Finding
from tests.world import page, revision, sent

COMMAND = "alembic upgrade head"


def project(folder: Path, **files: str | bytes) -> Path:
    """A project with these files in ``versions``, their names without ``.py``."""
    for name, text in files.items():
        write(folder, f"versions/{name}.py", text)
    return folder


def write(folder: Path, path: str, text: str | bytes) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text if isinstance(text, bytes) else text.encode())


def faults(folder: Path) -> list[tuple[str, str]]:
    return [(finding.what, finding.place) for finding in disorder.faults(folder)]


FIRST = revision("1", None)
SECOND = revision("2", "1")


# What is no fault


def test_a_chain_has_no_faults(tmp_path: Path) -> None:
    assert faults(project(tmp_path, a=FIRST, b=SECOND, c=revision("3", "2"))) == []


def test_a_project_without_revisions_has_no_faults(tmp_path: Path) -> None:
    write(tmp_path, "shop.py", "import os\n")
    assert faults(tmp_path) == []


@pytest.mark.parametrize("below", ['("2", "3")', '["2", "3"]'])
def test_a_merge_follows_several(tmp_path: Path, below: str) -> None:
    merge = f'revision = "4"\ndown_revision = {below}\n\n\ndef upgrade():\n    pass\n'
    folder = project(tmp_path, a=FIRST, b=SECOND, c=revision("3", "1"), d=merge)
    assert faults(folder) == []
    [found] = [r for r in history.read(folder)[0] if r.id == "4"]
    assert found.follows == ("2", "3")


def test_a_template_with_types_is_read(tmp_path: Path) -> None:
    typed = """\
from collections.abc import Sequence

revision: str = "2"
down_revision: str | Sequence[str] | None = "1"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    pass
"""
    folder = project(tmp_path, a=FIRST, b=typed)
    assert faults(folder) == []
    assert [(r.id, r.follows) for r in history.read(folder)[0]] == [("1", ()), ("2", ("1",))]


def test_branch_labels_and_dependencies_are_names_too(tmp_path: Path) -> None:
    labelled = FIRST + 'branch_labels = ("shop",)\n'
    dependent = revision("2", None) + 'depends_on = ["shop", "1"]\n'
    assert faults(project(tmp_path, a=labelled, b=dependent)) == []


def test_several_heads_are_no_fault_of_their_own(tmp_path: Path) -> None:
    assert faults(project(tmp_path, a=FIRST, b=SECOND, c=revision("3", "1"))) == []


def test_two_environments_have_two_histories(tmp_path: Path) -> None:
    """Both may use the same ids."""
    for name in ("shop", "reports"):
        write(tmp_path, f"{name}/versions/1.py", FIRST)
        write(tmp_path, f"{name}/versions/2.py", SECOND)
    assert faults(tmp_path) == []


def test_one_history_may_lie_in_several_folders(tmp_path: Path) -> None:
    write(tmp_path, "shop/1.py", FIRST)
    write(tmp_path, "reports/2.py", SECOND)
    assert faults(tmp_path) == []


def test_a_computed_id_is_nobodys_fault(tmp_path: Path) -> None:
    computed = FIRST.replace("revision = '1'", "revision = str(1)")
    assert faults(project(tmp_path, a=computed)) == []


def test_a_value_that_cannot_be_is_passed_over(tmp_path: Path) -> None:
    """Python itself will complain of it, when it runs the file."""
    assert faults(project(tmp_path, a=FIRST + "table = {[]: 1}\n")) == []


def test_a_file_that_python_cannot_take_in_is_told(tmp_path: Path) -> None:
    deep = FIRST + f"x = {'-' * 100_000}1\n"
    [(_, place)] = faults(project(tmp_path, a=deep))
    assert place.startswith("versions/a.py:")


def test_files_that_alembic_passes_over_are_passed_over(tmp_path: Path) -> None:
    folder = project(tmp_path, a=FIRST, __init__="x = (")
    write(folder, "versions/.#b.py", "x = (")
    write(folder, "versions/__pycache__/b.py", "x = (")
    write(folder, ".venv/lib/versions/b.py", "x = (")
    assert faults(folder) == []


def test_a_folder_above_that_is_called_versions_means_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "versions"
    write(folder, "shop.py", "x = (")
    write(folder, "notes.py", "x = 1")
    assert faults(folder) == []


# Files that are no revisions


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (SECOND + "def upgrade(:\n", 13, "invalid syntax"),
        (b"revision = '2'\0\n", 1, "source code string cannot contain null bytes"),
        ("x = 1\n", 1, "revision is not set"),
        ("revision = '2'\n", 1, "down_revision is not set"),
        (SECOND.replace("'2'", "2"), 3, "revision = 2 is no text"),
        (SECOND.replace("'2'", "''"), 3, "revision = '' is no text"),
        (SECOND.replace("'1'", "1"), 4, "down_revision = 1 is no text and no list of texts"),
    ],
)
def test_a_file_among_revisions_that_is_none_is_told(
    tmp_path: Path, text: str | bytes, line: int, reason: str
) -> None:
    [finding] = disorder.faults(project(tmp_path, a=FIRST, b=text))
    assert finding == Finding(
        "versions/b.py cannot be read as a revision.",
        "a revision file that compiles, with revision and down_revision",
        reason,
        f"versions/b.py:{line}",
    )


def test_binary_junk_is_told_with_its_file(tmp_path: Path) -> None:
    [finding] = disorder.faults(project(tmp_path, a=FIRST, b=bytes(range(256))))
    assert finding.place == "versions/b.py:1"


def test_a_folder_of_revisions_may_have_any_name(tmp_path: Path) -> None:
    write(tmp_path, "chain/1.py", FIRST)
    write(tmp_path, "chain/2.py", "x = (")
    write(tmp_path, "shop/2.py", "x = (")
    assert [place for _, place in faults(tmp_path)] == ["chain/2.py:1"]


# Names that lead nowhere


def test_a_revision_that_follows_nothing_is_told_with_the_nearest(tmp_path: Path) -> None:
    folder = project(tmp_path, a=revision("abc1", None), b=revision("2", "abd1"))
    assert disorder.faults(folder) == [
        Finding(
            "Revision 2 follows abd1, and no file has that id.",
            "the id of a revision that exists",
            "down_revision = 'abd1'",
            "versions/b.py:4",
            "The id was mistyped, or the file was renamed, deleted or never committed.",
            "down_revision = 'abc1'",
        )
    ]


def test_nothing_near_is_not_proposed(tmp_path: Path) -> None:
    [finding] = disorder.faults(project(tmp_path, b=revision("2", "zzzz")))
    assert finding.remedy == ""


def test_a_part_of_an_id_is_no_id_in_a_file(tmp_path: Path) -> None:
    folder = project(tmp_path, a=revision("abcdef", None), b=revision("2", "abc"))
    [finding] = disorder.faults(folder)
    assert finding.why == (
        "It is a part of an id. Commands take that, revision files need the whole id."
    )
    assert finding.remedy == "down_revision = 'abcdef'"


def test_each_missing_part_of_a_merge_is_told(tmp_path: Path) -> None:
    merge = "revision = '4'\ndown_revision = ('1', '8', '9')\n"
    assert faults(project(tmp_path, a=FIRST, b=merge)) == [
        ("Revision 4 follows 8, and no file has that id.", "versions/b.py:2"),
        ("Revision 4 follows 9, and no file has that id.", "versions/b.py:2"),
    ]


def test_a_dependency_on_nothing_is_told(tmp_path: Path) -> None:
    folder = project(tmp_path, a=FIRST, b=SECOND + "depends_on = 'shop'\n")
    assert faults(folder) == [
        ("Revision 2 depends on shop, and no file has that id.", "versions/b.py:13")
    ]


def test_a_label_is_nothing_that_can_be_followed(tmp_path: Path) -> None:
    folder = project(tmp_path, a=FIRST + "branch_labels = 'shop'\n", b=revision("2", "shop"))
    assert len(faults(folder)) == 1


# Names that are there twice, and circles


def test_an_id_that_two_files_have_is_told_with_both(tmp_path: Path) -> None:
    assert disorder.faults(project(tmp_path, a=FIRST, b=SECOND, c=SECOND)) == [
        Finding(
            "Two files have the revision id 2.",
            "an id that only one file has",
            "versions/b.py:3 and versions/c.py:3",
            "versions/c.py:3",
            "A file was copied and its id was not changed.",
        )
    ]


def test_a_label_that_two_files_have_is_told(tmp_path: Path) -> None:
    label = "branch_labels = ['shop']\n"
    folder = project(tmp_path, a=FIRST + label, b=SECOND + label)
    assert disorder.faults(folder) == [
        Finding(
            "Two files have the branch label shop.",
            "a label that only one file has",
            "versions/a.py:13 and versions/b.py:13",
            "versions/b.py:13",
            "A file was copied and its label was not changed.",
        )
    ]


def test_an_id_with_a_mark_of_the_command_line_is_told(tmp_path: Path) -> None:
    assert disorder.faults(project(tmp_path, a=revision("a-1", None))) == [
        Finding(
            "The revision id a-1 holds -.",
            "an id without @ - + :",
            "a-1",
            "versions/a.py:3",
            "On the command line these stand for steps, ranges and branches.",
        )
    ]


def test_a_circle_is_told_whatever_else_is_there(tmp_path: Path) -> None:
    folder = project(
        tmp_path, a=FIRST, b=revision("2", "4"), c=revision("3", "2"), d=revision("4", "3"),
        e=revision("5", "1"),
    )  # fmt: skip
    assert disorder.faults(folder) == [
        Finding(
            "These revisions follow one another in a circle, so none of them comes first.",
            "a first revision, with down_revision = None, and each other one above it",
            "2 (versions/b.py:4), 3 (versions/c.py:4), 4 (versions/d.py:4)",
            "versions/b.py:4",
        )
    ]


@pytest.mark.parametrize("below", ["down_revision = '1'", "depends_on = '1'"])
def test_a_revision_that_follows_itself_is_a_circle(tmp_path: Path, below: str) -> None:
    text = f"revision = '1'\ndown_revision = None\n{below}\n"
    assert [what.split(" ")[:2] for what, _ in faults(project(tmp_path, a=text))] == [
        ["These", "revisions"]
    ]


def test_a_dependency_can_close_a_circle(tmp_path: Path) -> None:
    folder = project(tmp_path, a=FIRST + "depends_on = '2'\n", b=SECOND)
    assert len(faults(folder)) == 1


# Which fault a failure comes from


def failed(message: str, kind: str = "CommandError", sqlstate: str = "") -> Observation:
    failure = Failure(kind, message, Place("env.py", 9), sqlstate)
    return Observation(COMMAND, "", 255, 0.1, failure=failure)


FORKED = {"a": FIRST, "b": SECOND, "c": revision("3", "1")}


@pytest.mark.parametrize(
    "message",
    [
        "Multiple head revisions are present for given argument 'head'",
        "Multiple heads are present; please specify",
        "Ambiguous walk",
    ],
)
def test_several_heads_explain_a_complaint_about_heads(tmp_path: Path, message: str) -> None:
    assert disorder.behind(project(tmp_path, **FORKED), failed(message)) == [
        Finding(
            "There are 2 heads, so “head” names no single revision.",
            "one revision that no other follows",
            "2 (versions/b.py:4), 3 (versions/c.py:4)",
            "versions/c.py:4",
            "Two revisions name the same down_revision, as after a merge of two branches of code.",
            "down_revision = '2'  # in 3, or: alembic merge heads",
        )
    ]


@pytest.mark.parametrize("message", ["Can't locate revision identified by 'upgrade'", ""])
def test_several_heads_explain_no_other_complaint(tmp_path: Path, message: str) -> None:
    assert disorder.behind(project(tmp_path, **FORKED), failed(message)) == []


def test_an_id_that_nobody_typed_is_that_of_the_database(tmp_path: Path) -> None:
    message = "Can't locate revision identified by '9'"
    (finding,) = disorder.behind(project(tmp_path, **FORKED), failed(message))
    assert finding.what == "The database is at 9, and no file has that id."
    assert (finding.expected, finding.actual) == ("an id that a file has: 1, 2, 3", "9")
    assert finding.remedy.endswith("alembic stamp --purge 3")
    (nothing,) = disorder.behind(project(tmp_path / "empty"), failed(message))
    assert nothing.remedy.endswith("alembic stamp --purge ID")


def test_an_error_of_postgresql_has_nothing_to_do_with_the_files(tmp_path: Path) -> None:
    folder = project(tmp_path, a=FIRST, b=revision("2", "9"))
    assert disorder.behind(folder, failed("no table", "UndefinedTable", "42P01")) == []


def test_a_history_that_sent_statements_was_in_order(tmp_path: Path) -> None:
    folder = project(tmp_path, a=FIRST, b=revision("2", "9"))
    seen = Observation(COMMAND, "", 1, 0.1, (sent("ONE", 5),))
    assert disorder.behind(folder, seen) == []


def test_a_broken_history_explains_every_other_failure(tmp_path: Path) -> None:
    folder = project(tmp_path, a=FIRST, b=revision("2", "9"))
    assert len(disorder.behind(folder, failed("'9'", "KeyError"))) == 1
    assert len(disorder.behind(folder, Observation(COMMAND, "", 1, 0.1))) == 1


def test_a_revision_without_its_function_is_told(tmp_path: Path) -> None:
    """Nobody needs a downgrade() before the way down."""
    half = FIRST.partition("def downgrade")[0]
    folder = project(tmp_path, a=half, b=SECOND)
    seen = failed("module '1_a_py' has no attribute 'downgrade'", "AttributeError")
    assert disorder.behind(folder, seen) == [
        Finding(
            "versions/a.py has no downgrade().",
            "def downgrade() -> None:",
            "no such function",
            "versions/a.py:1",
        )
    ]
    assert disorder.faults(folder) == []


# What has been applied, and which ids a page gives

CHAIN = [
    history.Revision("1", "1.py", labels=("shop",)),
    history.Revision("2", "2.py", ("1",)),
    history.Revision("3", "3.py", ("1",)),
    history.Revision("4", "4.py", ("2", "3")),
    history.Revision("5", "5.py", (), depends=("shop",)),
]


@pytest.mark.parametrize(
    ("versions", "applied"),
    [
        ([], ""),
        (["1"], "1"),
        (["3"], "13"),
        (["4"], "1234"),
        (["5"], "15"),
        (["2", "3"], "123"),
        (["gone"], "gone"),
    ],
)
def test_a_database_has_run_what_its_versions_follow(versions: list[str], applied: str) -> None:
    expected = {applied} if applied == "gone" else set(applied)
    assert history.applied(CHAIN, versions) == expected


def test_the_way_back_has_a_line(tmp_path: Path) -> None:
    [read] = history.read(project(tmp_path, a=FIRST))[0]
    assert str(read.downgrade) == "versions/a.py:11"
    assert history.Revision("1", "1.py").downgrade is None


def test_the_ids_of_a_page_are_those_of_its_revisions() -> None:
    source = (
        f'```python title="1.py"\n{FIRST}```\n'
        '```python title="shop.py"\nrevision = "3"\n```\n'
        '```ini title="alembic.ini"\nrevision = 4\n```\n'
        '```python title="2.py"\nrevision = (\n```\n'
        "```console\n$ alembic revision --rev-id 5 -m a && alembic revision --rev-id=6a\n```\n"
        "```console check\n$ alembic revision --rev-id 7\n```\n"
    )
    assert history.ids_in(page(source).steps) == {"1", "5", "6a"}
