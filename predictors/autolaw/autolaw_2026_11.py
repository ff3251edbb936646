"""AutoLaw as it was until November 2026: the best few candidates in back-tests, weighted by their errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scalingbench.predictors.autolaw.ensemble import Ensemble, Points, Weights
from scalingbench.predictors.autolaw.weights import nearest_axis, plausible, recency_weighted
from scalingbench.predictors.candidacy import NotCandidate

__all__ = ["AutoLaw202611"]

_JOINED_LATER = frozenset(
    {
        "bnsl-1[pooled]",
        "chinchilla[pooled]",
        "chinchilla[prior]",
        "law-gp",
        "log-linear[floor]",
        "logit-linear",
        "m4[pooled]",
        "mixture-plus-scale",
        "mixture-times-scale",
        "shifted-power-law[pooled]",
        "two-stage[bounded]",
    }
)
"""Candidates that were added later; this rule does not use them."""


class AutoLaw202611(Ensemble):
    """A weighted mean of law forms and generic predictors, weighted by back-tests on the training rows alone.

    Every candidate that reads the available variables is fitted to all training rows. In back-tests it is fitted to the lower
    training rows along each axis of scale and predicts the upper ones (`backtest.make_backtests`). The axis along which a
    prediction point is farthest from the training rows selects the back-tests. The weight of a candidate is its error in
    them to a negative power, so the best few have almost all of the weight. A point that lacks columns is
    predicted without them, with weights from back-tests without them.

    Intervals are normal on the scale of the mean. Their variance is that of the candidates' predictions plus the square of
    the weighted mean back-test error.

    The boards of suites v0 and v1 use this rule, with one difference: there all rows of a call share one axis and one set of
    plausible candidates; here every row has its own.

    Parameters
    ----------
    power : float
        Exponent of the error in the weights.
    most : int
        Number of candidates with weight.
    floor : float
        Share of the spread of the training values added to every error, against chance on few rows.
    recency : float
        Weight of each back-test of an axis relative to the next lower one.
    widen : float
        Factor on the standard deviation of the intervals.
    reach : float
        Largest plausible distance of a prediction from the training values: at d training ranges of scale beyond the training
        rows, `reach` x (d + 0.5) ranges of the values. A candidate whose prediction is implausible at a point is excluded there.

    Attributes
    ----------
    errors_ : DataFrame
        Mean back-test error of each candidate (rows) along each axis (columns).
    """

    candidate = NotCandidate("it averages the candidates")
    without = _JOINED_LATER

    def __init__(
        self, power: float = 2.0, most: int = 5, floor: float = 0.003, recency: float = 4.0, widen: float = 1.35, reach: float = 3.0
    ):
        self.power = power
        self.most = most
        self.floor = floor
        self.recency = recency
        self.widen = widen
        self.reach = reach

    def _mean_error(self, errors: Sequence[float], axis: str) -> float:
        return recency_weighted(errors, axis, self.recency)

    def _weigh(self, points: Points) -> Weights:
        data = self._fits.data
        tested = nearest_axis(points.axis, data.backtests)
        errors = self._mean_errors(tested, points.hidden) if tested is not None else {}
        error = np.array([errors.get(name, np.inf) for name in points.names])
        chosen = self._chosen(points, error, plausible(data, points.values, points.beyond, self.reach))
        known = np.where(np.isfinite(error), error, 1.0) + max(self.floor * float(np.std(data.scaled)), 1e-6)
        weight = np.where(chosen, (known**-self.power)[:, None], 0.0)
        weight /= weight.sum(axis=0)
        values = np.nan_to_num(points.values)
        variance = (weight * (values - (weight * values).sum(axis=0)) ** 2).sum(axis=0)
        return Weights(weight, self.widen * np.sqrt(variance + (known @ weight) ** 2))

    def _chosen(self, points: Points, error: np.ndarray, usable: np.ndarray) -> np.ndarray:
        """Return the candidates with weight at each point: the usable ones with the smallest back-test errors; shape (k, n)."""
        order = np.argsort(error, kind="stable")
        tested = usable[order] & np.isfinite(error[order])[:, None]
        chosen = np.empty_like(usable)
        chosen[order] = tested & (np.cumsum(tested, axis=0) <= self.most)
        return np.where(chosen.any(axis=0), chosen, self._untested(points, usable))
