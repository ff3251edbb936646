"""A predictor in a file that this process never imports: only confined workers run its code."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from predictors.contract import CONTRACT, missing_methods
from scalingbench.common.defaults import TIME_LIMIT
from scalingbench.common.errors import InputError

__all__ = ["Submitted", "load_submitted"]


@dataclass(frozen=True)
class Submitted:
    """Stands for a predictor until a worker unpickles it.

    Attributes
    ----------
    source, file_name, attribute : str
        The code, what to call it in messages, the class in it.
    variables : tuple of str, optional
        As the class declares.
    positive_only : bool
        Whether it asks for positive values.
    parameters : mapping
        Its constructor arguments.
    """

    source: str
    file_name: str
    attribute: str
    variables: tuple[str, ...] | None = None
    positive_only: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Any, ...]:
        return _open, (self.source, self.file_name, self.attribute)

    def get_params(self, deep: bool = False) -> dict[str, Any]:
        """Return the constructor arguments."""
        return dict(self.parameters)

    def __sklearn_tags__(self) -> SimpleNamespace:
        return SimpleNamespace(target_tags=SimpleNamespace(positive_only=self.positive_only))

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> Any:
        """Not here."""
        raise NotImplementedError("only a worker runs this code")

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Not here."""
        raise NotImplementedError("only a worker runs this code")


class _SubmittedBatch(Submitted):
    """One whose class fits many data sets in one call."""

    fit_many = Submitted.fit


def load_submitted(path: Path, attribute: str, *, confined: bool, time_limit: float = TIME_LIMIT) -> Submitted:
    """Ask a worker process what a class is.

    Raises
    ------
    InputError
        If the file or class does not exist, breaks the contract, or takes too long to import.
    """
    import multiprocessing

    from pebble import ProcessExpired, ProcessPool

    from benchmark.evaluation.workers import start_worker

    if not path.is_file():
        raise InputError(f"{path}: no such file")
    source = path.read_text(encoding="utf-8")
    with ProcessPool(1, context=multiprocessing.get_context("spawn"), initializer=start_worker, initargs=(confined,)) as pool:
        future = pool.schedule(_describe, args=(source, path.name, attribute), timeout=time_limit)
        try:
            facts = future.result()
        except TimeoutError:
            raise InputError(f"{path}: took longer than {time_limit:g} s to import") from None
        except ProcessExpired as error:
            raise InputError(f"{path}: its process died with exit code {error.exitcode}") from None
        except Exception as error:
            raise InputError(f"{path}: {type(error).__name__}: {' '.join(str(error).split())}") from None
    kind = _SubmittedBatch if facts.pop("many") else Submitted
    return kind(source, path.name, attribute, **facts)


def _describe(source: str, file_name: str, attribute: str) -> dict[str, Any]:
    import json

    from benchmark.evaluation.predictor import parameters_of, positive_only

    predictor = _open(source, file_name, attribute)
    for method in missing_methods(predictor):
        raise TypeError(f"{attribute} has no method {method!r}; {CONTRACT}")
    variables = getattr(predictor, "variables", None)
    return {
        "variables": None if variables is None else tuple(map(str, variables)),
        "positive_only": positive_only(predictor),
        "parameters": json.loads(parameters_of(predictor)),
        "many": hasattr(predictor, "fit_many"),
    }


def _open(source: str, file_name: str, attribute: str) -> Any:
    """Run the source, and return an instance of the class."""
    name = f"_submitted_{Path(file_name).stem}"
    if name not in sys.modules:
        module = types.ModuleType(name)
        sys.modules[name] = module
        try:
            exec(compile(source, file_name, "exec"), module.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
    kind = getattr(sys.modules[name], attribute, None)
    if kind is None:
        raise AttributeError(f"{file_name} has no class {attribute!r}")
    return kind()
