"""The base class of ensembles; a prediction depends on the fit and on its own point alone."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import ndtri
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from scalingbench.common.errors import PredictorError
from scalingbench.common.variables import falls, family_of
from scalingbench.predictors.autolaw.backtest import CandidateFits, DataSet, fit_candidates
from scalingbench.predictors.axes import ALL, directions, groups_by_missing
from scalingbench.predictors.candidacy import NotCandidate
from scalingbench.predictors.columns import numeric_columns
from scalingbench.predictors.estimator import Findings, ScalingLaw

_LEAST = 1e-4
"""A mean weight below this is not shown."""

__all__ = ["Ensemble", "Points", "Weights"]


@dataclass(frozen=True)
class Points:
    """Prediction points that are weighted by the same back-tests.

    Attributes
    ----------
    rows : ndarray of int, shape (n,)
        Their positions.
    axis : str
        Axis along which they are farthest from the training rows.
    beyond : ndarray, shape (n,)
        That distance, in units of the training range.
    hidden : tuple of str
        Columns of the training rows that they lack.
    names : tuple of str
        Candidates, k of them.
    values : ndarray, shape (k, n)
        Their predictions on the scale that is averaged; NaN where one cannot predict a row.
    """

    rows: np.ndarray
    axis: str
    beyond: np.ndarray
    hidden: tuple[str, ...]
    names: tuple[str, ...]
    values: np.ndarray


@dataclass(frozen=True)
class Weights:
    """Weights of the candidates, and the spread of a new measurement.

    Attributes
    ----------
    weight : ndarray, shape (k, n)
        Weight of every candidate at every point; columns sum to 1.
    spread : ndarray, shape (n,)
        Standard deviation of a new measurement on the scale that is averaged.
    """

    weight: np.ndarray
    spread: np.ndarray

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Return the weighted mean of predictions of shape (k, n), shape (n,)."""
        found: np.ndarray = (self.weight * np.nan_to_num(values)).sum(axis=0)
        return found


