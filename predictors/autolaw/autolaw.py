"""AutoLaw: candidates of every kind, weighted by how well they extrapolate within the training rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import softmax
from sklearn.base import clone

from scalingbench.predictors.autolaw.ensemble import Ensemble, Points, Weights
from scalingbench.predictors.autolaw.learnt import interval_features, load_table
from scalingbench.predictors.autolaw.weights import BacktestErrors, plausible, recency_weighted
from scalingbench.predictors.candidacy import NotCandidate

__all__ = ["AutoLaw"]

_DROPPED = frozenset(
    {
        *("bnsl-1", "chinchilla-gamma", "chinchilla[l2-log]", "chinchilla[prior]", "compute-only", "farseer"),
        *("gaussian-process", "m4", "m4[pooled]", "mmf4", "rectified", "shifted-power-law"),
    }
)
"""Candidates that cost time, and without which tuning cases are predicted about as well."""


class AutoLaw(Ensemble):
    r"""A weighted mean of law forms and generic predictors, with weights that depend on the distance of extrapolation.

    Every candidate that the variables allow is fitted to all training rows, and to the lower part of them along every axis of
    scale, where it must predict the upper part (`backtest.make_backtests`). A prediction point lies farthest beyond the
    training rows along some axis, by d times the range of the training rows. The weight of a candidate there is

    .. math:: w \propto \exp\Big(a + b \log(1 + d) + \sum_{k=1}^{3} \big(c_k + c'_k \log(1 + d) + c''_k n^{-1/2}\big) e_k\Big)

    with the logarithms e of its errors in the back-tests of that axis, of the overall scale, and in interpolation, and n training
    rows. The coefficients, a and b for each candidate, are learnt from tuning cases (`learnt`). A point that lacks columns is
    predicted without them, with weights from back-tests without them. A prediction depends on the fit and on its own point alone.

    Some candidates pool: curves of one task that are fitted together share a prior (`laws.priors`). No back-test trains on the
    rows that it predicts.

    Intervals are conformal: sizes of errors on tuning cases, relative to the spread of the candidates and to their back-test
    errors, by distance of extrapolation.

    Parameters
    ----------
    reach : float
        How far a candidate may go beyond the training values, in units of their range for every training range of scale (and a
        half) beyond the training rows: one whose prediction is implausible at a point is excluded there.
    left_out : str, optional
        Cluster of collections that the coefficients must not have been learnt from.

    Attributes
    ----------
    errors_ : DataFrame
        Mean back-test error of each candidate (rows) along each axis (columns).
    """

    candidate = NotCandidate("it averages the candidates")
    pools = True
    without = _DROPPED

    def __init__(self, reach: float = 3.0, left_out: str | None = None):
        self.reach = reach
        self.left_out = left_out

    def without_cluster(self, cluster: str) -> AutoLaw:
        """Return one whose coefficients were learnt without a cluster of collections."""
        found: AutoLaw = clone(self).set_params(left_out=cluster)
        return found

    def _mean_error(self, errors: Sequence[float], axis: str) -> float:
        return recency_weighted(errors, axis)

    def _weigh(self, points: Points) -> Weights:
        data, table = self._fits.data, load_table(self.left_out)
        usable = plausible(data, points.values, points.beyond, self.reach)
        known = BacktestErrors(data, points.names, self._fits.all_errors(points.hidden), points.axis)
        if data.backtests:
            logits = table.weights.logits(points.names, known.kinds(), points.beyond, len(data.y))
            weight = softmax(np.where(usable, logits, -np.inf), axis=0)
        else:
            plain = self._plain(points, usable)
            weight = plain / plain.sum(axis=0)
        found = interval_features(weight, np.nan_to_num(points.values), known.recent(), known.floor, points.beyond, len(data.y))
        return Weights(weight, table.sizes.size(found))

    def _deviations(self, points: Points, weights: Weights, levels: np.ndarray) -> np.ndarray:
        return load_table(self.left_out).sizes.deviations(weights.spread, points.beyond, levels)
