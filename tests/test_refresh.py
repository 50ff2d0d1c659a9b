"""A page is refreshed to what was seen: the edits make its claims true and touch nothing else."""

from __future__ import annotations

from textwrap import dedent

import pytest

from labkit.authoring.refresh import Edit, applied, refreshed
from labkit.judge import judge_page
from labkit.page import parse
from labkit.process.mask import masked
from tests.test_judge import HERE
from tests.world import FILE, Did, page, play, sent


def fresh(source: str, *done: Did, hidden: tuple[str, ...] = ()) -> str:
    """The page after a refresh; it is true then, and a second refresh changes nothing."""
    read = page(source)
    after = applied(read.source, refreshed(read, play(read.example, *done), hidden))
    again = parse(after, read.path)
    records = play(again.example, *done)
    assert refreshed(again, records, hidden) == []
    assert judge_page(again, again.example, records, HERE).findings == []
    return after


def console(*notes: str, command: str = "$ x") -> str:
    return "\n".join(["Before.", "", "```console", command, *notes, "```", "", "Behind.", ""])


# Output


def test_output_that_is_missing_goes_right_below_the_command() -> None:
    source = console("# => it counts", command="$ x \\\n>   y")
    assert fresh(source, Did("one\n\n  two\n")) == console(
        "# => Output: one", "# =>", "# =>   two", "# => it counts", command="$ x \\\n>   y"
    )


def test_output_that_is_false_is_replaced_and_nothing_else() -> None:
    source = console("# => so", "# => Output: one", "# =>   two", "# => and", "# => Output: three")
    assert fresh(source, Did("four\nfive\nsix\n")) == console(
        "# => so", "# => Output: four", "# =>   five", "# =>   six", "# => and"
    )


def test_output_of_a_command_that_is_silent_goes_away() -> None:
    assert fresh(console("# => Output: one", "# =>   two", "# => so"), Did()) == console("# => so")


@pytest.mark.parametrize(
    "notes", [["# => Output: one"], ["# => Output: o...", "# =>   ..."], ["# => Output: ...two"]]
)
def test_true_output_stays_as_the_author_wrote_it(notes: list[str]) -> None:
    output = "one\n" if len(notes[0]) == 16 else "one\ntwo\n"
    assert fresh(console(*notes), Did(output)) == console(*notes)


def test_the_authors_dots_stay_where_they_still_hold() -> None:
    source = console(
        "# => Output: ...two", "# =>   three ... of four", "# =>   five", "# =>   six..."
    )
    did = Did("one\ntwo\nthree parts of four\n5\nsixty\nseven\n")
    assert fresh(source, did) == console(
        "# => Output: ...two", "# =>   three ... of four", "# =>   5", "# =>   six..."
    )


def test_dots_that_hold_no_longer_are_replaced_too() -> None:
    source = console("# => Output: ...two", "# =>   th...e", "# =>   four...")
    assert fresh(source, Did("one\n2\n3\n4\n")) == console(
        "# => Output: one", "# =>   2", "# =>   3", "# =>   4"
    )


def test_an_announced_failure_needs_no_output() -> None:
    source = console("# => Error: FAILED: no")
    assert fresh(source, Did("one\nFAILED: no\n", 255)) == source


def test_output_beside_an_error_is_refreshed() -> None:
    source = console("# => Output: one", "# => Error: FAILED: no")
    assert fresh(source, Did("FAILED: no\n", 255)) == console(
        "# => Output: FAILED: no", "# => Error: FAILED: no"
    )


def test_output_that_looks_like_a_claim_or_has_dots_of_its_own_comes_back_whole() -> None:
    output = "SQL: one\nVersion: 2\n...\nGenerating x ...  done\n# => so\n"
    assert fresh(console(), Did(output)) == console(
        "# => Output: SQL: one",
        "# =>   Version: 2",
        "# =>   ...",
        "# =>   Generating x ...  done",
        "# =>   # => so",
    )


def test_a_fence_in_a_list_keeps_its_margin() -> None:
    source = "1. Run it.\n\n   ```console\n   $ x\n   # => Output: no\n   $ y\n   ```\n"
    assert fresh(source, Did("one\ntwo\n"), Did("three\n")) == (
        "1. Run it.\n\n   ```console\n   $ x\n   # => Output: one\n   # =>   two\n   $ y\n"
        "   # => Output: three\n   ```\n"
    )


