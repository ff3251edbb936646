"""Laws of training curves: loss at a step, given the learning rates up to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from predictors.base import ParametricLaw
from predictors.errors import PredictorError
from predictors.fitting import Loss, Space
from predictors.frames import select
from predictors.parameters import amplitude, exponent, irreducible

__all__ = ["LRAnnealing"]


class LRAnnealing(ParametricLaw):
    r"""Progress by the summed learning rate, and a gain from annealing it.

    .. math::

        L(s) = L_0 + A S_1^{-\alpha} - C S_2, \quad
        S_1 = \sum_{i \le s} \eta_i, \quad S_2 = \sum_{i \le s} \sum_{k \le i} (\eta_{k-1} - \eta_k) \lambda^{i-k}

    Tissue et al. 2024, eq. 1 (arXiv 2408.11029).

    Rows are logged steps of runs. Between logged steps the learning rate is interpolated to every
    step; before the first it is taken to rise linearly from 0, which adds to S1 and, as in the
    paper, not to S2. All rows of a run must be handed over together: a row's S1 and S2 follow from
    those before it.

    Parameters
    ----------
    lam : float
        Decay of the annealing momentum per step, in (0, 1); the paper's .999 by default.
    """

    variables = ("run", "steps", "learning_rate")
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
        steps, rate = select(X, ("steps", "learning_rate"))
        if "run" not in X.columns:
            raise PredictorError(f"X: column 'run' is missing; it has {', '.join(map(str, X.columns))}")
        s1, s2 = np.empty(len(X)), np.empty(len(X))
        for members in X.groupby(X["run"].to_numpy(), sort=False).indices.values():
            s1[members], s2[members] = annealing_sums(steps[members], rate[members], self.lam)
        return s1, s2

    def _check_arguments(self) -> None:
        super()._check_arguments()
        if not 0.0 < self.lam < 1.0:
            raise PredictorError(f"lam: expected a number in (0, 1), got {self.lam!r}")


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
