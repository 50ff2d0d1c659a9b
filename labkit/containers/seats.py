"""Seats for the workspaces of one stack: each takes its own, and can take no other.

``python -m labkit.containers.seats serve`` knows the administrator's URL and listens in the stack's
network; ``... take`` asks it, from a workspace, and prints what a shell must set.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from labkit.messages import seat as messages
from labkit.postgres import given, seat
from labkit.trouble import Trouble

# Where a workspace asks, and what the names of the seats begin with.
VARIABLE = "LABS_SEATS"
CLASS = "LABS_CLASS"
PORT = 8000
_PATIENCE = 60.0  # seconds until the server of the seats listens
# The name that Docker's own name server has for the container of an address; nobody in it can
# change that.
_WORKSPACE = re.compile(r".+-workspace-([1-9]\d*)(\..*)?")


def number(host: str) -> int | None:
    """Which of the workspaces a host is; None where it is none of those that ``--scale`` counts."""
    match = _WORKSPACE.fullmatch(host)
    return int(match[1]) if match else None


class Seats(ThreadingHTTPServer):
    """Answers each workspace with the lines of its seat.

    Args:
        place: the address to listen at.
        named: the host's name for an address; raises OSError where there is none.
    """

    daemon_threads = True

    def __init__(
        self,
        place: tuple[str, int],
        named: Callable[[str], str] = lambda address: socket.gethostbyaddr(address)[0],
    ) -> None:
        super().__init__(place, _Answer)
        self._named = named
        self._alone = threading.Lock()

    def seat(self, address: str) -> str:
        """The seat of the workspace at an address, with a new password: lines for a shell.

        Raises:
            Trouble: no workspace of the class is there, or the database refuses.
        """
        try:
            which = number(self._named(address))
        except OSError:
            which = None
        if which is None:
            raise messages.no_workspace()
        name = f"{os.environ.get(CLASS) or 'learner'}-{which}"
        with self._alone:
            session = given.ready(os.environ.get(given.VARIABLE, ""))
            try:
                url = seat.make(session, name, secrets.token_hex(20))
            finally:
                session.connection.close()
        variables = {given.VARIABLE: url, seat.PREFIX: name}
        return "".join(f"export {key}={shlex.quote(value)}\n" for key, value in variables.items())


class _Answer(BaseHTTPRequestHandler):
    server: Seats

    def do_GET(self) -> None:
        try:
            status, text = HTTPStatus.OK, self.server.seat(self.client_address[0])
        except Trouble as trouble:
            status, text = HTTPStatus.CONFLICT, str(trouble)
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def take(place: str, patience: float | None = None) -> str:
    """The lines of this workspace's seat, once the server of the seats listens.

    Raises:
        Trouble: it gives none, or does not listen.
    """
    deadline = time.monotonic() + (_PATIENCE if patience is None else patience)
    while True:
        try:
            with urllib.request.urlopen(place, timeout=30) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as refused:
            raise messages.refused(refused.read().decode()) from None
        except OSError as error:
            if time.monotonic() > deadline:
                raise messages.nobody_gives(str(error)) from None
        time.sleep(0.2)


def main(words: Sequence[str]) -> int:
    if list(words) == ["serve"]:
        with Seats(("", PORT)) as server:
            server.serve_forever()
    try:
        print(take(os.environ[VARIABLE]), end="")
    except Trouble as trouble:
        print(f"ERROR  {trouble}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
