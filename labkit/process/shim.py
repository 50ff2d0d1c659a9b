"""The shim: what a command line finds when it looks for ``alembic`` or ``python``.

It hands its words, its surroundings and its descriptors to the fork server and then stands for
the program: signals go through it, and it ends as the program ends. Where there is no fork
server, or the interpreter is asked for something a fork cannot give, it becomes a real process
that observes itself. It starts for every command, so it imports nothing that must be read from
disk, and nothing of ``labkit``.
"""

from __future__ import annotations

import _socket
import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

try:
    import _signal  # type: ignore[import-not-found]
    import resource
except ImportError:  # not a POSIX system: there is no fork server either
    pass

BATCH = 250
PYTHONS = ("python", "python3")

# What an interpreter option takes a word of its own for.
_WITH_WORD = ("-W", "-X", "--check-hash-based-pycs")
_PLAIN = frozenset("bBdEiIOPqsSuvVx?h")
# A prepared process had these settled when it started.
_SETTLED = ("LC_ALL", "LC_CTYPE", "LANG", "LANGUAGE", "PYTHON")
# These it takes over from a command all the same.
_ADOPTED = ("PYTHONPATH",)
# What the Runner has PYTHONUNBUFFERED be: on for every other program, as if it was not set here.
_BY_RUNNER = "labs"

FORWARDED = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTERM", "SIGURG")


def split(words: list[str]) -> tuple[list[str], str | None, str, list[str]]:
    """Split an interpreter's words into (options, kind, target, arguments).

    ``kind`` is "file", "command", "module" or "stdin"; None when the words name no program, as
    ``--version`` or a mistake.
    """
    at = 0
    while at < len(words):
        word = words[at]
        if word in ("-c", "-m"):
            if at + 1 == len(words):
                return words, None, "", []
            return (
                words[:at],
                {"-c": "command", "-m": "module"}[word],
                words[at + 1],
                words[at + 2 :],
            )
        if word in _WITH_WORD:
            at += 2
        elif word.startswith(("-W", "-X")) or (
            word[:1] == "-" and word[1:] and set(word[1:]) <= _PLAIN
        ):
            at += 1
        elif word == "-":
            return words[:at], "stdin", word, words[at + 1 :]
        elif word.startswith("-"):
            return words, None, "", []
        else:
            return words[:at], "file", word, words[at + 1 :]
    return words, None if _says(words, "hV?") else "stdin", "", []


def _says(options: list[str], letters: str) -> bool:
    return any(set(word[1:]) & set(letters) for word in options if word[:2] not in ("-W", "-X"))


class Asked:
    """What a command line asks for.

    ``program`` is kind, target, arguments and executable, as ``program.Program`` takes them; the
    kind is None where the words name no program.
    """

    def __init__(
        self, executable: str, options: list[str], kind: str | None, target: str, rest: list[str]
    ) -> None:
        self.options = options
        self.program = (kind, target, tuple(rest), executable)


def asked(prepared: Mapping[str, Any], name: str, words: list[str]) -> Asked | None:
    """Read the words behind ``name``, by what is written down for the shims; None for others."""
    if name == "alembic":
        return Asked(prepared["interpreter"], [], "file", prepared["alembic"], words)
    if name not in PYTHONS:
        return None
    executable = os.path.join(os.path.dirname(prepared["python"]), name)
    if not os.access(executable, os.X_OK):
        executable = prepared["python"]
    return Asked(executable, *split(words))


def main() -> None:
    """Run ``shim.py PREPARED NAME WORD...`` in the place of the command NAME."""
    with open(sys.argv[1], "rb") as file:
        prepared = marshal.load(file)
    name, words = sys.argv[2], sys.argv[3:]
    wanted = asked(prepared, name, words)
    assert wanted is not None
    options = wanted.options
    kind, target, arguments, executable = wanted.program
    if name != "alembic":
        if kind is None or (kind == "file" and not os.path.exists(target)):
            # It is going to complain, under the name that it was called by.
            os.environ["PATH"] = os.path.dirname(executable)
            os.execv(executable, [name, *words])
        prompt = _says(options, "i") or (kind == "stdin" and os.isatty(0))
        if prompt or (kind == "file" and not os.path.isfile(target)):
            os.execv(executable, [executable, *words])
    if prepared["door"] and not options and settled(os.environ) == prepared["settled"]:
        serve(prepared["door"], wanted.program)
    if os.environ.get("PYTHONUNBUFFERED") == _BY_RUNNER:
        del os.environ["PYTHONUNBUFFERED"]
    observed = [prepared["observed"], executable, kind, target, *arguments]
    os.execv(executable, [executable, *options, *observed])


