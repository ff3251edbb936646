"""AutoLaw: candidates of every kind, weighted by how well they extrapolate on the training rows themselves."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from predictors.backtests import ALL, INTERPOLATION, direction
from predictors.candidacy import NotCandidate
from predictors.columns import numeric_columns
from predictors.display import Findings
from predictors.estimator import ScalingLaw
from predictors.trials import DataSet, Trials, hold_trials
from scalingbench.common.errors import PredictorError

__all__ = ["AutoLaw"]


class AutoLaw(ScalingLaw):
    """A weighted mean of law forms and generic predictors, judged by back-tests on the training rows alone.

    Every candidate that the variables allow is fitted to all training rows, and to the lower part of them along every
    axis of scale, where it must predict the upper part; see `backtests.make_backtests`. When held-out inputs come, the
    axis along which they lie farthest beyond the training rows decides which back-tests count. A candidate's weight
    is its back-test error to a negative power, so the best few share almost all of it. Held-out rows that lack columns are
    predicted without them, by weights from back-tests that did without them too; nothing is remembered of a prediction.

    Intervals are normal, on the scale of the mean: the spread of the candidates' predictions, and the error that the
    mean itself made in the back-tests.

    Parameters
    ----------
    power : float
        Of the error in the weights.
    most : int
        Candidates that get any weight.
    floor : float
        Share of the spread of the training values added to every error, so that luck on few rows does not decide.
    recency : float
        How much more each higher back-test of an axis counts than the one below it.
    widen : float
        Factor on the standard deviation of the intervals.
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

    def __init__(
        self, power: float = 2.0, most: int = 5, floor: float = 0.003, recency: float = 4.0, widen: float = 1.35, reach: float = 3.0
    ):
        self.power = power
        self.most = most
        self.floor = floor
        self.recency = recency
        self.widen = widen
        self.reach = reach

    def fit(self, X: pd.DataFrame, y: Any) -> AutoLaw:
        """Fit all candidates, and back-test them."""
        _fit([self], [X], [y])
        return self

    def fit_many(self, frames: Sequence[pd.DataFrame], responses: Sequence[Any]) -> list[AutoLaw]:
        """Fit many data sets; laws of one form are fitted to all of them in one descent."""
        laws: list[AutoLaw] = [clone(self) for _ in frames]
        _fit(laws, frames, responses)
        return laws

    def reweighted(self, **settings: float) -> AutoLaw:
        """Return a copy with other settings, on the same fits: nothing is fitted again."""
        check_is_fitted(self, "errors_")
        law: AutoLaw = copy.copy(self).set_params(**settings)
        law._settle(self._trials)
        return law

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the weighted mean of the candidates, shape (n,)."""
        mean, _, _ = self._combine(X)
        return np.exp(mean) if self._trials.data.log else mean

    def predict_quantiles(self, X: pd.DataFrame, levels: Sequence[float]) -> np.ndarray:
        """Return quantiles of a new measurement, shape (n, len(levels))."""
        from scipy.stats import norm

        mean, sd, _ = self._combine(X)
        found: np.ndarray = mean[:, None] + sd[:, None] * norm.ppf(np.asarray(levels, float))[None, :]
        return np.exp(np.clip(found, -690.0, 690.0)) if self._trials.data.log else found

    def weights(self, X: pd.DataFrame) -> dict[str, float]:
        """Return the weights of the candidates that share in the prediction of these rows, the best in back-tests first."""
        return self._combine(X)[2]

    def _findings(self) -> Findings | None:
        """Return who shares in a prediction beyond the largest training runs, and how they did in back-tests."""
        if not hasattr(self, "errors_"):
            return None
        data, axes = self._trials.data, self._trials.axes
        fitted = [name for name, trial in self._trials.by_name.items() if trial.model is not None]
        names, _, weight = self._weigh(fitted, self._judge(ALL, ()))
        errors = self.errors_.reindex(names).rename(columns={ALL: "overall scale"})
        lines = [f"{len(data.y)} rows of {', '.join(map(str, data.X.columns))}; {len(fitted)} candidates"]
        lines.append(
            "weights beyond the largest runs, unless a law leaps there, and root mean squared errors"
            + (" of logarithms" if data.log else "")
        )
        lines.append(f"in back-tests along: {', '.join(map(str, errors))}" if axes else "too few rows for back-tests")
        return Findings(tuple(lines), errors.assign(weight=weight)[["weight", *errors]])

    def _settle(self, trials: Trials) -> None:
        if all(trial.model is None for trial in trials.by_name.values()):
            raise PredictorError("no candidate could be fitted")
        self._trials = trials
        self.errors_ = pd.DataFrame({axis: self._mean_errors(axis) for axis in trials.axes})

    def _mean_errors(self, axis: str, hidden: Sequence[str] = ()) -> dict[str, float]:
        """Return each candidate's root mean squared error over the back-tests of an axis, the higher ones weighing more."""
        growth = 1.0 if axis == INTERPOLATION else self.recency
        errors = self._trials.errors(axis, hidden)
        return {n: float(np.sqrt(np.average(np.square(e), weights=growth ** np.arange(len(e))))) for n, e in errors.items()}

    def _combine(self, X: Any) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
        """Return mean and standard deviation on the scale that is averaged, and the weights."""
        check_is_fitted(self, "errors_")
        X = self._read(X).reset_index(drop=True)
        data = self._trials.data
        axis, beyond = direction(data.X, X)
        values = self._plausible(self._trials.predict(X), beyond)
        names, error, weight = self._weigh(list(values), self._judge(axis, _missing(data.X, X)))
        stacked = np.stack([values[n] for n in names])
        mean = weight @ stacked
        spread = weight @ (stacked - mean) ** 2
        return mean, self.widen * np.sqrt(spread + (weight @ error) ** 2), dict(zip(names, map(float, weight), strict=True))

    def _weigh(self, names: list[str], errors: dict[str, float]) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Return who shares, the best first, with errors and weights, each of shape (k,)."""
        best = [n for n in sorted(names, key=lambda n: errors[n]) if np.isfinite(errors[n])][: self.most]
        if not best:  # nothing was back-tested: few rows; the plainest candidates share
            best = [n for n in names if self._trials.by_name[n].plain][:2] or names[:1]
        floor = max(self.floor * float(np.std(self._trials.data.scaled)), 1e-6)
        error = np.array([errors[n] if np.isfinite(errors[n]) else 1.0 for n in best]) + floor
        weight = error**-self.power
        return best, error, weight / weight.sum()

    def _plausible(self, values: dict[str, np.ndarray], beyond: float) -> dict[str, np.ndarray]:
        """Return the candidates that stay within reach, or all where none does."""
        known = self._trials.data.scaled
        slack = self.reach * float(np.ptp(known)) * (0.5 + beyond)
        low, high = known.min() - slack, known.max() + slack
        return {n: v for n, v in values.items() if (v >= low).all() and (v <= high).all()} or values

    def _judge(self, axis: str, hidden: Sequence[str]) -> dict[str, float]:
        """Return each candidate's error along an axis, or along the nearest thing that was back-tested."""
        axes = self._trials.axes
        chosen = next((a for a in (axis, ALL, *[c for c in axes if c != INTERPOLATION], INTERPOLATION) if a in axes), None)
        if chosen is None:
            return dict.fromkeys(self._trials.by_name, float("inf"))
        return self._mean_errors(chosen, hidden)


def _fit(laws: Sequence[AutoLaw], frames: Sequence[Any], responses: Sequence[Any]) -> None:
    """Fit each law to a data set of its own, the candidates to all of them together."""
    data_sets = []
    for law, X, y in zip(laws, frames, responses, strict=True):
        X, y = law._read_training(X, y, positive=False)
        law.columns_ = tuple(map(str, X.columns))
        data_sets.append(DataSet.of(X.reset_index(drop=True), y))
    for law, trials in zip(laws, hold_trials(data_sets), strict=True):
        law._settle(trials)


def _missing(train: pd.DataFrame, X: pd.DataFrame) -> tuple[str, ...]:
    """Return the numeric columns of the training rows of which these rows have no value."""
    return tuple(c for c in numeric_columns(train) if c not in X.columns or X[c].isna().all())
