"""Generic predictors that know nothing of scaling: what a law has to beat.

All read every numeric column; variables are used in natural logarithms, one that holds zeros as
log(x + half its smallest positive training value).
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from predictors.base import ScalingLaw
from predictors.errors import PredictorError
from predictors.frames import select

__all__ = ["GaussianProcess", "GradientBoosting", "LogLinear", "MeanPredictor", "NearestNeighbor", "NearestObservation"]

_TIE = 1e-9  # relative: distances closer than this are equal


class _Generic(ScalingLaw):
    """Reads all numeric columns as logarithms."""

    def _remember(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        X, y = self._read_training(X, y, positive=self._needs_positive())
        if not self.columns_:
            raise PredictorError("X: has no numeric column")
        arrays = select(X, self.columns_)
        self._offsets = [0.0 if (x > 0).all() else _half_smallest(x) for x in arrays]
        return self._log(arrays), y

    def _features(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = self._read(X)
        return self._log(select(X, self.columns_))

    def _log(self, arrays: list[np.ndarray]) -> np.ndarray:
        columns = [_signed_log(x, offset) for x, offset in zip(arrays, self._offsets, strict=True)]
        return np.stack(columns, axis=1)


def _half_smallest(x: np.ndarray) -> float:
    positive = np.abs(x[x != 0])
    return 0.5 * float(positive.min()) if positive.size else 1.0


def _signed_log(x: np.ndarray, offset: float) -> np.ndarray:
    """Return log(x + offset) for x >= 0; mirrored for x < 0, which scale variables don't have."""
    tiny = offset or 1e-300
    return np.where(x >= 0, np.log(np.maximum(np.abs(x) + offset, 1e-300)), 2.0 * np.log(tiny) - np.log(np.abs(x) + tiny))


class MeanPredictor(ScalingLaw):
    """The mean of the training values."""

    def fit(self, X: pd.DataFrame, y: Any) -> MeanPredictor:
        """Remember the mean."""
        _, y = self._read_training(X, y, positive=False)
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the mean for every row."""
        check_is_fitted(self)
        X = self._read(X)
        return np.full(len(X), self.mean_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags


class NearestNeighbor(_Generic):
    """The training value nearest in log variables: the reference of the leaderboard.

    Distances are Euclidean in natural logarithms, unscaled, so nothing is tuned; ties are averaged,
    so the order of rows does not matter. Beyond the training range it says that nothing improves.
    """

    def fit(self, X: pd.DataFrame, y: Any) -> NearestNeighbor:
        """Remember the training rows."""
        self._points, self._values = self._remember(X, y)
        self.fitted_ = True
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the value of the nearest training row."""
        return _nearest(self._features(X), self._points, self._values)


class NearestObservation(_Generic):
    """The training value nearest in overall scale, the sum of the log variables.

    Past the training range this is the last observation: the value of the largest run.
    """

    def fit(self, X: pd.DataFrame, y: Any) -> NearestObservation:
        """Remember the training rows."""
        points, self._values = self._remember(X, y)
        self._scale = points.sum(axis=1, keepdims=True)
        self.fitted_ = True
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the value of the training row nearest in scale."""
        return _nearest(self._features(X).sum(axis=1, keepdims=True), self._scale, self._values)


def _nearest(queries: np.ndarray, points: np.ndarray, values: np.ndarray) -> np.ndarray:
    distance = np.sqrt(((queries[:, None, :] - points[None, :, :]) ** 2).sum(axis=2))
    tied = distance <= distance.min(axis=1, keepdims=True) * (1.0 + _TIE) + 1e-12
    return (tied * values).sum(axis=1) / tied.sum(axis=1)


class _Logarithmic(_Generic):
    """Models the logarithm of the value."""

    def _needs_positive(self) -> bool:
        return True


class LogLinear(_Logarithmic):
    """Ordinary least squares of log value on log variables: a power law in every variable."""

    def fit(self, X: pd.DataFrame, y: Any) -> LogLinear:
        """Fit the coefficients; the shortest ones where rows are few."""
        points, y = self._remember(X, y)
        self._center = points.mean(axis=0)
        solution = np.linalg.lstsq(points - self._center, np.log(y) - np.log(y).mean(), rcond=1e-10)[0]
        self.intercept_, self.coef_ = float(np.log(y).mean()), solution
        self.params_ = {"intercept": self.intercept_, **dict(zip(self.columns_, map(float, solution), strict=True))}
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return exp of the linear prediction."""
        points = self._features(X)
        return np.exp(np.clip(self.intercept_ + (points - self._center) @ self.coef_, -690.0, 690.0))


