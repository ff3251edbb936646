"""Instability: how far predictions move when the last bits of the training rows change, as on another processor.

Another processor or BLAS kernel rounds sums differently. A fit that the data determine does not change. One that follows a flat
direction, or chooses among equally good optima, ends elsewhere. Refits to rows multiplied by 1 + 1e-15 u, with u in {-1, 0, 1}, have
the same effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.results import FoldResult
from scalingbench.benchmark.evaluation.workers import Inputs
from scalingbench.benchmark.tasks.fold import Fold
from scalingbench.common.rounding import REFITS
from scalingbench.common.rounding import jittered as of_array

__all__ = ["MARGIN", "Fits", "Rounds", "jittered", "moves", "rounds_of", "with_instability"]

Fits = Callable[[Inputs], Sequence[FoldResult]]
"""A function from the inputs of folds to their results, see `scalingbench.benchmark.evaluation.workers`."""
Rounds = list[list[FoldResult]]
"""Results of all folds, then those of each refit, if there are any."""

MARGIN = 10.0
"""Two machines may differ by this multiple of the measured instability, because five refits do not find the maximum."""
_FEW = 0.01  # share of the spread of a fold's values: lower limit of the denominator


def moves(one: np.ndarray, other: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the difference of predictions, relative to the first or, if larger, to 1 % of the spread of the held-out values.

    Parameters
    ----------
    one, other, values : ndarray, shape (n,)
        Two predictions of a fold, and its held-out values.
    """
    scale = np.maximum(np.maximum(np.abs(one), _FEW * np.ptp(values)), np.finfo(float).tiny)
    apart: np.ndarray = np.abs(other - one) / scale
    return apart


def rounds_of(fit: Fits, inputs: Inputs, refits: bool) -> Rounds:
    """Return the results of folds, followed on request by those of refits to jittered rows.

    Parameters
    ----------
    fit : callable
        From the inputs of folds to their results.
    inputs : list
        Inputs of all folds.
    refits : bool
        Whether to refit.
    """
    given = [inputs, *([list(_moved(inputs, seed)) for seed in range(REFITS)] if refits else [])]
    return [list(fit(one)) for one in given]


def with_instability(rounds: Rounds, folds: Sequence[Fold]) -> list[FoldResult]:
    """Return results with the largest move of a prediction over their refits; NaN where the fit failed or there are none.

    Parameters
    ----------
    rounds : list of list of FoldResult
        As `rounds_of` returns them.
    folds : sequence of Fold
        The folds themselves, for the scale of their held-out values.
    """
    found, *again = rounds
    if not again:
        return list(found)
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
    """Return training rows whose numbers differ in the last bits; equal values of a column stay equal, and values stay in range."""
    rng = np.random.default_rng(seed)
    columns = {str(name): of_array(X[name].to_numpy(float), rng) for name in X.select_dtypes("number")}
    return X.assign(**columns), of_array(y, rng)
