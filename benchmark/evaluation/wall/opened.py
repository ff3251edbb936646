"""The open list: the only files in a cell.

It contains the interpreter and its library, the packages that every verifier has, the system libraries that these load, and the project
code that a predictor needs: the packages `common` and `predictors` and the modules that run the cell. It contains no table, result, source
module, card, task list or learnt table of ours, and only Python code of ours.
"""

from __future__ import annotations

import ast
import mmap
import os
import struct
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import cache_from_source
from pathlib import Path

from scalingbench.common.packages import brought

__all__ = ["Opened", "opened"]

_PACKAGE = "scalingbench"
_IMPORTABLE = ("common", "predictors")
"""Packages that a predictor may import completely."""
_SERVER = f"{_PACKAGE}.benchmark.evaluation.wall.fork_server"
_INSIDE = "/libraries"
"""Path of packages in a cell."""
_DESCRIBED = ("/proc/cpuinfo", "/sys/devices/system/cpu/online", "/sys/devices/system/cpu/possible", "/sys/devices/system/cpu/present")
"""Processor facts that numerical libraries read: a snapshot, because the live files reveal the load."""

# the ELF format: System V ABI, chapter 5; 64 bits, in this machine's byte order
_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_NEEDED, _STRINGS, _RPATH, _RUNPATH = 1, 5, 15, 29


@dataclass(frozen=True)
class Opened:
    """An open list.

    Attributes
    ----------
    copies : tuple of (str, str)
        Files and folders of this machine, and their paths in a cell.
    texts : tuple of (str, str)
        Further files, and their content.
    imports : tuple of str
        Module search path on this machine, beside the interpreter's library.
    python : str
        The interpreter.
    """

    copies: tuple[tuple[str, str], ...]
    texts: tuple[tuple[str, str], ...]
    imports: tuple[str, ...]
    python: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Folders of this machine that contain all copied files."""
        paths = [Path(path) for copy in self.copies for path in copy]  # the loader also looks at the target paths
        folders = {p if p.is_dir() else p.parent for p in paths} | {Path(p).resolve() for p in self.imports} | {Path(self.imports[0])}
        return tuple(map(str, _outermost(folders - {Path("/")})))

    @property
    def imports_inside(self) -> tuple[str, ...]:
        """Module search path in a cell."""
        return (_INSIDE,)


@cache
def opened() -> Opened:
    """Return the open list for this interpreter."""
    standard, python = Path(os.__file__).resolve().parent, Path(os.path.realpath(sys.executable))
    packages = dict(_packages())
    ours = dict(_ours())
    native = [python, *_native([standard / "lib-dynload", *packages.values()])]
    system = {target: source for target, source in _loaded_by(native).items() if not _within(source, [standard, *packages.values()])}
    copies = [(str(path), str(path)) for path in (python, standard)]
    copies += [(source, target) for target, source in system.items()]
    copies += [(str(path), f"{_INSIDE}/{name}") for name, path in {**packages, **ours}.items()]
    if os.path.exists("/etc/ld.so.cache"):
        copies.append(("/etc/ld.so.cache", "/etc/ld.so.cache"))
    texts = tuple((path, Path(path).read_text()) for path in _DESCRIBED if os.path.exists(path))
    folders = dict.fromkeys([str(_home().parent), *(str(path.parent) for path in packages.values())])
    return Opened(tuple(dict.fromkeys(copies)), texts, tuple(folders), str(python))


def _home() -> Path:
    """Return the folder of this package as imported, without resolving the links of a source tree."""
    return Path(__file__).absolute().parents[3]


def _packages() -> Iterator[tuple[str, Path]]:
    """Yield the top-level files of the packages that verifiers have, by name."""
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
    """Return the files and folders of a distribution beside its metadata."""
    tops = {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__", "/")}
    if not tops:  # the system keeps no record
        names = (found.read_text("top_level.txt") or found.metadata["Name"]).split()
        tops = {form for name in names for form in (name, f"{name}.py")}
    return tops


def _ours() -> Iterator[tuple[str, Path]]:
    """Yield the modules of this project that a cell needs, with their compiled files."""
    paths = {p for room in _IMPORTABLE for p in (_home() / room).rglob("*.py")} | set(_imported(_SERVER, set()))
    for path in sorted(paths):
        for file in (path, Path(cache_from_source(str(path)))):
            if file.is_file():
                yield str(file.relative_to(_home().parent)), file.resolve()


def _imported(module: str, seen: set[str]) -> Iterator[Path]:
    """Yield the files of a module, of its parent packages, and of its imports from this project outside `_IMPORTABLE`."""
    parts = module.split(".")
    if module in seen or parts[0] != _PACKAGE or (len(parts) > 1 and parts[1] in _IMPORTABLE):
        return
    seen.add(module)
    if len(parts) > 1:
        yield from _imported(".".join(parts[:-1]), seen)
    path = _home().parent.joinpath(*parts)
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.is_file():  # a name in a module
        return
    yield file
    if parts[1:]:  # the top-level module imports everything, for types
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
    """Return the existing paths without those inside another one; links are kept beside their targets."""
    there = sorted({p for p in paths if p.exists()}, key=lambda p: len(p.parts))
    kept: list[Path] = []
    for path in there:
        if not any(outer == path or outer in path.parents for outer in kept):
            kept.append(path)
    return kept


def _loaded_by(files: Iterable[Path]) -> dict[str, str]:
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
