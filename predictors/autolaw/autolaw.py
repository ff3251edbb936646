"""AutoLaw: candidates of every kind, weighted by how well they extrapolate on the training rows themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import softmax
from sklearn.base import clone

from scalingbench.predictors.autolaw.ensemble import Asked, Shares, WeighedCandidates
from scalingbench.predictors.autolaw.learnt import interval_features, load_table
from scalingbench.predictors.autolaw.weights import Circumstances, plausible, recency_weighted
from scalingbench.predictors.candidacy import NotCandidate

__all__ = ["AutoLaw"]

_DROPPED = frozenset(
    {
        *("bnsl-1", "chinchilla-gamma", "chinchilla[l2-log]", "chinchilla[prior]", "compute-only", "farseer"),
        *("gaussian-process", "m4", "m4[pooled]", "mmf4", "rectified", "shifted-power-law"),
    }
)
"""Candidates that cost time, and without which tuning cases are predicted about as well."""


class AutoLaw(WeighedCandidates):
    r"""A weighted mean of law forms and generic predictors, by weights that know how far the question lies.

    Every candidate that the variables allow is fitted to all training rows, and to the lower part of them along every axis of
    scale, where it must predict the upper part (`backtests.make_backtests`). A row to be predicted lies farthest beyond the
    training rows along some axis, by d times the range of the training rows. The weight of a candidate there is

    .. math:: w \propto \exp\Big(a + b \log(1 + d) + \sum_{k=1}^{3} \big(c_k + c'_k \log(1 + d) + c''_k n^{-1/2}\big) e_k\Big)

    with the logarithms e of its errors in the back-tests of that axis, of the overall scale, and in interpolation, and n training
    rows. The coefficients, a and b for each candidate, are learnt from tuning cases (`learnt_tables`). A row that lacks columns is
    predicted without them, and judged by back-tests that did without them too; nothing is remembered of a prediction, and no
    other row has a say in it.

    Among the candidates are laws that pool: curves of one task that are fitted together share a prior (`pooled`), and no
    back-test hears of rows that it asks for.

    Intervals are conformal: the sizes of errors on tuning cases, in units of what the spread of the candidates and their back-tests
    say, by how far a row lies (`error_sizes`).

    Parameters
    ----------
    reach : float
        How far a candidate may go beyond the training values before it is left out, in units of their range for every
        training range of scale (and a half) beyond the training rows: one that leaps, or crosses zero, is not averaged.
    left_out : str, optional
        Cluster of collections of which what was learnt must have seen nothing.

    Attributes
    ----------
    errors_ : DataFrame
        Mean back-test error of each candidate (rows) along each axis (columns).
    """

    candidate = NotCandidate("it is what weighs the candidates")
    pools = True
    without = _DROPPED

    def __init__(self, reach: float = 3.0, left_out: str | None = None):
        self.reach = reach
        self.left_out = left_out

    def without_cluster(self, cluster: str) -> AutoLaw:
        """Return one that has learnt nothing from a cluster of collections."""
        found: AutoLaw = clone(self).set_params(left_out=cluster)
        return found

    def _mean_error(self, errors: Sequence[float], axis: str) -> float:
        return recency_weighted(errors, axis)

    def _share(self, asked: Asked) -> Shares:
        data, table = self._trials.data, load_table(self.left_out)
        usable = plausible(data, asked.values, asked.beyond, self.reach)
        known = Circumstances(data, asked.names, self._trials.all_errors(asked.hidden), asked.axis)
        if data.backtests:
            logits = table.weights.logits(asked.names, known.kinds(), asked.beyond, len(data.y))
            weight = softmax(np.where(usable, logits, -np.inf), axis=0)
        else:
            plain = self._plain(asked, usable)
            weight = plain / plain.sum(axis=0)
        found = interval_features(weight, np.nan_to_num(asked.values), known.recent(), known.floor, asked.beyond, len(data.y))
        return Shares(weight, table.sizes.size(found))

    def _deviations(self, asked: Asked, shares: Shares, levels: np.ndarray) -> np.ndarray:
        return load_table(self.left_out).sizes.deviations(shares.spread, asked.beyond, levels)