def test_what_changes_from_run_to_run_is_masked() -> None:
    did = Did(
        "Generating /tmp/x7/lab/versions/1f0c9d2ab34e_add.py ...  done\n"
        "2026-11-22 18:32:10,123 started by lab_x7\n<object at 0x7f3a2b1c4d5e>\n"
        "d9428888-122b-11e1-b85c-61cd3cbb3210\n"
    )
    assert fresh(console(), did, hidden=("/tmp/x7/lab", "lab_x7", "")) == console(
        "# => Output: Generating .../versions/..._add.py ...  done",
        "# =>   ... started by ...",
        "# =>   <object at ...>",
        "# =>   d9428888-122b-11e1-b85c-61cd3cbb3210",
    )


def test_an_id_that_the_page_gives_is_not_masked() -> None:
    assert masked("at 1f0c9d2ab34e", "revision 1f0c9d2ab34e", ()) == "at 1f0c9d2ab34e"
    assert masked("at 1f0c9d2ab34e", "revision 1f0c9d2ab34f", ()) == "at ..."


def test_a_line_is_never_masked_away() -> None:
    assert masked("1f0c9d2ab34e", "", ()) == "1f0c9d2ab34e"


# Statements in files


def revision(*body: str) -> str:
    head = ['```python title="versions/0001_products.py"', "revision = '0001'", "def upgrade():"]
    return "\n".join([*head, *body, "```", "", console()])


@pytest.mark.parametrize(
    "body",
    [
        ["    op.one()"],
        ["    op.one(", "        1,", "    )"],
        ["    op.one()  # => sends it"],
        ["    op.one()", "    # => sends it", "    # =>   at once"],
        ["    op.one()  # => sends", "    # =>   it at once"],
    ],
)
def test_a_missing_statement_goes_below_its_line_and_what_is_said_there(body: list[str]) -> None:
    did = Did(sent=[sent("ONE\n  1", 3)])
    after = fresh(revision(*body, "    op.two()"), did)
    assert after == revision(*body, "    # => SQL: ONE 1", "    op.two()")


def test_a_statement_more_goes_below_the_claims_that_are_there() -> None:
    did = Did(sent=[sent("ONE", 3), sent("TWO", 3), sent("TWO", 3)])
    source = revision("    op.one()", "    # => SQL: ONE", "    # => so")
    assert fresh(source, did) == revision(
        "    op.one()", "    # => SQL: ONE", "    # => SQL: TWO", "    # => so"
    )


def test_a_false_claim_makes_room_for_what_was_sent() -> None:
    source = revision(
        "    op.one()", "    # => so", "    # => SQL: NO", "    # =>   NO", "    # => and"
    )
    assert fresh(source, Did(sent=[sent("ONE", 3)])) == revision(
        "    op.one()", "    # => so", "    # => SQL: ONE", "    # => and"
    )


def test_a_false_claim_behind_the_code_leaves_the_code_alone() -> None:
    source = revision("    op.one('# => SQL: x')  # => SQL: NO", "    op.two()")
    assert fresh(source, Did(sent=[sent("ONE", 3)])) == revision(
        "    op.one('# => SQL: x')", "    # => SQL: ONE", "    op.two()"
    )


def test_a_claim_too_many_goes_away() -> None:
    source = revision("    op.one()", "    # => SQL: ONE", "    # => SQL: NO", "    # => so")
    assert fresh(source, Did(sent=[sent("ONE", 3)])) == revision(
        "    op.one()", "    # => SQL: ONE", "    # => so"
    )


def test_a_claim_with_dots_that_is_true_stays() -> None:
    source = revision("    op.one()", "    # => SQL: INSERT INTO a ...")
    statements = [sent(f"INSERT INTO a VALUES ({n})", 3) for n in range(3)]
    assert fresh(source, Did(sent=statements)) == source


def test_a_claim_on_a_line_that_did_not_run_stays_for_its_author_to_see() -> None:
    read = page(revision("    op.one()", "    # => SQL: ONE"))
    assert refreshed(read, play(read.example, Did())) == []


def test_a_statement_of_a_loops_own_line_goes_into_its_body() -> None:
    read = page(revision("    for row in rows():", "        op.one(row)"))
    did = Did(sent=[sent("SELECT 1", 3), sent("ONE", 4)])
    assert applied(read.source, refreshed(read, play(read.example, did))) == revision(
        "    for row in rows():",
        "        # => SQL: SELECT 1",
        "        op.one(row)",
        "        # => SQL: ONE",
    )


