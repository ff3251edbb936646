"""Signs of leakage in a submission: predictions that equal held-out values too often, and held-out values in its source and packages.

They detect plain copies, not hidden ones: a compressed table, or predictions with added noise, pass.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.evaluation.known_values import FEWEST, known_in, precise
from scalingbench.benchmark.evaluation.results import TaskResult, as_stored
from scalingbench.benchmark.tasks.task import Fold, Task

__all__ = ["Exactness", "exactness", "held_out_values", "values_in_source"]

_EQUAL, _CLOSE = 1e-7, 1e-5
"""Relative differences at which a prediction equals a value to 7 digits, the precision of results, and to 5."""
_LARGEST_SHARE = {_EQUAL: 0.001, _CLOSE: 0.02}
"""Largest shares of predictions within these differences that noise explains.

On suite v3 the largest shares of a predictor of the board are 0.0002 (nearest neighbours, 15 of 72205: values stored with few
digits) and 0.0056 (lr-annealing, 53 of 9505).
"""


@dataclass(frozen=True)
class Exactness:
    """Number of predictions that equal the measured value.

    Attributes
    ----------
    equal, close : int
        Equal to 7 digits, and to 5.
    of : int
        Number of predictions, only of measured values that no training row of the fold has and that are not 0 or 1. Synthetic
        worlds, which a law may fit exactly, are left out.
    """

    equal: int
    close: int
    of: int

    @property
    def too_good(self) -> bool:
        """Whether the shares are larger than noise explains."""
        return any(n > max(FEWEST, _LARGEST_SHARE[limit] * self.of) for n, limit in ((self.equal, _EQUAL), (self.close, _CLOSE)))

    def __str__(self) -> str:
        return f"{self.equal} of {self.of} predictions equal the measured value to 7 digits, {self.close} to 5"


def exactness(results: Iterable[TaskResult], tasks: Sequence[Task]) -> Exactness:
    """Return the number of predictions that equal the measured value."""
    found = {result.task: result for result in results}
    differences = [
        _differences(result.predictions, fold)
        for task in tasks
        if task.id in found and load_card(task.collection).scalingbench.domain != "synthetic"
        for result, fold in zip(found[task.id].folds, task.folds, strict=True)
        if result.status == "ok"
    ]
    all_of = np.concatenate([np.empty(0), *differences])
    return Exactness(int((all_of <= _EQUAL).sum()), int((all_of <= _CLOSE).sum()), len(all_of))


def _differences(predictions: np.ndarray, fold: Fold) -> np.ndarray:
    """Return relative differences from the measured values that are informative: not in the training rows, and not 0 or 1."""
    measured = fold.y_test
    telling = ~np.isin(measured, [*fold.y_train, 0.0, 1.0])
    differences: np.ndarray = np.abs(predictions - as_stored(measured))[telling] / np.abs(measured[telling])
    return differences


def held_out_values(tasks: Iterable[Task]) -> np.ndarray:
    """Return the held-out values of 7 digits or more."""
    return precise(np.abs(np.concatenate([np.empty(0), *(fold.y_test for task in tasks for fold in task.folds)])))


def values_in_source(source: str, values: np.ndarray) -> np.ndarray:
    """Return the held-out values that a source contains: as numbers, or in its strings or bytes."""
    constants = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    texts = [v.encode(errors="replace") if isinstance(v, str) else v if isinstance(v, bytes) else repr(v).encode() for v in constants]
    whole = known_in(b"\n".join(texts), values)
    return np.unique(np.concatenate([whole, *(known_in(text, values) for text in texts if len(text) > 8)]))
