"""The rules of form: which lines need an annotation, what a sentence is, what a page must hold."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from labkit.authoring import form
from labkit.lab import Lab

PAGE = """\
# Lab 3: Example

## Explanation

It is a thing. It matters.

## Annotated code

```python title="a.py"
x = 1  # => one
```

```console
$ true
```

## Key takeaway

Use it.

## Why it matters

{why}

## Your turn

Do it.

<details>
<summary>Hint 1</summary>

Think.

</details>

<details>
<summary>Hint 2</summary>

Look.

</details>

```console check
$ true
```
"""
SOLUTION = '```python title="a.py"\nx = 2\n```\n'
MISTAKES = """\
# Mistakes

## One

```text verdict
FAIL
```

## Two

```text verdict
FAIL
```
"""


def lab_with(folder: Path, page: str = PAGE, mistakes: str = MISTAKES) -> Lab:
    lab = folder / "03-example"
    (lab / "snapshots").mkdir(parents=True)
    (lab / "README.md").write_text(page.format(why="word " * 60))
    (lab / "solution.md").write_text(SOLUTION)
    (lab / "mistakes.md").write_text(mistakes)
    return Lab(lab)


def told(lab: Lab) -> list[str]:
    return [str(fault) for fault in form.faults(lab)]


def test_a_page_that_keeps_all_rules_has_no_fault(tmp_path: Path) -> None:
    assert told(lab_with(tmp_path)) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("# Lab 3: Example", "# Lab 4: Example", "1: the title is not “Lab 3: …”"),
        ("## Key takeaway", "## Takeaway", "they must be Explanation, Annotated code"),
        ("It is a thing. It matters.", "It is a thing.", "“Explanation” has 1 sentences"),
        ("Use it.", "Use it. Or not. As you like.", "“Key takeaway” has 3 sentences"),
        ("{why}", "Too short.", "“Why it matters” has 2 words"),
        ("x = 1  # => one", "x = 1", "nothing annotates “x = 1” of a.py"),
        ("x = 1  # => one", "x =  # => one", "a.py does not compile"),
        ("x = 1  # => one", "x = 1  # => one\n# ...", "a.py is not whole"),
        ("Do it.", "Do it as in lab 2.", "“lab 2” sends the reader to another page"),
        ("Do it.", "Do it as in the previous lab.", "“previous lab” sends the reader"),
        ("```console check", "```console", "“Your turn” has no check"),
        ("<details>\n<summary>Hint 1", "<p>\n<summary>Hint 1", "has 1 hints"),
        ("Use it.", "Use it.\n\n```console\n$ true\n```", "a step stands in “Key takeaway”"),
        ("```console\n$ true", "```console check\n$ true", "a check stands outside “Your turn”"),
        ("Use it.", "Use it.\n\n```mermaid\nflowchart TD\n```", "a diagram stands outside"),
    ],
)
def test_a_broken_rule_is_told(tmp_path: Path, old: str, new: str, what: str) -> None:
    assert old in PAGE
    faults = told(lab_with(tmp_path, PAGE.replace(old, new, 1)))
    assert [fault for fault in faults if what in fault], faults


def test_a_diagram_part_without_a_diagram_is_told(tmp_path: Path) -> None:
    page = PAGE.replace("## Annotated code", "## Diagram\n\nNone.\n\n## Annotated code")
    assert told(lab_with(tmp_path, page)) == ["0: the part “Diagram” must hold one diagram"]


def test_a_mistake_without_a_verdict_is_told(tmp_path: Path) -> None:
    mistakes = MISTAKES.replace("```text verdict\nFAIL\n```\n", "", 1)
    assert told(lab_with(tmp_path, mistakes=mistakes)) == ["3: the mistake “One” has no verdict"]


def test_fewer_than_two_mistakes_are_told(tmp_path: Path) -> None:
    mistakes = MISTAKES.partition("## Two")[0]
    assert told(lab_with(tmp_path, mistakes=mistakes)) == [
        "0: mistakes.md has 1 mistakes, it must have two or more"
    ]


def test_a_stray_file_is_told(tmp_path: Path) -> None:
    lab = lab_with(tmp_path)
    (lab.folder / "notes.txt").write_text("")
    assert told(lab) == ["0: notes.txt does not belong into a lab"]


def test_a_snapshot_that_no_fence_names_is_told(tmp_path: Path) -> None:
    lab = lab_with(tmp_path)
    (lab.folder / "snapshots" / "old.yaml").write_text("")
    assert told(lab) == ["0: snapshots/old.yaml is named by no fence"]


def test_each_element_of_a_call_on_lines_of_its_own_needs_an_annotation() -> None:
    code = dedent("""\
        op.create_table(
            "a",  # => its name
            sa.Column("id"),
            sa.Column("b"),  # => noted
            schema="c",
        )
        # => makes it
        """)
    assert form.bare_lines(code, "python") == [3, 5]


def test_an_annotation_below_a_statement_counts_and_one_above_does_not() -> None:
    code = "# => above\na = 1\nb = 2\n# => below\n"
    assert form.bare_lines(code, "python") == [2]


def test_a_docstring_needs_no_annotation() -> None:
    assert form.bare_lines('"""What it is."""\n', "python") == []


def test_the_header_of_a_block_needs_one_of_its_own() -> None:
    code = "def f() -> None:\n    pass  # => nothing\n"
    assert form.bare_lines(code, "python") == [1]


def test_each_block_of_another_language_needs_one() -> None:
    assert form.bare_lines("[a]\nb = 1\n# => note\n\n[c]\nd = 1\n", "ini") == [5]


def test_dots_in_code_end_no_sentence() -> None:
    assert form.sentences("Call `op.execute()`. It runs alembic.ini and 1.5 things! Why?") == 3
