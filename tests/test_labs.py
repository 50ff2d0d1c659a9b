"""Every lab proves itself, and keeps the form of a lab. A lab without proofs does not exist."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.authoring import form, index
from labkit.authoring.coverage import used
from labkit.authoring.proof import Proof, proofs
from labkit.authoring.rehearsal import rehearsed
from labkit.authoring.ways import ways
from labkit.lab import Lab, all_labs
from labkit.page import File
from labkit.run import Runner
from labkit.server import Server
from labkit.show import plain

ROOT = Path(__file__).resolve().parents[1]
LABS = all_labs(ROOT / "labs")
README = ROOT / "labs" / "README.md"
# The first one comes with the labs.
SERVERS = ["server", "oldest"] if os.environ.get("LABS_TEST_SERVERS") else ["server"]

every_lab = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)


@pytest.fixture(scope="module", params=SERVERS)
def any_server(request: pytest.FixtureRequest) -> Server:
    """The newest PostgreSQL and, where the tests are given others, the oldest of those."""
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def own_processor(any_server: Server) -> Iterator[None]:
    """Each worker keeps to one processor, where there are as many of these as of workers.

    The processes of a lab hand their work to one another and hardly ever work at once. Left to
    itself the system has the chains of two workers meet on one processor again and again, while
    the other has nothing to do. The server is there before, and goes where it likes.
    """
    name = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    if len(allowed) == workers:
        os.sched_setaffinity(0, {sorted(allowed)[int(name.removeprefix("gw"))]})
    yield
    if allowed:
        os.sched_setaffinity(0, allowed)


@pytest.fixture(scope="module")
def runner(own_processor: None) -> Iterator[Runner]:
    with Runner() as runner:
        yield runner


@every_lab
def test_a_lab_proves_itself(lab: Lab, any_server: Server, runner: Runner, tmp_path: Path) -> None:
    with rehearsed(lab, any_server, runner, tmp_path) as rehearsal:
        all_proofs = [*proofs(rehearsal), Proof("the other ways", tuple(ways(rehearsal)))]
        everything = len(rehearsal.steps) == len(lab.page.example)
        seen = used(rehearsal.trial.records)
    broken = [f"{p.name}\n{plain(p.findings, lab.name)}" for p in all_proofs if p.findings]
    assert not broken, "\n".join(broken)
    told = index.read(README.read_text(encoding="utf-8")).get(lab.number, seen)
    assert seen == told if everything else seen <= told, "labs/README.md is old: invoke index"


def test_the_index_lists_every_lab_and_all_that_alembic_has() -> None:
    source = README.read_text(encoding="utf-8")
    by_lab = index.read(source)
    assert list(by_lab) and set(by_lab) == {lab.number for lab in LABS}, "invoke index"
    assert index.with_parts(source, LABS, by_lab) == source, "invoke index"
    assert index.is_current(source)


@every_lab
def test_a_lab_keeps_its_form(lab: Lab) -> None:
    assert [str(fault) for fault in form.faults(lab)] == []


@every_lab
def test_the_files_of_a_page_are_whole(lab: Lab, tmp_path: Path) -> None:
    """No name is used that the file does not import or define."""
    for page in (lab.page, lab.solution):
        for number, step in enumerate(page.steps):
            if isinstance(step, File) and step.language == "python":
                (tmp_path / f"{number}_{Path(step.path).name}").write_text(step.text)
    linted = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F,E9", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout


def test_the_folded_scaffold_is_the_same_on_every_page() -> None:
    """A file that is folded away on two pages under one name has one text."""
    texts: dict[str, dict[str, list[str]]] = {}
    for lab in LABS:
        for fence in form.scaffold(lab):
            path = fence.attributes["title"]
            texts.setdefault(path, {}).setdefault(fence.text, []).append(lab.name)
    differing = {path: list(found.values()) for path, found in texts.items() if len(found) > 1}
    assert differing == {}


def test_no_two_labs_have_one_number() -> None:
    numbers = [lab.number for lab in LABS]
    assert sorted(set(numbers)) == numbers
