"""The desk: what an author does with a lab of a course, run away from the learner's files."""

from __future__ import annotations

import time
from collections.abc import Callable

from labkit.audience import Audience
from labkit.authoring import indexing, recording
from labkit.authoring.proof import proofs
from labkit.authoring.rehearsal import rehearsed
from labkit.course import Course
from labkit.lab import Lab
from labkit.messages import course as messages
from labkit.messages import record as record_messages
from labkit.verdict import Verdict


def rehearse(
    course: Course, lab: Lab, agree: Callable[[str], bool], audience: Audience
) -> list[str]:
    """Offer what a lab's run shows; returns the files that were written.

    Args:
        agree: is shown the difference of one file, and says whether it is written.
    """
    with course.held(lab, audience) as hold:
        return recording.record(lab, course.server, course.runner, hold.scratch, agree)


def record(course: Course, lab: Lab, agree: Callable[[str], bool], audience: Audience) -> Verdict:
    """Write down what a lab's run shows, then say what still speaks against it.

    Args:
        agree: is shown the difference of one file, and says whether it is written.
    """
    started = time.monotonic()
    written = rehearse(course, lab, agree, audience)
    lab = Lab(lab.folder)
    with (
        course.held(lab, audience) as hold,
        rehearsed(lab, course.server, course.runner, hold.scratch) as rehearsal,
    ):
        all_proofs = list(proofs(rehearsal))
    found = tuple(finding for proof in all_proofs for finding in proof.findings)
    return Verdict(
        "record",
        lab.name,
        found,
        {"proofs": len(all_proofs)},
        notes=(messages.written(written),),
        following=messages.after_recording(lab, bool(found)),
        source=course.server.source,
        seconds=time.monotonic() - started,
    )


def index(course: Course, audience: Audience) -> list[str]:
    """Write the generated parts of the labs' README.

    Returns:
        What was done, in sentences; the last one is the next thing to do.
    """
    readme = course.root / "labs" / "README.md"

    def told(lab: Lab) -> None:
        audience.noted(record_messages.indexing(lab))

    changed = indexing.write(
        readme, course.labs(), course.server, course.runner, course.state, told
    )
    return record_messages.indexed(readme.relative_to(course.root).as_posix(), changed=changed)