def settled(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that a prepared process cannot be changed in any more."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(_SETTLED) and name not in _ADOPTED and value not in ("", _BY_RUNNER)
    }


def umask() -> int:
    """Return this process's file mode mask, which is another one for a moment."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _ignored(number: int) -> bool:
    # Python itself ignores these two, in every program.
    if number in (_signal.SIGPIPE, getattr(_signal, "SIGXFSZ", 0)):
        return False
    try:
        return bool(_signal.getsignal(number) == _signal.SIG_IGN)
    except ValueError:
        return False


def _limits() -> list[int]:
    return sorted({getattr(resource, n) for n in dir(resource) if n.startswith("RLIMIT_")})


def _descriptors() -> list[int]:
    """The descriptors that a program started from here would have."""
    found = []
    for name in os.listdir("/dev/fd"):
        try:
            if os.get_inheritable(int(name)) or int(name) < 3:
                os.fstat(int(name))
                found.append(int(name))
        except OSError:
            continue
    return sorted(found)


def serve(door: tuple[int, int, int], program: tuple[Any, ...]) -> None:
    """Have the fork server run the program and end as it ends. Returns if nobody serves it."""
    number, device, inode = door
    try:
        known = os.fstat(number)
        descriptors = _descriptors()
        if (known.st_dev, known.st_ino) != (device, inode) or descriptors[:3] != [0, 1, 2]:
            return
        entrance = _socket.socket(fileno=number)
        mine, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
        folder = os.open(".", os.O_RDONLY)
        knock(entrance, theirs.fileno())
        entrance.detach()
    except OSError:
        return
    theirs.close()
    _forward(mine)
    hand_over(mine, program, dict(os.environb), descriptors, [folder, *descriptors], umask())
    _end(mine)


def knock(door: _socket.socket, theirs: int) -> None:
    """Ask at the door for a program; what it is comes over the other end of ``theirs``."""
    _pass(door, [theirs])


def hand_over(
    mine: _socket.socket,
    program: tuple[Any, ...],
    environment: dict[bytes, bytes],
    descriptors: list[int],
    passed: list[int],
    mask: int,
) -> None:
    """Say which program it is and what it finds: this process's own standing, for the most part.

    ``descriptors`` are the numbers that it finds them by, ``passed`` its folder and then those.
    """
    request = {
        "program": program,
        "environment": environment,
        "umask": mask,
        "ignored": [s for s in range(1, _signal.NSIG) if _ignored(s)],
        "blocked": sorted(int(s) for s in _signal.pthread_sigmask(_signal.SIG_BLOCK, [])),
        "limits": [(n, *resource.getrlimit(n)) for n in _limits()],
        "descriptors": descriptors,
    }
    payload = marshal.dumps(request)
    mine.sendall(len(passed).to_bytes(4, "big") + len(payload).to_bytes(4, "big"))
    for at in range(0, len(passed), BATCH):
        _pass(mine, passed[at : at + BATCH])
    mine.sendall(payload)


def _pass(connection: _socket.socket, descriptors: list[int]) -> None:
    packed = b"".join(n.to_bytes(4, sys.byteorder, signed=True) for n in descriptors)
    connection.sendmsg([b"!"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, packed)])


def _forward(mine: _socket.socket) -> None:
    def send(number: int, _: object) -> None:
        try:
            mine.send(bytes([number]))
        except OSError:  # the program is over
            return

    for name in FORWARDED:
        number = getattr(_signal, name)
        if _signal.getsignal(number) != _signal.SIG_IGN:
            _signal.signal(number, send)


def _end(mine: _socket.socket) -> NoReturn:
    """Wait for the program's wait status and end with it."""
    data = b""
    while len(data) < 4:
        more = mine.recv(4 - len(data))
        if not more:
            data = (9).to_bytes(4, "big")
            break
        data += more
    status = int.from_bytes(data, "big")
    if os.WIFEXITED(status):
        os._exit(os.WEXITSTATUS(status))
    number = os.WTERMSIG(status)
    if number != _signal.SIGKILL:
        _signal.signal(number, _signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.kill(os.getpid(), number)
    os._exit(128 + number)


if __name__ == "__main__":
    main()
