"""Runs and verdicts are pleasant to read at any width, in colour and without."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.cells import cell_len

from labkit.observation import Failure, Observation, Place, Statement
from labkit.page import Command, File
from labkit.show import Screen, plain
from labkit.trial import Record
from labkit.trouble import Trouble
from labkit.verdict import Finding, Verdict


class Drawn:
    """A screen whose text can be looked at."""

    def __init__(self, width: int = 80, *, brief: bool = False) -> None:
        self._file = io.StringIO()
        self.screen = Screen(self._file, width, brief=brief)

    @property
    def lines(self) -> list[str]:
        return self._file.getvalue().splitlines()

    def run(self, printed: str = "", **seen: Any) -> list[str]:
        """Draw one command and return what was drawn for it."""
        command = Command("alembic upgrade head", 1)
        self.screen.began(command)
        self.screen.printed(printed)
        self.screen.ended(Record(command, observation(**seen)))
        return self.lines


def observation(status: int = 0, **others: Any) -> Observation:
    return Observation("alembic upgrade head", "", status, 1.0, **others)


def sent(text: str, line: int = 11, **others: Any) -> Statement:
    place = Place("migrations/versions/0001_create_products.py", line)
    given: dict[str, Any] = {
        "revision": "0001",
        "direction": "upgrade",
        "seconds": 0.0012,
        **others,
    }
    return Statement(text, text, place=place, **given)


# A run.


def test_a_run_names_its_page_and_its_server() -> None:
    drawn = Drawn()
    drawn.screen.opened("Lab 7: Add column", "PostgreSQL 18.4")
    assert drawn.lines == ["Lab 7: Add column " + "─" * 62, "PostgreSQL 18.4"]


def test_a_title_too_long_for_a_rule_is_shown_whole() -> None:
    drawn = Drawn(40)
    drawn.screen.opened("Lab 21: NOT NULL with a server default", "PostgreSQL")
    assert drawn.lines == ["Lab 21: NOT NULL with a server default", "PostgreSQL"]


def test_the_files_written_are_named_before_the_next_command() -> None:
    drawn = Drawn(40)
    for path in ("alembic.ini", "migrations/env.py", "migrations/script.py.mako"):
        drawn.screen.wrote(File(path, "", "", 1))
    drawn.screen.began(Command("true", 1))
    assert drawn.lines == [
        "",
        "wrote alembic.ini, migrations/env.py,",
        "migrations/script.py.mako",
        "",
        "$ true",
    ]


def test_a_command_over_several_lines_is_shown_as_it_is_typed() -> None:
    drawn = Drawn()
    drawn.screen.began(Command("echo one \\\n  two", 1))
    assert drawn.lines == ["", "$ echo one \\", ">   two"]


def test_output_is_shown_as_soon_as_a_line_of_it_is_whole() -> None:
    drawn = Drawn()
    drawn.screen.printed("one\ntw")
    assert drawn.lines == ["  one"]
    drawn.screen.printed("o\n")
    assert drawn.lines == ["  one", "  two"]


def test_the_last_line_of_output_needs_no_end() -> None:
    assert Drawn().run("one\ntwo") == ["", "$ alembic upgrade head", "  one", "  two"]


def test_long_lines_of_output_are_left_to_the_terminal() -> None:
    assert f"  {'x' * 200}" in Drawn(40).run("x" * 200)


def test_output_cannot_steer_the_terminal() -> None:
    lines = Drawn().run("\x1b[31mred\x1b[0m \x1b]0;title\x07and \x1b[2Jdone\n")
    assert lines[2] == "  red and done"


def test_the_statements_of_a_revision_are_shown_with_lock_cost_and_time() -> None:
    statements = (
        sent("CREATE TABLE products (\n\tid SERIAL NOT NULL\n)"),
        sent(
            "ALTER TABLE orders ADD COLUMN id INTEGER",
            line=14,
            locks={"orders": "ACCESS EXCLUSIVE", "customers": "SHARE"},
            rewrites=("orders",),
            scans=("customers", "orders"),
        ),
    )
    assert Drawn().run(statements=statements)[2:] == [
        "  ┌ upgrade of 0001 · migrations/versions/0001_create_products.py",
        "  │  :11  CREATE TABLE products ( id SERIAL NOT NULL )",
        "  │       no new lock · 1.2 ms",
        "  │  :14  ALTER TABLE orders ADD COLUMN id INTEGER",
        "  │       SHARE on customers, ACCESS EXCLUSIVE on orders · rewrites orders,",
        "  │       scans customers · 1.2 ms",
    ]


def test_each_revision_has_a_head_of_its_own() -> None:
    statements = (sent("A"), sent("B", revision="0002"), sent("C", direction="downgrade"))
    heads = [line for line in Drawn().run(statements=statements) if "┌" in line]
    assert [head.split(" · ")[0] for head in heads] == [
        "  ┌ upgrade of 0001",
        "  ┌ upgrade of 0002",
        "  ┌ downgrade of 0001",
    ]


def test_a_statement_that_failed_is_shown_with_its_error() -> None:
    failure = Failure("UndefinedTable", 'relation "x" does not exist\n', None, "42P01")
    lines = Drawn().run(status=1, statements=(sent("DROP TABLE x", failure=failure),))
    assert lines[-1] == '  │       UndefinedTable: relation "x" does not exist'


def test_bookkeeping_is_not_shown() -> None:
    own = Statement("UPDATE alembic_version", "UPDATE alembic_version")
    assert Drawn().run(statements=(own,)) == ["", "$ alembic upgrade head"]


def test_a_very_long_statement_is_cut() -> None:
    lines = Drawn().run(statements=(sent("INSERT " + "value " * 300),))
    shown = [line for line in lines if line.startswith("  │")]
    assert len(shown) == 13
    assert shown[-2] == "  │       … 17 more lines"


def test_a_line_that_sends_many_statements_shows_some_and_counts_the_rest() -> None:
    statements = tuple(sent(f"INSERT INTO roles VALUES ({number})") for number in range(20))
    lines = Drawn().run(statements=statements)
    assert sum("INSERT" in line for line in lines) == 12
    assert lines[-1] == "  │       and 8 more from this line"


def test_a_failure_that_the_page_announces_is_as_expected() -> None:
    drawn = Drawn()
    claim = type("Claim", (), {"kind": "Error"})()
    command = Command("alembic upgrade head", 1, (claim,))
    drawn.screen.ended(Record(command, observation(status=255)))
    assert drawn.lines == ["  exit status 255, as expected"]


def test_a_failure_that_nothing_announces_is_told() -> None:
    assert Drawn().run(status=1)[-1] == "  exit status 1, where 0 was expected"


def test_an_interrupted_command_has_an_exit_status_and_no_blame() -> None:
    assert Drawn().run(status=130, interrupted=True)[-1] == "  exit status 130"


TRACEBACK = """\
before
Traceback (most recent call last):
  File "a.py", line 1, in <module>
