"""A lab proves itself when it is true, and anything that is broken in it makes it fail."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from labkit.audience import Silent
from labkit.authoring.proof import proofs
from labkit.authoring.recording import record
from labkit.authoring.rehearsal import Answer, Rehearsal, rehearsed
from labkit.exam import Exam
from labkit.journey import Journey
from labkit.lab import Lab
from labkit.mistake import loose_steps, mistakes
from labkit.page import File, Step
from labkit.run import Runner
from labkit.server import Server
from labkit.trial import Trial
from labkit.verdict import Finding
from tests import tiny
from tests.world import Did, lab, page, play


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


# The three proofs, in earnest


@pytest.fixture
def proof_findings(server: Server, runner: Runner, tmp_path: Path) -> Callable[[Lab], list[str]]:
    """The name of each proof that does not hold, with the first words against it."""

    def find(lab: Lab) -> list[str]:
        with rehearsed(lab, server, runner, tmp_path / "state") as rehearsal:
            return [f"{p.name}: {f.what}" for p in proofs(rehearsal) for f in p.findings]

    return find


def fence(*lines: str) -> str:
    return "\n".join(["```console", *lines, "```", ""])


def test_a_true_lab_proves_itself(true: Lab, proof_findings: Callable[[Lab], list[str]]) -> None:
    assert proof_findings(true) == []


def test_a_false_claim_of_a_solution_is_told(
    true: Lab, broken: Lab, proof_findings: Callable[[Lab], list[str]]
) -> None:
    """The check is the first to run the line."""
    added = 'sa.Column("note", sa.Text))\n'
    change(broken, "solution.md", added, f"{added}    # => SQL: ALTER TABLE orders ADD note\n")
    (broken.folder / "mistakes.md").write_text("# None\n")
    assert proof_findings(broken) == ["the solution: This statement was not sent."]


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


def test_a_rehearsal_is_gone_afterwards(tmp_path: Path, server: Server, runner: Runner) -> None:
    tiny_lab = lab(tmp_path, fence("$ echo one"))
    seen: list[Rehearsal] = []
    with rehearsed(tiny_lab, server, runner, tmp_path / "state") as rehearsal:
        seen.append(rehearsal)
        assert (rehearsal.project / "alembic.ini").exists()
        assert server.exists(rehearsal.database.name)
    assert not server.exists(seen[0].database.name)
    assert list((tmp_path / "state").iterdir()) == []


# The three proofs, on runs made by hand

WRITE = fence("$ echo yes > answer")
VERDICT = """\
```text verdict
FAIL  01-tiny: 1 finding

1. `cat answer` failed with exit status 1.
   expected  exit status 0
   found     no answer
```
"""
GOOD, BAD = Did("yes\n"), Did("no answer\n", 1)


class Scripted(Rehearsal):
    """A rehearsal of a lab in which each attempt's check does what it was told to do."""

    def __init__(self, lab: Lab, checks: Sequence[Did], own: Did = GOOD) -> None:
        self.lab = lab
        self._snapshots = lab.folder
        self.version, self.steps, self.checks = 180000, lab.page.example, lab.page.checks
        self._checks, self._own = list(checks), own
        self.trial = self._trial((), [])

    def attempt(self, steps: Sequence[Step]) -> Answer:
        commands = sum(not isinstance(step, File) for step in steps)
        checks = self.lab.page.checks
        did = [self._checks.pop(0)] if checks else []
        exam = Exam(self.lab, checks, self._trial(checks, did), Journey())
        return Answer(self._trial(steps, [self._own] * commands), exam)

    def _trial(self, steps: Sequence[Step], done: Sequence[Did]) -> Trial:
        trial = Trial(self.lab.folder, "", cast("Runner", None))
        trial.records = play(steps, *done)
        return trial


def small(folder: Path, wrong: str = "", check: str = "$ cat answer") -> Lab:
    """A lab with no page to speak of: one check, an answer, and mistakes."""
    page = f"```console check\n{check}\n```\n" if check else "Nothing.\n"
    return lab(folder, page, WRITE, wrong or "# None\n")


