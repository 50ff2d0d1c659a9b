"""Findings in words: what was expected, what is there, why it is likely, what to do."""

from __future__ import annotations

from collections.abc import Sequence

from labkit.claim import Claim, fold
from labkit.compare import Difference
from labkit.observation import Failure, Observation, Place, Statement
from labkit.page import Command
from labkit.verdict import Finding


def unreached(commands: Sequence[Command]) -> Finding:
    """Commands behind one that failed or did not end."""
    names = [f"`{command.text.splitlines()[0]}`" for command in commands]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    what = "One command after it did not run, so what it checks is not known."
    if len(names) > 1:
        what = f"{len(names)} commands after it did not run, so what they check is not known."
    return Finding(what, shown, "not run")


def failed(seen: Observation, where: str) -> Finding:
    """A command failed and nothing said it would."""
    failure = seen.failure
    place = where
    # Alembic complains of the command then, and the project's last line is only on the way.
    if failure and failure.place and failure.kind != "CommandError":
        place = str(failure.place)
    actual = f"{failure.kind}: {failure.message.strip()}" if failure else _tail(seen.output)
    state = f" (SQLSTATE {failure.sqlstate})" if failure and failure.sqlstate else ""
    kept = [s.text for s in seen.migrated if s.outside and not s.failure and _changes(s.text)]
    return Finding(
        f"`{seen.command}` failed with exit status {seen.status}.",
        "exit status 0",
        actual + state,
        place,
        f"What ran outside a transaction before it stays: {_short(kept)}." if kept else "",
        "Undo that by hand, then have it run twice without harm: if_not_exists=True, if_exists=True"
        if kept
        else "",
    )


def _changes(text: str) -> bool:
    return text.split(None, 1)[0].upper() not in ("SELECT", "SHOW", "SET", "EXPLAIN")


def _short(texts: Sequence[str]) -> str:
    shown = ", ".join(f"`{' '.join(text.split())}`" for text in texts[:2])
    return shown + (f" and {len(texts) - 2} more" if len(texts) > 2 else "")


def left_early(seen: Observation, failure: Failure) -> Finding:
    """A migration ended the program, which then looked like a success."""
    exit_ = "the process ended at once" if failure.kind == "ended" else failure.kind
    return Finding(
        f"`{seen.command}` was left in the middle, with exit status {seen.status}.",
        "a migration that returns",
        f"{exit_}, and the transaction was rolled back",
        str(failure.place or ""),
        "A migration or env.py calls exit(), sys.exit() or os._exit().",
    )


def never_ended(seen: Observation) -> Finding:
    """A command was stopped."""
    place = str(seen.failure.place) if seen.failure and seen.failure.place else ""
    if seen.interrupted:
        what = f"`{seen.command}` was stopped by Ctrl-C after {seen.seconds:.0f} s."
        return Finding(what, place=place)
    return Finding(
        f"`{seen.command}` was stopped after {seen.seconds:.0f} s.",
        "a command that ends",
        "still running",
        place,
        "A loop has no end, or the statement waits for a lock that another session holds.",
    )


def gaps(seen: Observation, where: str) -> Finding:
    """The observer missed a part of what a command did."""
    return Finding(
        f"What `{seen.command}` did was not seen whole, so nothing is known for sure.",
        "every statement",
        "\n".join(gap.strip().splitlines()[-1] for gap in seen.gaps),
        where,
        "That is a fault of the labs and not of the page or the answer.",
    )


def version(seen: Observation, claim: Claim, actual: frozenset[str] | None, where: str) -> Finding:
    """alembic_version holds something else."""
    held = ", ".join(sorted(actual)) if actual else "base (no row)"
    return Finding(
        "alembic_version does not hold the expected revision.",
        claim.text,
        held,
        where,
        f"Seen after `{seen.command}`.",
    )


def rows(seen: Observation, table: str, number: int, actual: int | None, where: str) -> Finding:
    """A table has another number of rows."""
    held = "no such table" if actual is None else _rows(actual)
    why = f"Seen after `{seen.command}`."
    if actual is not None and actual < number:
        why += " Rows were lost: a table was dropped and made anew, or its rows were deleted."
    return Finding(
        f"{table} does not hold the expected number of rows.", _rows(number), held, where, why
    )


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"


def locks(
    claim: Claim, actual: dict[str, str], where: str, causes: Sequence[Statement] = ()
) -> Finding:
    """Other locks were taken than claimed; ``causes`` are the statements that took them."""
    held = ", ".join(f"{table} {mode}" for table, mode in sorted(actual.items())) or "nothing"
    why = f"The lock is that of: {_texts(causes)}" if causes else ""
    return Finding("The locks taken are not those claimed.", claim.text, held, where, why)


