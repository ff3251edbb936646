"""Laws of training curves: loss at a step, given the learning rates up to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.common.errors import PredictorError
from scalingbench.predictors.candidacy import Candidate
from scalingbench.predictors.columns import select
from scalingbench.predictors.fitting import Loss, Space
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import amplitude, exponent, irreducible, positive

__all__ = ["LRAnnealing", "MultiPower"]

_WARM_UP = 12  # points that approximate the warm-up


class LRAnnealing(ParametricLaw):
    r"""Progress by the summed learning rate, and a gain from annealing it.

    .. math::

        L(s) = L_0 + A S_1^{-\alpha} - C S_2, \quad
        S_1 = \sum_{i \le s} \eta_i, \quad S_2 = \sum_{i \le s} \sum_{k \le i} (\eta_{k-1} - \eta_k) \lambda^{i-k}

    Tissue et al. 2024, eq. 1 (arXiv 2408.11029).

    Rows are logged steps of runs. Between logged steps the learning rate is interpolated to every
    step; before the first it is taken to rise linearly from 0, which adds to S1 and, as in the
    paper, not to S2. All rows of a run must be in one table: S1 and S2 of a row depend on the
    rows before it.

    Parameters
    ----------
    lam : float
        Decay of the annealing momentum per step, in (0, 1); the paper's .999 by default.
    """

    variables = ("run", "steps", "learning_rate")
    candidate = Candidate()
    parameters = (irreducible("L_0"), amplitude("A", S1="alpha"), exponent("alpha"), amplitude("C", S2=-1.0))

    def __init__(
        self,
        lam: float = 0.999,
        loss: Loss = "huber",
        space: Space = "log",
        delta: float = 1e-3,
        n_starts: int | None = None,
        random_state: int = 0,
    ):
        super().__init__(loss, space, delta, n_starts, random_state)
        self.lam = lam

    @staticmethod
    def formula(S1: Any, S2: Any, L_0: Any, A: Any, alpha: Any, C: Any) -> Any:
        """Return the loss."""
        return L_0 + A * S1**-alpha - C * S2

    def inputs(self, X: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Return S1 and S2 at every row, each of shape (n,)."""
        s1, s2 = np.empty(len(X)), np.empty(len(X))
        for members, steps, rate in _runs(X):
            s1[members], s2[members] = annealing_sums(steps, rate, self.lam)
        return s1, s2

    def _check_arguments(self) -> None:
        super()._check_arguments()
        if not 0.0 < self.lam < 1.0:
            raise PredictorError(f"lam: expected a number in (0, 1), got {self.lam!r}")


class MultiPower(ParametricLaw):
    r"""Progress by the summed learning rate, and a saturating gain from every drop of it.

    .. math::

        L(t) = L_0 + A S_1(t)^{-\alpha}
            - B \sum_{k \le t} (\eta_{k-1} - \eta_k) \left[1 - \left(C \eta_k^{-\gamma} S_k(t) + 1\right)^{-\beta}\right]

    with :math:`S_1` the sum of learning rates from the first step, warm-up included, and :math:`S_k` that from step
    k on. Luo et al. 2025, eqs. 2 and 3 (arXiv 2503.12811).

    Rows are logged steps of runs, all rows of a run in one table, as for `LRAnnealing`. The warm-up counts as a
    negative drop, as in the paper's code. Drops of the learning rate between logged steps are gathered
    in at most `n_drops` groups of equal size per run; at most
    `max_rows` training rows are fitted, evenly spaced along each run.

    Parameters
    ----------
    n_drops, max_rows : int
        Limits on the cost, which grows with their product.
    """

    variables = ("run", "steps", "learning_rate")
    candidate = Candidate(most_rows=3_000)
    default_starts = 32
    parameters = (
        irreducible("L_0"),
        amplitude("A"),
        exponent("alpha", start=(0.2, 1.0)),
        amplitude("B"),
        positive("C", 1e-6, 1e6, start=(0.1, 10.0)),
        exponent("beta", 0.02, 5.0, start=(0.2, 1.0)),
        exponent("gamma", 0.01, 3.0, start=(0.3, 1.0)),
    )

    def __init__(
        self,
        n_drops: int = 24,
        max_rows: int = 240,
        loss: Loss = "huber",
        space: Space = "log",
        delta: float = 1e-3,
        n_starts: int | None = None,
        random_state: int = 0,
    ):
        super().__init__(loss, space, delta, n_starts, random_state)
        self.n_drops = n_drops
        self.max_rows = max_rows

    published_constants = {
        "luo2025-25M": {"L_0": 3.040, "A": 0.525, "alpha": 0.508, "B": 363.8, "C": 2.066, "beta": 0.583, "gamma": 0.641},
        "luo2025-100M": {"L_0": 2.651, "A": 0.601, "alpha": 0.453, "B": 437.9, "C": 2.132, "beta": 0.598, "gamma": 0.655},
        "luo2025-400M": {"L_0": 2.375, "A": 0.654, "alpha": 0.429, "B": 523.4, "C": 2.025, "beta": 0.594, "gamma": 0.635},
    }

    @staticmethod
    def formula(*arguments: Any) -> Any:
        """Return the loss, from S1, then drop, log rate and sum since of every group of drops, then the constants."""
        *columns, L_0, A, alpha, B, C, beta, gamma = arguments
        S_1, drops = columns[0], columns[1:]
        gain: Any = 0.0
        for drop, log_rate, since in zip(drops[::3], drops[1::3], drops[2::3], strict=True):
            gain = gain + drop * (1.0 - (C * np.exp(-gamma * log_rate) * since + 1.0) ** -beta)
        return L_0 + A * S_1**-alpha - B * gain

    def inputs(self, X: pd.DataFrame) -> tuple[np.ndarray, ...]:
        """Return S1 and, for every group of drops, its size, log rate and the sum of rates since; each of shape (n,)."""
        table = np.zeros((1 + 3 * self.n_drops, len(X)))
        for members, steps, rate in _runs(X):
            table[:, members] = drop_sums(steps, rate, self.n_drops)
        return tuple(table)

    def _input_names(self) -> list[str]:
        return ["S_1", *(f"drop{i}" for i in range(3 * self.n_drops))]

    @property
    def fixed_scale(self) -> tuple[str, ...]:  # type: ignore[override]
        """Nothing is normalised: learning rates are of one order everywhere."""
        return tuple(self._input_names())

    def _prepare(self, X: Any, y: Any, sample_weight: Any) -> None:
        """Thin the rows after their sums have been taken."""
        super()._prepare(X, y, sample_weight)
        n = len(self._weights)
        if n <= self.max_rows:
            return
        along = np.argsort(X["steps"].to_numpy(float)[self._order], kind="stable")
        keep = np.sort(along[np.linspace(0, n - 1, self.max_rows).astype(int)])
        inputs = tuple(x[keep] for x in self._problem.inputs)
        self._problem, self._weights = replace(self._problem, inputs=inputs, y=self._problem.y[keep]), self._weights[keep]


