"""AutoLaw as it was until November 2026: the best few candidates in back-tests, weighted by their errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scalingbench.predictors.autolaw.ensemble import Asked, Shares, WeighedCandidates
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
"""Candidates that this rule never knew."""


class AutoLaw202611(WeighedCandidates):
    """A weighted mean of law forms and generic predictors, judged by back-tests on the training rows alone.

    Every candidate that the variables allow is fitted to all training rows, and to the lower part of them along every
    axis of scale, where it must predict the upper part; see `backtests.make_backtests`. When a held-out input comes, the
    axis along which it lies farthest beyond the training rows decides which back-tests count. A candidate's weight
    is its back-test error to a negative power, so the best few share almost all of it. A held-out row that lacks columns is
    predicted without them, by weights from back-tests that did without them too; nothing is remembered of a prediction.

    Intervals are normal, on the scale of the mean: the spread of the candidates' predictions, and the error that the
    mean itself made in the back-tests.

    The rule is the one that stands on the boards of suites v0 and v1, with one correction: there the rows that were asked
    for together decided together along which axis they lie farthest, and who leaps; here every row is judged alone.

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
        How far a candidate may go beyond the training values before it is left out, in units of their range for every
        training range of scale (and a half) beyond the training rows: one that leaps, or crosses zero, is not averaged.

    Attributes
    ----------
    errors_ : DataFrame
        Mean back-test error of each candidate (rows) along each axis (columns).
    """

    candidate = NotCandidate("it is what weighs the candidates")
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

    def _share(self, asked: Asked) -> Shares:
        data = self._trials.data
        judged = nearest_axis(asked.axis, data.backtests)
        errors = self._mean_errors(judged, asked.hidden) if judged is not None else {}
        error = np.array([errors.get(name, np.inf) for name in asked.names])
        chosen = self._chosen(asked, error, plausible(data, asked.values, asked.beyond, self.reach))
        known = np.where(np.isfinite(error), error, 1.0) + max(self.floor * float(np.std(data.scaled)), 1e-6)
        weight = np.where(chosen, (known**-self.power)[:, None], 0.0)
        weight /= weight.sum(axis=0)
        values = np.nan_to_num(asked.values)
        variance = (weight * (values - (weight * values).sum(axis=0)) ** 2).sum(axis=0)
        return Shares(weight, self.widen * np.sqrt(variance + (known @ weight) ** 2))

    def _chosen(self, asked: Asked, error: np.ndarray, usable: np.ndarray) -> np.ndarray:
        """Return who shares in each row: the best in back-tests of those that are usable there; shape (k, n)."""
        order = np.argsort(error, kind="stable")
        tested = usable[order] & np.isfinite(error[order])[:, None]
        chosen = np.empty_like(usable)
        chosen[order] = tested & (np.cumsum(tested, axis=0) <= self.most)
        return np.where(chosen.any(axis=0), chosen, self._plain(asked, usable))
