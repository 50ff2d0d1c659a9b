"""The fence: what a process gives up, for itself and all it starts, by Landlock, a part of Linux.

Who is inside sees nothing of the environment, the memory and the descriptors of a process outside,
and no signal of theirs reaches it; that holds for root as well. Files and connections can be given
up too. Other systems have no fence.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable

# From <linux/landlock.h>; the numbers of the calls are the same on all architectures.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_WHICH_VERSION = 1
_BELOW_A_PATH, _A_PORT = 1, 2
_NO_NEW_PRIVILEGES, _SET = 38, 1
# With any of these, which root has, the fence would not hold: SYS_PTRACE, SYS_ADMIN, PERFMON.
_CAPABILITIES = (19, 21, 38)
_DROP_CAPABILITY, _CAPABILITY_VERSION = 24, 0x20080522

_EXECUTE, _WRITE, _READ, _LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE, _DEVICES = 1 << 13, 1 << 14, 1 << 15
_CONNECT = 1 << 1
_SIGNALS = 1 << 1
# What a rule on a file, and not on a folder, may hold.
_OF_A_FILE = _EXECUTE | _WRITE | _READ | _TRUNCATE | _DEVICES
_PATH = getattr(os, "O_PATH", 0) | getattr(os, "O_CLOEXEC", 0)


def version() -> int:
    """Which version of Landlock there is; 0 for none."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, _call(_CREATE, None, 0, _WHICH_VERSION))


def enter(
    readable: Iterable[str] | None = None,
    writable: Iterable[str] = (),
    listable: Iterable[str] = (),
    port: int | None = None,
) -> bool:
    """Put the calling thread, and whatever it starts from now on, behind the fence.

    Args:
        readable: the paths below which files can be read and run; None leaves all as they are.
        writable: those below which they can also be written.
        listable: those below which only the names can be seen.
        port: the only TCP port that can be connected to; None leaves all.

    Returns:
        Whether there is a fence.
    """
    known = version()
    if not known:
        return False
    files = _files(known)
    closed = readable is not None
    network = _CONNECT if port is not None and known >= 4 else 0
    scoped = _SIGNALS if known >= 6 else 0
    told = struct.pack("=QQQ", files, network, scoped)[
        : 24 if known >= 6 else 16 if known >= 4 else 8
    ]
    rules = _call(_CREATE, told, len(told), 0)
    if rules < 0:
        return False
    try:
        for path in readable if readable is not None else ["/"]:
            _allow(rules, path, files & (_EXECUTE | _READ | _LIST) if closed else files)
        for path in writable:
            _allow(rules, path, files)
        for path in listable:
            _allow(rules, path, files & _LIST)
        if network:
            allowed = struct.pack("=QQ", _CONNECT, port)
            _call(_ADD, rules, _A_PORT, allowed, 0)
        _prctl(_NO_NEW_PRIVILEGES, _SET)
        _give_up_capabilities()
        return _call(_RESTRICT, rules, 0) == 0
    finally:
        os.close(rules)


def _files(known: int) -> int:
    """Every right on files that this version knows."""
    return (1 << (13 if known < 2 else 14 if known < 3 else 15 if known < 5 else 16)) - 1


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, _PATH)
    except OSError:
        return
    try:
        if not os.path.isdir(path):
            rights &= _OF_A_FILE
        _call(_ADD, rules, _BELOW_A_PATH, struct.pack("=Qi", rights, handle), 0)
    finally:
        os.close(handle)


def _give_up_capabilities() -> None:
    for number in _CAPABILITIES:
        _prctl(_DROP_CAPABILITY, number)
    library = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    known = ctypes.create_string_buffer(24)
    if library.capget(header, known) != 0:
        return
    # Two halves, of 32 bits each of what is effective, permitted and inheritable.
    sets = list(struct.unpack("=6I", known.raw))
    for number in _CAPABILITIES:
        for at in range(3):
            sets[number // 32 * 3 + at] &= ~(1 << number % 32)
    library.capset(header, struct.pack("=6I", *sets))


def _call(number: int, *words: object) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    given = [ctypes.c_long(w) if isinstance(w, int) else w for w in words]
    return int(library.syscall(ctypes.c_long(number), *given))


def _prctl(*words: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(*(ctypes.c_ulong(w) for w in (*words, 0, 0, 0)))
