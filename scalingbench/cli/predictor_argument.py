"""Predictors named on the command line: ``FILE.py``, ``FILE.py:Class``, ``package.module:Class`` or a registered name."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle

from scalingbench.common.errors import InputError
from scalingbench.common.messages import described
from scalingbench.common.names import slug
from scalingbench.predictors.contract import CONTRACT, missing_methods

__all__ = ["load_target", "load_targets"]


def load_targets(targets: Iterable[str]) -> dict[str, Any]:
    """Return unfitted instances of several predictors by name.

    Raises
    ------
    InputError
        If two have the same name, or a class has the name or the result file of a predictor of the board.
    """
    from scalingbench.predictors.registry import list_predictors

    board = {slug(entry.name).casefold(): entry.name for entry in list_predictors()}
    found: dict[str, Any] = {}
    for target in targets:
        name, predictor = load_target(target)
        if name in found:
            raise InputError(f"{target}: a second predictor called {name!r}; rename one")
        if (":" in target or target.endswith(".py")) and slug(name).casefold() in board:
            raise InputError(f"{target}: {board[slug(name).casefold()]!r} is a predictor of the board; rename the class")
        found[name] = predictor
    return found


def load_target(target: str) -> tuple[str, Any]:
    """Return the name and an unfitted instance of a predictor.

    Raises
    ------
    InputError
        If the file, class or name does not exist, or the constructor needs arguments.
    """
    alone = target.endswith(".py")
    if not alone and ":" not in target:
        from scalingbench.predictors.registry import get

        entry = get(target)
        return entry.name, entry.make()
    where, _, class_name = (target, "", "") if alone else target.rpartition(":")
    if not where or not (alone or class_name.isidentifier()):
        raise InputError(f"target: expected FILE.py, FILE.py:Class, package.module:Class or a registered name, got {target!r}")
    module = _from_file(Path(where)) if where.endswith(".py") else _from_package(where)
    class_name = class_name or _only_class(module, where)
    if not hasattr(module, class_name):
        raise InputError(f"{where}: has no class {class_name!r}")
    try:
        predictor = getattr(module, class_name)()
    except (Exception, SystemExit) as error:  # the user's own code runs here
        raise InputError(f"{target}: cannot be constructed without arguments: {described(error)}") from None
    for method in missing_methods(predictor):
        raise InputError(f"{target}: has no method {method!r}; {CONTRACT}")
    return class_name, predictor


def _only_class(module: ModuleType, file: str) -> str:
    """Return the name of the one class that a file defines with the methods of a predictor."""
    own = [(n, c) for n, c in vars(module).items() if isinstance(c, type) and c.__module__ == module.__name__ and not n.startswith("_")]
    found = [name for name, value in own if not missing_methods(value)]
    if len(found) != 1:
        listed = f"there are {', '.join(found)}; choose one: {file}:{found[0]}" if found else f"there is none; {CONTRACT}"
        raise InputError(f"{file}: expected one class with the methods of a predictor, {listed}")
    return found[0]


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    name = f"_scalingbench_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # the user's own code runs here, which may also call sys.exit
        raise InputError(f"{path}: cannot be imported: {described(error)}") from None
    cloudpickle.register_pickle_by_value(module)  # worker processes cannot import it by name
    return module


def _from_package(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # as above
        raise InputError(f"{name}: cannot be imported: {described(error)}") from None
