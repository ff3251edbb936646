"""Back-tests on training rows: cheap runs predict the dearer ones that were trained on as well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from predictors.columns import numeric_columns

__all__ = ["ALL", "INTERPOLATION", "Backtest", "axes_of", "direction", "make_backtests"]

ALL = "*"
"""The axis of overall scale: the sum of the log variables."""
INTERPOLATION = "interpolation"
_CUTS = (0.5, 0.65, 0.8)
_FEWEST_VALUES = 4
_FEWEST_ROWS = 3
_FOLDS = 3
_FALLING = ("source_loss", "teacher_loss")
"""Axes along which larger models lie lower."""


@dataclass(frozen=True)
class Backtest:
    """One division of the training rows.

    Attributes
    ----------
    axis : str
        A variable, `ALL` or `INTERPOLATION`.
    train, test : ndarray of int
        Positions of rows.
    """

    axis: str
    train: np.ndarray
    test: np.ndarray


def axes_of(X: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the axes along which a data set can be extrapolated, as values that grow with scale, each of shape (n,)."""
    axes = {}
    for name in numeric_columns(X):
        x = X[name].to_numpy(float)
        if name.startswith(("mix_", "obs_")) or not (x > 0).all():
            continue
        axes[name] = -np.log(x) if name in _FALLING else np.log(x)
    several = [a for name, a in axes.items() if name not in _FALLING and name not in ("learning_rate", "batch_size")]
    if len(several) > 1:
        axes[ALL] = np.sum(several, axis=0)
    return axes


def make_backtests(X: pd.DataFrame) -> list[Backtest]:
    """Divide training rows along every axis at several heights, and once for interpolation.

    Along an axis with at least four values the rows up to a half, two thirds and four fifths of its distinct values are
    trained on and those above are predicted; for interpolation three interleaved parts (whole runs, where rows are steps
    of runs) are predicted from the rest.
    """
    found = []
    for name, values in axes_of(X).items():
        distinct = np.unique(values)
        if len(distinct) < _FEWEST_VALUES:
            continue
        cuts = {int(np.clip(round(share * len(distinct)), 2, len(distinct) - 1)) for share in _CUTS}
        found += [_cut(name, values, distinct[cut - 1]) for cut in sorted(cuts)]
    return [b for b in (*found, *_interleaved(X)) if len(b.train) >= _FEWEST_ROWS and len(b.test)]


def _cut(name: str, values: np.ndarray, limit: float) -> Backtest:
    return Backtest(name, np.flatnonzero(values <= limit), np.flatnonzero(values > limit))


def _interleaved(X: pd.DataFrame) -> list[Backtest]:
    groups = pd.factorize(X["run"])[0] if "run" in X and X["run"].nunique() >= _FOLDS else np.arange(len(X))
    fold = groups % _FOLDS
    return [Backtest(INTERPOLATION, np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(_FOLDS)]


def direction(train: pd.DataFrame, test: pd.DataFrame) -> tuple[str, float]:
    """Return the axis along which held-out rows lie farthest beyond the training rows, and how far in units of the training range.

    Only the inputs of the held-out rows are looked at; columns of which they have no value are left out of both.
    """
    shared = [c for c in train.columns if c in test.columns and not test[c].isna().all()]
    known, asked = axes_of(train[shared]), axes_of(test[shared])
    best, farthest = INTERPOLATION, 0.02
    for name, values in known.items():
        if name not in asked or np.ptp(values) <= 0:
            continue
        beyond = float((asked[name].max() - values.max()) / np.ptp(values))
        if beyond > farthest * (1.0 + 1e-9):
            best, farthest = name, beyond
    return best, farthest if best != INTERPOLATION else 0.0
