"""Confine a worker process: it may read the interpreter and its libraries, and write nowhere.

Linux's Landlock (kernel 5.13 or later, no rights needed) limits what a process and its children can open; from 6.7 it also
refuses TCP. The tables of measured values, other people's results and the user's own files are outside, so that a
predictor cannot look up what it is asked to predict. It guards against peeking and accidents. It is no defence against an
attack on the kernel, or on the parent, which unpickles what the worker sends: a maintainer reads the code first.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from scalingbench.common.errors import InputError

__all__ = ["DEFAULT_MEMORY", "available", "confine"]

DEFAULT_MEMORY = 8 * 2**30
"""Bytes of address space that a confined process may map."""

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every architecture
_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_FS_BITS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # rights known to each version of the interface
_NO_NEW_PRIVILEGES = 38
_SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache", "/etc/localtime")
_DEVICES = ("/dev/null", "/dev/urandom", "/dev/random", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu")
_PRIVATE = ("benchmark/data/tables", "benchmark/data/cards", "leaderboard", "data_cards")
"""Parts of this project that stay closed, below the folder that holds it."""


def available() -> int:
    """Return the version of the Landlock interface, 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, _syscall(_CREATE, None, 0, 1))


def confine(memory: int = DEFAULT_MEMORY) -> None:
    """Confine this process, for good.

    Parameters
    ----------
    memory : int
        Limit on its address space, in bytes.

    Raises
    ------
    InputError
        If this system cannot.
    """
    version = available()
    if not version:
        raise InputError("isolation: this system has no Landlock (Linux 5.13 or later); run without it, or on another machine")
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    handled = (1 << _FS_BITS.get(version, 16)) - 1
    network = 0b11 if version >= 4 else 0
    rules = struct.pack("=QQ", handled, network) if version >= 4 else struct.pack("=Q", handled)
    ruleset = _checked(_syscall(_CREATE, rules, len(rules), 0))
    own = f"/proc/{os.getpid()}"  # thread pools look at the process's own map of libraries
    for path in (*_SYSTEM, *_DEVICES, own, *map(str, _libraries())):
        _allow(ruleset, path)
    _checked(ctypes.CDLL(None, use_errno=True).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _checked(_syscall(_RESTRICT, ruleset, 0))
    os.close(ruleset)


def _allow(ruleset: int, path: str) -> None:
    if not os.path.exists(path):
        return
    rights = _READ_FILE | _EXECUTE | (_READ_DIR if os.path.isdir(path) else 0)
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _checked(_syscall(_ADD, ruleset, 1, struct.pack("=Qi", rights, handle), 0))
    finally:
        os.close(handle)


def _libraries() -> Iterator[Path]:
    """Yield the interpreter's own folders and what is importable, without this project's tables and results."""
    for entry in {Path(p or ".").resolve() for p in sys.path}:
        if entry.is_file():
            yield entry
        elif entry.is_dir():
            yield from _open_parts(entry, not _holds_libraries(entry))
    for prefix in {sys.prefix, sys.base_prefix}:
        yield Path(prefix) / "pyvenv.cfg"
        yield Path(prefix) / "bin"


def _holds_libraries(folder: Path) -> bool:
    standard = Path(os.__file__).resolve().parent
    return folder.name in ("site-packages", "dist-packages") or folder == standard or standard in folder.parents


def _open_parts(folder: Path, own_only: bool) -> Iterator[Path]:
    """Yield the importable parts of a folder on the path; of one that is no library folder only this project's packages."""
    for child in folder.iterdir():
        if own_only and child.name not in ("benchmark", "predictors", "scalingbench"):
            continue
        if child.name == "site-packages":  # inside the standard library's folder, and on the path in its own right
            continue
        yield from _without(child, tuple(folder / name for name in _PRIVATE))


def _without(path: Path, closed: Sequence[Path]) -> Iterator[Path]:
    """Yield a path, or its parts where something below it is closed."""
    if not any(path == c or path in c.parents for c in closed):
        yield path
    elif path not in closed:
        for child in path.iterdir():
            yield from _without(child, closed)


def _syscall(number: int, *arguments: object) -> int:
    return int(ctypes.CDLL(None, use_errno=True).syscall(number, *arguments))


def _checked(result: int) -> int:
    if result < 0:
        raise InputError(f"isolation: refused by the system: {os.strerror(ctypes.get_errno())}")
    return result