psycopg2.Error: first

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "b.py", line 2, in <module>
    run()
sqlalchemy.Error: last
  a second line of it
"""


def test_of_a_traceback_only_the_error_is_shown() -> None:
    assert Drawn().run(TRACEBACK)[2:] == [
        "  before",
        "  Traceback: 9 lines, shown with LABS_TRACEBACK=1",
        "  sqlalchemy.Error: last",
        "    a second line of it",
    ]


def test_a_traceback_is_shown_to_whoever_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_TRACEBACK", "1")
    assert Drawn().run(TRACEBACK)[2:] == [f"  {line}".rstrip() for line in TRACEBACK.splitlines()]


def test_a_traceback_of_one_command_does_not_hide_lines_of_the_next() -> None:
    drawn = Drawn()
    drawn.run("Traceback (most recent call last):\n  File\n")
    assert drawn.run("  indented\n")[-1] == "    indented"


# A check shows a command that went well on one line.


@pytest.mark.parametrize("brief", [True, False])
def test_a_screen_asks_for_costs_where_it_shows_them(*, brief: bool) -> None:
    drawn = Drawn(brief=brief)
    lines = drawn.run(statements=(sent("A", seconds=0.001),))
    assert any("no new lock · 1.0 ms" in line for line in lines) == drawn.screen.costs


def test_a_brief_screen_shows_no_output_of_a_command_that_went_well() -> None:
    drawn = Drawn(brief=True)
    assert drawn.run("one\n", statements=(sent("A"),)) == ["$ alembic upgrade head"]


@pytest.mark.parametrize(
    "how", [{"status": 1}, {"status": 130, "interrupted": True}, {"timed_out": True}]
)
def test_a_brief_screen_shows_the_output_of_a_command_that_did_not(how: dict[str, Any]) -> None:
    assert "  one" in Drawn(brief=True).run("one\ntwo", **how)


def test_a_brief_screen_forgets_output_with_its_command() -> None:
    drawn = Drawn(brief=True)
    drawn.run("one\n")
    assert "  one" not in drawn.run("two\n", status=1)


# The verdict.


def verdict(*findings: Finding, width: int = 80, **others: Any) -> list[str]:
    drawn = Drawn(width)
    drawn.screen.verdict(Verdict("check", "07-add-column", findings, **others))
    return drawn.lines


def test_a_pass_says_what_was_verified() -> None:
    counts = {"claims": 23, "snapshots": 1, "commands": 0}
    assert verdict(verified=counts, seconds=1.23, following="Go on: invoke lab 8") == [
        "",
        "PASS  07-add-column: 23 claims, 1 snapshot verified in 1.2 s",
        "Go on: invoke lab 8",
    ]


def test_a_finding_stands_with_expected_and_found_side_by_side() -> None:
    finding = Finding(
        "alembic_version does not hold the expected revision.",
        "0002",
        "0001",
        "migrations/versions/0002_add_sku.py:14",
        "Seen after `alembic upgrade head`.",
        'op.add_column("products", sa.Column("sku", sa.String(50)))',
    )
    assert verdict(finding, following="Edit it.") == [
        "",
        "FAIL  07-add-column: 1 finding",
        "",
        "1. alembic_version does not hold the expected revision.",
        "   expected  0002",
        "   found     0001",
        "   at        migrations/versions/0002_add_sku.py:14",
        "   why       Seen after `alembic upgrade head`.",
        '   mend      op.add_column("products", sa.Column("sku", sa.String(50)))',
        "",
        "Edit it.",
    ]


def test_a_sentence_that_says_both_is_not_said_again() -> None:
    finding = Finding("products.sku: expected text, found integer", "text", "integer", "a.py:1")
    assert verdict(finding)[3:-1] == [
        "1. products.sku: expected text, found integer",
        "   at  a.py:1",
    ]


def test_a_command_that_holds_both_texts_does_not_hide_them() -> None:
    finding = Finding("`echo 0002 0003` prints something else.", "0002", "0003")
    assert verdict(finding)[4:6] == ["   expected  0002", "   found     0003"]


def test_nothing_found_is_still_set_beside_what_was_expected() -> None:
    assert verdict(Finding("It prints something else.", "one", ""))[4:6] == [
        "   expected  one",
        "   found",
    ]


def test_texts_of_several_lines_are_compared_line_by_line() -> None:
    assert verdict(Finding("It prints something else.", "one\ntwo", "one\nthree\n"))[4:-1] == [
        "   differs    one",
        "            - two",
        "            + three",
    ]


def test_all_findings_are_listed_at_once() -> None:
    lines = verdict(Finding("One."), Finding("Two."), Finding("Three."))
    assert lines[1:-1] == [
        "FAIL  07-add-column: 3 findings",
        "",
        "1. One.",
        "",
        "2. Two.",
        "",
        "3. Three.",
    ]


def test_a_finding_fits_a_narrow_window_whatever_is_in_it() -> None:
    finding = Finding(
        f"A sentence with a very long word {'x' * 70} and 漢字漢字漢字漢字漢字漢字漢字漢字 in it.",
        "y" * 70,
        "Grüße an alle, die hier sind, und an alle anderen",
        f"migrations/versions/0001_{'long_' * 12}name.py:14",
        "one two three four five six seven eight nine ten eleven twelve",
    )
    lines = verdict(finding, width=40)
    assert max(map(cell_len, lines)) <= 40
    said = "".join("".join(line.split()) for line in lines)
    assert "x" * 70 in said and "y" * 70 in said and "漢字" * 8 in said


def test_notes_stand_between_the_verdict_and_the_next_thing() -> None:
    assert verdict(notes=("Your edits stay.",), following="Next.")[2:] == [
        "Your edits stay.",
        "Next.",
    ]


def test_an_error_says_what_why_and_ends_with_what_mends_it() -> None:
    trouble = Trouble("The disk is full.", "Nothing was lost.", "Free some space.")
    assert verdict(trouble=trouble, notes=("A note.",)) == [
        "",
        "ERROR  The disk is full.",
        "Nothing was lost.",
        "A note.",
        "Free some space.",
    ]


def test_an_error_that_nothing_mends_ends_with_the_next_thing() -> None:
    assert verdict(trouble=Trouble("Stopped."), following="Run it again: invoke lab 7") == [
        "",
        "ERROR  Stopped.",
        "Run it again: invoke lab 7",
    ]


def test_what_an_error_quotes_cannot_steer_the_terminal() -> None:
    assert verdict(trouble=Trouble("No lab is called “\x1b[31mx\x1b[0m”."))[1] == (
        "ERROR  No lab is called “x”."
    )


def test_a_verdict_on_a_terminal_is_in_colour() -> None:
    class Window(io.StringIO):
        def isatty(self) -> bool:
            return True

    window = Window()
    Screen(window, 80).verdict(Verdict("lab", "07-add-column", trouble=Trouble("Stopped.")))
    assert "\x1b[1;33mERROR\x1b[0m  Stopped." in window.getvalue()


def test_the_plain_verdict_has_nothing_that_differs_by_machine() -> None:
    text = plain([Finding("One.", "a  ", "b")], "07-add-column")
    assert text == ("FAIL  07-add-column: 1 finding\n\n1. One.\n   expected  a\n   found     b\n")


# Questions to an author.


def answered(text: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return Drawn().screen.agree("--- a\n+++ b\n-one\n+two")


@pytest.mark.parametrize("text", ["y\n", "yes\n", "Y\n", " YES \n"])
def test_an_author_agrees(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert answered(text, monkeypatch)


@pytest.mark.parametrize("text", ["n\n", "\n", "nonsense\n", ""])
def test_anything_else_is_no_agreement(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not answered(text, monkeypatch)


def test_a_difference_is_shown_before_it_is_agreed_to() -> None:
    drawn = Drawn()
    assert drawn.screen.told("--- a\n+++ b\n-one\n+two")
    assert drawn.lines == ["", "--- a", "+++ b", "-one", "+two"]


def test_a_pass_shows_the_other_answer_above_it_and_what_to_remember_below() -> None:
    file = io.StringIO()
    verdict = Verdict(
        "check",
        "07-add-column",
        verified={"round trips": 1},
        takeaway="Add a column with a default\nthat is the same for every row.",
        contrast="--- a.py, yours\n+++ a.py, the page's solution\n-one\n+two",
        following="Go on: invoke lab 8",
    )
    Screen(file, 40).verdict(verdict)
    assert file.getvalue() == (
        "\n--- a.py, yours\n+++ a.py, the page's solution\n-one\n+two\n\n"
        "PASS  07-add-column: 1 round trip\nverified in 0.0 s\n\n"
        "Add a column with a default that is the\nsame for every row.\n\n"
        "Go on: invoke lab 8\n"
    )
