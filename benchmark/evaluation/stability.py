"""How far predictions move when the last bits of the training rows do: what another processor would give, measured on one machine.

Sums are rounded differently by another processor or BLAS kernel. A fit that the data determine does not notice; one that follows
a flat direction, or picks among optima that fit equally well, ends elsewhere. Refits to rows whose values are multiplied by
1 + 1e-15 u, with u in {-1, 0, 1}, show the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from benchmark.evaluation.results import FoldResult
from benchmark.evaluation.workers import Inputs
from benchmark.tasks.fold import Fold
from scalingbench.common.rounding import REFITS
from scalingbench.common.rounding import jittered as of_array

__all__ = ["MARGIN", "Fits", "jittered", "moves", "with_instability"]

Fits = Callable[[Inputs], Sequence[FoldResult]]
"""What gives the results of folds from their inputs, see `benchmark.evaluation.workers`."""

MARGIN = 10.0
"""Two machines may differ by this many times the measured instability: five refits do not find the farthest."""
_FEW = 0.01  # of the spread of a fold's values: predictions that are nearer to zero are measured against this


def moves(one: np.ndarray, other: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return how far predictions are apart, relative to the first, or to 1 % of the spread of the held-out values where that is larger.

    Parameters
    ----------
    one, other, values : ndarray, shape (n,)
        Two predictions of a fold, and its held-out values.
    """
    scale = np.maximum(np.maximum(np.abs(one), _FEW * np.ptp(values)), np.finfo(float).tiny)
    apart: np.ndarray = np.abs(other - one) / scale
    return apart


def with_instability(fit: Fits, inputs: Inputs, found: Sequence[FoldResult], folds: Sequence[Fold]) -> list[FoldResult]:
    """Return results with the largest move of a prediction over refits to jittered rows; NaN where the fit failed.

    Parameters
    ----------
    fit : callable
        Gives the results of folds from their inputs.
    inputs : list
        Of all folds.
    found : sequence of FoldResult
        What `fit` gave for them.
    folds : sequence of Fold
        The folds themselves, for the scale of their values.
    """
    again = [fit(list(_moved(inputs, seed))) for seed in range(REFITS)]
    return [
        replace(fold, instability=max(_apart(fold, other, whole.y_test) for other in others)) if fold.status == "ok" else fold
        for fold, whole, others in zip(found, folds, zip(*again, strict=True), strict=True)
    ]


def _apart(fold: FoldResult, other: FoldResult, values: np.ndarray) -> float:
    """Return the largest move of a prediction; infinite where the refit failed."""
    return float(moves(fold.predictions, other.predictions, values).max()) if other.status == "ok" else float("inf")


def _moved(inputs: Inputs, seed: int) -> Iterator[tuple[str, pd.DataFrame, np.ndarray, pd.DataFrame]]:
    for name, X, y, X_test in inputs:
        yield (name, *jittered(X, y, seed), X_test)


def jittered(X: pd.DataFrame, y: np.ndarray, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return training rows whose numbers differ in the last bits; equal values of a column stay equal, and none leaves its range."""
    rng = np.random.default_rng(seed)
    columns = {str(name): of_array(X[name].to_numpy(float), rng) for name in X.select_dtypes("number")}
    return X.assign(**columns), of_array(y, rng)