def _runs(X: pd.DataFrame) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield the rows of each run with their steps and learning rates."""
    steps, rate = select(X, ("steps", "learning_rate"))
    if "run" not in X.columns:
        raise PredictorError(f"X: column 'run' is missing; it has {', '.join(map(str, X.columns))}")
    for indices in X.groupby(X["run"].to_numpy(), sort=False).indices.values():
        members = np.asarray(indices)
        yield members, steps[members], rate[members]


def drop_sums(steps: np.ndarray, rate: np.ndarray, n_drops: int) -> np.ndarray:
    """Return the inputs of `MultiPower` at the logged steps of one run, shape (1 + 3 n_drops, n).

    Parameters
    ----------
    steps, rate : ndarray, shape (n,)
        Logged steps, in any order, and the learning rate at each.
    n_drops : int
        Groups of drops.
    """
    order = np.argsort(steps, kind="stable")
    # the warm-up from 0 is a negative drop; it is not logged and assumed linear
    ramp = np.linspace(0.0, 1.0, _WARM_UP, endpoint=False)
    s = np.concatenate([ramp * steps[order[0]], steps[order]])
    eta = np.concatenate([ramp * rate[order[0]], rate[order]])
    total = np.concatenate([[0.0], np.cumsum(0.5 * (eta[1:] + eta[:-1]) * np.diff(s))])
    drops = -np.diff(eta, prepend=0.0)
    size = np.abs(drops)
    group = np.minimum((np.cumsum(size) - 0.5 * size) / max(size.sum(), 1e-300) * n_drops, n_drops - 1).astype(int)
    table = np.zeros((1 + 3 * n_drops, len(s)))
    table[0] = total
    for g in np.unique(group[size > 0]):
        members = (group == g) & (size > 0)
        centre = np.average(total[members], weights=size[members])
        table[1 + 3 * g] = np.cumsum(np.where(members, drops, 0.0))
        table[2 + 3 * g] = np.log(np.average(eta[members], weights=size[members]))
        table[3 + 3 * g] = np.maximum(total - centre, 0.0)
    unsorted = np.empty((len(table), len(steps)))
    unsorted[:, order] = table[:, _WARM_UP:]
    return unsorted


def annealing_sums(steps: np.ndarray, rate: np.ndarray, lam: float) -> tuple[np.ndarray, np.ndarray]:
    """Return S1 and S2 at the logged steps of one run.

    Parameters
    ----------
    steps, rate : ndarray, shape (n,)
        Logged steps, in any order, and the learning rate at each.
    lam : float
        Decay per step.
    """
    from scipy.signal import lfilter

    order = np.argsort(steps, kind="stable")
    logged = np.rint(steps[order]).astype(int)
    every = np.arange(logged[0], logged[-1] + 1)
    eta = np.interp(every, logged, rate[order])
    momentum = lfilter([1.0], [1.0, -lam], -np.diff(eta, prepend=eta[0]))
    warm_up = 0.5 * logged[0] * eta[0]
    at = logged - logged[0]
    s1, s2 = np.empty(len(steps)), np.empty(len(steps))
    s1[order], s2[order] = warm_up + np.cumsum(eta)[at], np.cumsum(momentum)[at]
    return s1, s2
