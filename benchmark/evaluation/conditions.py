"""The conditions of a result: the predictor's source, the time limit and the quantile levels.

The source of a predictor is the text of its class's module, and of every user module and every module of `scalingbench.predictors`
that it imports, directly or indirectly. Installed packages are not included: results state their versions.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from scalingbench.benchmark.evaluation.confined_predictor import Submitted
from scalingbench.benchmark.evaluation.predictor import Predictor

__all__ = ["conditions_of", "source_hash"]

_PACKAGE = "scalingbench"
_PREDICTORS = f"{_PACKAGE}.predictors"
_ANY_ENTRY = (_PACKAGE, f"{_PREDICTORS}.registry")
"""A module that imports one of these can make any entry of the catalogue, so all modules of the package count."""
_INSTALLED = tuple(Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "platstdlib", "purelib", "platlib"))


def conditions_of(predictor: Predictor, time_limit: float, levels: Sequence[float]) -> str:
    """Return the conditions as JSON; empty where the source of the predictor cannot be read."""
    source = source_hash(predictor)
    return json.dumps({"levels": sorted(levels), "source": source, "time_limit": time_limit}, sort_keys=True) if source else ""


def source_hash(predictor: object) -> str:
    """Return a hash of a predictor's source, of 16 hexadecimal digits; empty if the source of a class is unavailable."""
    if isinstance(predictor, Submitted):
        return _digest({predictor.source.attribute: predictor.source.text})
    texts: dict[str, str] = {}
    for kind in _classes(predictor):
        module = sys.modules.get(kind.__module__)
        if module is None or not getattr(module, "__file__", None):
            try:
                texts[kind.__qualname__] = inspect.getsource(kind)  # of a notebook's cell
            except (OSError, TypeError):
                return ""
        else:
            _collect(module, texts)
    return _digest(texts)


def _digest(texts: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:16]


def _classes(predictor: object) -> set[type]:
    """Return the classes of a predictor and of the predictors among its arguments, without those of installed packages."""
    get = getattr(predictor, "get_params", None)
    parts = [predictor, *(get(deep=True).values() if callable(get) else ())]
    kinds = {kind for part in parts for kind in type(part).__mro__}
    return {kind for kind in kinds if kind.__module__.startswith(f"{_PREDICTORS}.") or not _is_installed(kind.__module__)}


def _is_installed(name: str) -> bool:
    """Return whether a module is built in or of an installed package; one that runs as a script or notebook is not."""
    if name == "__main__":
        return False
    if name in sys.builtin_module_names:
        return True
    file = getattr(sys.modules.get(name), "__file__", None)
    return name.split(".")[0] == _PACKAGE or (file is not None and _lies_among_packages(file))


@lru_cache(maxsize=4096)
def _lies_among_packages(place: str) -> bool:
    path = Path(place).resolve()
    return bool({"site-packages", "dist-packages"} & {*path.parts}) or any(path.is_relative_to(at) for at in _INSTALLED)


def _collect(module: ModuleType, texts: dict[str, str]) -> None:
    """Add the text of a module, and of all that it imports."""
    todo = [(module.__name__, Path(str(module.__file__)))]
    while todo:
        name, path = todo.pop()
        if name in texts or not path.is_file():
            continue
        texts[name] = path.read_text(encoding="utf-8", errors="replace")
        if name.startswith(f"{_PREDICTORS}."):
            texts |= {f"{name}/{data.name}": data.read_text(encoding="utf-8") for data in sorted(path.parent.glob("*.json"))}
        for imported in _imports(texts[name], _package(name, path)):
            todo += _files(imported)


def _package(name: str, path: Path) -> str:
    return name if path.name == "__init__.py" else name.rpartition(".")[0]


@lru_cache(maxsize=1024)
def _imports(text: str, package: str) -> frozenset[str]:
    """Return the names that a module imports anywhere; for ``from a import b`` both a and a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            found |= {origin, *(f"{origin}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def _files(name: str) -> Iterator[tuple[str, Path]]:
    """Yield the user modules and our predictor modules that importing a name loads, parent packages included."""
    if name in _ANY_ENTRY:
        yield from _all_predictors()
    top, *rest = name.split(".")
    if top == _PACKAGE:
        yield from _our_files(name)
    elif (spec := _own_spec(top)) is not None:
        yield from _along(spec, top, rest)


@lru_cache(maxsize=1024)
def _our_files(name: str) -> tuple[tuple[str, Path], ...]:
    if not name.startswith(f"{_PREDICTORS}."):
        return ()
    return tuple(_along(find_spec(_PREDICTORS), _PREDICTORS, name.removeprefix(f"{_PREDICTORS}.").split(".")))


def _along(spec: Any, dotted: str, rest: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Yield the modules from a package down to one of its parts."""
    if spec.origin:
        yield dotted, Path(spec.origin)
    for folder in map(Path, spec.submodule_search_locations or ()):
        at, so_far = folder, dotted
        for part in rest:
            at, so_far = at / part, f"{so_far}.{part}"
            yield from ((so_far, path) for path in (at.with_suffix(".py"), at / "__init__.py") if path.is_file())


def _own_spec(top: str) -> Any:
    """Return the spec of a user module or package; None if it is installed or missing."""
    if top in sys.builtin_module_names or top in sys.stdlib_module_names:
        return None
    loaded = getattr(sys.modules.get(top), "__file__", None)
    if loaded is not None and _lies_among_packages(loaded):
        return None
    spec = PathFinder.find_spec(top, sys.path)
    places = [*(spec.submodule_search_locations or ()), *([spec.origin] if spec.origin else [])] if spec else []
    return spec if places and not any(map(_lies_among_packages, places)) else None


def _all_predictors() -> Iterator[tuple[str, Path]]:
    spec = find_spec(_PREDICTORS)
    for folder in map(Path, (spec.submodule_search_locations or ()) if spec else ()):
        for path in sorted(folder.rglob("*.py")):
            yield ".".join([_PREDICTORS, *path.relative_to(folder).with_suffix("").parts]).removesuffix(".__init__"), path