class GaussianProcess(_Logarithmic):
    """A Gaussian process on what a log-linear mean leaves over, all in logarithms.

    Squared-exponential kernel with a length scale per variable, and noise; hyperparameters by
    marginal likelihood.

    Parameters
    ----------
    max_rows : int
        More training rows than this are thinned evenly along their overall scale, because the
        cost grows with the cube of the rows.
    """

    def __init__(self, max_rows: int = 200):
        self.max_rows = max_rows

    def fit(self, X: pd.DataFrame, y: Any) -> GaussianProcess:
        """Fit mean, kernel and noise."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

        points, y = self._remember(X, y)
        keep = _spread(points.sum(axis=1), self.max_rows)
        points, log_y = points[keep], np.log(y[keep])
        self._center, self._size = points.mean(axis=0), np.where(points.std(axis=0) > 0, points.std(axis=0), 1.0)
        Z = (points - self._center) / self._size
        self._mean = float(log_y.mean())
        self.coef_ = np.linalg.lstsq(Z, log_y - self._mean, rcond=1e-10)[0]
        rest = log_y - self._mean - Z @ self.coef_
        self._unit = float(rest.std()) or 1.0
        kernel = ConstantKernel(1.0, (1e-3, 1e3)) * RBF(np.ones(Z.shape[1]), (0.1, 100.0)) + WhiteKernel(0.1, (1e-6, 1e1))
        self._process = GaussianProcessRegressor(kernel, random_state=0)
        with warnings.catch_warnings():  # hyperparameters at their bounds are a legitimate answer on few rows
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._process.fit(Z, rest / self._unit)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return exp of the posterior mean."""
        return np.exp(np.clip(self._posterior(X)[0], -690.0, 690.0))

    def predict_quantiles(self, X: pd.DataFrame, levels: Any) -> np.ndarray:
        """Return quantiles of a new measurement, shape (n, len(levels))."""
        from scipy.stats import norm

        mean, sd = self._posterior(X)
        return np.exp(np.clip(mean[:, None] + sd[:, None] * norm.ppf(np.asarray(levels, float))[None, :], -690.0, 690.0))

    def _posterior(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        Z = self._features(X)
        Z = (Z - self._center) / self._size
        rest, sd = self._process.predict(Z, return_std=True)
        return self._mean + Z @ self.coef_ + self._unit * rest, self._unit * sd


def _spread(scale: np.ndarray, most: int) -> np.ndarray:
    """Return indices of at most `most` rows, evenly spaced in the order of their scale."""
    order = np.argsort(scale, kind="stable")
    if len(order) <= most:
        return order
    return order[np.round(np.linspace(0, len(order) - 1, most)).astype(int)]


class GradientBoosting(_Logarithmic):
    """Gradient-boosted trees on logarithms; constant beyond the training range.

    Parameters
    ----------
    n_estimators : int
        Trees.
    """

    def __init__(self, n_estimators: int = 100):
        self.n_estimators = n_estimators

    def fit(self, X: pd.DataFrame, y: Any) -> GradientBoosting:
        """Fit the trees."""
        from sklearn.ensemble import GradientBoostingRegressor

        points, y = self._remember(X, y)
        self._trees = GradientBoostingRegressor(n_estimators=self.n_estimators, random_state=0)
        self._trees.fit(points, np.log(y))
        self.fitted_ = True
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return exp of the trees' prediction."""
        points = self._features(X)
        return np.exp(self._trees.predict(points))
