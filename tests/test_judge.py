"""The judge, on observations made by hand: a true page passes, and each false word is named."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from labkit.judge import judge_answer, judge_check, judge_page
from labkit.observation import Failure, Place
from labkit.verdict import Finding
from tests.world import FILE, Did, page, play, sent, state

HERE = Path("snapshots")

# The upgrade's statement is sent by line 5 of the file, which is line 6 of the page.
REVISION = """\
```python title="versions/0001_products.py"
from alembic import op
revision = "0001"
down_revision = None
def upgrade():
    op.execute("ONE")
    # => {claim}
```
```console
$ alembic upgrade head
```
"""


def found(source: str, *done: Did, snapshots: Path = HERE) -> list[Finding]:
    """What the judge finds when the commands of a page did this."""
    read = page(source)
    return judge_page(read, read.example, play(read.example, *done), snapshots).findings


def checked(source: str, *done: Did, snapshots: Path = HERE) -> list[Finding]:
    """What the judge finds when the checks of a page did this with an answer."""
    read = page(source)
    return judge_check(read, read.checks, play(read.checks, *done), snapshots).findings


def claim(text: str, kind: str = "console") -> str:
    """A page with one command and one claim, which stands in line 3."""
    return f"```{kind}\n$ alembic upgrade head\n# => {text}\n```\n"


# Commands


def test_a_command_that_prints_nothing_and_claims_nothing_passes() -> None:
    assert found("```console\n$ true\n```\n", Did()) == []


def test_a_command_that_fails_unannounced_names_the_error_and_the_line() -> None:
    failure = Failure("UndefinedTable", 'relation "x" does not exist', Place(FILE, 7), "42P01")
    assert found(claim("Version: 1"), Did(status=1, failure=failure)) == [
        Finding(
            "`alembic upgrade head` failed with exit status 1.",
            "exit status 0",
            'UndefinedTable: relation "x" does not exist (SQLSTATE 42P01)',
            f"{FILE}:7",
        )
    ]


def test_a_command_that_fails_without_python_shows_the_end_of_its_output() -> None:
    source = "```console\n$ ls nothing\n```\n"
    output = "".join(f"{number}\n" for number in range(9))
    assert found(source, Did(output, status=2)) == [
        Finding(
            "`ls nothing` failed with exit status 2.",
            "exit status 0",
            "3\n4\n5\n6\n7\n8",
            "README.md:2",
        )
    ]


def test_a_command_that_alembic_refuses_is_to_blame_itself_and_not_env_py() -> None:
    failure = Failure("CommandError", "Can't locate revision", Place("env.py", 9))
    [finding] = found(claim("Version: 1"), Did(status=255, failure=failure))
    assert finding.place == "README.md:2"


def test_faults_of_the_history_stand_for_the_failure_that_they_caused() -> None:
    fault = Finding("Two files have the revision id 1.")
    assert found(claim("Version: 1"), Did(status=255, history=[fault])) == [fault]


def test_what_a_failed_command_kept_from_running_is_named() -> None:
    source = "```console\n$ one\n$ two\n> more\n$ three\n$ four\n$ five\n```\n"
    assert found(source, Did(status=1))[1] == Finding(
        "4 commands after it did not run, so what they check is not known.",
        "`two`, `three`, `four` and 1 more",
        "not run",
    )


def test_one_command_that_did_not_run_is_named() -> None:
    assert found("```console\n$ one\n$ two\n```\n", Did(status=1))[1] == Finding(
        "One command after it did not run, so what it checks is not known.", "`two`", "not run"
    )


def test_a_run_that_stopped_without_a_word_does_not_pass() -> None:
    assert len(found("```console\n$ one\n$ two\n```\n", Did())) == 1
    assert len(found("```console\n$ one\n```\n")) == 1


def test_a_command_stopped_by_ctrl_c_is_told_with_its_line() -> None:
    failure = Failure("KeyboardInterrupt", "", Place(FILE, 5))
    did = Did(status=130, failure=failure, interrupted=True, seconds=3.2)
    assert found(claim("Version: 1"), did) == [
        Finding("`alembic upgrade head` was stopped by Ctrl-C after 3 s.", place=f"{FILE}:5")
    ]


def test_a_command_that_does_not_end_is_told_with_its_line() -> None:
    failure = Failure("KeyboardInterrupt", "", Place(FILE, 5))
    did = Did(status=130, failure=failure, timed_out=True, seconds=60)
    assert found(claim("Version: 1"), did) == [
        Finding(
            "`alembic upgrade head` was stopped after 60 s.",
            "a command that ends",
            "still running",
            f"{FILE}:5",
            "A loop has no end, or the statement waits for a lock that another session holds.",
        )
    ]


def test_an_expected_failure_does_not_excuse_a_command_that_does_not_end() -> None:
    [finding] = found(
        claim("Error: KeyboardInterrupt"), Did("KeyboardInterrupt", 130, timed_out=True)
    )
    assert finding.what == "`alembic upgrade head` was stopped after 0 s."


def test_an_exit_within_a_migration_is_no_success() -> None:
    did = Did(failure=Failure("SystemExit", "0", Place(FILE, 5)))
    assert found("```console\n$ alembic upgrade head\n```\n", did) == [
        Finding(
            "`alembic upgrade head` was left in the middle, with exit status 0.",
            "a migration that returns",
            "SystemExit, and the transaction was rolled back",
            f"{FILE}:5",
            "A migration or env.py calls exit(), sys.exit() or os._exit().",
        )
    ]


def test_a_process_that_goes_away_is_no_success() -> None:
    did = Did(failure=Failure("ended", "The process ended before Python could end it."))
    [finding] = found("```console\n$ alembic upgrade head\n```\n", did)
    assert finding.actual == "the process ended at once, and the transaction was rolled back"


def test_a_process_in_the_background_may_be_running_still() -> None:
    did = Did(failure=Failure("ended", "The process ended before Python could end it."))
    assert found("```console\n$ python shop.py &\n```\n", did) == []


def test_an_exit_that_was_announced_is_no_fault() -> None:
    did = Did("no way\n", 3, failure=Failure("SystemExit", "no way", Place(FILE, 5)))
    assert found(claim("Error: no way"), did) == []


def test_what_was_not_seen_whole_does_not_pass() -> None:
    did = Did(gaps=["Traceback:\n  line 1\nValueError: no\n", "KeyError()"])
    assert found("```console\n$ x\n```\n", did) == [
        Finding(
            "What `x` did was not seen whole, so nothing is known for sure.",
            "every statement",
            "ValueError: no\nKeyError()",
            "README.md:2",
            "That is a fault of the labs and not of the page or the answer.",
        )
    ]
    assert checked("```console check\n$ x\n```\n", did) == []
    assert len(checked(claim("Cost: nothing", "console check"), did)) == 1


# Output


def test_output_that_is_claimed_word_by_word_passes() -> None:
    source = "```console\n$ x\n# => Output: one\n# =>\n# =>   two  three\n```\n"
    assert found(source, Did("\none\n\n   two  three  \n\n")) == []


def test_output_with_another_word_is_shown_beside_the_claim() -> None:
    source = "```console\n$ x\n# => Output: one\n# =>   two\n```\n"
    assert found(source, Did("one\nthree\n")) == [
        Finding("`x` prints something else.", "one\ntwo", "one\nthree", "README.md:3")
    ]


@pytest.mark.parametrize("output", ["one\n", "one\ntwo\nthree\n", "zero\none\ntwo\n", "one two\n"])
def test_output_that_is_more_or_less_than_claimed_is_found(output: str) -> None:
    source = "```console\n$ x\n# => Output: one\n# =>   two\n```\n"
    assert [f.what for f in found(source, Did(output))] == ["`x` prints something else."]


def test_claimed_output_of_a_silent_command_is_found() -> None:
    assert found(claim("Output: one"), Did()) == [
        Finding(
            "`alembic upgrade head` prints something else.", "one", "nothing at all", "README.md:3"
        )
    ]


def test_output_that_the_page_does_not_show_is_found() -> None:
    assert found("```console\n$ x\n# => it is said\n```\n", Did("one\n")) == [
        Finding(
            "`x` prints something that the page does not show.",
            "an annotation “# => Output: …” below it",
            "one",
            "README.md:2",
        )
    ]


def test_dots_inside_a_line_stand_for_text_of_that_line_only() -> None:
    source = claim("Output: Generating .../0001.py ...  done")
    assert found(source, Did("Generating /x/0001.py ...  done\n")) == []
    assert len(found(source, Did("Generating /x\nERROR\n/0001.py ...  done\n"))) == 1


def test_dots_at_the_beginning_and_the_end_stand_for_lines_too() -> None:
    assert found(claim("Output: ...two"), Did("zero\none\ntwo\n")) == []
    assert found(claim("Output: zero..."), Did("zero\none\ntwo\n")) == []
    assert len(found(claim("Output: ...one"), Did("zero\none\ntwo\n"))) == 1


def test_several_output_claims_of_a_command_are_one_text() -> None:
    source = "```console\n$ x\n# => Output: one\n# => what that means\n# => Output: two\n```\n"
    assert found(source, Did("one\ntwo\n")) == []


def test_an_empty_line_of_an_annotation_below_output_claims_nothing() -> None:
    assert found("```console\n$ x\n# => Output: one\n# =>\n# => so\n```\n", Did("one\n")) == []


# Error

REFUSED = "INFO  [alembic] one\nFAILED: no such revision\n"
TRACEBACK = 'Traceback (most recent call last):\n  File "x", line 1\nValueError: no\n\n[SQL: X]\n'


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("FAILED: no such revision", REFUSED),
        ("FAILED: no ... revision", REFUSED),
        ("...no such revision", REFUSED),
        ("ValueError: no", TRACEBACK),
        ("[SQL: X]", TRACEBACK),
        ("bash: line 1: alembik: command not found", "bash: line 1: alembik: command not found\n"),
        (
            "alembic: error: unrecognized arguments: -z",
            "usage: alembic\nalembic: error: unrecognized arguments: -z\n",
        ),
    ],
)
def test_an_announced_failure_passes(text: str, output: str) -> None:
    assert found(claim(f"Error: {text}"), Did(output, 255)) == []


def test_an_announced_failure_that_does_not_happen_is_found() -> None:
    assert found(claim("Error: FAILED: no"), Did("fine\n")) == [
        Finding(
            "`alembic upgrade head` was expected to fail and did not.",
            "FAILED: no",
            "exit status 0",
            "README.md:3",
        )
    ]


def test_a_failure_that_is_another_one_is_found() -> None:
    assert found(claim("Error: FAILED: no such table"), Did(REFUSED, 255)) == [
        Finding(
            "`alembic upgrade head` failed in another way than expected.",
            "FAILED: no such table",
            REFUSED.strip(),
            "README.md:3",
        )
    ]


@pytest.mark.parametrize(
    "text", ["INFO  [alembic] one", "...one", "FAILED", "no such revision", "INFO ... revision"]
)
def test_a_line_that_tells_no_failure_does_not_prove_one(text: str) -> None:
    assert len(found(claim(f"Error: {text}"), Did(REFUSED, 255))) == 1


def test_what_a_program_printed_before_it_failed_does_not_prove_the_failure() -> None:
    output = f"sold one lamp\n{TRACEBACK}"
    assert len(found(claim("Error: sold one lamp"), Did(output, 1))) == 1


def test_a_programs_last_words_are_its_failure_when_nothing_else_looks_like_one() -> None:
    did = Did("counting\ntoo few lamps\n", 1)
    assert found(claim("Error: too few lamps"), did) == []
    assert len(found(claim("Error: counting"), did)) == 1


def test_the_message_of_a_failure_is_found_wherever_it_stands() -> None:
    failure = Failure("SystemExit", "stock is empty")
    did = Did("counting\nstock is empty\nbye\n", 1, failure=failure)
    assert found(claim("Error: stock is empty"), did) == []


# Version


def test_the_claimed_version_passes() -> None:
    did = Did(snapshot=state("alembic_version: ['0002', '0003']\n"))
    assert found(claim("Version: 0003, 0002"), did) == []


def test_another_version_is_shown_beside_the_claim() -> None:
    did = Did(snapshot=state("alembic_version: ['0001']\n"))
    assert found(claim("Version: 0002"), did) == [
        Finding(
            "alembic_version does not hold the expected revision.",
            "0002",
            "0001",
            "README.md:3",
            "Seen after `alembic upgrade head`.",
        )
    ]


@pytest.mark.parametrize("snapshot", ["alembic_version: []\n", "tables: {}\n"])
def test_base_is_an_empty_table_or_none(snapshot: str) -> None:
    assert found(claim("Version: base"), Did(snapshot=state(snapshot))) == []
    [finding] = found(claim("Version: 0001"), Did(snapshot=state(snapshot)))
    assert finding.actual == "base (no row)"


def test_a_part_of_an_id_is_not_the_version() -> None:
    did = Did(snapshot=state("alembic_version: ['00012']\n"))
    assert len(found(claim("Version: 0001"), did)) == 1


# Rows


def test_the_claimed_number_of_rows_passes() -> None:
    assert found(claim("Rows: a 1, b 0"), Did(rows={"a": 1, "b": 0})) == []


@pytest.mark.parametrize(
    ("actual", "words", "why"),
    [
        (3, "3 rows", ""),
        (
            1,
            "1 row",
            " Rows were lost: a table was dropped and made anew, or its rows were deleted.",
        ),
        (None, "no such table", ""),
    ],
)
def test_another_number_of_rows_is_shown_beside_the_claim(
    actual: int | None, words: str, why: str
) -> None:
    assert found(claim("Rows: a 2"), Did(rows={"a": actual})) == [
        Finding(
            "a does not hold the expected number of rows.",
            "2 rows",
            words,
            "README.md:3",
            f"Seen after `alembic upgrade head`.{why}",
        )
    ]


# Statements


def test_a_statement_that_its_line_claims_passes() -> None:
    source = REVISION.format(claim="SQL: ONE two")
    assert found(source, Did(sent=[sent("ONE\n   two", 5)])) == []


def test_one_other_word_in_a_statement_is_shown_beside_the_claim() -> None:
    source = REVISION.format(claim="SQL: ONE two")
    assert found(source, Did(sent=[sent("ONE three", 5)])) == [
        Finding("This statement was not sent.", "ONE two", "ONE three", "README.md:7")
    ]


def test_a_statement_that_nothing_claims_is_found_with_its_line() -> None:
    source = REVISION.format(claim="a note")
    assert found(source, Did(sent=[sent("ONE\n two", 5)])) == [
        Finding(
            "A migration sends a statement that README.md does not claim.",
            "an annotation “# => SQL: …” below the line that sends it",
            "ONE two",
            "README.md:6",
            "Revision 0001 sends it.",
        )
    ]


def test_a_statement_more_than_is_claimed_is_found() -> None:
    source = REVISION.format(claim="SQL: ONE")
    [finding] = found(source, Did(sent=[sent("ONE", 5), sent("TWO", 5)]))
    assert finding.actual == "TWO"


def test_a_claim_on_a_line_that_never_runs_is_found() -> None:
    assert found(REVISION.format(claim="SQL: ONE"), Did()) == [
        Finding("This statement was not sent.", "ONE", "nothing was sent from here", "README.md:7")
    ]


def test_a_statement_that_another_line_claims_is_found_twice() -> None:
    """The one line claims what it does not send, the other one sends what it does not claim."""
    source = """\
        ```python title="versions/0001_products.py"
        revision = "0001"
        down_revision = None
        def upgrade():
            op.execute("ONE")
            op.execute("TWO")
            # => SQL: ONE
            # => SQL: TWO
        ```
        ```console
        $ alembic upgrade head
        ```
        """
    findings = found(dedent(source), Did(sent=[sent("ONE", 4), sent("TWO", 5)]))
    assert [(f.what.split(" ")[0], f.place) for f in findings] == [
        ("A", "README.md:5"),
        ("This", "README.md:7"),
    ]


def test_a_statement_of_a_call_of_many_lines_belongs_to_the_call() -> None:
    source = """\
        ```python title="versions/0001_products.py"
        def upgrade():
            op.execute(
                "ONE",
            )
            # => SQL: ONE
        ```
        ```console
        $ alembic upgrade head
        ```
        """
    for line in (2, 3, 4):
        assert found(dedent(source), Did(sent=[sent("ONE", line)])) == []


def test_each_statement_of_a_loop_is_claimed() -> None:
    source = REVISION.format(claim="SQL: ONE\n    # => SQL: TWO")
    assert found(source, Did(sent=[sent("ONE", 5), sent("TWO", 5)])) == []
    assert len(found(source, Did(sent=[sent("ONE", 5)]))) == 1


def test_one_claim_with_dots_can_stand_for_all_statements_of_a_loop() -> None:
    source = REVISION.format(claim="SQL: INSERT INTO roles ...")
    did = Did(sent=[sent(f"INSERT INTO roles VALUES ({n})", 5) for n in range(3)])
    assert found(source, did) == []


def test_statements_in_another_order_than_claimed_are_found() -> None:
    source = REVISION.format(claim="SQL: ONE\n    # => SQL: TWO")
    assert found(source, Did(sent=[sent("TWO", 5), sent("ONE", 5)])) == [
        Finding(
            "These statements are sent in another order, or fewer times.",
            "ONE\nTWO",
            "TWO\nONE",
            "README.md:7",
        )
    ]


def test_a_statement_claimed_twice_and_sent_once_is_found() -> None:
    source = REVISION.format(claim="SQL: ONE\n    # => SQL: ONE")
    assert len(found(source, Did(sent=[sent("ONE", 5)]))) == 1
    assert found(source, Did(sent=[sent("ONE", 5), sent("ONE", 5)])) == []


def test_a_line_that_sends_one_thing_on_each_way_may_claim_both() -> None:
    """A function of the file that upgrade() and downgrade() call."""
    source = REVISION.format(claim="SQL: ONE\n    # => SQL: TWO") + "```console\n$ down\n```\n"
    assert found(source, Did(sent=[sent("TWO", 5)]), Did(sent=[sent("ONE", 5)])) == []


def test_a_statement_may_be_claimed_below_the_command_that_sends_it() -> None:
    source = REVISION.format(claim="a note").replace("head\n", "head\n# => SQL: ONE\n")
    assert found(source, Did(sent=[sent("ONE", 5)])) == []


def test_a_statement_claimed_below_one_command_need_not_be_below_the_next() -> None:
    source = REVISION.format(claim="a note").replace("head\n", "head\n# => SQL: ONE\n")
    source += "```console\n$ again\n```\n"
    assert found(source, Did(sent=[sent("ONE", 5)]), Did(sent=[sent("ONE", 5)])) == []


def test_a_claim_below_another_command_does_not_count() -> None:
    source = REVISION.format(claim="a note") + "```console\n$ other\n# => SQL: ONE\n```\n"
    findings = found(source, Did(sent=[sent("ONE", 5)]), Did())
    assert [f.place for f in findings] == ["README.md:14", "README.md:6"]


def test_a_false_claim_below_a_command_is_shown_beside_what_was_sent() -> None:
    source = REVISION.format(claim="SQL: ONE").replace("head\n", "head\n# => SQL: TWO\n")
    assert found(source, Did(sent=[sent("ONE", 5)])) == [
        Finding("This statement was not sent.", "TWO", "ONE", "README.md:11")
    ]


def test_claims_below_a_command_have_an_order_too() -> None:
    source = "```console\n$ x\n# => SQL: ONE\n# => SQL: TWO\n```\n"
    did = Did(sent=[sent("TWO", 5), sent("x"), sent("ONE", 5)])
    assert found(source, did) == [
        Finding(
            "These statements are sent in another order, or fewer times.",
            "ONE\nTWO",
            "TWO\nONE",
            "README.md:3",
        )
    ]


def test_alembics_own_statements_may_be_claimed_below_a_command_and_need_not() -> None:
    did = Did(sent=[sent("INSERT INTO alembic_version VALUES ('1')")])
    assert found("```console\n$ x\n```\n", did) == []
    assert found("```console\n$ x\n# => SQL: INSERT INTO alembic_version ...\n```\n", did) == []


def test_a_statement_of_a_revision_that_is_not_on_the_page_is_claimed_below_the_command() -> None:
    did = Did(sent=[sent("ONE", 9, file="versions/ab12_made.py", revision="ab12")])
    assert found("```console\n$ x\n# => SQL: ONE\n```\n", did) == []
    assert found("```console\n$ x\n```\n", did) == [
        Finding(
            "A migration sends a statement that README.md does not claim.",
            "an annotation “# => SQL: …” below the command that runs it",
            "ONE",
            "versions/ab12_made.py:9",
            "Revision ab12 sends it.",
        )
    ]


def test_a_statement_that_is_not_on_the_page_is_told_once_however_often_it_runs() -> None:
    did = Did(sent=[sent("ONE", 9, file="made.py")])
    assert len(found("```console\n$ x\n$ x\n```\n", did, did)) == 1


def test_a_statement_without_a_place_is_not_passed_over() -> None:
    statement = sent("ONE", 5)
    nowhere = type(statement)("ONE", "ONE", revision="0001")
    assert len(found("```console\n$ x\n```\n", Did(sent=[nowhere]))) == 1


def test_a_statement_of_a_program_may_be_claimed_and_need_not() -> None:
    source = (
        '```python title="stock.py"\nsend()\n# => {}\n```\n```console\n$ python stock.py\n```\n'
    )
    did = Did(sent=[sent("ONE", 1, file="stock.py", revision=None, direction=None)])
    assert found(source.format("a note"), did) == []
    assert found(source.format("SQL: ONE"), did) == []
    assert len(found(source.format("SQL: TWO"), did)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace "
        "ON true WHERE relname = 'from products'",
        "select typname FROM pg_type",
        "SELECT column_name FROM information_schema.columns",
    ],
)
def test_a_look_at_the_catalogs_needs_no_claim(text: str) -> None:
    assert found(REVISION.format(claim="a note"), Did(sent=[sent(text, 5)])) == []


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id FROM products",
        "SELECT id FROM products JOIN pg_catalog.pg_class ON true",
        "SELECT id FROM pg_catalog.pg_class c, products",
        "SELECT setval('products_id_seq', 5)",
        "UPDATE products SET name = 'x' FROM pg_catalog.pg_class",
    ],
)
def test_a_look_at_data_needs_a_claim(text: str) -> None:
    assert len(found(REVISION.format(claim="a note"), Did(sent=[sent(text, 5)]))) == 1


def test_a_file_that_a_later_fence_replaces_is_judged_for_the_time_it_stood() -> None:
    source = REVISION.format(claim="SQL: ONE") + REVISION.format(claim="SQL: TWO")
    assert found(source, Did(sent=[sent("ONE", 5)]), Did(sent=[sent("TWO", 5)])) == []
    [finding] = found(source, Did(sent=[sent("TWO", 5)]), Did(sent=[sent("TWO", 5)]))
    assert (finding.expected, finding.place) == ("ONE", "README.md:7")


def test_a_claim_in_a_file_that_sends_nothing_is_found() -> None:
    source = '```sql title="schema.sql"\n-- => SQL: ONE\n```\n'
    assert [f.place for f in found(source)] == ["README.md:2"]


# Locks and cost in a file

TWICE = REVISION + "```console\n$ alembic downgrade base\n$ alembic upgrade head\n```\n"


def run(**more: object) -> Did:
    return Did(sent=[sent("ONE", 5, **more)])  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["Locks", "Cost"])
def test_a_lock_or_cost_on_a_line_that_never_runs_was_not_tried(kind: str) -> None:
    said = {"Locks": "Locks: a SHARE", "Cost": "Cost: nothing"}[kind]
    assert found(REVISION.format(claim=said), Did()) == [
        Finding(
            f"No command of the page runs this line, so its “{kind}:” was never tried.",
            said.partition(": ")[2],
            "nothing was sent from here",
            "README.md:7",
        )
    ]


def test_the_claimed_locks_pass() -> None:
    source = REVISION.format(claim="SQL: ONE\n    # => Locks: a SHARE, b.c ROW SHARE")
    assert found(source, run(locks={"b.c": "ROW SHARE", "a": "SHARE"})) == []


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ({"a": "ACCESS EXCLUSIVE"}, "a ACCESS EXCLUSIVE"),
        ({"a": "ROW SHARE"}, "a ROW SHARE"),
        ({"b": "SHARE", "a": "SHARE"}, "a SHARE, b SHARE"),
        ({}, "nothing"),
    ],
)
def test_other_locks_are_shown_beside_the_claim(held: dict[str, str], words: str) -> None:
    source = REVISION.format(claim="SQL: ONE\n    # => Locks: a SHARE")
    assert found(source, run(locks=held)) == [
        Finding("The locks taken are not those claimed.", "a SHARE", words, "README.md:8")
    ]


def test_the_claimed_cost_passes() -> None:
    source = REVISION.format(claim="SQL: ONE\n    # => Cost: rewrites a, scans b")
    assert found(source, run(rewrites=["a"], scans=["a", "b"])) == []


def test_a_rewritten_table_may_be_called_scanned_as_well() -> None:
    source = REVISION.format(claim="SQL: ONE\n    # => Cost: rewrites a, scans a")
    assert found(source, run(rewrites=["a"], scans=["a"])) == []


@pytest.mark.parametrize(
    ("rewrites", "scans", "words"),
    [
        (["a"], [], "rewrites a"),
        ([], ["b"], "scans b"),
        (["c"], ["a"], "rewrites c, scans a"),
        ([], [], "nothing"),
    ],
)
def test_another_cost_is_shown_beside_the_claim(
    rewrites: list[str], scans: list[str], words: str
) -> None:
    source = REVISION.format(claim="SQL: ONE\n    # => Cost: scans a")
    assert found(source, run(rewrites=rewrites, scans=scans)) == [
        Finding("The cost is not the one claimed.", "scans a", words, "README.md:8")
    ]


def test_locks_and_cost_are_those_of_one_run_and_no_run_has_more() -> None:
    """In an empty database, or after a statement that holds the lock already, there is less."""
    said = "SQL: ONE\n    # => Locks: a SHARE\n    # => Cost: rewrites a"
    source = TWICE.format(claim=said)
    most = run(locks={"a": "SHARE"}, rewrites=["a"])
    assert found(source, run(), most, run(locks={"a": "ROW SHARE"}, scans=["a"])) == []
    assert len(found(source, run(), run(locks={"a": "ROW SHARE"}, scans=["a"]), run())) == 2
    assert len(found(source, most, run(locks={"a": "EXCLUSIVE"}, rewrites=["a", "b"]), most)) == 2


def test_locks_and_cost_of_a_loop_are_those_of_all_its_statements() -> None:
    source = REVISION.format(
        claim="SQL: ONE\n    # => SQL: TWO\n    # => Locks: a EXCLUSIVE, b SHARE\n"
        "    # => Cost: rewrites a, scans b"
    )
    statements = [
        sent("ONE", 5, locks={"a": "SHARE", "b": "SHARE"}, scans=["a", "b"]),
        sent("TWO", 5, locks={"a": "EXCLUSIVE"}, rewrites=["a"]),
    ]
    assert found(source, Did(sent=statements)) == []


GONE = "and they are gone by the time that anybody can look."


def test_locks_that_nobody_could_see_prove_no_claim() -> None:
    source = REVISION.format(claim="SQL: ONE two\n    # => Locks: nothing\n    # => Cost: nothing")
    assert found(source, Did(sent=[sent("ONE\n two", 5, outside=True)])) == [
        Finding(
            f"“Locks:” is about a statement outside of a transaction, {GONE}",
            "nothing",
            "ONE two",
            "README.md:8",
            "",
            "Say it without “Locks:”, as commentary.",
        )
    ]


FAILED = Failure("UniqueViolation", "no", sqlstate="23505")


def test_the_locks_and_the_cost_of_a_statement_that_fails_are_not_known() -> None:
    source = REVISION.format(claim="SQL: ONE\n    # => Locks: nothing\n    # => Cost: nothing")
    source = source.replace("head\n", "head\n# => Error: no\n")
    did = Did("no\n", 1, sent=[sent("ONE", 5, failure=FAILED)])
    assert [f.what for f in found(source, did)] == [
        f"“Locks:” is about a statement that fails, {GONE}",
        f"“Cost:” is about a statement that fails, {GONE}",
    ]


def test_a_run_that_went_well_beside_one_that_fails_proves_locks_and_cost() -> None:
    source = TWICE.format(claim="SQL: ONE\n    # => Locks: a SHARE\n    # => Cost: scans a")
    good = run(locks={"a": "SHARE"}, scans=["a"])
    assert found(source, run(failure=FAILED), good, run(failure=FAILED)) == []


# Locks and cost below a command


@pytest.mark.parametrize(
    ("kind", "place"), [("console", "README.md:4"), ("console check", f"{FILE}:6")]
)
def test_one_statement_outside_of_a_transaction_hides_the_locks_of_a_command(
    kind: str, place: str
) -> None:
    statements = [sent("ONE", 5, locks={"a": "SHARE"}), sent("TWO", 6, outside=True)]
    source = f"```{kind}\n$ x\n# => SQL: ONE\n# => Locks: a SHARE\n# => SQL: TWO\n```\n"
    judge = found if kind == "console" else checked
    [finding] = judge(source, Did(sent=statements))
    assert (finding.actual, finding.place) == ("TWO", place)


def test_a_statement_that_fails_hides_the_cost_of_a_command() -> None:
    source = "```console\n$ x\n# => Error: no\n# => SQL: ONE\n# => Cost: nothing\n```\n"
    [finding] = found(source, Did("no\n", 1, sent=[sent("ONE", 5, failure=FAILED)]))
    assert finding.what == f"“Cost:” is about a statement that fails, {GONE}"


def test_locks_below_a_command_are_the_strongest_of_all_that_it_sends() -> None:
    statements = [
        sent("ONE", 5, file="x.py", revision=None, locks={"c": "SHARE"}),
        sent("TWO", 5, locks={"a": "SHARE"}),
        sent("THREE", 6, locks={"a": "EXCLUSIVE", "b": "SHARE"}),
    ]
    source = "```console\n$ x\n# => SQL: T...\n# => Locks: {}\n```\n"
    source = source.replace("SQL: T...", "SQL: TWO\n# => SQL: THREE")
    assert found(source.format("a EXCLUSIVE, b SHARE"), Did(sent=statements)) == []
    [finding] = found(source.format("a EXCLUSIVE"), Did(sent=statements))
    assert finding == Finding(
        "The locks taken are not those claimed.",
        "a EXCLUSIVE",
        "a EXCLUSIVE, b SHARE",
        "README.md:5",
        "The lock is that of: THREE",
    )
    [finding] = found(source.format("a EXCLUSIVE, b EXCLUSIVE"), Did(sent=statements))
    assert finding.why == ""


def test_cost_below_a_command_is_that_of_all_that_it_sends() -> None:
    statements = [sent("ONE\n a", 5, scans=["a"]), sent("TWO", 6, rewrites=["b"])]
    source = "```console\n$ x\n# => SQL: ONE a\n# => SQL: TWO\n# => Cost: {}\n```\n"
    assert found(source.format("rewrites b, scans a"), Did(sent=statements)) == []
    assert found(source.format("rewrites b"), Did(sent=statements)) == [
        Finding(
            "The cost is not the one claimed.",
            "rewrites b",
            "rewrites b, scans a",
            "README.md:5",
            "The cost is that of: ONE a",
        )
    ]


# Snapshots

SNAPSHOT = """\
alembic_version: ['0001']
tables:
  a:
    columns:
      id: {type: integer, nullable: false}
