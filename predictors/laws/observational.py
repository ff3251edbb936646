"""Laws over public models: predict one benchmark result of a model from its other results and its compute."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import least_squares, minimize
from sklearn.utils.validation import check_is_fitted

from scalingbench.common.errors import PredictorError
from scalingbench.predictors.candidacy import Candidate, NotCandidate
from scalingbench.predictors.columns import select
from scalingbench.predictors.estimator import ScalingLaw

__all__ = ["Observational", "QuantileFrontier", "Sloth"]

_MOST_CHANCE = 0.2
_RIDGE = 0.05  # of the weights, in units of standardised components: keeps separable data finite


def _logit(share: np.ndarray) -> np.ndarray:
    inside = np.clip(share, 1e-3, 1.0 - 1e-3)
    logit: np.ndarray = np.log(inside) - np.log1p(-inside)
    return logit


def _fit_sigmoid(Z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return weights, intercept and chance level of ``h + (1 - h) sigmoid(Z w + b)`` by ridge least squares."""

    def residuals(theta: np.ndarray) -> np.ndarray:
        return np.concatenate([_sigmoid(Z, theta) - y, _RIDGE * theta[:-2]])

    start = np.concatenate([np.zeros(Z.shape[1]), [_logit(np.array([y.mean()]))[0], 0.02]])
    low = np.concatenate([np.full(Z.shape[1] + 1, -np.inf), [0.0]])
    high = np.concatenate([np.full(Z.shape[1] + 1, np.inf), [_MOST_CHANCE]])
    return least_squares(residuals, start, bounds=(low, high)).x


def _sigmoid(Z: np.ndarray, theta: np.ndarray) -> np.ndarray:
    *weights, intercept, chance = theta
    found: np.ndarray = chance + (1.0 - chance) / (1.0 + np.exp(-np.clip(Z @ np.array(weights) + intercept, -50.0, 50.0)))
    return found


class Observational(ScalingLaw):
    r"""A sigmoid of the principal components of a model's benchmark results.

    .. math:: y = h + (1 - h)\, \sigma\left(\beta^\top \mathrm{PC}_{1..K} + \alpha\right), \quad 0 \le h \le 0.2

    Ruan et al. 2024, eqs. 3 to 5 (arXiv 2405.10938). Components are taken of the training models only. Where a
    held-out model's results are missing, its components are predicted from its compute, log-linearly.

    Parameters
    ----------
    n_components : int
        K.
    """

    variables = ("flops", "obs_*")
    candidate = Candidate(values="shares")

    def __init__(self, n_components: int = 3):
        self.n_components = n_components

    def fit(self, X: pd.DataFrame, y: Any) -> Observational:
        """Fit components, their growth with compute, and the sigmoid."""
        X, y = self._read_training(X, y, positive=False)
        compute, *results = select(X, self.columns_)
        scores = _logit(np.stack(results, axis=1))
        self.center_, self.size_ = scores.mean(axis=0), np.maximum(scores.std(axis=0), 1e-6)
        left, values, right = np.linalg.svd((scores - self.center_) / self.size_, full_matrices=False)
        k = min(self.n_components, len(values))
        self.axes_ = right[:k].T
        self.spread_ = np.maximum(values[:k] / np.sqrt(len(y)), 1e-9)
        Z = left[:, :k] * np.sqrt(len(y))
        design = np.column_stack([np.ones(len(y)), np.log(compute)])
        self.growth_ = np.linalg.lstsq(design, Z, rcond=None)[0]
        self.theta_ = _fit_sigmoid(Z, y)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return predictions, shape (n,)."""
        check_is_fitted(self, "theta_")
        X = self._read(X)
        (compute,) = select(X, ("flops",))
        names = [c for c in self.columns_ if c != "flops"]
        results = X.reindex(columns=names).to_numpy(float)
        Z = (_logit(results) - self.center_) / self.size_ @ self.axes_ / self.spread_
        expected = np.column_stack([np.ones(len(compute)), np.log(compute)]) @ self.growth_
        return _sigmoid(np.where(np.isfinite(Z), Z, expected), self.theta_)


class QuantileFrontier(ScalingLaw):
    r"""A high quantile of results at a compute budget: what the best models of that budget reach.

    .. math:: q_\tau(C) = y_0 + \ell\, \sigma\left(a + b \ln C\right), \quad y_0, \ell, b \ge 0

    Zhang et al. 2026 (arXiv 2602.15327), tau = .98: quantile regression with a sigmoid that never falls. The pinball loss
    :math:`\max(\tau r, (\tau - 1) r)` is smoothed over a hundredth of the range of y. It is the edge of the data, not their middle, so
    its error as a prediction of a model's result is large by design.

    Parameters
    ----------
    tau : float
        The quantile, between 0 and 1.
    """

    variables = ("flops",)
    candidate = NotCandidate("it gives the upper edge of the results, not the result of a model")

    def __init__(self, tau: float = 0.98):
        self.tau = tau

    def fit(self, X: pd.DataFrame, y: Any) -> QuantileFrontier:
        """Fit the sigmoid from several slopes; the least pinball loss is kept."""
        if not 0.0 < self.tau < 1.0:
            raise PredictorError(f"tau: must lie between 0 and 1, got {self.tau!r}")
        X, y = self._read_training(X, y, positive=False)
        scale = np.log(select(X, self.columns_)[0])
        self.center_, self.size_ = scale.mean(), max(scale.std(), 1e-9)
        z, reach, width = (scale - self.center_) / self.size_, max(np.abs(y).max(), 1e-12), max(np.ptp(y), 1e-12) / 100.0
        bounds = [(0.0, reach), (0.0, 2.0 * reach), (-20.0, 20.0), (0.0, 20.0)]

        def pinball(theta: np.ndarray) -> float:
            r = (y - _frontier(z, theta)) / width
            return float(np.mean(self.tau * r + np.logaddexp(0.0, -r)))

        starts = [np.array([0.1 * reach, reach, middle, slope]) for slope in (0.3, 1.0, 3.0) for middle in (-1.0, 1.0)]
        fits = [minimize(pinball, start, method="L-BFGS-B", bounds=bounds) for start in starts]
        self.theta_ = min(fits, key=lambda fit: fit.fun).x
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the quantile at each budget, shape (n,)."""
        check_is_fitted(self, "theta_")
        return _frontier((np.log(select(self._read(X), self.columns_)[0]) - self.center_) / self.size_, self.theta_)


