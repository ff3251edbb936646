"""AutoLaw: candidates of every kind, weighted by how well they extrapolate on the training rows themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from predictors.candidacy import NotCandidate
from predictors.error_sizes import interval_features, load_sizes
from predictors.judging import Circumstances, plausible, recency_weighted
from predictors.weighing import Asked, Shares, WeighedCandidates

__all__ = ["AutoLaw"]

_DROPPED = frozenset({"chinchilla-gamma", "farseer", "gaussian-process", "m4", "rectified"})
"""Candidates that cost time, and without which tuning cases are predicted about as well."""


class AutoLaw(WeighedCandidates):
    r"""A weighted mean of law forms and generic predictors, by weights that know how far the question lies.

    Every candidate that the variables allow is fitted to all training rows, and to the lower part of them along every axis of
    scale, where it must predict the upper part (`backtests.make_backtests`). A row to be predicted lies farthest beyond the
    training rows along some axis, by d times the range of the training rows. The weight of a candidate there is

    .. math:: w \propto \left(e_\mathrm{axis}^{1 - a - b} e_\mathrm{all}^{a} e_\mathrm{inner}^{b}\right)^{-(p + q \log(1 + d))}

    with its errors in the back-tests of that axis, of the overall scale, and in interpolation: the farther a row lies, the more
    the best candidates decide alone. A row that lacks columns is predicted without them, and judged by back-tests that did without
    them too; nothing is remembered of a prediction, and no other row has a say in it.

    Intervals are conformal: the sizes of errors on tuning cases, in units of what the spread of the candidates and their back-tests
    say, by how far a row lies (`error_sizes`).

    Parameters
    ----------
    power, growth : float
        p and q: of the error in the weights, and what every e-fold of distance adds to it.
    overall, inner : float
        a and b: how much the errors along the overall scale, and in interpolation, have to say.
    reach : float
        How far a candidate may go beyond the training values before it is left out, in units of their range for every
        training range of scale (and a half) beyond the training rows: one that leaps, or crosses zero, is not averaged.

    Attributes
    ----------
    errors_ : DataFrame
        Mean back-test error of each candidate (rows) along each axis (columns).
    """

    candidate = NotCandidate("it is what weighs the candidates")
    variables = None
    without = _DROPPED

    def __init__(self, power: float = 2.0, growth: float = 0.5, overall: float = 0.4, inner: float = 0.2, reach: float = 3.0):
        self.power = power
        self.growth = growth
        self.overall = overall
        self.inner = inner
        self.reach = reach

    def _mean_error(self, errors: Sequence[float], axis: str) -> float:
        return recency_weighted(errors, axis)

    def _share(self, asked: Asked) -> Shares:
        data = self._trials.data
        usable = plausible(data, asked.values, asked.beyond, self.reach)
        known = Circumstances(data, asked.names, self._trials.all_errors(asked.hidden), asked.axis)
        weight = self._weight(known, asked, usable) if data.backtests else _alike(self._plain(asked, usable))
        found = interval_features(weight, np.nan_to_num(asked.values), known.recent(), known.floor, asked.beyond, len(data.y))
        return Shares(weight, load_sizes().size(found))

    def _weight(self, known: Circumstances, asked: Asked, usable: np.ndarray) -> np.ndarray:
        """Return weights from errors in back-tests, shape (k, n)."""
        own, overall, inner = (np.log(np.minimum(e, 1e12) + known.floor) for e in (known.recent(), known.overall(), known.inner()))
        logs = (1.0 - self.overall - self.inner) * own + self.overall * overall + self.inner * inner
        power = self.power + self.growth * np.log1p(asked.beyond)
        logits = np.where(usable, -power[None, :] * logs[:, None], -np.inf)
        weight = np.exp(logits - logits.max(axis=0))
        found: np.ndarray = weight / weight.sum(axis=0)
        return found

    def _deviations(self, asked: Asked, shares: Shares, levels: np.ndarray) -> np.ndarray:
        return load_sizes().deviations(shares.spread, asked.beyond, levels)


def _alike(chosen: np.ndarray) -> np.ndarray:
    """Return equal weights of those that share, shape (k, n)."""
    found: np.ndarray = chosen / chosen.sum(axis=0)
    return found
