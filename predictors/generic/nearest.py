"""The simplest baselines: the mean, and the nearest training value.

All read every numeric column. Variables enter as natural logarithms; one with zeros as log(x + half its smallest positive training
value). The response is modelled as a logarithm if all training values are positive.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from scalingbench.common.errors import PredictorError
from scalingbench.predictors.candidacy import Candidate, NotCandidate
from scalingbench.predictors.columns import select
from scalingbench.predictors.estimator import ScalingLaw

__all__ = ["MeanPredictor", "NearestNeighbor", "NearestObservation"]

_TIE = 1e-9  # relative: distances closer than this are equal


class _Generic(ScalingLaw):
    """Reads all numeric columns as logarithms."""

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict values, shape (n,); columns without values are dropped, and the model is refitted without them."""
        check_is_fitted(self)
        X = self._read(X)
        fewer = self._without_missing(X)
        return fewer.predict(X) if fewer is not None else self._predict(self._features(X))

    def _predict(self, points: np.ndarray) -> np.ndarray:
        """Predict from log features, shape (n, n_columns)."""
        raise NotImplementedError

    def _without_missing(self, X: pd.DataFrame) -> Any:
        """Return a refit without the columns that held-out rows lack; None where there are none."""
        kept = [c for c in self.columns_ if c not in X.columns or not X[c].isna().all()]
        if len(kept) == len(self.columns_) or not kept:
            return None
        frame, values = self._training
        return clone(self).fit(frame[kept], values)

    def _remember(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        X, y = self._read_training(X, y, positive=self._needs_positive(), finite=True)
        if not self.columns_:
            raise PredictorError("X: has no numeric column")
        self._training = (X[list(self.columns_)], y)
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
    """Return log(x + offset) for x >= 0; mirrored for x < 0."""
    tiny = offset or 1e-300
    logs: np.ndarray = np.where(x >= 0, np.log(np.maximum(np.abs(x) + offset, 1e-300)), 2.0 * np.log(tiny) - np.log(np.abs(x) + tiny))
    return logs


class MeanPredictor(ScalingLaw):
    """The mean of the training values."""

    candidate = NotCandidate("a baseline that ignores scale")

    def fit(self, X: pd.DataFrame, y: Any) -> MeanPredictor:
        """Store the mean."""
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

    Distances are Euclidean in natural logarithms, unscaled, so nothing is tuned. Ties are averaged,
    so the order of rows does not matter. Beyond the training range the prediction is constant.
    """

    candidate = Candidate("several-variables", plain=True, order=20)

    def fit(self, X: pd.DataFrame, y: Any) -> NearestNeighbor:
        """Store the training rows."""
        self._points, self._values = self._remember(X, y)
        self.fitted_ = True
        return self

    def _predict(self, points: np.ndarray) -> np.ndarray:
        return _nearest(points, self._points, self._values)


class NearestObservation(_Generic):
    """The training value nearest in overall scale, the sum of the log variables.

    Beyond the training range this is the value of the largest run.
    """

    candidate = Candidate(order=0)

    def fit(self, X: pd.DataFrame, y: Any) -> NearestObservation:
        """Store the training rows."""
        points, self._values = self._remember(X, y)
        self._scale = points.sum(axis=1, keepdims=True)
        self.fitted_ = True
        return self

    def _predict(self, points: np.ndarray) -> np.ndarray:
        return _nearest(points.sum(axis=1, keepdims=True), self._scale, self._values)


def _nearest(queries: np.ndarray, points: np.ndarray, values: np.ndarray) -> np.ndarray:
    distance = np.sqrt(((queries[:, None, :] - points[None, :, :]) ** 2).sum(axis=2))
    tied = distance <= distance.min(axis=1, keepdims=True) * (1.0 + _TIE) + 1e-12
    means: np.ndarray = (tied * values).sum(axis=1) / tied.sum(axis=1)
    return means
