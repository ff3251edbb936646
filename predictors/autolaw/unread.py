"""Candidates that leave out columns which explain their residuals, and the candidates that they must not outweigh.

Back-tests along axes of scale can't show that a column matters which is no such axis (shares of a mixture, results on benchmarks): a
form without it may look good where the rows above a cut happen to have it near its mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import fdtrc

from scalingbench.predictors.autolaw.backtest import CandidateFits
from scalingbench.predictors.axes import INTERPOLATION, axes_of
from scalingbench.predictors.columns import numeric_columns

__all__ = ["behind", "blind"]

_CHANCE = 1e-4
"""Residuals are explained where chance would do it this rarely."""


def blind(fits: CandidateFits, names: Sequence[str]) -> np.ndarray:
    """Return which candidates leave out columns, none of them an axis of scale, that explain their residuals; shape (k,)."""
    X = fits.data.X
    other = [c for c in numeric_columns(X) if c not in axes_of(X) and X[c].nunique() > 1]
    if not other:
        return np.zeros(len(names), bool)
    found = []
    for name in names:
        unread = [c for c in other if c not in getattr(fits.by_name[name].model, "columns_", other)]
        found.append(bool(unread) and _explained(fits, name, X[unread]))
    return np.array(found)


def _explained(fits: CandidateFits, name: str, unread: pd.DataFrame) -> bool:
    """Return whether a linear function of unread columns explains a candidate's errors in interpolation."""
    parts = zip(fits.data.backtests, fits.by_name[name].residuals, strict=True)
    known = [(test.test, r) for test, r in parts if test.axis == INTERPOLATION and r is not None]
    if not known:
        return False
    rows, residuals = (np.concatenate(column) for column in zip(*known, strict=True))
    return _chance(unread.to_numpy(float)[rows], residuals) < _CHANCE


def _chance(columns: np.ndarray, residuals: np.ndarray) -> float:
    """Return the probability that columns without effect explain as much (an F test); 1 where rows are too few or values are missing."""
    columns, rest = columns - columns.mean(axis=0), residuals - residuals.mean()
    if not np.isfinite(columns).all():
        return 1.0
    solution, _, rank, _ = np.linalg.lstsq(columns, rest, rcond=1e-10)
    freedom, left = len(rest) - 1 - int(rank), float(np.sum((rest - columns @ solution) ** 2))
    if rank == 0 or freedom < 1:
        return 1.0
    gained = max(float(rest @ rest) - left, 0.0)
    return float(fdtrc(rank, freedom, gained / rank / max(left / freedom, 1e-300)))


def behind(logits: np.ndarray, unfit: np.ndarray, errors: np.ndarray, usable: np.ndarray, margin: float) -> np.ndarray:
    """Return logits in which such candidates are behind those that read the columns and have smaller errors; shape (k, n).

    Parameters
    ----------
    logits, usable : ndarray, shape (k, n)
        Logarithms of the weights up to a constant, and which candidates may have weight.
    unfit : ndarray of bool, shape (k,)
        The candidates, from `blind`.
    errors : ndarray, shape (m, k)
        Back-test errors of several kinds; smaller means smaller in each.
    margin : float
        Least distance, in e-folds.
    """
    found = logits.copy()
    for k in np.flatnonzero(unfit):
        better = ~unfit & (errors < errors[:, [k]]).all(axis=0)
        rival = np.where(usable & better[:, None], logits, -np.inf).max(axis=0)
        found[k] = np.where(np.isfinite(rival), np.minimum(logits[k], rival - margin), logits[k])
    return found
