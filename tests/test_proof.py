"""A lab proves itself when it is true, and anything that is broken in it makes it fail."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labkit.audience import Silent
from labkit.lab import Lab
from labkit.mistake import loose_steps, mistakes
from labkit.proof import proofs
from labkit.recording import record
from labkit.rehearsal import Rehearsal, rehearsed
from labkit.run import Runner
from labkit.server import Server
from labkit.verdict import Finding
from tests import tiny
from tests.world import lab, page


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def true(server: Server, runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """The tiny lab, recorded."""
    folder = tmp_path_factory.mktemp("true")
    true = lab(folder, tiny.PAGE, tiny.SOLUTION, tiny.MISTAKES)
    record(true, server, runner, folder / "state", lambda _: True)
    return Lab(true.folder)


Change = Callable[[str, str, str], None]


@pytest.fixture
def broken(true: Lab, tmp_path: Path) -> Lab:
    """A copy of the true lab, for a test to break."""
    return Lab(Path(shutil.copytree(true.folder, tmp_path / "01-tiny")))


def change(lab: Lab, name: str, old: str, new: str) -> None:
    file = lab.folder / name
    before = file.read_text()
    assert before.count(old) == 1, f"{old!r} stands {before.count(old)} times in {name}"
    file.write_text(before.replace(old, new))


@pytest.fixture
def page_findings(server: Server, runner: Runner, tmp_path: Path) -> Callable[[Lab], list[Finding]]:
    def find(lab: Lab) -> list[Finding]:
        with rehearsed(lab, server, runner, tmp_path / "state") as rehearsal:
            return rehearsal.judgement.findings

    return find


def line_of(lab: Lab, text: str) -> int:
    lines = (lab.folder / "README.md").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


# The page


def test_a_snapshot_edited_by_one_letter_fails(
    broken: Lab, page_findings: Callable[[Lab], list[Finding]]
) -> None:
    change(broken, "snapshots/head.yaml", "[new, sent]", "[new, send]")
    findings = page_findings(broken)
    assert [f.what for f in findings] == [
        "enum status: expected (new, send), found (new, sent)"
    ] * 2
    assert findings[0].place == "versions/0001_orders.py:10"


def test_a_claim_with_one_word_changed_fails(
    broken: Lab, page_findings: Callable[[Lab], list[Finding]]
) -> None:
    change(broken, "README.md", "SQL: DROP TYPE status", "SQL: DROP DOMAIN status")
    line = line_of(broken, "DROP DOMAIN")
    assert page_findings(broken) == [
        Finding("This statement was not sent.", "DROP DOMAIN status", "DROP TYPE status",
                f"README.md:{line}")
    ]  # fmt: skip


def test_a_migration_with_one_statement_more_fails(
    broken: Lab, page_findings: Callable[[Lab], list[Finding]]
) -> None:
    change(
        broken,
        "README.md",
        "def upgrade() -> None:\n",
        "def upgrade() -> None:\n    op.execute('CREATE TEMPORARY TABLE t (id int)')\n",
    )
    assert page_findings(broken) == [
        Finding(
            "A migration sends a statement that README.md does not claim.",
            "an annotation “# => SQL: …” below the line that sends it",
            "CREATE TEMPORARY TABLE t (id int)",
            f"README.md:{line_of(broken, 'TEMPORARY')}",
            "Revision 0001 sends it.",
        )
    ]


def test_a_downgrade_that_leaves_an_enum_behind_fails(
    broken: Lab, page_findings: Callable[[Lab], list[Finding]]
) -> None:
    claim = "    # => SQL: DROP TYPE status\n"
    change(broken, "README.md", f"    status.drop(op.get_bind())\n{claim}", "")
    first, second = page_findings(broken)
    assert first == Finding(
        "enum status: expected no such enum, found (new, sent)",
        "",
        "(new, sent)",
        "versions/0001_orders.py:17",
        "Seen after `alembic downgrade base`, against the snapshot “base”.",
        first.remedy,
    )
    assert second.actual == 'DuplicateObject: type "status" already exists (SQLSTATE 42710)'
    assert second.place == "versions/0001_orders.py:10"


def test_a_page_that_does_not_claim_a_failure_it_has_fails(
    broken: Lab, page_findings: Callable[[Lab], list[Finding]]
) -> None:
    change(broken, "README.md", "$ alembic upgrade head && echo up\n", "$ alembic upgrade heap\n")
    first, *others = page_findings(broken)
    assert first == Finding(
        "`alembic upgrade heap` failed with exit status 255.",
        "exit status 0",
        "CommandError: Can't locate revision identified by 'heap'",
        f"README.md:{line_of(broken, 'heap')}",
    )
    assert others[0].what == "2 commands after it did not run, so what they check is not known."
    assert others[1].what == "This statement was not sent."


def test_a_failure_that_does_not_happen_fails(
    broken: Lab, page_findings: Callable[[Lab], list[Finding]]
) -> None:
    change(broken, "README.md", "downgrade base\n", "downgrade base\n# => Error: FAILED: no\n")
    [finding] = page_findings(broken)
    assert finding.what == "`alembic downgrade base` was expected to fail and did not."


# The three proofs


@pytest.fixture
def proof_findings(server: Server, runner: Runner, tmp_path: Path) -> Callable[[Lab], list[str]]:
    """The name of each proof that does not hold, with the first words against it."""

    def find(lab: Lab) -> list[str]:
        with rehearsed(lab, server, runner, tmp_path / "state") as rehearsal:
            return [f"{p.name}: {f.what}" for p in proofs(rehearsal) for f in p.findings]

    return find


ONE = "the mistake “One”"


def small(folder: Path, check: str, solution: str, wrong: str = "") -> Lab:
    """A lab with no page to speak of."""
    return lab(
        folder, f"```console check\n{check}\n```\n", solution or "# None\n", wrong or "# None\n"
    )


def fence(*lines: str) -> str:
    return "\n".join(["```console", *lines, "```", ""])


WRITE = fence("$ echo yes > answer")
VERDICT = """\
```text verdict
FAIL  01-tiny: 1 finding

1. `cat answer` failed with exit status 1.
   expected  exit status 0
   found     cat: answer: No such file or directory
```
"""


def test_a_true_lab_proves_itself(true: Lab, proof_findings: Callable[[Lab], list[str]]) -> None:
    assert proof_findings(true) == []


def test_an_untouched_example_that_passes_is_told(
    tmp_path: Path, proof_findings: Callable[[Lab], list[str]]
) -> None:
    assert proof_findings(small(tmp_path, "$ true", WRITE)) == [
        "the untouched example: The untouched example passes the check of “Your turn”."
    ]


def test_a_lab_that_checks_nothing_is_told(
    tmp_path: Path, proof_findings: Callable[[Lab], list[str]]
) -> None:
    nothing = lab(tmp_path, "Nothing.\n", "# None\n", "# None\n")
    assert proof_findings(nothing) == [
        "the untouched example: The untouched example passes the check of “Your turn”."
    ]


def test_a_solution_that_fails_the_check_is_told(
    tmp_path: Path, proof_findings: Callable[[Lab], list[str]]
) -> None:
    assert proof_findings(small(tmp_path, "$ cat answer", fence("$ touch other"))) == [
        "the solution: `cat answer` failed with exit status 1."
    ]


def test_a_solution_whose_own_command_fails_is_told(
    tmp_path: Path, proof_findings: Callable[[Lab], list[str]]
) -> None:
    solution = fence("$ echo yes > answer", "$ false")
    assert proof_findings(small(tmp_path, "$ cat answer", solution)) == [
        "the solution: `false` failed with exit status 1."
    ]


def test_a_false_claim_of_a_solution_is_told(
    true: Lab, broken: Lab, proof_findings: Callable[[Lab], list[str]]
) -> None:
    """The check is the first to run the line."""
    added = 'sa.Column("note", sa.Text))\n'
    change(broken, "solution.md", added, f"{added}    # => SQL: ALTER TABLE orders ADD note\n")
    (broken.folder / "mistakes.md").write_text("# None\n")
    assert proof_findings(broken) == ["the solution: This statement was not sent."]


def test_a_mistake_that_passes_is_told(
    tmp_path: Path, proof_findings: Callable[[Lab], list[str]]
) -> None:
    wrong = f"## One\n\n{WRITE}\n{VERDICT}"
    assert proof_findings(small(tmp_path, "$ cat answer", WRITE, wrong)) == [
        f"{ONE}: The mistake “One” passes the check."
    ]


def test_a_mistake_with_its_verdict_holds(
    tmp_path: Path, proof_findings: Callable[[Lab], list[str]]
) -> None:
    wrong = f"## One\n\n{VERDICT}\n## Two\n\n" + fence("$ touch other") + VERDICT
    assert proof_findings(small(tmp_path, "$ cat answer", WRITE, wrong)) == []


@pytest.mark.parametrize("verdict", ["", "```text verdict\n```\n"])
def test_a_mistake_without_a_verdict_is_told(
    tmp_path: Path, proof_findings: Callable[[Lab], list[str]], verdict: str
) -> None:
    wrong = f"## One\n\n{verdict}"
    assert proof_findings(small(tmp_path, "$ cat answer", WRITE, wrong)) == [
        f"{ONE}: The mistake “One” has no verdict."
    ]


def test_a_mistake_with_another_verdict_is_told_with_both(
    tmp_path: Path, server: Server, runner: Runner
) -> None:
    wrong = "## One\n\n" + VERDICT.replace("status 1", "status 2")
    tiny_lab = small(tmp_path, "$ cat answer", WRITE, wrong)
    with rehearsed(tiny_lab, server, runner, tmp_path / "state") as rehearsal:
        [finding] = list(proofs(rehearsal))[-1].findings
    actual = "\n".join(VERDICT.splitlines()[1:-1]) + "\n"
    assert finding == Finding(
        "The mistake “One” gets another verdict.",
        actual.replace("status 1", "status 2"),
        actual,
        "mistakes.md:3",
    )


def test_a_mistake_whose_own_command_fails_is_told(
    tmp_path: Path, proof_findings: Callable[[Lab], list[str]]
) -> None:
    wrong = "## One\n\n" + fence("$ ls nothing") + VERDICT
    assert proof_findings(small(tmp_path, "$ cat answer", WRITE, wrong)) == [
        f"{ONE}: `ls nothing` failed with exit status 2."
    ]


def test_one_answer_leaves_no_trace_for_the_next(
    true: Lab, server: Server, runner: Runner, tmp_path: Path
) -> None:
    """Neither in the files nor in the database."""
    answer = page(tiny.ADDED + fence("$ alembic upgrade head")).steps
    with rehearsed(true, server, runner, tmp_path / "state") as rehearsal:
        for _ in range(2):
            tried = rehearsal.attempt(answer)
            assert [r.observation.status for r in tried.own.records] == [0]
            assert rehearsal.judged(tried).findings == []
        assert rehearsal.answer(()).findings != []


def test_ctrl_c_ends_a_rehearsal_and_not_one_of_its_commands(
    tmp_path: Path, server: Server, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Silent, "printed", stopped)
    talking = lab(tmp_path, fence("$ echo one; sleep 9", "$ touch reached"))
    with (
        pytest.raises(KeyboardInterrupt),
        rehearsed(talking, server, runner, tmp_path / "state"),
    ):
        pytest.fail("it went on")
    assert not list(tmp_path.rglob("reached"))


# Mistakes as they are read


def test_a_mistake_is_all_below_its_heading() -> None:
    read = page(f"# Top\n\n## One\n\n### So\n\n{WRITE}\n## Two\n\n{VERDICT}\n{VERDICT}")
    one, two = mistakes(read)
    assert (one.name, one.line, one.end, one.verdict, one.verdict_line) == ("One", 3, 11, "", 0)
    assert [step.line for step in one.steps] == [8]
    assert (two.steps, two.verdict_line) == ((), 13)
    assert two.verdict.startswith("FAIL  01-tiny: 1 finding\n")


def test_a_page_without_headings_has_no_mistakes() -> None:
    assert mistakes(page("Nothing.\n")) == []


def test_a_step_above_the_first_mistake_belongs_to_none(
    tmp_path: Path, proof_findings: Callable[[Lab], list[str]]
) -> None:
    source = f'```python title="x.py"\n```\n{WRITE}\n## One\n\n{VERDICT}'
    assert [step.line for step in loose_steps(page(source))] == [2, 4]
    assert [step.line for step in loose_steps(page(WRITE))] == [2]
    assert proof_findings(small(tmp_path, "$ cat answer", WRITE, source)) == [
        "the mistakes: x.py stands above the first mistake, so it belongs to none.",
        "the mistakes: `echo yes > answer` stands above the first mistake, so it belongs to none.",
    ]


def test_a_rehearsal_is_gone_afterwards(tmp_path: Path, server: Server, runner: Runner) -> None:
    tiny_lab = lab(tmp_path, fence("$ echo one"))
    seen: list[Rehearsal] = []
    with rehearsed(tiny_lab, server, runner, tmp_path / "state") as rehearsal:
        seen.append(rehearsal)
        assert (rehearsal.project / "alembic.ini").exists()
        assert server.exists(rehearsal.database.name)
    assert not server.exists(seen[0].database.name)
    assert list((tmp_path / "state").iterdir()) == []
