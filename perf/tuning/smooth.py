"""Intervals that change continuously with distance, and are never narrower than the spread of the candidates with weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from perf.tuning.intervals import SHARES, coverage, interval_table, quantile_of, row_weights, scale_of
from perf.tuning.rules import Rows

__all__ = ["DISTANCES", "Smooth", "fit_smooth", "nearness", "unseen"]

DISTANCES = (0.0, 0.5, 1.5, 4.0)
"""Where quantiles are stated, in training ranges."""
SHRINK = 2.0
"""Weight of the errors at all distances, in collections, that is added to those at each."""
LEVEL = 0.8


@dataclass(frozen=True)
class Smooth:
    """The distribution of errors.

    Attributes
    ----------
    scale : ndarray, shape (5,)
        Coefficients of the logarithm of an error's size; see `scalingbench.predictors.autolaw.learnt.interval_features`.
    quantiles : ndarray, shape (b, q)
        Quantiles of |error| / size at `DISTANCES` and `SHARES`; linear in log(1 + d) between distances.
    """

    scale: np.ndarray
    quantiles: np.ndarray

    def half_width(self, features: np.ndarray, beyond: np.ndarray, spread: np.ndarray, level: float = LEVEL) -> np.ndarray:
        """Return half the width of an interval of a level, shape (n,); `spread` is the standard deviation of the candidates."""
        within = np.array([np.interp(level, SHARES, row) for row in self.quantiles])
        size = np.exp(np.clip(features @ self.scale, -60.0, 60.0))
        found: np.ndarray = np.maximum(size * (nearness(beyond) @ within), spread * ndtri(0.5 + 0.5 * level))
        return found


def nearness(beyond: np.ndarray) -> np.ndarray:
    """Return the weights of linear interpolation between the distances, by log(1 + d); shape (n, b)."""
    place, knots = np.log1p(beyond), np.log1p(DISTANCES)
    return np.stack([np.interp(place, knots, one) for one in np.eye(len(knots))], axis=1)


def fit_smooth(rows: Rows, features: np.ndarray, residual: np.ndarray, chosen: np.ndarray) -> Smooth:
    """Fit the size of errors on the chosen cases, with equal weight per collection, then their quantiles at every distance."""
    pick, scale = chosen[rows.case], scale_of(rows, features, residual, chosen)
    weight = row_weights(rows)[pick]
    z = np.abs(residual[pick]) / np.exp(features[pick] @ scale)
    near = nearness(rows.beyond[pick]).T * weight + SHRINK * weight / weight.sum()
    return Smooth(scale, np.stack([quantile_of(z, some, np.array(SHARES)) for some in near]))


def unseen(rows: Rows, fold: np.ndarray, outer: Sequence[np.ndarray], inner: Sequence[np.ndarray]) -> pd.DataFrame:
    """Return coverage and width of 80 % intervals whose sizes were learnt without the row's fold, see `coverage`.

    Parameters
    ----------
    fold : ndarray of int, shape (C,)
    outer, inner : sequence of ndarray, each of shape (R, K)
        For each fold: weights learnt without it, and weights of the other rows learnt without it and their own.
    """
    half, residual = np.zeros(len(rows.y)), np.zeros(len(rows.y))
    for k, (at, others) in enumerate(zip(outer, inner, strict=True)):
        mine = (fold == k)[rows.case]
        sizes = fit_smooth(rows, *interval_table(rows, others), fold != k)
        features, error = interval_table(rows, at)
        spread = np.sqrt((at * (rows.values - (at * rows.values).sum(axis=1, keepdims=True)) ** 2).sum(axis=1))
        half[mine], residual[mine] = sizes.half_width(features, rows.beyond, spread)[mine], error[mine]
    return coverage(rows, np.abs(residual) <= half, 2.0 * half / rows.unit)
