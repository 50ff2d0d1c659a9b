"""A page is read into steps, and every fault of it is told with its line and the way out."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from labkit.page import Command, File, Page, parse
from labkit.trouble import Trouble

PAGE = Path("labs/03-example/README.md")


def read(source: str, snapshots: set[str] | None = None) -> Page:
    return parse(dedent(source), PAGE, snapshots)


def faults_of(source: str, snapshots: set[str] | None = None) -> str:
    with pytest.raises(Trouble) as told:
        read(source, snapshots)
    return told.value.what


def test_a_titled_fence_is_a_file_with_its_text_and_line() -> None:
    page = read("""\
        # Lab 3: Example

        ```ini title="conf/a.ini"
        [a]
        b = 1
        ```
        """)
    assert page.steps == (File("conf/a.ini", "[a]\nb = 1\n", "ini", 4),)


def test_a_console_fence_gives_a_command_for_each_dollar_line() -> None:
    page = read("""\
        ```console
        $ one
        $ two
        ```
        """)
    assert [(s.text, s.line) for s in page.steps if isinstance(s, Command)] == [
        ("one", 2),
        ("two", 3),
    ]


def test_a_command_goes_on_over_lines_that_begin_with_an_angle() -> None:
    page = read("""\
        ```console
        $ cat <<END
        > text
        > END
        ```
        """)
    assert [s.text for s in page.steps if isinstance(s, Command)] == ["cat <<END\ntext\nEND"]


def test_a_snapshot_and_its_rows_belong_to_the_last_command_of_a_fence() -> None:
    page = read(
        """\
        ```console snapshot="done" rows="a, b"
        $ one
        $ two
        ```
        """,
        {"done"},
    )
    first, second = page.example
    assert isinstance(first, Command)
    assert isinstance(second, Command)
    assert (first.snapshot, first.rows) == ("", ())
    assert (second.snapshot, second.rows) == ("done", ("a", "b"))


def test_claims_belong_to_the_command_above_them() -> None:
    page = read("""\
        ```console
        $ one
        # => Version: 0001
        $ two
        # => Rows: a 1
        # => plain commentary
        ```
        """)
    kinds = [[c.kind for c in s.claims] for s in page.steps if isinstance(s, Command)]
    assert kinds == [["Version"], ["Rows"]]


def test_checks_are_no_part_of_the_example() -> None:
    page = read("""\
        ```console
        $ one
        ```
        ```console check live
        $ two
        ```
        """)
    assert [getattr(s, "text", "") for s in page.example] == ["one"]
    assert [(s.text, s.live) for s in page.checks] == [("two", True)]


def test_prose_and_pictures_are_no_steps() -> None:
    page = read("""\
        Text.

        ```mermaid
        flowchart TD
        ```
        ```text
        just text
        ```
        """)
    assert page.steps == ()


def test_a_part_is_found_by_its_heading() -> None:
    page = read("""\
        # T

        ## Explanation

        Because.

        ## Key takeaway

        So.
        """)
    assert (page.part("Explanation"), page.part("Key takeaway"), page.part("Diagram")) == (
        "Because.",
        "So.",
        "",
    )


@pytest.mark.parametrize(
    ("source", "line", "what", "instead"),
    [
        pytest.param(
            "```console\n$ one\n# => Outputs: x\n```",
            3,
            "“Outputs:” is no claim",
            "write “Output:”",
            id="misspelt claim",
        ),
        pytest.param(
            "```console\n$ one\n# => version: x\n```",
            3,
            "“version:” is no claim",
            "write “Version:”",
            id="claim in small letters",
        ),
        pytest.param(
            "```console\n$ one\n# => Note: x\n```",
            3,
            "“Note:” is no claim",
            "open with one of SQL:, Output:",
            id="unknown claim-like word",
        ),
        pytest.param(
            "```console\n$ one\n# => Output: ...\n```",
            3,
            "“Output:” claims nothing",
            "say what must be seen there",
            id="claim that is always true",
        ),
        pytest.param(
            "```console\n$ one\n# => Locks: a ACCESS\n```",
            3,
            "'ACCESS' is no lock mode",
            "TABLE MODE, TABLE MODE",
            id="unknown lock mode",
        ),
        pytest.param(
            "```console\n$ one\n# => Cost: reads a\n```",
            3,
            "'reads a' names no cost",
            "rewrites TABLE, scans TABLE",
            id="unknown cost",
        ),
        pytest.param(
            "```console\n$ one\n# => Rows: a many\n```",
            3,
            "'a many' is no table and number",
            "TABLE NUMBER",
            id="rows without a number",
        ),
        pytest.param(
            "```console\n$ one\n# => Version: 1,,2\n```",
            3,
            "a revision id is empty",
            "or “base”",
            id="empty revision id",
        ),
        pytest.param(
            "```console\n$ one\n# => Version:0001\n```",
            3,
            "“Version:” is no claim",
            "write “Version: ” with one blank behind it",
            id="claim without a blank",
        ),
        pytest.param(
            "```console\n$ one\n# => sql : SELECT 1\n```",
            3,
            "“sql : ” is no claim",
            "write “SQL: ”",
            id="claim with a blank too many",
        ),
        pytest.param(
            "```console\n$ one\n# => SQL: ... x ...\n```",
            3,
            "this “SQL:” is true of nearly every statement",
            "name what is done and to what",
            id="statement of nothing but dots",
        ),
        pytest.param(
            "```console\n$ one\n# => Locks: a SHARE, a EXCLUSIVE\n```",
            3,
            "a stands there twice",
            "TABLE MODE, TABLE MODE",
            id="table with two locks",
        ),
        pytest.param(
            "```console\n$ one\n# => Rows: a 1, a 2\n```",
            3,
            "a stands there twice",
            "TABLE NUMBER",
            id="table with two numbers of rows",
        ),
        pytest.param(
            '```console rows="a"\n$ one\n```',
            1,
            "“rows” says whose rows belong to a snapshot, and this fence has none",
            'add snapshot="NAME"',
            id="rows of no snapshot",
        ),
        pytest.param(
            '```console snapshot=""\n$ one\n```',
            1,
            "“snapshot” is empty or stands there twice",
            'write snapshot="…" once',
            id="snapshot without a name",
        ),
        pytest.param(
            '```python title="a.py" title="b.py"\n```',
            1,
            "“title” is empty or stands there twice",
            'write title="…" once',
            id="two titles",
        ),
        pytest.param(
            "<details>\n```console\n$ one\n```\n</details>\n",
            2,
            "Markdown takes this for HTML or indented text",
            "leave a blank line above the fence",
            id="fence inside HTML",
        ),
        pytest.param(
            "So.\n\n    $ one\n    # => Output: two\n",
            4,
            "Markdown takes this for HTML or indented text",
            "and do not indent it",
            id="claim in indented text",
        ),
        pytest.param(
            '```python title="a.py"\nx = 1\n# => Version: 1\n```',
            3,
            "“Version:” says what a command leaves behind",
            "move it below the command's “$ ” line",
            id="claim about a command in a file",
        ),
        pytest.param(
            "```sql\n-- => SQL: SELECT 1\n```",
            2,
            "a claim stands in a fence that is neither a file nor run",
            'give the fence a title="PATH"',
            id="claim that nothing can check",
        ),
        pytest.param(
            '```python title="../a.py"\n```',
            1,
            'title="../a.py" cannot be written: it leaves the project',
            "name a file inside the project",
            id="path outside",
        ),
        pytest.param(
            '```python title="a/../../b.py"\n```',
            1,
            "it leaves the project",
            "",
            id="hidden way out",
        ),
        pytest.param('```python title="/etc/a"\n```', 1, "it is absolute", "", id="absolute path"),
        pytest.param('```python title="C:/a"\n```', 1, "it is absolute", "", id="drive"),
        pytest.param('```python title="~/a"\n```', 1, "it is absolute", "", id="home"),
        pytest.param('```python title=""\n```', 1, "it names no file", "", id="empty path"),
        pytest.param('```python title="a\\b"\n```', 1, "it has a backslash", "", id="backslash"),
        pytest.param(
            '```python title="./a.py"\n```', 1, "its plain form is a.py", "", id="roundabout path"
        ),
        pytest.param(
            "```sh\n$ one\n```",
            2,
            "a “$ ” line stands outside a console fence",
            "open the fence with ```console",
            id="command outside console",
        ),
        pytest.param(
            '```console snapshot="heda"\n$ one\n```',
            1,
            "snapshots/heda.yaml does not exist",
            "write “head”",
            id="missing snapshot",
        ),
        pytest.param(
            "text\n\n```console\n$ one",
            3,
            "this fence never ends",
            "close it with a line of the same marks",
            id="fence without end",
        ),
        pytest.param(
            "```console\n$ one\n````\n~~~\n$ two\n```\n",
            4,
            "this fence never ends",
            "close it",
            id="fence closed by other marks",
        ),
        pytest.param(
            "```console\none\n```",
            2,
            "neither a command nor an annotation",
            "write output as “# => Output: …”",
            id="unchecked output",
        ),
        pytest.param(
            "```console\n# => Output: a\n$ one\n```",
            2,
            "stands above the first command",
            "put it below",
            id="claim above its command",
        ),
        pytest.param(
            "```console\n```",
            1,
            "this console fence has no command",
            "begin each command with “$ ”",
            id="nothing to run",
        ),
        pytest.param(
            '```console title="a"\n$ one\n```',
            1,
            "a console fence is run and cannot be a file",
            "drop title",
            id="console with title",
        ),
        pytest.param(
            "```console live\n$ one\n```",
            1,
            "“live” says which database a check looks at",
            "write “console check live”",
            id="live without check",
        ),
        pytest.param(
            '```console snapsot="head"\n$ one\n```',
            1,
            "“snapsot” means nothing on a fence",
            "write snapshot",
            id="misspelt attribute",
        ),
        pytest.param(
            '```python title="a.py" snapshot="head"\n```',
            1,
            "“snapshot” asks for a command, and this fence is not run",
            "move it to a console fence",
            id="snapshot on a file",
        ),
        pytest.param(
            "```python check\n```",
            1,
            "“check” asks for a command",
            "move it to a console fence",
            id="check on a file",
        ),
    ],
)
def test_a_fault_is_told_with_its_line_and_what_to_write(
    source: str, line: int, what: str, instead: str
) -> None:
    told = faults_of(source, {"head"})
    assert f"{PAGE}:{line}: " in told
    assert what in told
    assert instead in told.partition("Instead: ")[2]


def test_all_faults_are_told_at_once_and_in_order() -> None:
    told = faults_of("""\
        ```python title="/a"
        ```
        ```sh
        $ one
        ```
        """)
    assert "it has 2 faults" in told
    assert told.index(":1: ") < told.index(":4: ")


def test_an_arrow_in_a_string_is_no_annotation() -> None:
    page = read("""\
        ```python title="a.py"
        text = "# => Oops: no claim"
        ```
        """)
    assert [s.claims for s in page.steps] == [()]


def test_a_missing_page_is_told(tmp_path: Path) -> None:
    from labkit.page import read as read_file

    with pytest.raises(Trouble) as told:
        read_file(tmp_path / "README.md")
    assert "cannot be read: No such file or directory" in told.value.what
    assert told.value.mend.startswith("git checkout -- ")
    assert told.value.why == "A file of the lab was moved or deleted."


def test_a_page_that_is_no_text_is_told(tmp_path: Path) -> None:
    from labkit.page import read as read_file

    (tmp_path / "README.md").write_bytes(b"\xff\xfe junk")
    with pytest.raises(Trouble) as told:
        read_file(tmp_path / "README.md")
    assert "is not UTF-8 text (byte 0)" in told.value.what
    assert told.value.mend == "Save it as UTF-8."
    assert told.value.why == "An editor saved it in another encoding."
