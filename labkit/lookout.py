"""The lookout: it checks a lab whenever something of it is saved, and shows the last verdict."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from labkit.audience import Silent
from labkit.course import Course
from labkit.keyboard import Keyboard
from labkit.lab import Lab
from labkit.messages import watch as messages
from labkit.page import Command
from labkit.saves import Saves
from labkit.show import Screen
from labkit.trouble import Stopped, Trouble
from labkit.verdict import ERROR, Verdict

_HINT, _SOLUTION, _NEXT = "h", "s", "n"
_AGAIN = ("c", " ", "\n", "\r")
_QUIT = ("q", "\x1b", "\x04")


@dataclass(frozen=True)
class Verbs:
    """What a key does, besides checking and quitting.

    Each draws on the screen, beside what stands there.
    """

    hint: Callable[[Lab, Screen], None]
    solution: Callable[[Lab, Screen], None]


def keep(course: Course, lab: Lab, screens: Callable[[], Screen], verbs: Verbs) -> Verdict | None:
    """Watch a lab until somebody quits; its page is run first where it was not yet.

    Args:
        screens: gives a screen of the size that the window has by then.
        verbs: what else can be done.

    Returns:
        The last verdict, None where there was none before somebody quit.
    """
    with Keyboard() as keyboard:
        return _Lookout(course, lab, screens, keyboard, verbs).keep()


class _Lookout:
    def __init__(
        self,
        course: Course,
        lab: Lab,
        screens: Callable[[], Screen],
        keyboard: Keyboard,
        verbs: Verbs,
    ) -> None:
        self.course = course
        self.lab = lab
        self.screens = screens
        self.keyboard = keyboard
        self.verbs = verbs
        self.verdict: Verdict | None = None
        self.said: tuple[str, ...] = ()
        self.key = ""

    def keep(self) -> Verdict | None:
        try:
            while self.key not in _QUIT:
                self.key = ""
                if (verdict := self._loaded()) is not None:
                    return verdict
                self._watch()
        except KeyboardInterrupt:
            pass
        screen = self.screens()
        screen.anew()
        if self.verdict is None:
            screen.note(messages.left(self.lab))
        return self.verdict

    def _watch(self) -> None:
        """Watch one lab until somebody quits or goes on to the next."""
        project = self.course.workspace.project(self.lab.name)
        with Saves(project, self.keyboard.knock) as self.saves:
            self._check([])
            while self.key not in (*_QUIT, _NEXT):
                self._wait()

    def _loaded(self) -> Verdict | None:
        """The verdict on a page that could not be run, None where there is something to watch."""
        if self.course.workspace.is_loaded(self.lab.name):
            return None
        verdict = self.course.run(self.lab, self.screens())
        return verdict if verdict.status == ERROR else None

    def _wait(self) -> None:
        """Wait for what comes first, and do what it asks for."""
        polling, size = self.saves.polling, self.screens().console.size
        waited = None if not self.saves.waiting else 0
        key, self.key = self.key or self.keyboard.pressed(waited), ""
        if saved := self.saves.taken():
            self._check(saved)
        elif key in _AGAIN:
            self._check([])
        elif key in _QUIT:
            self.key = key
        elif key == _NEXT:
            self._go_on()
        elif key in (_HINT, _SOLUTION):
            self._help(key)
        elif polling != self.saves.polling or size != self.screens().console.size:
            self._show()

    def _check(self, saved: Sequence[str]) -> None:
        """Check, and show the verdict, unless another save or a key has come before it."""
        screen = self.screens()
        started = time.monotonic()
        screen.passing(messages.checking(saved))
        runner = self.course.runner
        runner.stopping = self._overtaken
        audience = _Hearing(screen)
        try:
            verdict = self.course.check(self.lab, audience)
        except Trouble as trouble:
            verdict = Verdict("check", self.lab.name, trouble=trouble)
        finally:
            runner.stopping = None
        if self.saves.waiting or self.key:
            return
        if isinstance(verdict.trouble, Stopped):
            raise KeyboardInterrupt
        self.said = audience.said
        if saved:
            self.said = (messages.saved(saved, time.monotonic() - started), *self.said)
        self.verdict = verdict
        self._show()
        if not all(step.live for step in self.lab.page.checks):
            # While nobody waits, so that the next verdict comes sooner.
            with contextlib.suppress(Trouble):
                self.course.server.prepare(self.lab.database)

    def _help(self, key: str) -> None:
        """Show a hint or the solution below the verdict; a question there needs whole lines."""
        screen = self._show(keys=False)
        with self.keyboard.lent():
            try:
                (self.verbs.hint if key == _HINT else self.verbs.solution)(self.lab, screen)
            except Trouble as trouble:
                screen.verdict(Verdict("watch", self.lab.name, trouble=trouble))
        screen.keys(messages.keys(self.keyboard.there))

    def _go_on(self) -> None:
        """Turn to the lab that comes next, if there is one."""
        coming = self.course.following(self.lab)
        if coming is None or coming.name == self.lab.name:
            self.said = (messages.NOTHING_LEFT,)
            self._show()
            return
        self.lab, self.key, self.verdict = coming, _NEXT, None
        self.screens().anew()

    def _overtaken(self) -> bool:
        """Whether what is running need not come to its end."""
        self.key = self.key or self.keyboard.pressed(0)
        return self.saves.waiting or self.key in (*_QUIT, *_AGAIN, _NEXT)

    def _show(self, *, keys: bool = True) -> Screen:
        screen = self.screens()
        screen.anew()
        for text in self.said:
            screen.noted(text)
        if self.verdict:
            screen.verdict(self.verdict)
        if self.saves.polling:
            screen.noted(messages.POLLING)
        if keys:
            screen.keys(messages.keys(self.keyboard.there))
        return screen


class _Hearing(Silent):
    """An audience that shows which command runs, and keeps what it is told."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._running = False
        self.said: tuple[str, ...] = ()

    def noted(self, text: str) -> None:
        """Keep it for the verdict, unless it is about what goes on by then."""
        if not self._running:
            self.said += (text,)
        self._screen.passing(text)

    def began(self, command: Command) -> None:
        """Show it as long as it runs."""
        self._running = True
        self._screen.passing(f"$ {command.text}")
