"""A predictor in a file that this process never imports: only cells behind the wall run its code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.wall.guard import Asked, Guards, Source
from scalingbench.common.defaults import TIME_LIMIT
from scalingbench.common.errors import InputError

__all__ = ["Submitted", "load_submitted"]

_LARGEST_SOURCE = 2**20


@dataclass(frozen=True)
class Submitted:
    """Stands for a predictor of which this process knows the text and what a cell said of it.

    Attributes
    ----------
    source : Source
        The code.
    guards : Guards
        Who runs it.
    variables : tuple of str, optional
        As the class declares.
    positive_only : bool
        Whether it asks for positive values.
    parameters : str
        Its constructor arguments, as JSON.
    asked : {"together", "in parts"}
        Whether it is asked for all rows of a fold at once, or for two halves, drawn anew each time.
    """

    source: Source
    guards: Guards
    variables: tuple[str, ...] | None = None
    positive_only: bool = False
    parameters: str = "{}"
    asked: Asked = "together"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a stranger's predictor is not pickled: its code would run where it is opened")

    def get_params(self, deep: bool = False) -> dict[str, Any]:
        """Return the constructor arguments."""
        return dict(json.loads(self.parameters))

    def __sklearn_tags__(self) -> SimpleNamespace:
        return SimpleNamespace(target_tags=SimpleNamespace(positive_only=self.positive_only))

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> NoReturn:
        """Refuse: this code is not run in this process."""
        raise NotImplementedError("only a cell runs this code")

    def predict(self, X: pd.DataFrame) -> NoReturn:
        """Refuse: this code is not run in this process."""
        raise NotImplementedError("only a cell runs this code")


def load_submitted(path: Path, attribute: str, guards: Guards, *, time_limit: float = TIME_LIMIT) -> Submitted:
    """Ask a cell what a class is.

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
