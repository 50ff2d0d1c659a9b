"""From an SQLAlchemy or libpq URL to an open connection."""

from __future__ import annotations

import re
from typing import Any

import psycopg2

from labkit.messages import snapshot as messages

_SCHEME = re.compile(r"postgres(?:ql)?(?:\+\w+)?://")
_STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})")


def is_url(text: str) -> bool:
    return "://" in text


def libpq(url: str) -> str:
    """The URL as libpq takes it: no driver in the scheme, every other percent sign escaped."""
    scheme = _SCHEME.match(url)
    if scheme is None:
        raise messages.not_postgresql(url.split("://")[0])
    return _STRAY.sub("%25", "postgresql://" + url[scheme.end() :])


def connect(url: str) -> Any:
    """An open psycopg2 connection; Trouble when the server cannot be reached."""
    try:
        return psycopg2.connect(libpq(url))
    except psycopg2.OperationalError as error:
        raise messages.unreachable(str(error)) from None
    except psycopg2.ProgrammingError as error:
        raise messages.bad_url(str(error)) from None