def unseen(claim: Claim, statement: Statement, where: str) -> Finding:
    """A claim about locks or cost that nobody can check."""
    of = "a statement that fails" if statement.failure else "a statement outside of a transaction"
    why = "they are gone by the time that anybody can look"
    return Finding(
        f"“{claim.kind}:” is about {of}, and {why}.",
        claim.text,
        fold(statement.text),
        where,
        "",
        f"Say it without “{claim.kind}:”, as commentary.",
    )


def cost(
    claim: Claim,
    actual: tuple[frozenset[str], frozenset[str]],
    where: str,
    causes: Sequence[Statement] = (),
) -> Finding:
    """Other tables were rewritten or scanned than claimed; ``causes`` are what did it."""
    rewrites = [f"rewrites {table}" for table in sorted(actual[0])]
    scans = [f"scans {table}" for table in sorted(actual[1])]
    spent = ", ".join(rewrites + scans) or "nothing"
    why = f"The cost is that of: {_texts(causes)}" if causes else ""
    return Finding("The cost is not the one claimed.", claim.text, spent, where, why)


def _texts(statements: Sequence[Statement]) -> str:
    return "; ".join(fold(statement.text) for statement in statements)


def sql_not_sent(claim: Claim, near: Sequence[str], where: str) -> Finding:
    """A claimed statement was not sent from there."""
    actual = "\n".join(fold(text) for text in near) or "nothing was sent from here"
    return Finding("This statement was not sent.", claim.text, actual, where)


def other_order(said: Sequence[Claim], seen: Sequence[Statement], where: str) -> Finding:
    """True claims in an order that is not true, or one of them more often than it is true."""
    return Finding(
        "These statements are sent in another order, or fewer times.",
        "\n".join(claim.text for claim in said),
        "\n".join(fold(statement.text) for statement in seen),
        where,
    )


def unclaimed(statement: Statement, page: str, line: int = 0) -> Finding:
    """A migration sent a statement that the page does not show.

    ``line`` is the page's line that sent it, 0 where the file is not on the page.
    """
    below = "the line that sends it" if line else "the command that runs it"
    return Finding(
        f"A migration sends a statement that {page} does not claim.",
        f"an annotation “# => SQL: …” below {below}",
        fold(statement.text),
        f"{page}:{line}" if line else str(statement.place or ""),
        f"Revision {statement.revision} sends it.",
    )


def never_ran(claim: Claim, where: str) -> Finding:
    """The claimed line was never executed, so its claim was never tried."""
    return Finding(
        f"No command of the page runs this line, so its “{claim.kind}:” was never tried.",
        claim.text,
        "nothing was sent from here",
        where,
    )


def error(claim: Claim, seen: Observation, where: str) -> Finding:
    """A command did not fail, or failed in another way."""
    wanted = "\n".join(claim.lines)
    if seen.status == 0:
        return Finding(
            f"`{seen.command}` was expected to fail and did not.", wanted, "exit status 0", where
        )
    return Finding(
        f"`{seen.command}` failed in another way than expected.",
        wanted,
        _tail(seen.output),
        where,
    )


def output(seen: Observation, wanted: str, printed: str, where: str) -> Finding:
    """A command printed something else."""
    return Finding(
        f"`{seen.command}` prints something else.", wanted, printed or "nothing at all", where
    )


def output_not_shown(seen: Observation, printed: str, where: str) -> Finding:
    """A command prints and the page is silent about it."""
    return Finding(
        f"`{seen.command}` prints something that the page does not show.",
        "an annotation “# => Output: …” below it",
        printed,
        where,
    )


def rows_not_recorded(table: str, command: Command, where: str) -> Finding:
    """A fence names a table whose rows the snapshot does not hold."""
    return Finding(
        f"The snapshot “{command.snapshot}” holds no rows of {table}, so they were not compared.",
        f"rows of {table}",
        "none",
        where,
        "The snapshot was recorded before the fence named the table, or it was edited.",
    )


def difference(found: Difference, place: Place | None, command: Command) -> Finding:
    """The live schema differs from a snapshot."""
    return Finding(
        f"{found.sentence}",
        found.expected or "",
        found.actual or "",
        str(place) if place else "",
        f"Seen after `{command.text}`, against the snapshot “{command.snapshot}”.",
        found.remedy or "",
    )


def _tail(text: str, lines: int = 6) -> str:
    return "\n".join(text.strip().splitlines()[-lines:]) or "no output"
