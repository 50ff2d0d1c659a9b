"""The engine of Alembic Labs: a page is read, run, observed, compared and judged.

    page ──▶ steps ──run──▶ observations ──judge──▶ findings ──show──▶ verdict

One module holds one noun. Nothing in here knows a terminal except ``show``.
"""
