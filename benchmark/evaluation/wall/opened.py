"""The open list: all that a cell can read, everything else is not there.

The interpreter and its library, the packages that every verifier has, the system's libraries that these load, and of this project the
code that a predictor needs: the rooms `common` and `predictors` and the modules that run the cell. No table, result, source module,
card, list of tasks or learnt table of ours is on it, and no file but Python code of ours is.
"""

from __future__ import annotations

import ast
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import cache_from_source
from pathlib import Path

from scalingbench.benchmark.evaluation.wall import elf
from scalingbench.common.packages import brought

__all__ = ["Opened", "opened"]

_PACKAGE = "scalingbench"
_ROOMS = ("common", "predictors")
"""Rooms of which a predictor may import everything."""
_SERVER = f"{_PACKAGE}.benchmark.evaluation.wall.fork_server"
_INSIDE = "/libraries"
"""Where a cell finds packages, whatever their place on this machine."""
_DESCRIBED = ("/proc/cpuinfo", "/sys/devices/system/cpu/online", "/sys/devices/system/cpu/possible", "/sys/devices/system/cpu/present")
"""What numerical libraries ask of the processor: as it is when the server starts, not the live files, which tell how busy it is."""


@dataclass(frozen=True)
class Opened:
    """An open list.

    Attributes
    ----------
    copies : tuple of (str, str)
        Files and folders of this machine, and where a cell finds them.
    texts : tuple of (str, str)
        Further files, and what they hold.
    imports : tuple of str
        Where modules are looked for on this machine, beside the interpreter's own library.
    python : str
        The interpreter.
    """

    copies: tuple[tuple[str, str], ...]
    texts: tuple[tuple[str, str], ...]
    imports: tuple[str, ...]
    python: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Folders of this machine in which all that is copied lies."""
        paths = [Path(path) for copy in self.copies for path in copy]  # the loader looks where a library will be, too
        folders = {p if p.is_dir() else p.parent for p in paths} | {Path(p).resolve() for p in self.imports} | {Path(self.imports[0])}
        return tuple(map(str, _outermost(folders - {Path("/")})))

    @property
    def imports_inside(self) -> tuple[str, ...]:
        """Where a cell looks for modules."""
        return (_INSIDE,)


@cache
def opened() -> Opened:
    """Return what a cell on this interpreter may read."""
    standard, python = Path(os.__file__).resolve().parent, Path(os.path.realpath(sys.executable))
    packages = dict(_packages())
    ours = dict(_ours())
    native = [python, *_native([standard / "lib-dynload", *packages.values()])]
    system = {target: source for target, source in elf.loaded_by(native).items() if not _within(source, [standard, *packages.values()])}
    copies = [(str(path), str(path)) for path in (python, standard)]
    copies += [(source, target) for target, source in system.items()]
    copies += [(str(path), f"{_INSIDE}/{name}") for name, path in {**packages, **ours}.items()]
    if os.path.exists("/etc/ld.so.cache"):
        copies.append(("/etc/ld.so.cache", "/etc/ld.so.cache"))
    texts = tuple((path, Path(path).read_text()) for path in _DESCRIBED if os.path.exists(path))
    folders = dict.fromkeys([str(_home().parent), *(str(path.parent) for path in packages.values())])
    return Opened(tuple(dict.fromkeys(copies)), texts, tuple(folders), str(python))


def _home() -> Path:
    """Return the folder of this package, as it is imported: links to the rooms of a source tree are not followed."""
    return Path(__file__).absolute().parents[3]


def _packages() -> Iterator[tuple[str, Path]]:
    """Yield what the packages that verifiers bring have put beside each other, by name."""
    for key in sorted(brought() - {_PACKAGE}):
        try:
            found = distribution(key)
        except PackageNotFoundError:
            continue
        for name in _tops(found):
            path = Path(str(found.locate_file(name))).resolve()
            if path.exists() and path.suffix != ".pth":
                yield name, path


def _tops(found: Distribution) -> set[str]:
    """Return the files and folders of a distribution that lie where its metadata does."""
    tops = {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__", "/")}
    if not tops:  # of a system that keeps no record
        names = (found.read_text("top_level.txt") or found.metadata["Name"]).split()
        tops = {form for name in names for form in (name, f"{name}.py")}
    return tops


def _ours() -> Iterator[tuple[str, Path]]:
    """Yield the modules of this project that a cell needs, with what Python keeps of them compiled."""
    paths = {p for room in _ROOMS for p in (_home() / room).rglob("*.py")} | set(_imported(_SERVER, set()))
    for path in sorted(paths):
        for file in (path, Path(cache_from_source(str(path)))):
            if file.is_file():
                yield str(file.relative_to(_home().parent)), file.resolve()


def _imported(module: str, seen: set[str]) -> Iterator[Path]:
    """Yield the files of a module, of the packages around it, and of all of this project that it imports outside `_ROOMS`."""
    parts = module.split(".")
    if module in seen or parts[0] != _PACKAGE or (len(parts) > 1 and parts[1] in _ROOMS):
        return
    seen.add(module)
    if len(parts) > 1:
        yield from _imported(".".join(parts[:-1]), seen)
    path = _home().parent.joinpath(*parts)
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.is_file():  # a name in a module
        return
    yield file
    if parts[1:]:  # the package's own module names everything, for types
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(_PACKAGE):
                for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                    yield from _imported(name, seen)


def _native(places: Iterable[Path]) -> Iterator[Path]:
    """Yield the compiled libraries in folders."""
    suffix = sysconfig.get_config_var("SHLIB_SUFFIX") or ".so"
    for place in places:
        found = place.rglob("*") if place.is_dir() else [place]
        yield from (p for p in found if suffix in p.suffixes and not p.name.startswith("_tkinter"))  # no windows


def _within(path: str, folders: Iterable[Path]) -> bool:
    return any(folder == Path(path) or folder in Path(path).parents for folder in folders)


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """Return the paths that exist, without those inside another one; a link stays beside what it leads to."""
    there = sorted({p for p in paths if p.exists()}, key=lambda p: len(p.parts))
    kept: list[Path] = []
    for path in there:
        if not any(outer == path or outer in path.parents for outer in kept):
            kept.append(path)
    return kept
