"""AutoLaw: candidates of every kind, weighted by how well they extrapolate within the training rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import softmax
from sklearn.base import clone

from scalingbench.predictors.autolaw.ensemble import Ensemble, Points, Weights
from scalingbench.predictors.autolaw.learnt import interval_features, load_table
from scalingbench.predictors.autolaw.unread import behind, blind
from scalingbench.predictors.autolaw.weights import FARTHEST, BacktestErrors, plausible, recency_weighted
from scalingbench.predictors.candidacy import NotCandidate

__all__ = ["AutoLaw"]

_DROPPED = frozenset(
    {
        *("bnsl-1", "chinchilla-gamma", "chinchilla[l2-log]", "chinchilla[prior]", "compute-only", "farseer"),
        *("gaussian-process", "m4", "m4[pooled]", "mmf4", "rectified", "shifted-power-law"),
    }
)
"""Slow candidates; without them the error on the tuning cases is about the same."""


class AutoLaw(Ensemble):
    r"""A weighted mean of law forms and generic predictors; the weights depend on the distance of extrapolation.

    Every candidate that reads the available variables is fitted to all training rows. In back-tests it is fitted to the lower
    training rows along each axis of scale and predicts the upper ones (`backtest.make_backtests`). The axis of a prediction point
    is the one along which it is farthest from the training rows, by d times their range. The weight of a candidate there is

    .. math:: w \propto \exp\Big(a + b \log(1 + d) + \sum_{k=1}^{3} \big(c_k + c'_k \log(1 + d) + c''_k n^{-1/2}\big) e_k\Big)

    where e are the logarithms of its back-test errors along that axis, along the overall scale, and in interpolation, and n is the
    number of training rows. The coefficients, a and b for each candidate, are learnt from tuning cases (`learnt`).
    A candidate that leaves out columns which explain its residuals is behind those that read them and have smaller back-test errors
    (`unread`).

    A point that lacks columns is predicted without them, with weights from back-tests without them. A prediction depends on the fit
    and on its own point alone.

    Some candidates pool: curves of one task that are fitted together share a prior (`laws.priors`). No back-test trains on the
    rows that it predicts.

    Intervals are conformal: quantiles of errors on tuning cases, by distance of extrapolation, relative to the spread of the
    candidates and to their back-test errors.

    Parameters
    ----------
    reach : float
        Largest plausible distance of a prediction from the training values: at d training ranges of scale beyond the training
        rows, `reach` x (d + 0.5) ranges of the values. A candidate whose prediction is implausible at a point is excluded there.
    left_out : str, optional
        Cluster of collections that the coefficients are learnt without.

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
        """Return an AutoLaw whose coefficients are learnt without a cluster of collections."""
        found: AutoLaw = clone(self).set_params(left_out=cluster)
        return found

    def _mean_error(self, errors: Sequence[float], axis: str) -> float:
        return recency_weighted(errors, axis)

    def _weigh(self, points: Points) -> Weights:
        data, table = self._fits.data, load_table(self.left_out)
        usable = plausible(data, points.values, points.beyond, self.reach)
        known = BacktestErrors(data, points.names, self._fits.all_errors(points.hidden), points.axis)
        if data.backtests:
            kinds = known.kinds()
            logits = table.weights.logits(points.names, kinds, points.beyond, len(data.y))
            logits = behind(logits, blind(self._fits, points.names), kinds[[0, 2]], usable, FARTHEST)
            weight = softmax(np.where(usable, logits, -np.inf), axis=0)
        else:
            default = self._untested(points, usable)
            weight = default / default.sum(axis=0)
        found = interval_features(weight, np.nan_to_num(points.values), known.recent(), known.floor, points.beyond, len(data.y))
        return Weights(weight, table.sizes.size(found))

    def _deviations(self, points: Points, weights: Weights, levels: np.ndarray) -> np.ndarray:
        return load_table(self.left_out).sizes.deviations(weights.spread, points.beyond, levels)