class Ensemble(ScalingLaw):
    """Base class: fits and back-tests every candidate, and predicts their weighted mean.

    Attributes
    ----------
    errors_ : DataFrame
        Mean back-test error of each candidate (rows) along each axis (columns).
    """

    candidate = NotCandidate("it averages the candidates")
    variables = None
    without: ClassVar[frozenset[str]] = frozenset()
    """Names of candidates that are not tried."""

    @abstractmethod
    def _weigh(self, points: Points) -> Weights:
        """Return the weights at points of one axis."""

    @abstractmethod
    def _mean_error(self, errors: Sequence[float], axis: str) -> float:
        """Return a candidate's mean error over the back-tests of an axis, given from the lowest up."""

    def fit(self, X: pd.DataFrame, y: Any) -> Ensemble:
        """Fit and back-test all candidates."""
        _fit([self], [X], [y])
        return self

    def fit_many(
        self, frames: Sequence[pd.DataFrame], responses: Sequence[Any], groups: Sequence[Hashable] | None = None
    ) -> list[Ensemble]:
        """Fit many data sets; laws of one form are fitted to all of them in one descent.

        Parameters
        ----------
        frames, responses : sequences
            X and y of each data set, as in `fit`.
        groups : sequence, optional
            Data sets of one value may share a prior; by default none do.
        """
        laws: list[Ensemble] = [clone(self) for _ in frames]
        _fit(laws, frames, responses, groups)
        return laws

    def reweighted(self, **settings: Any) -> Any:
        """Return a copy with other settings that reuses the fits."""
        check_is_fitted(self, "errors_")
        law: Ensemble = copy.copy(self).set_params(**settings)
        law._store(self._fits)
        return law

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the weighted mean of the candidates, shape (n,); a prediction depends on its own row alone, or its run."""
        X = self._read(X)
        mean = np.empty(len(X))
        for points in self._points(X):
            mean[points.rows] = self._weigh(points).mean(points.values)
        return np.exp(mean) if self._fits.data.log else mean

    def predict_quantiles(self, X: pd.DataFrame, levels: Sequence[float]) -> np.ndarray:
        """Return quantiles of a new measurement, shape (n, len(levels))."""
        X, wanted = self._read(X), np.asarray(levels, float)
        found = np.empty((len(X), len(wanted)))
        for points in self._points(X):
            weights = self._weigh(points)
            found[points.rows] = weights.mean(points.values)[:, None] + self._deviations(points, weights, wanted)
        return np.exp(np.clip(found, -690.0, 690.0)) if self._fits.data.log else found

    def _deviations(self, points: Points, weights: Weights, levels: np.ndarray) -> np.ndarray:
        """Return quantiles of a measurement less its mean, shape (n, len(levels))."""
        found: np.ndarray = weights.spread[:, None] * ndtri(levels)[None, :]
        return found

    @property
    def models_(self) -> dict[str, Any]:
        """The candidates as fitted to all training rows, by name; failed fits are left out."""
        check_is_fitted(self, "errors_")
        return {name: fit.model for name, fit in self._fits.by_name.items() if fit.model is not None}

    @property
    def fits_(self) -> CandidateFits:
        """The training rows in an order of their own, and every candidate as fitted to them and to the lower ones of each back-test."""
        check_is_fitted(self, "errors_")
        return self._fits

    @property
    def order_(self) -> np.ndarray:
        """Positions of the rows of `fits_` among those that were given, shape (n,)."""
        check_is_fitted(self, "errors_")
        return np.asarray(self._order)

    def weights(self, X: pd.DataFrame) -> dict[str, float]:
        """Return the mean weights of the candidates over these rows, the largest first."""
        total: dict[str, float] = {}
        X = self._read(X)
        for points in self._points(X):
            for name, weight in zip(points.names, self._weigh(points).weight.sum(axis=1), strict=True):
                total[name] = total.get(name, 0.0) + float(weight)
        return {name: total[name] / len(X) for name in sorted(total, key=lambda n: -total[n]) if total[name] > _LEAST * len(X)}

    def _points(self, X: pd.DataFrame) -> Iterator[Points]:
        """Yield the rows by axis and missing columns."""
        check_is_fitted(self, "errors_")
        X = X.reset_index(drop=True)
        train = self._fits.data.X
        values = self._fits.predict(X)
        names, stacked = tuple(values), np.stack(list(values.values())) if values else np.empty((0, len(X)))
        axes, beyond = directions(train, X)
        for rows, hidden in groups_by_missing(train, X):
            for axis in dict.fromkeys(axes[rows]):
                alike = rows[axes[rows] == axis]
                yield Points(alike, axis, beyond[alike], hidden, names, stacked[:, alike])

    def _findings(self) -> Findings | None:
        """Return the weights beyond the largest training runs, and the back-test errors."""
        if not hasattr(self, "errors_"):
            return None
        data, axes = self._fits.data, self._fits.axes
        share = self._weights_beyond()
        errors = self.errors_.reindex(list(share)).rename(columns={ALL: "overall scale"})
        lines = [f"{len(data.y)} rows of {', '.join(map(str, data.X.columns))}; {len(self.models_)} candidates"]
        lines.append("weights beyond the largest runs, and root mean squared errors" + (" of logarithms" if data.log else ""))
        lines.append(f"in back-tests along: {', '.join(map(str, errors))}" if axes else "too few rows for back-tests")
        return Findings(tuple(lines), errors.assign(weight=pd.Series(share))[["weight", *errors]])

    def _weights_beyond(self) -> dict[str, float]:
        """Return the weights at a point one training range beyond the training rows on every axis of scale."""
        X = self._fits.data.X
        row = X.tail(1).copy()
        for name in numeric_columns(X):
            x = X[name].to_numpy(float)
            if (x > 0).all() and family_of(name) is None:
                row[name] = x.max() ** 2 / x.min() if not falls(name) else x.min() ** 2 / x.max()
        return self.weights(row)

    def _store(self, fits: CandidateFits) -> None:
        if all(fit.model is None for fit in fits.by_name.values()):
            raise PredictorError("no candidate could be fitted")
        self._fits = fits
        self.errors_ = pd.DataFrame({axis: self._mean_errors(axis) for axis in fits.axes})

    def _mean_errors(self, axis: str, hidden: Sequence[str] = ()) -> dict[str, float]:
        return {name: self._mean_error(errors, axis) for name, errors in self._fits.errors(axis, hidden).items()}

    def _untested(self, points: Points, usable: np.ndarray) -> np.ndarray:
        """Return the candidates with weight where no back-test exists: the first two usable `plain` ones, else the first usable; (k, n)."""
        chosen = usable & np.array([self._fits.by_name[name].plain for name in points.names])[:, None]
        chosen &= np.cumsum(chosen, axis=0) <= 2
        first = usable & (np.cumsum(usable, axis=0) <= 1)
        return np.where(chosen.any(axis=0), chosen, first)


def _fit(laws: Sequence[Ensemble], frames: Sequence[Any], responses: Sequence[Any], groups: Sequence[Hashable] | None = None) -> None:
    """Fit each ensemble to its own data set; each candidate is fitted to all data sets together."""
    data_sets = []
    for law, X, y in zip(laws, frames, responses, strict=True):
        X, y = law._read_training(X, y, positive=False)
        law.columns_ = tuple(map(str, X.columns))
        data_sets.append(DataSet.of(X.reset_index(drop=True), y))
    for law, fits in zip(laws, fit_candidates(data_sets, laws[0].without if laws else (), groups=groups), strict=True):
        law._store(fits)
