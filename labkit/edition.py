"""The edition: all labs as their authors have them, recorded or compared at once."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from labkit import desk, workspace
from labkit.audience import Audience
from labkit.authoring import beginning, form, versions
from labkit.authoring.stray import strays
from labkit.course import Course
from labkit.lab import Lab
from labkit.messages import author as messages
from labkit.trouble import Trouble
from labkit.verdict import Finding, Verdict


class Edition:
    """The labs of a course, for who writes them.

    Args:
        agree: is shown the difference of one file, and says whether it is written.
    """

    def __init__(self, course: Course, agree: Callable[[str], bool], audience: Audience) -> None:
        self._course = course
        self._agree = agree
        self._audience = audience

    def recorded(self, word: str, *, all_labs: bool, check: bool) -> Verdict:
        """Record or compare the lab that a word stands for, or all."""
        lab = None if all_labs else self._course.lab(word, "record")
        if check:
            return self.check_all([lab] if lab else None)
        return self.record(lab) if lab else self.record_all()

    def record(self, lab: Lab) -> Verdict:
        """Record one lab, and say what speaks against it, its form too."""
        verdict = desk.record(self._course, lab, self._agree, self._audience)
        self._write_versions()
        found = (*verdict.findings, *_faults(Lab(lab.folder)))
        following = messages.again(lab) if found else verdict.following
        return replace(verdict, findings=found, following=following)

    def record_all(self) -> Verdict:
        """Record all labs, and say what speaks against any."""

        def recorded(lab: Lab) -> Iterator[Finding]:
            for finding in desk.record(self._course, lab, self._agree, self._audience).findings:
                yield messages.of(lab.name, finding)

        verdict = self._all(recorded, check=False)
        self._write_versions()
        return verdict

    def check_all(self, labs: Sequence[Lab] | None = None) -> Verdict:
        """Write nothing, and say what a recording would change."""

        def compared(lab: Lab) -> Iterator[Finding]:
            changed: list[str] = []

            def refuse(difference: str) -> bool:
                self._agree(difference)
                changed.append(difference.partition("\n")[0].removeprefix("--- "))
                return False

            desk.rehearse(self._course, lab, refuse, self._audience)
            for name in changed:
                yield messages.would_change(lab.name, name.removesuffix(" as it is"))

        return self._all(compared, check=True, labs=labs)

    def _all(
        self,
        call: Callable[[Lab], Iterator[Finding]],
        *,
        check: bool,
        labs: Sequence[Lab] | None = None,
    ) -> Verdict:
        started = time.monotonic()
        labs = labs or self._course.labs()
        found = list(strays(self._course.root / "labs"))
        for number, lab in enumerate(labs, 1):
            self._audience.noted(messages.at_work(lab, number, len(labs)))
            try:
                found += call(lab)
                found += _faults(Lab(lab.folder))
            except Trouble as trouble:
                found.append(messages.cannot_run(lab.name, trouble))
        return Verdict(
            "record",
            "labs",
            tuple(found),
            {"labs": len(labs)},
            following=messages.next_broken(check) if found else messages.NEXT_CHECKED,
            source=self._course.server.source,
            seconds=time.monotonic() - started,
        )

    def _write_versions(self) -> None:
        labs = self._course.root / "labs"
        now = versions.dump(versions.present(self._course.server.version))
        path = labs / versions.FILE
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if now != before:
            lines = difflib.unified_diff(
                before.splitlines(), now.splitlines(), versions.FILE, "as it is here", lineterm=""
            )
            if self._agree("\n".join(lines)):
                workspace.write(labs, versions.FILE, now)


def begin(course: Course, number: str, title: str) -> list[str]:
    """Write a new lab.

    Returns:
        What was done, in sentences; the last one is the next thing to do.
    """
    lab = beginning.begin(course.root / "labs", number, title, course.labs())
    return messages.begun(lab, lab.folder.relative_to(course.root).as_posix())


def _faults(lab: Lab) -> list[Finding]:
    return [messages.form_fault(lab.name, fault.what, fault.line) for fault in form.faults(lab)]
