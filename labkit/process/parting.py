"""Parting: how a forked child ends, which would be most of the time that a short command takes.

An interpreter that ends takes everything apart that it holds. For a fork that is a copy of nearly
all memory it shares with the process it came from, for nobody: what was there before the fork is
left as it is, and only what the program has made itself is ended as Python would end it: threads
and ``atexit`` handlers by the interpreter, modules in here, so that files are written to their
end and last words are spoken.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import itertools
import os
import sys
import weakref
from types import ModuleType

# An exit status is what C takes for one.
_LONGEST = 1 << 31
# What Python leaves with where a last word cannot be written.
_UNSAID = 120
_LAST = ("last_type", "last_value", "last_traceback", "last_exc")


class Parting:
    """The end of every child of this process.

    Made before anything registers with ``atexit``: the first to be registered is the last to be
    called.
    """

    def __init__(self, before: set[str]) -> None:
        """``before`` names the modules that every interpreter has."""
        self._before = before
        self._forked = False
        self._kept: tuple[object, ...] = ()
        self._status: int | None = None
        self._modules: dict[str, ModuleType] = {}
        self._last = ""
        self._itself = self  # frozen below, so that no collector frees what hangs on it
        atexit.register(self._part)

    def begin(self) -> None:
        """Take what is loaded now for what is left as it is."""
        self._modules = {n: m for n, m in sys.modules.items() if n not in self._before}
        self._last = next(reversed(sys.modules))
        # The interpreter looks through all finalizers at its end; these have nothing to do then.
        registry = getattr(weakref.finalize, "_registry", {})
        for finalizer in [finalizer for finalizer in registry if not finalizer.atexit]:
            finalizer.detach()
        gc.collect()
        gc.freeze()

    def forked(self, *kept: object) -> None:
        """Tell that this is a child, and what it is not to take apart either."""
        self._forked = True
        self._kept = kept

    def ended(self, error: BaseException | None) -> None:
        """Tell by which exception the program has ended, None for none."""
        self._status = _status(error)

    def _part(self) -> None:
        if not self._forked:
            return
        # SIGINT, odd hooks and streams that do not take it are left to the interpreter, and so are
        # threads that still run: they would go on in modules that are taken apart.
        alone = len(sys._current_frames()) == 1
        if alone and self._status is not None and _flushed():
            self._end_modules()
            os._exit(self._status if _flushed() else _UNSAID)
        for name, module in self._modules.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
        # What is held from before the fork is not closed either: a last word must not wait for it.
        with contextlib.suppress(AttributeError, ValueError, OSError):
            sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]

    def _end_modules(self) -> None:
        """End the program's own modules: what only they hold first, then what is in a circle."""
        for name in _LAST:
            if hasattr(sys, name):
                setattr(sys, name, None)
        own = [weakref.ref(sys.modules.pop(name)) for name in self._own_modules()]
        gc.collect()
        for there in own:
            if (left := there()) is not None:
                _clear(vars(left))

    def _own_modules(self) -> list[str]:
        """The names of the modules that the program has loaded, the last one first.

        They stand behind those from before the fork, which are not touched: each would have a
        page of memory copied.
        """
        own = itertools.takewhile(lambda name: name != self._last, reversed(sys.modules))
        return [n for n in [*own, "__main__"] if isinstance(sys.modules.get(n), ModuleType)]


def _status(error: BaseException | None) -> int | None:
    """The exit status that Python will leave with, None where that is not sure."""
    if error is None:
        return 0
    if isinstance(error, SystemExit):
        code = error.code
        if code is None:
            return 0
        if isinstance(code, int):
            return code & 0xFF if abs(code) < _LONGEST else None
        return 1
    plain = not isinstance(error, KeyboardInterrupt) and sys.excepthook is sys.__excepthook__
    return 1 if plain else None


def _flushed() -> bool:
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except Exception:
            return False
    return True


def _clear(names: dict[str, object]) -> None:
    """Let go of a module's names in the order of Python: those with an underscore first."""
    for name in [n for n in names if n.startswith("_") and not n.startswith("__")]:
        names[name] = None
    for name in [n for n in names if n != "__builtins__"]:
        names[name] = None
