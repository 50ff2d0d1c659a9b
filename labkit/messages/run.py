"""What running a command has to say."""

from __future__ import annotations

from labkit.trouble import Trouble


def alembic_cannot_be_imported(error: str) -> Trouble:
    """The prepared process could not load Alembic, SQLAlchemy or the driver."""
    return Trouble(
        f"Alembic cannot be loaded: {error}",
        "A package is missing from this Python environment, or one in it is broken.",
        "Set the environment up again with the command at the top of README.md.",
    )