def _frontier(z: np.ndarray, theta: np.ndarray) -> np.ndarray:
    low, height, middle, slope = theta
    found: np.ndarray = low + height / (1.0 + np.exp(-np.clip(middle + slope * z, -50.0, 50.0)))
    return found


class Sloth(ScalingLaw):
    r"""Skills grow with size and data; slopes are common to all families, intercepts differ.

    .. math:: \mathrm{logit}\, y = \alpha_f + b_1 \log N + b_2 \log D + b_3 \log N \log D

    Maia Polo et al. 2024, eqs. 2 and 3 (arXiv 2412.06540), for one benchmark: with a single response there is one
    skill. Families (column ``curve``) share slopes; ridge shrinks their intercepts to the mean, which an unseen
    family gets.

    Parameters
    ----------
    ridge : float
        Strength of the shrinkage.
    """

    variables = ("params", "tokens")
    candidate = Candidate(values="shares", needs=("curve",))

    def __init__(self, ridge: float = 0.3):
        self.ridge = ridge

    def fit(self, X: pd.DataFrame, y: Any) -> Sloth:
        """Fit slopes and intercepts."""
        X, y = self._read_training(X, y, positive=False)
        scale = self._scale(X)
        self.center_, self.size_ = scale.mean(axis=0), np.maximum(scale.std(axis=0), 1e-9)
        names = self._families(X)
        self.families_ = sorted(set(names))
        design = np.column_stack([(scale - self.center_) / self.size_, self._dummies(names)])
        self.mean_ = float(_logit(y).mean())
        weight = np.concatenate([np.full(scale.shape[1], 0.1 * self.ridge), np.full(len(self.families_), self.ridge)])
        normal = design.T @ design + np.diag(weight)
        self.coef_ = np.linalg.solve(normal, design.T @ (_logit(y) - self.mean_))
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return predictions, shape (n,)."""
        check_is_fitted(self, "coef_")
        X = self._read(X)
        design = np.column_stack([(self._scale(X) - self.center_) / self.size_, self._dummies(self._families(X))])
        return 1.0 / (1.0 + np.exp(-np.clip(self.mean_ + design @ self.coef_, -50.0, 50.0)))

    def _scale(self, X: pd.DataFrame) -> np.ndarray:
        N, D = (np.log(x) for x in select(X, ("params", "tokens")))
        return np.column_stack([N, D, N * D])

    def _families(self, X: pd.DataFrame) -> list[str]:
        return list(X["curve"].astype(str)) if "curve" in X else [""] * len(X)

    def _dummies(self, names: list[str]) -> np.ndarray:
        return np.array([[name == family for family in self.families_] for name in names], dtype=float)
