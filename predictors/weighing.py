"""What predictors that average candidates share: the trials, and a prediction of every row from nothing but the fit and that row."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from scalingbench.common.errors import PredictorError
from scalingbench.common.variables import falls, family_of
from scalingbench.predictors.backtests import ALL, directions, groups_by_missing
from scalingbench.predictors.candidacy import NotCandidate
from scalingbench.predictors.columns import numeric_columns
from scalingbench.predictors.display import Findings
from scalingbench.predictors.estimator import ScalingLaw
from scalingbench.predictors.trials import DataSet, Trials, hold_trials

_LEAST = 1e-4
"""A mean weight below this is not shown."""

__all__ = ["Asked", "Shares", "WeighedCandidates"]


@dataclass(frozen=True)
class Asked:
    """Rows to predict that are judged by the same back-tests.

    Attributes
    ----------
    rows : ndarray of int, shape (n,)
        Their positions.
    axis : str
        Along which they lie farthest beyond the training rows.
    beyond : ndarray, shape (n,)
        How far, in units of the training range.
    hidden : tuple of str
        Columns of the training rows of which they have no value.
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
class Shares:
    """What rows are predicted with.

    Attributes
    ----------
    weight : ndarray, shape (k, n)
        Of every candidate on every row; columns add up to 1.
    spread : ndarray, shape (n,)
        Standard deviation of a new measurement on the scale that is averaged.
    """

    weight: np.ndarray
    spread: np.ndarray

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Return the weighted mean of predictions of shape (k, n), shape (n,)."""
        found: np.ndarray = (self.weight * np.nan_to_num(values)).sum(axis=0)
        return found


class WeighedCandidates(ScalingLaw):
    """Base of predictors that fit every candidate, back-test it, and average.

    Attributes
    ----------
    errors_ : DataFrame
        Mean back-test error of each candidate (rows) along each axis (columns).
    """

    candidate = NotCandidate("it is what weighs the candidates")
    variables = None
    without: ClassVar[frozenset[str]] = frozenset()
    """Names that are not tried, though they say that they are candidates."""

    @abstractmethod
    def _share(self, asked: Asked) -> Shares:
        """Return the weights for rows that are judged alike."""

    @abstractmethod
    def _mean_error(self, errors: Sequence[float], axis: str) -> float:
        """Return one number for a candidate's errors in the back-tests of an axis, from the lowest up."""

    def fit(self, X: pd.DataFrame, y: Any) -> WeighedCandidates:
        """Fit all candidates, and back-test them."""
        _fit([self], [X], [y])
        return self

    def fit_many(
        self, frames: Sequence[pd.DataFrame], responses: Sequence[Any], groups: Sequence[Hashable] | None = None
    ) -> list[WeighedCandidates]:
        """Fit many data sets; laws of one form are fitted to all of them in one descent.

        Parameters
        ----------
        frames, responses : sequences
            X and y of each data set, as in `fit`.
        groups : sequence, optional
            Which of them may tell each other something: those of one value; by default each stands alone.
        """
        laws: list[WeighedCandidates] = [clone(self) for _ in frames]
        _fit(laws, frames, responses, groups)
        return laws

    def reweighted(self, **settings: Any) -> Any:
        """Return a copy with other settings, on the same fits: nothing is fitted again."""
        check_is_fitted(self, "errors_")
        law: WeighedCandidates = copy.copy(self).set_params(**settings)
        law._settle(self._trials)
        return law

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the weighted mean of the candidates, shape (n,); that of a row depends on nothing but that row, or its run."""
        X = self._read(X)
        mean = np.empty(len(X))
        for asked in self._ask(X):
            mean[asked.rows] = self._share(asked).mean(asked.values)
        return np.exp(mean) if self._trials.data.log else mean

    def predict_quantiles(self, X: pd.DataFrame, levels: Sequence[float]) -> np.ndarray:
        """Return quantiles of a new measurement, shape (n, len(levels))."""
        X, wanted = self._read(X), np.asarray(levels, float)
        found = np.empty((len(X), len(wanted)))
        for asked in self._ask(X):
            shares = self._share(asked)
            found[asked.rows] = shares.mean(asked.values)[:, None] + self._deviations(asked, shares, wanted)
        return np.exp(np.clip(found, -690.0, 690.0)) if self._trials.data.log else found

    def _deviations(self, asked: Asked, shares: Shares, levels: np.ndarray) -> np.ndarray:
        """Return quantiles of a measurement less its mean, shape (n, len(levels))."""
        from scipy.stats import norm

        found: np.ndarray = shares.spread[:, None] * norm.ppf(levels)[None, :]
        return found

    @property
    def models_(self) -> dict[str, Any]:
        """The candidates as fitted to all training rows, by name; those that could not be fitted are not among them."""
        check_is_fitted(self, "errors_")
        return {name: trial.model for name, trial in self._trials.by_name.items() if trial.model is not None}

    def weights(self, X: pd.DataFrame) -> dict[str, float]:
        """Return the mean weights of the candidates that share in the prediction of these rows, the largest first."""
        total: dict[str, float] = {}
        X = self._read(X)
        for asked in self._ask(X):
            for name, weight in zip(asked.names, self._share(asked).weight.sum(axis=1), strict=True):
                total[name] = total.get(name, 0.0) + float(weight)
        return {name: total[name] / len(X) for name in sorted(total, key=lambda n: -total[n]) if total[name] > _LEAST * len(X)}

    def _ask(self, X: pd.DataFrame) -> Iterator[Asked]:
        """Yield the rows in groups that are judged alike."""
        check_is_fitted(self, "errors_")
        X = X.reset_index(drop=True)
        train = self._trials.data.X
        values = self._trials.predict(X)
        names, stacked = tuple(values), np.stack(list(values.values())) if values else np.empty((0, len(X)))
        axes, beyond = directions(train, X)
        for rows, hidden in groups_by_missing(train, X):
            for axis in dict.fromkeys(axes[rows]):
                alike = rows[axes[rows] == axis]
                yield Asked(alike, axis, beyond[alike], hidden, names, stacked[:, alike])

    def _findings(self) -> Findings | None:
        """Return who shares in a prediction beyond the largest training runs, and how they did in back-tests."""
        if not hasattr(self, "errors_"):
            return None
        data, axes = self._trials.data, self._trials.axes
        share = self._share_beyond()
        errors = self.errors_.reindex(list(share)).rename(columns={ALL: "overall scale"})
        lines = [f"{len(data.y)} rows of {', '.join(map(str, data.X.columns))}; {len(self.models_)} candidates"]
        lines.append("weights beyond the largest runs, and root mean squared errors" + (" of logarithms" if data.log else ""))
        lines.append(f"in back-tests along: {', '.join(map(str, errors))}" if axes else "too few rows for back-tests")
        return Findings(tuple(lines), errors.assign(weight=pd.Series(share))[["weight", *errors]])

    def _share_beyond(self) -> dict[str, float]:
        """Return who shares in a prediction of a run twice as far as the training rows reach on every axis of scale."""
        X = self._trials.data.X
        row = X.tail(1).copy()
        for name in numeric_columns(X):
            x = X[name].to_numpy(float)
            if (x > 0).all() and family_of(name) is None:
                row[name] = x.max() ** 2 / x.min() if not falls(name) else x.min() ** 2 / x.max()
        return self.weights(row)

    def _settle(self, trials: Trials) -> None:
        if all(trial.model is None for trial in trials.by_name.values()):
            raise PredictorError("no candidate could be fitted")
        self._trials = trials
        self.errors_ = pd.DataFrame({axis: self._mean_errors(axis) for axis in trials.axes})

    def _mean_errors(self, axis: str, hidden: Sequence[str] = ()) -> dict[str, float]:
        return {name: self._mean_error(errors, axis) for name, errors in self._trials.errors(axis, hidden).items()}

    def _plain(self, asked: Asked, usable: np.ndarray) -> np.ndarray:
        """Return who shares where nothing was back-tested: the two plainest candidates that are usable, or the first; shape (k, n)."""
        plain = usable & np.array([self._trials.by_name[name].plain for name in asked.names])[:, None]
        plain &= np.cumsum(plain, axis=0) <= 2
        first = usable & (np.cumsum(usable, axis=0) <= 1)
        return np.where(plain.any(axis=0), plain, first)


def _fit(
    laws: Sequence[WeighedCandidates], frames: Sequence[Any], responses: Sequence[Any], groups: Sequence[Hashable] | None = None
) -> None:
    """Fit each law to a data set of its own, the candidates to all of them together."""
    data_sets = []
    for law, X, y in zip(laws, frames, responses, strict=True):
        X, y = law._read_training(X, y, positive=False)
        law.columns_ = tuple(map(str, X.columns))
        data_sets.append(DataSet.of(X.reset_index(drop=True), y))
    for law, trials in zip(laws, hold_trials(data_sets, laws[0].without if laws else (), groups=groups), strict=True):
        law._settle(trials)
