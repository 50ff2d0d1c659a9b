"""The Docker engine, through its own client, and what its complaints mean."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labkit.messages import compose as messages
from labkit.trouble import Trouble

OLDEST = (2, 20)

_NOT_RUNNING = (
    "Cannot connect to the Docker daemon",
    "failed to connect to the docker API",
    "error during connect",
)
_NO_NETWORK = (
    "failed to resolve source metadata",
    "emporary failure in name resolution",
    "Temporary failure resolving",
    "Could not resolve",
    "no such host",
    "etwork is unreachable",
    "Failed to establish a new connection",
    "NewConnectionError",
    "i/o timeout",
    "TLS handshake timeout",
    "Unable to locate package",
)
_CERTIFICATE = (
    "certificate signed by unknown authority",
    "CERTIFICATE_VERIFY_FAILED",
    "certificate verify failed",
    "certificate verification failed",
)
_FULL = ("no space left on device", "No space left on device", "disk quota exceeded")
_PORT = ("port is already allocated", "address already in use", "ports are not available")


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said on both streams."""

    status: int
    said: str


class Engine:
    """``docker`` and ``docker compose`` for the project in ``root``.

    ``settings`` are variables that the Compose file reads, besides those of the environment.
    """

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self.root = root
        self.environment = dict(environment)

    def docker(self, *words: str, shown: bool = False) -> Done:
        """Run ``docker``; ``shown`` lets it speak to the terminal, and then nothing is kept.

        Raises:
            Trouble: it is not installed.
        """
        stream = None if shown else subprocess.PIPE
        try:
            done = subprocess.run(
                ["docker", *words],
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=None if shown else subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
            )
        except FileNotFoundError:
            raise messages.not_installed() from None
        return Done(done.returncode, (done.stdout or "").strip())

    def compose(self, *words: str, shown: bool = False) -> Done:
        return self.docker("compose", *words, shown=shown)

    def need_compose(self) -> None:
        """Return if there is a Compose that the labs can use.

        Raises:
            Trouble: there is no Docker, or no Compose, or an old one.
        """
        done = self.compose("version", "--short")
        version = re.search(r"(\d+)\.(\d+)", done.said)
        if done.status != 0 or not version:
            raise messages.no_compose(shutil.which("docker-compose") is not None)
        if (int(version[1]), int(version[2])) < OLDEST:
            raise messages.compose_too_old(done.said)

    def is_rootless(self) -> bool:
        """Whether root in a container is the person outside.

        Raises:
            Trouble: the engine does not answer.
        """
        words = ("info", "--format", "{{.SecurityOptions}} {{.ServerErrors}}")
        done = self.docker(*words)
        found = complaint(done.said)
        if found:
            raise found
        if done.status != 0:
            raise messages.refused(["docker", *words], tail(done.said))
        return "rootless" in done.said

    def runs(self, container: str) -> bool:
        """Whether a container runs.

        Raises:
            Trouble: the engine does not answer.
        """
        done = self.docker("inspect", "--format", "{{.State.Running}}", container)
        found = complaint(done.said)
        if found:
            raise found
        return done.status == 0 and done.said.endswith("true")


def complaint(said: str, port: str = "") -> Trouble | None:
    """What one of Docker's complaints means; None where it is none that we know."""
    for saying, trouble in (
        ("permission denied while trying to connect", messages.no_rights),
        (_NOT_RUNNING, messages.not_running),
        (_CERTIFICATE, messages.unknown_certificate),
        (_FULL, messages.disk_full),
        (_NO_NETWORK, messages.no_network),
    ):
        sayings: Sequence[str] = (saying,) if isinstance(saying, str) else saying
        line = next((one for one in said.splitlines() if any(s in one for s in sayings)), "")
        if line:
            return trouble(_short(line))
    if any(saying in said for saying in _PORT):
        return messages.port_taken(port)
    return None


def tail(said: str, lines: int = 8) -> str:
    return "\n".join(said.splitlines()[-lines:])


def _short(line: str, length: int = 200) -> str:
    plain = re.sub(r"^[#\d. ]+", "", line).strip()
    return plain if len(plain) <= length else plain[: length - 1] + "…"
