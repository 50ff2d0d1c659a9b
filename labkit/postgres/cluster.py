"""One data directory and the programs that run it: made, and started as a process of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.messages import embedded as messages
from labkit.postgres.account import Account
from labkit.postgres.binaries import Binaries
from labkit.postgres.connection import environment
from labkit.postgres.place import FULL, Place
from labkit.trouble import Trouble

ADMIN = "labs"

# What a server for lessons needs. Nothing waits for the disk: what was committed survives a killed
# server, though not a power cut. Nothing runs in the background that would change a plan or a
# timing between two runs.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "50",
    "shared_buffers": "32MB",
    # Some systems sweep a user's shared memory when they log out, and the server stays.
    "dynamic_shared_memory_type": "mmap",
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "256MB",
    "autovacuum": "off",
    "jit": "off",
    # A command that is killed in a long statement leaves nobody behind who holds its locks.
    "client_connection_check_interval": "500ms",
    "max_logical_replication_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_checkpoints": "off",
    "log_min_messages": "error",
    "log_min_error_statement": "panic",
}
_SETTINGS_SINCE_18 = {"io_method": "sync"}

# The administrator may go everywhere; a lab's role not where new databases are copied from.
_HBA = f"""\
host  all                 {ADMIN}  127.0.0.1/32  scram-sha-256
host  postgres,template1  all      127.0.0.1/32  reject
host  all                 all      127.0.0.1/32  scram-sha-256
"""


@dataclass(frozen=True)
class Cluster:
    """``account`` is who the programs run as, None for ourselves."""

    place: Place
    programs: Binaries
    account: Account | None

    @classmethod
    def reachable(cls, place: Place, programs: Binaries, account: Account | None) -> Cluster:
        """With programs that the account can run, copied into the server's folder if need be.

        Raises:
            Trouble: installed programs that the account cannot run.
            OSError: the copy cannot be written.
        """
        if account is None or account.runs(programs.postgres):
            return cls(place, programs, account)
        if programs.wheel is None:
            raise messages.programs_out_of_reach(account.name, programs.folder)
        target = place.home / f"postgresql-{programs.version}"
        if not target.exists():
            draft = place.home / "draft-programs"
            programs.copy(draft)
            account.own(draft)
            draft.rename(target)
        return cls(place, programs.moved(target), account)

    def initdb(self, password: str) -> None:
        """Make the data directory, whole or not at all.

        Raises:
            Trouble: it cannot be made.
            OSError: the folder cannot be written.
        """
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=self.place.home))
        data = draft / "data"
        secret = draft / "password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        if self.account:
            self.account.own(draft)
        command: list[str | Path] = [
            *(self.programs.initdb, "-D", data, "-U", ADMIN, "--pwfile", secret),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", "--no-instructions"),
            # A quarter of the usual size: a new server writes one whole.
            "--wal-segsize=4",
        ]
        if self.programs.major >= 17:
            options = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            done = self._run(*command, *options)
        else:
            done = self._run(*command, "--locale=C", "--lc-ctype=C.UTF-8")
            if "invalid locale" in done.stdout:
                done = self._run(*command, "--locale=C")
        if done.returncode != 0:
            raise _initdb_trouble(self.place.home, done.stdout)
        (data / "pg_hba.conf").write_text(_HBA)
        data.rename(self.place.data)
        shutil.rmtree(draft, ignore_errors=True)

    def set_password(self, password: str) -> None:
        """Give the administrator a new password while the server does not run.

        Raises:
            Trouble: the data directory does not work.
        """
        done = self._run(
            *(self.programs.postgres, "--single", "-D", self.place.data, "postgres"),
            text=f"ALTER ROLE {ADMIN} PASSWORD '{password}'\n",
        )
        if done.returncode != 0:
            raise start_trouble(self.place, done.stdout)

    def spawn(self, port: int, name: str) -> subprocess.Popen[bytes]:
        """Start the server in a session of its own, which no Ctrl-C and no hangup reaches."""
        settings = {**SETTINGS, "port": str(port), "cluster_name": name}
        if self.programs.major >= 18:
            settings |= _SETTINGS_SINCE_18
        command = [str(self.programs.postgres), "-D", str(self.place.data)]
        for setting, value in settings.items():
            command += ["-c", f"{setting}={value}"]
        with suppress(FileNotFoundError):
            self.place.log.replace(self.place.log.with_suffix(".before"))
        with self.place.log.open("wb") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self._options(),
            )

    def _run(self, *command: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(part) for part in command],
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            **self._options(),
        )

    def _options(self) -> dict[str, Any]:
        # Messages in English, as the pages quote them.
        variables = environment() | {"LC_ALL": "C"}
        account = self.account.options if self.account else {}
        return {"env": variables, "cwd": self.place.home, **account}


def start_trouble(place: Place, said: str) -> Trouble:
    """Why a server does not start with the data that are there, by what it said last."""
    if tells_full(said) or place.refuses_files():
        return messages.disk_full(place.home)
    return messages.does_not_start(place.data, "\n".join(said.splitlines()[-8:]))


def tells_full(said: str) -> bool:
    """Whether a program says that it has no room to write."""
    return any(os.strerror(number) in said for number in FULL)


def _initdb_trouble(home: Path, said: str) -> Trouble:
    if tells_full(said):
        return messages.disk_full(home)
    if "could not look up effective user ID" in said:
        return messages.nameless_account()
    return messages.initdb_failed(home, "\n".join(said.splitlines()[-8:]))


def ports(preferred: int) -> list[int]:
    """Ports to try, one after the other: the preferred one, then whatever is free."""
    free = [port for port in (preferred,) if _is_free(port)]
    return [*free, *(_is_free(0) for _ in range(3))]


def _is_free(port: int) -> int:
    """The port if it can be taken (any, for 0), else 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
        taken: int = probe.getsockname()[1]
        return taken
