"""Claims are cut out of code, joined over lines, and tied to the statement they are about."""

from __future__ import annotations

from textwrap import dedent

import pytest

from labkit.annotation import annotations_in, own_end, owner_of
from labkit.claim import claims, cost, locks, pattern, rows, versions


def claims_of(code: str, language: str = "python") -> list[tuple[str, str, int]]:
    found = claims(dedent(code), language, 1, in_file=True)
    return [(c.kind, c.text, c.owner) for c in found]


def test_a_claim_belongs_to_the_statement_it_follows() -> None:
    assert claims_of("""\
        def upgrade():
            op.one()
            # => SQL: ONE
            op.two()
            # => SQL: TWO
        """) == [("SQL", "ONE", 2), ("SQL", "TWO", 4)]


def test_a_claim_below_a_call_of_many_lines_belongs_to_the_call() -> None:
    assert claims_of("""\
        def upgrade():
            op.one(
                1,
            )
            # => SQL: ONE
        """) == [("SQL", "ONE", 2)]


def test_a_claim_at_the_end_of_a_line_belongs_to_that_line() -> None:
    assert claims_of("op.one()  # => SQL: ONE\n") == [("SQL", "ONE", 1)]


def test_an_indented_annotation_continues_the_claim_above() -> None:
    assert claims_of("""\
        op.one()
        # => SQL: SELECT 1
        # =>   FROM products
        # => commentary
        # =>   that goes on
        """) == [("SQL", "SELECT 1 FROM products", 1)]


def test_an_annotation_after_a_gap_continues_nothing() -> None:
    assert claims_of("""\
        op.one()
        # => SQL: SELECT 1

        # =>   FROM products
        """) == [("SQL", "SELECT 1", 1)]


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("-- => a note", "sql"),
        ("# => a note", "ini"),
        ("; => a note", "ini"),
        ("## => a note", "mako"),
        ("x = 1  # => a note", "toml"),
    ],
)
def test_annotations_are_found_in_the_comments_of_each_language(line: str, language: str) -> None:
    assert [note.text.strip() for note in annotations_in(line, language)] == ["a note"]


def test_python_that_cannot_be_tokenized_is_searched_by_line() -> None:
    notes = annotations_in('x = """\n# => a note\n', "python")
    assert [(note.line, note.text.strip()) for note in notes] == [(2, "a note")]


def test_a_line_inside_a_call_is_owned_by_the_innermost_statement() -> None:
    code = "def f():\n    g(\n        1,\n    )\n"
    assert [owner_of(code, line) for line in (1, 2, 3, 4)] == [1, 2, 2, 2]


@pytest.mark.parametrize(
    ("code", "line", "end"),
    [
        ("a()\nb()\n", 1, 1),
        ("a(\n    1,\n)\n", 1, 3),
        ("for x in [\n    1,\n]:\n    a(x)\n", 1, 3),
        ("with a: b(\n    1)\n", 1, 2),
        ("a(); b(\n    1)\n", 1, 2),
        ("def (", 1, 1),
    ],
)
def test_the_own_text_of_a_statement_ends_before_its_body(code: str, line: int, end: int) -> None:
    assert own_end(code, line) == end


def test_an_annotation_knows_where_its_comment_begins() -> None:
    [note] = annotations_in("a('# => b')  # => c\n", "python")
    assert (note.column, note.alone, note.text) == (13, False, " c")
    [note] = annotations_in("  -- => c", "sql")
    assert (note.column, note.alone) == (2, True)


def test_code_that_does_not_parse_owns_nothing() -> None:
    assert owner_of("def (", 1) == 0


def test_dots_stand_for_any_text_and_the_rest_for_itself() -> None:
    assert pattern("a ... c").match("a b\nb c")
    assert not pattern("a ... c").match("a b")
    assert not pattern("a.c").match("abc")


def test_a_pattern_has_to_match_to_the_end() -> None:
    assert not pattern("a").match("a b")


@pytest.mark.parametrize(
    "note",
    [
        "sql://server is an address",
        "see Rows:",
        "Rows of a: 3",
        "e.g.:x",
        "op.execute: sends",
        "note: x",
        "so:x",
    ],
)
def test_a_note_that_only_looks_a_little_like_a_claim_is_a_note(note: str) -> None:
    assert claims_of(f"# => {note}\n", "console") == []


def test_a_claim_may_begin_on_the_line_below_its_word() -> None:
    assert claims_of("op.one()\n# => SQL:\n# =>   SELECT 1\n") == [("SQL", "SELECT 1", 1)]


@pytest.mark.parametrize("text", ["COMMIT", "INSERT INTO a ...", "... INTO roles"])
def test_a_statement_that_names_something_may_be_claimed(text: str) -> None:
    assert claims_of(f"op.one()\n# => SQL: {text}\n") == [("SQL", text, 1)]


def test_locks_are_read_as_tables_and_modes() -> None:
    assert locks("a SHARE, b.c ACCESS EXCLUSIVE") == {"a": "SHARE", "b.c": "ACCESS EXCLUSIVE"}
    assert locks("nothing") == {}


def test_a_table_that_is_rewritten_is_scanned_too() -> None:
    assert cost("rewrites a, scans a, scans b") == (frozenset("a"), frozenset("b"))


def test_cost_is_read_as_rewritten_and_scanned_tables() -> None:
    assert cost("rewrites a, scans b") == (frozenset("a"), frozenset("b"))
    assert cost("nothing") == (frozenset(), frozenset())


def test_rows_are_read_as_tables_and_numbers() -> None:
    assert rows("a 1, b 20") == {"a": 1, "b": 20}


def test_base_is_no_version() -> None:
    assert versions("base") == frozenset()
    assert versions("1, 2") == {"1", "2"}
