"""The system calls of Linux that confine a process and that Python has no function for. Standard library only."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from functools import lru_cache

__all__ = [
    "die_with_parent",
    "drop_capabilities",
    "enter_landlock",
    "enter_seccomp",
    "landlock_rules",
    "landlock_version",
    "mount_tmpfs",
    "no_new_privileges",
    "own_mounts",
    "own_pids",
    "shared_pids",
]

_NEW_MOUNTS, _NEW_IPC, _NEW_PIDS = 0x00020000, 0x08000000, 0x20000000
_PRIVATE, _RECURSIVE, _NOSUID, _NODEV, _NOEXEC = 1 << 18, 1 << 14, 1 << 1, 1 << 2, 1 << 3
_PDEATHSIG, _SET_SECCOMP, _NO_NEW_PRIVILEGES, _AMBIENT = 1, 22, 38, 47
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446  # the same numbers on every architecture
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many each version of Landlock knows
_READ = 1 << 0 | 1 << 2 | 1 << 3  # execute (as a library is mapped), read a file, list a folder
_WRITE = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 14  # and make and remove files and folders, cut them
_OF_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> int:
    result = int(getattr(_libc(), name)(*arguments))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def _number(value: int) -> ctypes.c_ulong:
    return ctypes.c_ulong(value)  # variadic functions read whole registers


def own_pids() -> None:
    """Let the next child be process 1 of a process namespace of its own."""
    _call("unshare", _NEW_PIDS)


def shared_pids(handle: int) -> None:
    """Undo `own_pids` for the children after that one; `handle` is a pidfd of this process."""
    _call("setns", handle, _NEW_PIDS)


def own_mounts() -> None:
    """Give this process mounts and System V objects of its own."""
    _call("unshare", _NEW_MOUNTS | _NEW_IPC)
    _call("mount", b"none", b"/", None, _number(_PRIVATE | _RECURSIVE), None)


def mount_tmpfs(folder: str, size: int) -> None:
    """Put an empty file system in memory over a folder."""
    options = f"size={size},nr_inodes=4096,mode=0700".encode()
    _call("mount", b"tmpfs", folder.encode(), b"tmpfs", _number(_NOSUID | _NODEV | _NOEXEC), options)


def drop_capabilities() -> None:
    """Give up every right over the namespaces of this process."""
    _call("prctl", _AMBIENT, _number(4), _number(0), _number(0), _number(0))
    _call("capset", struct.pack("=Ii", 0x20080522, 0), bytes(24))


def no_new_privileges() -> None:
    """Give up gaining rights by running a program."""
    _call("prctl", _NO_NEW_PRIVILEGES, _number(1), _number(0), _number(0), _number(0))


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that made it ends; Linux only, elsewhere nothing."""
    if sys.platform == "linux":
        _call("prctl", _PDEATHSIG, _number(9))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def enter_seccomp(program: bytes) -> None:
    """Filter the system calls of this process, for good.

    Parameters
    ----------
    program : bytes
        BPF instructions of 8 bytes each, see `scalingbench.benchmark.evaluation.wall.syscalls`.
    """
    loaded = _Program(len(program) // 8, program)
    _call("prctl", _SET_SECCOMP, _number(2), ctypes.byref(loaded), _number(0), _number(0))


def landlock_version() -> int:
    """Return the version of the Landlock interface, 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc().syscall(_LANDLOCK_CREATE, None, _number(0), _number(1))))


def landlock_rules(readable: Iterable[str], writable: Iterable[str]) -> int:
    """Return a handle of Landlock rules: these paths may be read, those written, and nothing else; no TCP; no signals out.

    Refusing TCP needs version 4 of the interface, refusing signals and abstract sockets version 6.
    """
    version = landlock_version()
    rights = (1 << _FILE_RIGHTS.get(version, 16)) - 1
    network, scopes = 0b11 if version >= 4 else 0, 0b11 if version >= 6 else 0
    fields = struct.pack("=QQQ", rights, network, scopes)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    rules = _call("syscall", _LANDLOCK_CREATE, fields, _number(len(fields)), _number(0))
    for paths, allowed in ((readable, _READ), (writable, _WRITE)):
        for path in paths:
            _allow(rules, path, allowed & rights)
    return rules


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        allowed = rights if os.path.isdir(path) else rights & _OF_FILES
        _call("syscall", _LANDLOCK_ADD, rules, 1, struct.pack("=Qi", allowed, handle), _number(0))
    finally:
        os.close(handle)


def enter_landlock(rules: int) -> None:
    """Hold this process to rules, for good."""
    _call("syscall", _LANDLOCK_RESTRICT, rules, _number(0))