rows: {a: [{id: 1}]}
"""
FENCE = '```console snapshot="s" rows="a"\n$ alembic upgrade head\n```\n'


@pytest.fixture
def snapshots(tmp_path: Path) -> Path:
    (tmp_path / "s.yaml").write_text(SNAPSHOT)
    return tmp_path


def test_the_recorded_schema_passes(snapshots: Path) -> None:
    assert found(FENCE, Did(snapshot=state(SNAPSHOT)), snapshots=snapshots) == []


@pytest.mark.parametrize(
    ("letter", "what"),
    [
        (("integer", "bigint"), "a.id: expected integer NOT NULL, found bigint NOT NULL"),
        (("0001", "0002"), "alembic_version: expected 0001, found 0002"),
        (("id: 1}", "id: 2}"), "a row id=1: expected id=1, found no such row"),
    ],
)
def test_another_schema_than_recorded_is_found(
    snapshots: Path, letter: tuple[str, str], what: str
) -> None:
    actual = state(SNAPSHOT.replace(*letter))
    finding = found(FENCE, Did(snapshot=actual), snapshots=snapshots)[0]
    assert finding.what == what
    assert finding.why == "Seen after `alembic upgrade head`, against the snapshot “s”."


def test_a_difference_is_blamed_on_the_line_that_made_it(snapshots: Path) -> None:
    statements = [sent("CREATE TABLE a (id BIGINT NOT NULL)", 5)]
    source = REVISION.format(claim="SQL: CREATE TABLE a ...").replace(
        "console", 'console snapshot="s"'
    )
    did = Did(sent=statements, snapshot=state(SNAPSHOT.replace("integer", "bigint")))
    assert found(source, did, snapshots=snapshots)[0].place == f"{FILE}:5"


def test_a_true_version_claim_does_not_hide_a_false_snapshot(snapshots: Path) -> None:
    source = FENCE.replace("head\n", "head\n# => Version: 0002\n")
    actual = state(SNAPSHOT.replace("0001", "0002"))
    [finding] = found(source, Did(snapshot=actual), snapshots=snapshots)
    assert finding.what == "alembic_version: expected 0001, found 0002"


def test_a_false_version_is_told_once(snapshots: Path) -> None:
    source = FENCE.replace("head\n", "head\n# => Version: 0001\n")
    actual = state(SNAPSHOT.replace("0001", "0002"))
    [finding] = found(source, Did(snapshot=actual), snapshots=snapshots)
    assert finding.what == "alembic_version does not hold the expected revision."


def test_rows_that_are_asked_for_and_not_recorded_are_found(snapshots: Path) -> None:
    (snapshots / "s.yaml").write_text(SNAPSHOT.partition("rows:")[0])
    assert found(FENCE, Did(snapshot=state(SNAPSHOT)), snapshots=snapshots) == [
        Finding(
            "The snapshot “s” holds no rows of a, so they were not compared.",
            "rows of a",
            "none",
            "README.md:2",
            "The snapshot was recorded before the fence named the table, or it was edited.",
        )
    ]


def test_a_failed_command_is_not_told_by_its_snapshot_too(snapshots: Path) -> None:
    [finding] = found(FENCE, Did(status=1), snapshots=snapshots)
    assert finding.what == "`alembic upgrade head` failed with exit status 1."


def test_a_snapshot_after_an_announced_failure_is_compared(snapshots: Path) -> None:
    source = FENCE.replace("head\n", "head\n# => Error: FAILED: no\n")
    actual = state(SNAPSHOT.replace("integer", "bigint"))
    did = Did("FAILED: no\n", 255, snapshot=actual)
    assert len(found(source, did, snapshots=snapshots)) == 1


# What was compared


def test_what_was_compared_is_counted(snapshots: Path) -> None:
    source = REVISION.format(claim="SQL: ONE") + FENCE.replace("head\n", "head\n# => Rows: a 1\n")
    read = page(source)
    done = [Did(sent=[sent("ONE", 5)]), Did(snapshot=state(SNAPSHOT), rows={"a": 1})]
    judged = judge_page(read, read.example, play(read.example, *done), snapshots)
    assert judged.findings == []
    assert judged.verified == {"claims": 2, "snapshots": 1, "commands": 2}


# Answers: the learner is sent to their own lines

CHECK = '```console check snapshot="s" rows="a"\n$ alembic upgrade head\n```\n'


def test_an_answer_need_not_claim_or_show_anything(snapshots: Path) -> None:
    did = Did("one\n", sent=[sent("ONE", 5)], snapshot=state(SNAPSHOT))
    assert checked(CHECK, did, snapshots=snapshots) == []


@pytest.mark.parametrize(
    ("said", "did"),
    [
        ("Output: one", Did("two\n")),
        ("Error: FAILED", Did()),
        ("Version: 0001", Did(snapshot=state("alembic_version: ['2']\n"))),
        ("Rows: a 1", Did(rows={"a": 2})),
        ("SQL: ONE", Did(sent=[sent("TWO", 5)])),
    ],
)
def test_a_false_claim_of_a_check_sends_nobody_to_the_page(said: str, did: Did) -> None:
    [finding] = checked(claim(said, "console check"), did)
    assert finding.place == ""


def test_a_failure_of_an_answer_names_its_own_line() -> None:
    failure = Failure("ValueError", "no", Place("versions/0002_mine.py", 9))
    [finding] = checked(claim("Version: 1", "console check"), Did(status=1, failure=failure))
    assert finding.place == "versions/0002_mine.py:9"
    [finding] = checked(claim("Version: 1", "console check"), Did(status=1))
    assert finding.place == ""


def test_a_lock_or_cost_of_an_answer_names_the_line_that_takes_it() -> None:
    statements = [
        sent("ONE", 5, locks={"a": "SHARE"}),
        sent("TWO", 6, locks={"a": "EXCLUSIVE"}, rewrites=["a"]),
    ]
    source = claim("Locks: a SHARE\n# => Cost: scans a", "console check")
    findings = checked(source, Did(sent=statements))
    assert [(f.place, f.why) for f in findings] == [
        (f"{FILE}:6", "The lock is that of: TWO"),
        (f"{FILE}:6", "The cost is that of: TWO"),
    ]


def test_an_answer_may_lock_and_cost_less_than_the_check_allows() -> None:
    source = claim("Locks: a SHARE\n# => Cost: rewrites a", "console check")
    assert checked(source, Did(sent=[sent("ONE", 5, scans=["a"])])) == []


def test_lost_rows_of_an_answer_name_the_line_that_lost_them() -> None:
    statements = [
        sent("INSERT INTO a VALUES (1)", 3, file="stock.py", revision=None),
        sent("DELETE FROM a", 5),
        sent("DELETE FROM b", 6),
    ]
    source = claim("Rows: a 1", "console check")
    [finding] = checked(source, Did(sent=statements, rows={"a": 0}))
    assert finding.place == f"{FILE}:5"


def test_what_an_earlier_check_sent_can_be_to_blame(snapshots: Path) -> None:
    source = "```console check\n$ alembic upgrade 0001\n```\n" + CHECK
    statements = [sent("CREATE TABLE a (id BIGINT NOT NULL)", 5)]
    wrong = state(SNAPSHOT.replace("integer", "bigint"))
    findings = checked(source, Did(sent=statements), Did(snapshot=wrong), snapshots=snapshots)
    assert findings[0].place == f"{FILE}:5"


def test_what_was_rolled_back_is_not_to_blame(snapshots: Path) -> None:
    source = "```console check\n$ alembic upgrade 0002\n# => Error: no\n```\n" + CHECK
    wrong = Did(snapshot=state(SNAPSHOT.replace("integer", "bigint")))
    made = sent("CREATE TABLE a (id BIGINT NOT NULL)", 5)
    failed = Did("no\n", 1, sent=[made, sent("ONE", 6, failure=FAILED)])
    assert checked(source, failed, wrong, snapshots=snapshots)[0].place == ""
    outside = sent("CREATE TABLE a (id BIGINT NOT NULL)", 5, outside=True)
    failed = Did("no\n", 1, sent=[outside, sent("ONE", 6, failure=FAILED)])
    assert checked(source, failed, wrong, snapshots=snapshots)[0].place == f"{FILE}:5"


GIVEN = '```python title="0001.py"\nrevision = "0001"\ndown_revision = None\n```\n'


def test_a_learner_chooses_the_id_of_a_new_revision(snapshots: Path) -> None:
    """The snapshot has the id that the solution chose, which the page does not tell."""
    (snapshots / "s.yaml").write_text(SNAPSHOT.replace("0001", "4711"))
    did = Did(snapshot=state(SNAPSHOT.replace("0001", "ab12")))
    assert checked(GIVEN + CHECK, did, snapshots=snapshots) == []


@pytest.mark.parametrize(
    ("recorded", "version"), [("4711", "0001"), ("0001", "ab12"), ("4711", "ab12', 'cd34")]
)
def test_a_revision_that_is_given_or_missing_is_not_the_learners_choice(
    snapshots: Path, recorded: str, version: str
) -> None:
    (snapshots / "s.yaml").write_text(SNAPSHOT.replace("0001", recorded))
    did = Did(snapshot=state(SNAPSHOT.replace("0001", version)))
    [finding] = checked(GIVEN + CHECK, did, snapshots=snapshots)
    assert finding.what.startswith(f"alembic_version: expected {recorded}, found ")


def test_a_version_claim_of_a_check_leaves_no_choice(snapshots: Path) -> None:
    (snapshots / "s.yaml").write_text(SNAPSHOT.replace("0001", "4711"))
    did = Did(snapshot=state(SNAPSHOT.replace("0001", "ab12")))
    source = GIVEN + CHECK.replace("head\n", "head\n# => Version: 4711\n")
    assert len(checked(source, did, snapshots=snapshots)) == 1


# The claims of an answer's own page


def answered(source: str, *done: Did, checks: tuple[Did, ...] = ()) -> list[Finding]:
    read = page(source)
    records = play(read.steps, *done)
    tried = play([*read.steps, *page(CHECK.replace("check", "")).steps], *done, *checks)
    return judge_answer(read, read.steps, records, tried[len(records) :], HERE).findings


def test_a_solution_need_not_claim_what_it_sends() -> None:
    assert answered(REVISION.format(claim="a note"), Did("one\n", sent=[sent("ONE", 5)])) == []


def test_what_a_solution_claims_is_true() -> None:
    source = REVISION.format(claim="SQL: TWO")
    [finding] = answered(source, Did(sent=[sent("ONE", 5)]))
    assert finding == Finding("This statement was not sent.", "TWO", "ONE", "README.md:7")


def test_a_claim_of_a_solution_may_be_tried_by_the_check() -> None:
    source = REVISION.format(claim="SQL: ONE").partition("```console")[0]
    assert len(answered(source)) == 1
    assert answered(source, checks=(Did(sent=[sent("ONE", 5)]),)) == []


def test_a_command_of_a_solution_that_fails_unannounced_is_found() -> None:
    [finding] = answered("```console\n$ x\n```\n", Did(status=1))
    assert finding.place == "README.md:2"
    assert answered("```console\n$ x\n# => Error: no\n```\n", Did("no\n", status=1)) == []
