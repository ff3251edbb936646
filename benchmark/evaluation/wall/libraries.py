"""What a cell may read: the interpreter and the libraries of this environment, and of this project the code alone.

The tables of measured values, the cards and everybody's results are outside, and so is every other file of the machine.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Libraries", "libraries"]

_SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache", "/etc/localtime")
_MACHINE = ("/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu")  # numerical libraries ask for the processor
_CODE = ("scalingbench", "benchmark", "predictors", "common")
"""Where the code lies in a source tree; links in the first lead to the others."""
_CLOSED = ("leaderboard", "data_cards", "benchmark/data/tables", "benchmark/data/cards")
"""Parts of this project that stay closed, below the package or the source tree that holds it."""


@dataclass(frozen=True)
class Libraries:
    """Paths of this machine.

    Attributes
    ----------
    readable : tuple of str
        Files and folders that may be read.
    closed : tuple of str
        Folders inside those that may not.
    imports : tuple of str
        Where Python looks for modules, beside its own library.
    python : str
        The interpreter.
    """

    readable: tuple[str, ...]
    closed: tuple[str, ...]
    imports: tuple[str, ...]
    python: str


def libraries() -> Libraries:
    """Return what this interpreter runs on."""
    root = Path(__file__).absolute().parents[4].resolve()
    standard = Path(os.__file__).resolve().parent
    found = [path for path in map(Path, dict.fromkeys(p for p in sys.path if p)) if path.exists()]
    folders = [p for p in found if p.is_file() or _holds_libraries(p)]
    own = [root] if _holds_libraries(root) else [root / name for name in _CODE]
    python = os.path.realpath(sys.executable)
    shared = Path(sysconfig.get_config_var("LIBDIR") or standard.parent)
    readable = [*map(Path, (*_SYSTEM, *_MACHINE)), shared, standard, Path(python), *(p.resolve() for p in folders), *own]
    bases = {root, *(p.resolve() for p in folders if p.is_dir())}
    unused = [p for name in ("site-packages", "dist-packages") if (p := standard / name) not in bases]
    closed = [*(base / inner / name for base in bases for inner in ("", "scalingbench") for name in _CLOSED), *unused]
    return Libraries(
        readable=tuple(map(str, _outermost(readable))),
        closed=tuple(sorted({str(p.resolve()) for p in closed if p.is_dir()})),
        imports=tuple(dict.fromkeys(map(str, [root, *(p.resolve() for p in folders if not _is_standard(p))]))),
        python=python,
    )


def _is_standard(folder: Path) -> bool:
    standard = Path(os.__file__).resolve().parent
    resolved = folder.resolve()
    return resolved == standard or (standard in resolved.parents and resolved.name not in ("site-packages", "dist-packages"))


def _holds_libraries(folder: Path) -> bool:
    return folder.name in ("site-packages", "dist-packages") or _is_standard(folder)


def _outermost(paths: list[Path]) -> list[Path]:
    """Return the paths that exist, without those inside another one; a link stays beside what it leads to."""
    there = sorted({p for p in paths if p.exists()}, key=lambda p: len(p.parts))
    kept: list[Path] = []
    for path in there:
        if not any(outer == path or outer in path.parents for outer in kept):
            kept.append(path)
    return kept
