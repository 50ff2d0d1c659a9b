"""The embedded server: a PostgreSQL of our own that stays up between commands."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg2

from labkit.messages import embedded as messages
from labkit.messages.server import too_many_connections
from labkit.postgres import binaries, cluster, connection, secret
from labkit.postgres.account import choose
from labkit.postgres.cluster import ADMIN, Cluster
from labkit.postgres.connection import Fault, Session, fault, version
from labkit.postgres.place import Place, hand_over, told

PATIENCE = 60.0  # seconds for another terminal's start, and for recovery after a crash
PAUSE = 0.005  # seconds between two looks at a server that is starting


class _StrangerError(Exception):
    """The server knows another password or has another name than ours."""


def ready(state: Path) -> Session:
    """A session with the server of a state folder, which is started where it does not run.

    Raises:
        Trouble: it does not run and cannot be started.
    """
    with told(state):
        here = Place(state)
        if here.is_full():
            # With no room for a checkpoint PostgreSQL would crash, again and again.
            raise messages.disk_full(here.home)
        server = _Server(here, secret.read(state))
        session = server.attach()
        if session is None:
            with _alone(here):
                session = server.start()
        return session


def stop(state: Path) -> bool:
    """Stop the server of a state folder; returns whether one ran.

    Raises:
        Trouble: another terminal is starting it, or the state folder cannot be used.
    """
    from labkit.postgres import postmaster

    here = Place(state)
    with told(state):
        if not here.home.exists():
            return False
        with _alone(here):
            process = postmaster.find(here)
            if process:
                postmaster.end(process)
            if here.pid_path.exists():
                postmaster.clear(here)
        return process is not None


class _Server:
    def __init__(self, here: Place, key: bytes) -> None:
        self.place = here
        self.key = key
        self.notices: list[str] = []

    def attach(self) -> Session | None:
        """A session with the server if it runs and answers."""
        try:
            return self._session()
        except (psycopg2.OperationalError, _StrangerError):
            return None

    def start(self) -> Session:
        """A session with the server, whatever state it was left in."""
        from labkit.postgres import postmaster

        process = postmaster.find(self.place)
        if process:
            try:
                session = self._wait(lambda: postmaster.find(self.place) is not None)
                if session:
                    return session
            except _StrangerError:
                postmaster.end(process)
        if self.place.pid_path.exists():
            postmaster.clear(self.place)
        return self._launch(self._prepare())

    def _prepare(self) -> Cluster:
        programs = binaries.find()
        account = choose(self.place.state, self.place.data)
        self.place.make(account)
        self.place.sweep()
        here = Cluster.reachable(self.place, programs, account)
        major = self.place.major()
        if major == 0:
            raise messages.does_not_start(self.place.data, "")
        if major is not None and major != programs.major:
            aside = self.place.exchange(major, programs.major)
            self.notices.append(messages.data_set_aside(major, programs.major, aside))
            major = self.place.major()
        if major is None:
            here.initdb(self._password())
        return here

    def _launch(self, here: Cluster) -> Session:
        from labkit.postgres import postmaster

        candidates = iter(cluster.ports(20000 + int(self._name()[-4:], 16) % 10000))
        port = next(candidates)
        for _ in range(5):
            process = here.spawn(port, self._name())
            try:
                session = self._wait(partial(_runs, process))
            except _StrangerError:
                stranger = postmaster.find(self.place)
                if stranger:
                    postmaster.end(stranger)
                here.set_password(self._password())
                continue
            finally:
                # It outlives this process, and nobody waits for it.
                process.returncode = process.returncode or 0
            if session:
                return session
            log = self.place.tail()
            if "Address already in use" in log:
                port = next(candidates)
            elif "shared memory block" in log:
                postmaster.clear(self.place)
            else:
                break
        raise cluster.start_trouble(self.place, self.place.tail())

    def _wait(self, lives: Callable[[], bool]) -> Session | None:
        """A session as soon as there is one; None when the server has ended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            alive = lives()
            try:
                return self._session()
            except psycopg2.OperationalError as error:
                kind = fault(error)
                if kind is Fault.PASSWORD:
                    raise _StrangerError from None
                if kind is Fault.TOO_MANY:
                    raise too_many_connections(
                        f"embedded PostgreSQL on 127.0.0.1:{self.place.port()}", str(error).strip()
                    ) from None
                if cluster.tells_full(str(error)):
                    raise messages.disk_full(self.place.home) from None
                if kind is Fault.SILENT:
                    break
            if not alive:
                return None
            time.sleep(PAUSE)
        raise messages.no_answer(self.place.port(), self.place.tail())

    def _session(self) -> Session:
        port = self.place.port()
        if port is None:
            raise psycopg2.OperationalError("it does not run")
        if not self.place.is_where_it_started():
            raise _StrangerError
        parameters = {
            "host": "127.0.0.1",
            "port": str(port),
            "user": ADMIN,
            "password": self._password(),
            "dbname": "postgres",
        }
        opened = connection.connect({**parameters, "sslmode": "disable", "gssencmode": "disable"})
        with opened.cursor() as cursor:
            cursor.execute("SELECT current_setting('cluster_name')")
            answer = cursor.fetchone()
        if answer != (self._name(),):
            opened.close()
            raise _StrangerError
        source = f"embedded PostgreSQL {version(opened)} on 127.0.0.1:{port}"
        return Session(opened, parameters, source, tuple(self.notices))

    def _password(self) -> str:
        return secret.derive(self.key, "administrator")

    def _name(self) -> str:
        # The inode goes with a folder that is moved and not with one that is copied.
        identity = str(self.place.data.stat().st_ino).encode()
        return "labs-" + hmac.new(self.key, identity, hashlib.sha256).hexdigest()[:12]


def _runs(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is None


@contextmanager
def _alone(here: Place) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        with FileLock(here.lock, timeout=PATIENCE):
            try:
                yield
            finally:
                hand_over(here.state)
    except Timeout:
        raise messages.busy(PATIENCE) from None
