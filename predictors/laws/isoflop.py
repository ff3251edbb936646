"""Approach 2 of Hoffmann et al.: a parabola per compute budget, and how its vertex moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from scalingbench.common.errors import PredictorError
from scalingbench.predictors.allocation import Allocation
from scalingbench.predictors.candidacy import NotCandidate
from scalingbench.predictors.columns import select
from scalingbench.predictors.estimator import ScalingLaw
from scalingbench.predictors.laws.power_laws import PowerLaw, ShiftedPowerLaw

__all__ = ["IsoFLOP"]

_SAME_BUDGET = 0.1  # relative: budgets closer than this count as one
_REACH = np.log(3.0)  # limit on the distance of a vertex from the trained sizes


class IsoFLOP(ScalingLaw):
    r"""Parabolas in log params at each budget; the optimal size is a power of compute.

    .. math::

        L(N, C) = L^*(C) + k(C) \left(\ln N - \ln N^*(C)\right)^2, \quad
        N^*(C) = G C^{a}, \quad L^*(C) = E + b C^{-c}, \quad k(C) = k_0 C^{-\kappa}

    Hoffmann et al. 2022, approach 2 (arXiv 2203.15556, section 3.2), with C = 6 N D. Budgets with fewer than three
    sizes are left out, as are parabolas that open downwards, have a vertex far outside the trained sizes or a loss below 0 there.
    """

    variables = ("params", "tokens")
    candidate = NotCandidate("it needs whole budgets, which back-tests split")

    def fit(self, X: pd.DataFrame, y: Any) -> IsoFLOP:
        """Fit the parabolas, then their vertices against compute.

        Raises
        ------
        PredictorError
            If fewer than two budgets have a usable parabola.
        """
        X, y = self._read_training(X, y, positive=self._needs_positive())
        N, D = select(X, ("params", "tokens"))
        vertices = _vertices(N, D, y)
        if len(vertices) < 2:
            raise PredictorError(f"{len(vertices)} of the budgets C = 6ND have three sizes around an optimum; IsoFLOP needs two")
        log_C, log_N, loss, curvature = np.array(vertices).T
        self.budgets_ = np.exp(log_C)
        self.optimal_params_ = np.exp(log_N)
        a, intercept = np.polyfit(log_C - log_C.mean(), log_N, 1)
        form = ShiftedPowerLaw(loss="l2") if len(vertices) > 3 else PowerLaw(loss="l2")
        self._floor = form.fit(pd.DataFrame({"flops": self.budgets_}), loss)
        kappa, bend = np.polyfit(log_C - log_C.mean(), np.log(curvature), 1)
        growth = {"a": float(a), "log_G": float(intercept - a * log_C.mean())}
        growth |= {"log_k": float(bend - kappa * log_C.mean()), "kappa": float(-kappa)}
        self.params_ = {**growth, **{f"loss_{name}": value for name, value in self._floor.params_.items()}}
        return self

    def enters(self, X: pd.DataFrame, y: np.ndarray) -> bool:
        """Return whether two budgets have a usable parabola."""
        N, D = select(X, ("params", "tokens"))
        return len(_vertices(N, D, y)) >= 2

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return losses, shape (n,)."""
        check_is_fitted(self, "params_")
        N, D = select(self._read(X), ("params", "tokens"))
        return self._loss(N, 6.0 * N * D)

    def optimal_params(self, flops: Any) -> np.ndarray:
        """Return the compute-optimal number of parameters at each budget."""
        check_is_fitted(self, "params_")
        params: np.ndarray = np.exp(self.params_["log_G"] + self.params_["a"] * np.log(np.asarray(flops, float)))
        return params

    def allocate(self, flops: float) -> Allocation:
        """Return the best split of a budget, C = 6 N D."""
        params = float(self.optimal_params(flops))
        loss = float(self._loss(np.array([params]), np.array([float(flops)]))[0])
        return Allocation(float(flops), params, flops / 6.0 / params, loss)

    def _needs_positive(self) -> bool:
        return True

    def _loss(self, N: np.ndarray, C: np.ndarray) -> np.ndarray:
        off = np.log(N) - np.log(self.optimal_params(C))
        bend = np.exp(self.params_["log_k"] - self.params_["kappa"] * np.log(C))
        losses: np.ndarray = self._floor.predict(pd.DataFrame({"flops": C})) + bend * off**2
        return losses


def _vertices(N: np.ndarray, D: np.ndarray, y: np.ndarray) -> list[tuple[float, float, float, float]]:
    """Return the vertices of the usable parabolas."""
    C = 6.0 * N * D
    return [v for rows in _budgets(C) if (v := _vertex(np.log(N[rows]), np.log(C)[rows], y[rows]))]


def _budgets(C: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each budget."""
    order = np.argsort(C, kind="stable")
    new = np.diff(np.log(C[order])) > _SAME_BUDGET
    return np.split(order, np.flatnonzero(new) + 1)


def _vertex(log_N: np.ndarray, log_C: np.ndarray, y: np.ndarray) -> tuple[float, float, float, float] | None:
    """Return log budget, log size and loss at the vertex, and the curvature; None where there is no optimum."""
    if len(np.unique(log_N)) < 3:
        return None
    center = log_N.mean()
    k, slope, level = np.polyfit(log_N - center, y, 2)
    if k <= 0:
        return None
    at = -0.5 * slope / k
    if not log_N.min() - _REACH <= center + at <= log_N.max() + _REACH:
        return None
    least = float(level - k * at * at)
    return (float(log_C.mean()), float(center + at), least, float(k)) if least > 0 else None
