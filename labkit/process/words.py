"""Words: what somebody typed after ``invoke``, looked at before invoke does.

Where it does not understand, invoke leaves with status 1, which means FAIL here, and names nothing
that comes near. So its own parser is asked first, and what it refuses is told as Trouble.
"""

from __future__ import annotations

import copy
import difflib
import inspect
import itertools
from collections.abc import Sequence

from invoke.collection import Collection
from invoke.exceptions import Exit, ParseError
from invoke.parser import Parser
from invoke.parser.context import ParserContext
from invoke.program import Program

from labkit.ending import end
from labkit.messages import words as messages
from labkit.show import Screen
from labkit.trouble import Trouble

# They list what there is where they are told no lab.
_WITHOUT = frozenset(["restore"])
_HELP = ("-h", "--help")
ALL = "all"


def understand(program: Program, tasks: Collection) -> None:
    """Leave where the running program will not understand the words it was started with.

    Raises:
        Exit: help on a task was wanted, and is shown.
    """
    core = getattr(program, "core", None)
    if core is None or any(core[0].args[name].value for name in ("list", "help", "complete")):
        return
    core.unparsed[:] = with_all(core.unparsed, tasks)
    reading = Reading(core.unparsed, tasks, program.initial_context)
    if context := reading.help_on:
        print(usage(context, inspect.getdoc(tasks[str(context.name)]) or ""))
        raise Exit(code=0)
    if trouble := reading.trouble:

        def action() -> None:
            raise trouble

        end(action, Screen(), task=core.unparsed[0], machine="--json" in core.unparsed)


def with_all(words: Sequence[str], tasks: Collection) -> list[str]:
    """The words with “all” as the lab of each task that is given ``--all`` in the place of one.

    A task that can do without a lab is given an empty word; invoke knows none that may be left out.
    """
    contexts = {str(c.name): c for c in copy.deepcopy(tasks).to_contexts()}
    found: list[str] = []
    for at, word in enumerate(words):
        found.append(word)
        context = contexts.get(word)
        if context is None or not _may_miss(context):
            continue
        rest = list(itertools.takewhile(lambda other: other not in contexts, words[at + 1 :]))
        alone = all(other.startswith("-") for other in rest)
        if alone and not any(other in _HELP for other in rest):
            found += [ALL] if "--all" in rest else [""] if word in _WITHOUT else []
    return found


def _may_miss(context: ParserContext) -> bool:
    """Whether a task that takes a lab can do without."""
    return bool(context.positional_args) and (context.name in _WITHOUT or "--all" in context.flags)


def usage(context: ParserContext, told: str) -> str:
    """How a task is called, and what for."""
    rows = [(str(arg.name).upper(), arg.help) for arg in context.positional_args]
    for arg in context.args.values():
        if not arg.positional:
            value = f" {str(arg.name).upper()}" if arg.takes_value else ""
            rows.append((f"--{arg.name}{value}", arg.help))
    free = _may_miss(context)
    call = " ".join(f"[{form}]" if free or form.startswith("-") else form for form, _ in rows)
    longest = max((len(form) for form, _ in rows), default=0)
    lines = [f"invoke {context.name} {call}".rstrip(), "", told]
    if rows:
        lines += ["", *(f"  {form:{longest}}  {help_}" for form, help_ in rows)]
    return "\n".join(lines)


class Reading:
    """What invoke's parser makes of the words of a command line.

    Args:
        core: what may stand before a task, as invoke has it.

    Attributes:
        help_on: the task that somebody wants help on, or None.
        trouble: why invoke will not understand, or None where it will.
    """

    def __init__(self, words: Sequence[str], tasks: Collection, core: ParserContext) -> None:
        self._words = list(words)
        # Asking for contexts takes the help texts out of the tasks.
        self._contexts = copy.deepcopy(tasks).to_contexts()
        self._core = core
        self._names = [str(context.name) for context in self._contexts]
        self.help_on: ParserContext | None = None
        self.trouble: Trouble | None = None
        seen, error = self._parsed(len(self._words))
        if seen and any(word in _HELP for word in self._words):
            self.help_on = seen[-1]
            return
        for context in seen:
            for argument in context.positional_args:
                word = str(argument.value or "")
                if word.startswith("-"):
                    self.trouble = self._option(context, word)
                    return
        if error:
            self.trouble = self._misunderstood(seen, error)

    def _parsed(self, count: int) -> tuple[list[ParserContext], ParseError | None]:
        """The tasks among the first words, and where the parser stopped."""
        parser = Parser(initial=self._core, contexts=self._contexts)
        try:
            return list(parser.parse_argv(self._words[:count])[1:]), None
        except ParseError as error:
            context = error.context
            return [context] if context is not None and context.name else [], error

    def _misunderstood(self, seen: list[ParserContext], error: ParseError) -> Trouble:
        if seen and seen[-1].missing_positional_args:
            first = seen[-1].missing_positional_args[0]
            if first.name != "lab":
                return messages.incomplete(str(seen[-1].name), str(first.name), str(first.help))
            return messages.missing(str(seen[-1].name))
        for count in range(1, len(self._words) + 1):
            before, refused = self._parsed(count)
            if refused and not (before and before[-1].missing_positional_args):
                word = self._words[count - 1]
                if not before:
                    return self._task(word, self._words[count:])
                if word.startswith("-"):
                    return self._option(before[-1], word)
                good = self._words[: count - 1]
                return messages.too_many(good, word, _near(word, self._names))
        return messages.misunderstood(str(error))

    def _task(self, word: str, rest: Sequence[str]) -> Trouble:
        if word.startswith("-"):
            of_tasks = {flag for context in self._contexts for flag in context.flags}
            return messages.too_early(word) if word in of_tasks else messages.no_core_option(word)
        return messages.no_task(word, _near(word, self._names), self._names, rest)

    def _option(self, context: ParserContext, word: str) -> Trouble:
        name = word.partition("=")[0]
        if name in context.flags:
            return messages.needs_value(str(context.name), name)
        flags = [f"--{a.name}" for a in context.args.values() if not a.positional]
        return messages.no_option(str(context.name), name, _near(name, flags), flags)


def _near(word: str, others: Sequence[str]) -> list[str]:
    return difflib.get_close_matches(word, others, 3, 0.6)
