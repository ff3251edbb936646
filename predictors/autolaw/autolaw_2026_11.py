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
        "shifted-power-law[pooled]",
        "two-stage[bounded]",
    }
)
"""Candidates that came later: this rule does not try them."""


class AutoLaw202611(Ensemble):
    """A weighted mean of law forms and generic predictors, weighted by back-tests on the training rows alone.

    Every candidate that the variables allow is fitted to all training rows, and to the lower part of them along every
    axis of scale, where it must predict the upper part; see `backtest.make_backtests`. The axis along which a
    prediction point lies farthest beyond the training rows decides which back-tests count. A candidate's weight
    is its back-test error to a negative power, so the best few have almost all of it. A point that lacks columns is
    predicted without them, with weights from back-tests without them.

    Intervals are normal, on the scale of the mean: the spread of the candidates' predictions, and the error that the
    mean itself made in the back-tests.

    The rule is the one that stands on the boards of suites v0 and v1, with one correction: there the rows of one
    call had one axis and one set of plausible candidates; here every row has its own.

    Parameters
    ----------
    power : float
        Of the error in the weights.
    most : int
        Candidates that get any weight.
    floor : float
        Share of the spread of the training values added to every error, so that luck on few rows does not decide.
    recency : float
        How much more each higher back-test of an axis counts than the one below it.
    widen : float
        Factor on the standard deviation of the intervals.
    reach : float
        How far a candidate may go beyond the training values, in units of their range for every training range of scale (and a
        half) beyond the training rows: one whose prediction is implausible at a point is excluded there.

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
        """Return the candidates with weight at each point: the best in back-tests of those that are usable there; shape (k, n)."""
        order = np.argsort(error, kind="stable")
        tested = usable[order] & np.isfinite(error[order])[:, None]
        chosen = np.empty_like(usable)
        chosen[order] = tested & (np.cumsum(tested, axis=0) <= self.most)
        return np.where(chosen.any(axis=0), chosen, self._plain(points, usable))
