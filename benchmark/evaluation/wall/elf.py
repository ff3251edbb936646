"""Which shared libraries of the system a program or library loads: read from its ELF header, as the loader does.

Format: System V ABI, chapter 5; 64 bits, in this machine's byte order. Nothing is run.
"""

from __future__ import annotations

import mmap
import os
import struct
import sysconfig
from collections.abc import Iterable
from functools import cache
from pathlib import Path

__all__ = ["loaded_by"]

_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_NEEDED, _STRINGS, _RPATH, _RUNPATH = 1, 5, 15, 29


def loaded_by(files: Iterable[Path]) -> dict[str, str]:
    """Return the libraries that files load, directly or indirectly: the loader's path of each, and the path of its content."""
    found: dict[str, str] = {}
    left = list(files)
    seen = {os.path.realpath(path) for path in left}
    while left:
        path = left.pop()
        for wanted in _wanted(path):
            real = os.path.realpath(wanted)
            found[f"{os.path.realpath(wanted.parent)}/{wanted.name}"] = real
            if real not in seen:
                seen.add(real)
                left.append(Path(real))
    return found


def _wanted(path: Path) -> list[Path]:
    """Return the files that one file loads, except those without a path: the loader finds them beside a loaded library."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            interpreter, needed, folders = _header(data)
    except (OSError, ValueError, struct.error):  # empty, or no ELF file
        return []
    own = [Path(folder.replace("$ORIGIN", str(path.parent)).replace("${ORIGIN}", str(path.parent))) for folder in folders if folder]
    places = (*own, *_system())
    found = [next((at for place in places if (at := place / name).is_file()), None) for name in needed]
    return [p for p in (*found, *([Path(interpreter)] if interpreter else [])) if p is not None]


@cache
def _system() -> tuple[Path, ...]:
    kind, shared = sysconfig.get_config_var("MULTIARCH"), sysconfig.get_config_var("LIBDIR")
    named = [f"/lib/{kind}", f"/usr/lib/{kind}"] if kind else []
    return tuple(Path(p) for p in (*named, "/lib64", "/usr/lib64", "/lib", "/usr/lib", shared, "/usr/local/lib") if p and os.path.isdir(p))


def _header(data: mmap.mmap) -> tuple[str, list[str], list[str]]:
    """Return the loader that an ELF file names, the libraries that it needs, and the folders where it looks first."""
    if data[:5] != b"\x7fELF\x02":
        raise ValueError("no ELF file of 64 bits")
    (start,), (size, count) = struct.unpack_from("=Q", data, 32), struct.unpack_from("=HH", data, 54)
    parts = [struct.unpack_from("=IIQQQQ", data, start + i * size) for i in range(count)]
    interpreter = "".join(_text(data, offset) for kind, _, offset, *_ in parts if kind == _INTERPRETER)
    dynamic: list[tuple[int, int]] = []
    for kind, _, offset, _, _, length in parts:
        if kind == _DYNAMIC:
            dynamic += struct.iter_unpack("=QQ", data[offset : offset + length // 16 * 16])
    address = next((value for tag, value in dynamic if tag == _STRINGS), 0)
    strings = next((o + address - v for kind, _, o, v, _, n in parts if kind == _LOAD and v <= address < v + n), 0)
    needed = [_text(data, strings + value) for tag, value in dynamic if tag == _NEEDED]
    folders = [f for tag, value in dynamic if tag in (_RPATH, _RUNPATH) for f in _text(data, strings + value).split(":")]
    return interpreter, needed, folders


def _text(data: mmap.mmap, at: int) -> str:
    return data[at : data.find(b"\0", at)].decode()