def test_a_statement_claimed_below_a_command_is_not_added_to_the_file() -> None:
    source = revision("    op.one()").replace("$ x\n", "$ x\n# => SQL: ONE\n")
    assert fresh(source, Did(sent=[sent("ONE", 3)])) == source


def test_a_look_at_the_catalogs_is_not_added() -> None:
    source = revision("    op.one()")
    assert fresh(source, Did(sent=[sent("SELECT 1 FROM pg_catalog.pg_type", 3)])) == source


def test_a_program_is_given_no_claims_and_keeps_its_own_true() -> None:
    source = '```python title="stock.py"\none()\ntwo()\n# => SQL: NO\n```\n\n' + console()
    more = {"file": "stock.py", "revision": None, "direction": None}
    did = Did(sent=[sent("ONE", 1, **more), sent("TWO", 2, **more)])  # type: ignore[arg-type]
    assert fresh(source, did) == source.replace("NO", "TWO")


def test_a_file_that_is_written_twice_is_refreshed_in_each_place() -> None:
    source = revision("    op.one()") + "\n" + revision("    op.two()")
    after = fresh(source, Did(sent=[sent("ONE", 3)]), Did(sent=[sent("TWO", 3)]))
    one, two = (revision(f"    op.{n}()", f"    # => SQL: {n.upper()}") for n in ("one", "two"))
    assert after == one + "\n" + two


def test_a_long_statement_is_wrapped_in_whole_words() -> None:
    text = "CREATE TABLE a (" + ", ".join(f"column_{n} TEXT DEFAULT '-x-'" for n in range(9)) + ")"
    after = fresh(revision("    op.one()"), Did(sent=[sent(text, 3)]))
    lines = [line for line in after.splitlines() if "=>" in line]
    assert len(lines) > 2
    assert max(map(len, lines)) <= 96
    assert " ".join(line.partition("=>")[2].strip() for line in lines) == f"SQL: {text}"


def test_a_word_longer_than_a_line_is_not_cut() -> None:
    text = f"INSERT INTO a VALUES ('{'x' * 200}')"
    assert text.split()[-1] in fresh(revision("    op.one()"), Did(sent=[sent(text, 3)]))


def test_a_file_in_a_list_keeps_its_margin() -> None:
    source = "\n".join(f"   {line}".rstrip() for line in revision("    op.one()").splitlines())
    source = f"1. So.\n\n{source.replace('Before.', '').replace('Behind.', '')}\n"
    assert "\n       op.one()\n       # => SQL: ONE\n   ```\n" in fresh(
        source, Did(sent=[sent("ONE", 3)])
    )


# Statements of revisions that are not on the page


def made(text: str) -> Did:
    return Did(sent=[sent(text, 9, file="versions/ab12_x.py", revision="ab12")])


def test_a_statement_of_a_made_revision_goes_below_the_command() -> None:
    source = dedent("""\
        ```console
        $ x
        # => Version: 1
        # => so
        $ x
        ```
        """)
    read = page(source)
    done = made("ONE"), made("ONE")
    after = applied(source, refreshed(read, play(read.example, *done)))
    assert after == source.replace("# => so\n", "# => so\n# => SQL: ONE\n")
    again = page(after)
    assert refreshed(again, play(again.example, *done)) == []


def test_a_statement_claimed_below_a_later_command_is_not_added_again() -> None:
    source = "```console\n$ x\n$ x\n# => SQL: ONE\n```\n"
    assert fresh(source, made("ONE"), made("ONE")) == source


def test_a_false_claim_below_a_command_makes_room_for_what_was_sent() -> None:
    assert fresh(console("# => so", "# => SQL: NO"), made("ONE")) == console(
        "# => so", "# => SQL: ONE"
    )


# Edits


def test_edits_are_made_from_the_end_and_keep_their_order() -> None:
    edits = [
        Edit(2, 0, ["above"]),
        Edit(2, 1, ["two"]),
        Edit(2, 0, ["below above"]),
        Edit(4, 1, []),
        Edit(5, 0, ["end"]),
    ]
    assert applied("1\n2\n3\n4\n", edits) == "1\nabove\nbelow above\ntwo\n3\nend\n"


def test_a_page_without_edits_is_the_same_to_the_last_byte() -> None:
    for source in ("", "a", "a\n\n", "a\r\nb", f"{FILE}\x0c\n"):
        assert applied(source, []) == source
