"""Point and interval metrics: pure functions of arrays.

All take ``y`` (measured) and ``p`` (predicted), both of shape (n,), and return a float.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from scalingbench.benchmark.tasks.task import MIN_ROWS_R2

__all__ = ["bias", "coverage", "crps", "log_scale", "mape", "nmse", "pinball", "r2", "rmse", "rmsle"]

_TINY = 1e-300  # replaces predictions <= 0 on a log scale: finite, and above any ceiling


def log_scale(values: ArrayLike) -> np.ndarray:
    """Return logarithms; values <= 0 are replaced by a tiny number."""
    logs: np.ndarray = np.log(np.maximum(np.asarray(values, float), _TINY))
    return logs


def _log_ratio(y: ArrayLike, p: ArrayLike) -> np.ndarray:
    ratio: np.ndarray = log_scale(p) - np.log(np.asarray(y, float))
    return ratio


def rmsle(y: ArrayLike, p: ArrayLike) -> float:
    r"""Root mean squared log error, :math:`\sqrt{\mathrm{mean}(\log p - \log y)^2}`; y must be positive.

    Examples
    --------
    >>> round(rmsle([1.0, 1.0], [1.1, 1.1]), 4)
    0.0953
    """
    return float(np.sqrt(np.mean(_log_ratio(y, p) ** 2)))


def bias(y: ArrayLike, p: ArrayLike) -> float:
    """Mean signed log error; positive where predictions are too high."""
    return float(np.mean(_log_ratio(y, p)))


def mape(y: ArrayLike, p: ArrayLike) -> float:
    """Mean absolute relative error, as a share (0.01 is 1 %)."""
    y = np.asarray(y, float)
    with np.errstate(divide="ignore", invalid="ignore"):  # an accuracy may be 0
        return float(np.mean(np.abs(np.asarray(p, float) - y) / np.abs(y)))


def rmse(y: ArrayLike, p: ArrayLike) -> float:
    """Root mean squared error, in the unit of y."""
    return float(np.sqrt(np.mean((np.asarray(p, float) - np.asarray(y, float)) ** 2)))


def nmse(y: ArrayLike, p: ArrayLike) -> float:
    """Mean squared error divided by the variance of y."""
    y = np.asarray(y, float)
    variance = float(np.var(y))
    return rmse(y, p) ** 2 / variance if variance > 0 else float("nan")


def r2(y: ArrayLike, p: ArrayLike) -> float:
    """Share of the variance of y explained; NaN on fewer than `MIN_ROWS_R2` rows or constant y."""
    if np.size(y) < MIN_ROWS_R2:
        return float("nan")
    return 1.0 - nmse(y, p)


def pinball(y: ArrayLike, q: ArrayLike, level: float) -> float:
    """Mean pinball loss of the predicted quantile `q` at `level` in (0, 1)."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level: expected a number in (0, 1), got {level!r}")
    difference = np.asarray(y, float) - np.asarray(q, float)
    return float(np.mean(np.maximum(level * difference, (level - 1.0) * difference)))


def crps(y: ArrayLike, quantiles: Mapping[float, ArrayLike]) -> float:
    r"""Continuous ranked probability score, from quantiles: the mean over the levels of twice the pinball loss.

    For a point forecast all quantiles are equal, and the score is the mean absolute error.

    Parameters
    ----------
    y : array-like, shape (n,)
        Measured values.
    quantiles : mapping of float to array-like
        Predicted quantiles by level, symmetric about the middle.

    Examples
    --------
    >>> crps([1.0], {0.1: [3.0], 0.5: [3.0], 0.9: [3.0]})
    2.0
    """
    return float(np.mean([2.0 * pinball(y, q, level) for level, q in quantiles.items()]))


def coverage(y: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Share of rows with a measured value within [low, high]."""
    y = np.asarray(y, float)
    return float(np.mean((y >= np.asarray(low, float)) & (y <= np.asarray(high, float))))
