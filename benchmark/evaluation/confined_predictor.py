"""A submitted predictor: this process never imports its file; only sandboxed cells run its code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.wall.guard import Guards, PredictCalls, Source
from scalingbench.common.defaults import TIME_LIMIT
from scalingbench.common.errors import InputError

__all__ = ["Submitted", "load_submitted"]

_LARGEST_SOURCE = 2**20


@dataclass(frozen=True)
class Submitted:
    """Proxy of a submitted predictor: its source text, and the facts that a cell reported.

    Attributes
    ----------
    source : Source
        The code.
    guards : Guards
        They run it.
    variables : tuple of str, optional
        The class's declaration.
    positive_only : bool
        Whether it requires positive values.
    parameters : str
        Its constructor arguments, as JSON.
    calls : {"together", "in parts"}
        Whether all rows of a fold are predicted in one call, or two random halves in two calls.
    """

    source: Source
    guards: Guards
    variables: tuple[str, ...] | None = None
    positive_only: bool = False
    parameters: str = "{}"
    calls: PredictCalls = "together"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a submitted predictor is not pickled: unpickling would run its code")

    def get_params(self, deep: bool = False) -> dict[str, Any]:
        """Return the constructor arguments."""
        return dict(json.loads(self.parameters))

    def __sklearn_tags__(self) -> SimpleNamespace:
        return SimpleNamespace(target_tags=SimpleNamespace(positive_only=self.positive_only))

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> NoReturn:
        """Raise: this process does not run the code."""
        raise NotImplementedError("only a cell runs this code")

    def predict(self, X: pd.DataFrame) -> NoReturn:
        """Raise: this process does not run the code."""
        raise NotImplementedError("only a cell runs this code")


def load_submitted(path: Path, attribute: str, guards: Guards, *, time_limit: float = TIME_LIMIT) -> Submitted:
    """Load a submitted class in a cell and return its proxy.

    Raises
    ------
    InputError
        If there is no such file of text.
    CodeError
        If the class does not exist, breaks the contract, or takes too long to import.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.stat().st_size > _LARGEST_SOURCE:
        raise InputError(f"{path}: larger than {_LARGEST_SOURCE // 2**20} MiB")
    try:
        source = Source(path.read_text(encoding="utf-8"), path.name, attribute)
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8") from None
    with guards.one() as guard:
        facts = guard.describe(source, time_limit)
    return Submitted(source, guards, facts.variables, facts.positive_only, facts.parameters)