def against(lab: Lab, *checks: Did, own: Did = GOOD) -> list[str]:
    found = proofs(Scripted(lab, checks, own))
    return [f"{p.name}: {f.what}" for p in found for f in p.findings]


ONE = "the mistake “One”"


def test_a_lab_whose_checks_tell_right_from_wrong_holds(tmp_path: Path) -> None:
    wrong = f"## One\n\n{VERDICT}\n## Two\n\n{WRITE}{VERDICT}"
    assert against(small(tmp_path, wrong), BAD, GOOD, BAD, BAD) == []


def test_an_untouched_example_that_passes_is_told(tmp_path: Path) -> None:
    found = [p.findings for p in proofs(Scripted(small(tmp_path), [GOOD, GOOD]))]
    assert found == [
        (),
        (
            Finding(
                "The untouched example passes the check of “Your turn”.",
                "a check that fails until something was done",
                "PASS",
                "README.md",
                "The check looks at nothing that the task changes.",
            ),
        ),
        (),
    ]


def test_a_lab_that_checks_nothing_is_told(tmp_path: Path) -> None:
    assert against(small(tmp_path, check="")) == [
        "the untouched example: The untouched example passes the check of “Your turn”."
    ]


def test_a_solution_that_fails_the_check_is_told(tmp_path: Path) -> None:
    assert against(small(tmp_path), BAD, BAD) == [
        "the solution: `cat answer` failed with exit status 1."
    ]


def test_a_solution_whose_own_command_fails_is_told(tmp_path: Path) -> None:
    assert against(small(tmp_path), BAD, GOOD, own=BAD) == [
        "the solution: `echo yes > answer` failed with exit status 1."
    ]


def test_a_mistake_that_passes_is_told(tmp_path: Path) -> None:
    wrong = f"# Mistakes\n\n## One\n\n{VERDICT}"
    found = list(proofs(Scripted(small(tmp_path, wrong), [BAD, GOOD, GOOD])))[-1].findings
    assert found == (
        Finding(
            "The mistake “One” passes the check.", "a check that catches it", "PASS",
            "mistakes.md:3",
        ),
    )  # fmt: skip


@pytest.mark.parametrize("verdict", ["", "```text verdict\n```\n"])
def test_a_mistake_without_a_verdict_is_told(tmp_path: Path, verdict: str) -> None:
    lab = small(tmp_path, f"## One\n\n{verdict}")
    assert list(proofs(Scripted(lab, [BAD, GOOD, BAD])))[-1].findings == (
        Finding(
            "The mistake “One” has no verdict.",
            "a fence that opens with ```text verdict",
            "no such fence, or an empty one",
            "mistakes.md:1",
            "",
            "invoke record writes it.",
        ),
    )


def test_a_mistake_with_another_verdict_is_told_with_both(tmp_path: Path) -> None:
    lab = small(tmp_path, "## One\n\n" + VERDICT.replace("status 1", "status 2"))
    actual = "\n".join(VERDICT.splitlines()[1:-1]) + "\n"
    assert list(proofs(Scripted(lab, [BAD, GOOD, BAD])))[-1].findings == (
        Finding(
            "The mistake “One” gets another verdict.",
            actual.replace("status 1", "status 2"),
            actual,
            "mistakes.md:3",
        ),
    )


def test_a_mistake_whose_own_command_fails_is_told(tmp_path: Path) -> None:
    lab = small(tmp_path, f"## One\n\n{WRITE}{VERDICT}")
    lab.folder.joinpath("solution.md").write_text("# None\n")
    assert against(lab, BAD, GOOD, BAD, own=BAD) == [
        f"{ONE}: `echo yes > answer` failed with exit status 1."
    ]


def test_a_step_above_the_first_mistake_belongs_to_none(tmp_path: Path) -> None:
    source = f'```python title="x.py"\n```\n{WRITE}\n## One\n\n{VERDICT}'
    assert [step.line for step in loose_steps(page(source))] == [2, 4]
    assert [step.line for step in loose_steps(page(WRITE))] == [2]
    assert against(small(tmp_path, source), BAD, GOOD, BAD) == [
        "the mistakes: x.py stands above the first mistake, so it belongs to none.",
        "the mistakes: `echo yes > answer` stands above the first mistake, so it belongs to none.",
    ]


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
