"""How large the errors of AutoLaw are, from what is known of a row; see `scalingbench.predictors.learnt_tables`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["ErrorSizes", "interval_features"]


@dataclass(frozen=True)
class ErrorSizes:
    """How large errors are.

    Attributes
    ----------
    scale : ndarray, shape (5,)
        Coefficients of the logarithm of an error's size; see `interval_features`.
    edges : ndarray, shape (b - 1,)
        Distances at which the quantiles change.
    shares, quantiles : ndarray, shapes (q,) and (b, q)
        Share of errors that are smaller than this many sizes.
    """

    scale: np.ndarray
    edges: np.ndarray
    shares: np.ndarray
    quantiles: np.ndarray

    def size(self, features: np.ndarray) -> np.ndarray:
        """Return the size of an error from `interval_features`, shape (n,)."""
        found: np.ndarray = np.exp(np.clip(features @ self.scale, -60.0, 60.0))
        return found

    def deviations(self, size: np.ndarray, beyond: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Return quantiles of a measurement less its mean, shape (n, len(levels))."""
        part = np.searchsorted(self.edges, beyond, side="right")
        held = np.abs(2.0 * levels - 1.0)
        within = np.stack([np.interp(held, np.append(0.0, self.shares), np.append(0.0, row)) for row in self.quantiles])
        # beyond the largest share that was measured, as a normal error of that size would go on
        last = self.shares[-1]
        out = held > last
        if out.any():
            from scipy.stats import norm

            more = norm.ppf(0.5 + 0.5 * np.minimum(held[out], 1 - 1e-12)) / norm.ppf(0.5 + 0.5 * last)
            within[:, out] = self.quantiles[:, -1:] * more[None, :]
        found: np.ndarray = size[:, None] * within[part] * np.sign(levels - 0.5)[None, :]
        return found


def interval_features(
    weight: np.ndarray, values: np.ndarray, recent: np.ndarray, floor: float, beyond: np.ndarray, rows: int
) -> np.ndarray:
    """Return what the size of an error follows from, shape (n, 5).

    Parameters
    ----------
    weight, values : ndarray, shape (k, n)
        Weights and predictions of the candidates.
    recent : ndarray, shape (k,)
        Their errors in back-tests.
    floor : float
        The error below which nothing is told apart.
    beyond : ndarray, shape (n,)
        How far the rows lie beyond the training rows.
    rows : int
        Training rows.
    """
    mean = (weight * values).sum(axis=0)
    spread = np.sqrt((weight * (values - mean) ** 2).sum(axis=0))
    tested = np.isfinite(recent)
    share = weight[tested].sum(axis=0)
    error = (weight[tested] * recent[tested, None]).sum(axis=0) / np.maximum(share, 1e-12)
    error = np.where(share > 1e-6, error, spread)
    n = len(mean)
    return np.stack([np.ones(n), np.log(spread + floor), np.log(error + floor), np.log1p(beyond), np.full(n, 1.0 / rows)], axis=1)
