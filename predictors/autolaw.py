"""AutoLaw: candidates of every kind, weighted by how well they extrapolate on the training rows themselves."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from predictors.backtests import ALL, INTERPOLATION, Backtest, axes_of, direction, make_backtests
from predictors.columns import numeric_columns
from predictors.contract import columns_read
from predictors.estimator import ScalingLaw
from scalingbench.common.errors import PredictorError

__all__ = ["AutoLaw", "candidates"]

_GENERIC = ("nearest-observation", "log-quadratic[floor]", "gaussian-process")
_SEVERAL_VARIABLES = ("nearest-neighbor", "log-linear")
_ONE_VARIABLE = ("power-law", "shifted-power-law", "pow4", "mmf4", "bnsl-1", "m4", "log-line", "quadratic-log", "exp3")
"""Every form once: of one variable, log-linear is the power law, sigmoid-log is mmf4, and the nearest neighbour the last value."""
_SPECIFIC = (
    "chinchilla[huber-log]",
    "chinchilla[l2-log]",
    "chinchilla-gamma",
    "kaplan",
    "compute-only",
    "over-training",
    "farseer",
    "data-constrained",
    "moe-power",
    "routed",
    "moe-sparsity",
    "parallel",
    "precision",
    "compressed-representation",
    "vocabulary",
    "width-depth",
    "distillation",
    "lr-annealing",
    "multi-power",
    "step-law",
    "critical-batch-scaling",
    "data-mixing",
    "optimal-mixture[additive]",
    "log-mixture",
    "regmix[linear]",
    "regmix[boosting]",
    "rectified",
    "loss-to-loss",
    "loss-to-error",
    "loss-to-accuracy",
    "two-stage[sigmoid]",
    "direct-accuracy",
    "observational",
    "sloth",
    "coverage",
    "beta-binomial",
)
_PLAIN: tuple[str, ...] = ("shifted-power-law", "power-law", "log-linear", "nearest-neighbor")
"""What shares the weight where nothing could be back-tested."""
_MOST_ROWS = 4_000  # a Gaussian process thins its rows itself; everything else grows linearly
_MANY_CONSTANTS = {"optimal-mixture[additive]": 400, "farseer": 2_000, "distillation": 1_000, "multi-power": 3_000}
"""Candidates that take long, with the most training rows that they are tried on."""
_MANY_COLUMNS = {"log-quadratic[floor]": 9, "data-mixing": 32}
"""Candidates whose constants multiply with the columns, with the most columns that they are tried on."""


def candidates(X: pd.DataFrame, y: np.ndarray) -> tuple[str, ...]:
    """Return the names of the registered predictors that can be fitted to a data set.

    Which there are to choose from is stated above, by what they stand for; nothing here depends on results.
    """
    from predictors.registry import make

    columns, numeric = [str(c) for c in X.columns], numeric_columns(X)
    names = [*_GENERIC, *(_ONE_VARIABLE if len(numeric) == 1 else _SEVERAL_VARIABLES), *_SPECIFIC]
    positive = bool((y > 0).all())
    fitting = []
    for name in names:
        law = make(name)
        if columns_read(law.variables, columns, numeric) is None:
            continue
        if (not positive and law._needs_positive()) or len(y) > _MANY_CONSTANTS.get(name, _MOST_ROWS):
            continue
        if len(numeric) > _MANY_COLUMNS.get(name, len(numeric)):
            continue
        if name == "sloth" and "curve" not in columns:
            continue
        if name in ("direct-accuracy", "coverage", "beta-binomial", "sloth", "observational") and y.max() > 1.0:
            continue
        fitting.append(name)
    return tuple(fitting)


@dataclass
class _Job:
    """A data set on its way through the candidates."""

    X: pd.DataFrame
    y: np.ndarray
    log: bool
    tests: list[Backtest]
    names: tuple[str, ...]
    hidden: tuple[str, ...] = ()
    """Columns that held-out rows will not have, and that back-tests must do without."""
    models: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    """Root mean squared errors by axis and candidate, one per back-test of the axis; infinite where it failed."""


class AutoLaw(ScalingLaw):
    """A weighted mean of law forms and generic predictors, judged by back-tests on the training rows alone.

    Every candidate that the variables allow is fitted to all training rows, and to the lower part of them along every
    axis of scale, where it must predict the upper part; see `backtests.make_backtests`. When held-out inputs come, the
    axis along which they lie farthest beyond the training rows decides which back-tests count. A candidate's weight
    is its back-test error to a negative power, so the best few share almost all of it.

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
    weights_ : dict of str to float
        Weights in the last prediction.
    """

    variables = None
    _hidden: tuple[str, ...] = ()

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
        fitted = self.fit_many([X], [y])[0]
        self.__dict__.update(fitted.__dict__)
        return self

    def fit_many(self, frames: Sequence[pd.DataFrame], responses: Sequence[Any]) -> list[AutoLaw]:
        """Fit many data sets; laws of one form are fitted to all of them in one descent."""
        from sklearn.base import clone

        laws: list[AutoLaw] = [clone(self) for _ in frames]
        for law in laws:
            law._hidden = self._hidden
        jobs = [law._job(X, y) for law, X, y in zip(laws, frames, responses, strict=True)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in dict.fromkeys(name for job in jobs for name in job.names):
                _run(name, [job for job in jobs if name in job.names])
        for law, job in zip(laws, jobs, strict=True):
            law._settle(job)
        return laws

    def _job(self, X: Any, y: Any) -> _Job:
        X, y = self._read_training(X, y, positive=False)
        self.columns_ = tuple(str(c) for c in X.columns)
        X = X.reset_index(drop=True)
        return _Job(X, y, _on_log_scale(X, y), make_backtests(X), candidates(X, y), self._hidden)

    def _settle(self, job: _Job) -> None:
        if not job.models:
            raise PredictorError("no candidate could be fitted")
        self._train, self._values_, self._log, self._models = job.X, job.y, job.log, job.models
        scale = np.log(job.y) if job.log else job.y
        self._floor = max(self.floor * float(np.std(scale)), 1e-6)
        self._all_errors = job.errors
        self.errors_ = self._error_table()
        self.fitted_ = True

    def _error_table(self) -> pd.DataFrame:
        def mean(axis: str, errors: list[float]) -> float:
            weight = self.recency ** np.arange(len(errors)) if axis != INTERPOLATION else np.ones(len(errors))
            return float(np.sqrt(np.average(np.square(errors), weights=weight)))

        return pd.DataFrame({axis: {n: mean(axis, e) for n, e in by.items()} for axis, by in self._all_errors.items()})

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the weighted mean of the candidates, shape (n,)."""
        law = self._for(X := self._read(X))
        mean, _, self.weights_ = law._combine(X)
        return np.exp(mean) if law._log else mean

    def predict_quantiles(self, X: pd.DataFrame, levels: Sequence[float]) -> np.ndarray:
        """Return quantiles of a new measurement, shape (n, len(levels))."""
        from scipy.stats import norm

        law = self._for(X := self._read(X))
        mean, sd, self.weights_ = law._combine(X)
        found = mean[:, None] + sd[:, None] * norm.ppf(np.asarray(levels, float))[None, :]
        return np.exp(np.clip(found, -690.0, 690.0)) if law._log else found

    def _for(self, X: pd.DataFrame) -> AutoLaw:
        """Return a law whose back-tests did without the columns that are missing here."""
        check_is_fitted(self, "fitted_")
        hidden = tuple(c for c in numeric_columns(self._train) if c not in X.columns or X[c].isna().all())
        if hidden == self._hidden:
            return self
        law = AutoLaw(**self.get_params())
        law._hidden = hidden
        return law.fit(self._train, self._values_)

    def _combine(self, X: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
        """Return mean and standard deviation on the scale that is averaged, and the weights."""
        X = X.reset_index(drop=True)
        axis, beyond = direction(self._train, X)
        values, errors = self._plausible(self._values(X), beyond), self._judge(axis)
        names = [n for n in sorted(values, key=lambda n: errors[n]) if np.isfinite(errors[n])][: self.most]
        if not names:  # nothing was back-tested: few rows; the plainest candidates share
            names = [n for n in _PLAIN if n in values][:2] or list(values)[:1]
        error = np.array([errors[n] if np.isfinite(errors[n]) else 1.0 for n in names]) + self._floor
        weight = error**-self.power
        weight /= weight.sum()
        stacked = np.stack([values[n] for n in names])
        mean = weight @ stacked
        spread = weight @ (stacked - mean) ** 2
        return mean, self.widen * np.sqrt(spread + (weight @ error) ** 2), dict(zip(names, map(float, weight), strict=True))

    def _plausible(self, values: dict[str, np.ndarray], beyond: float) -> dict[str, np.ndarray]:
        """Return the candidates that stay within reach, or all where none does."""
        known = np.log(self._values_) if self._log else self._values_
        slack = self.reach * float(np.ptp(known)) * (0.5 + beyond)
        low, high = known.min() - slack, known.max() + slack
        return {n: v for n, v in values.items() if (v >= low).all() and (v <= high).all()} or values

    def _judge(self, axis: str) -> dict[str, float]:
        """Return each candidate's error along an axis, or the nearest thing that was back-tested."""
        table = self.errors_
        chosen = next((a for a in (axis, ALL, *[c for c in table if c != INTERPOLATION], INTERPOLATION) if a in table), None)
        return {n: float(table[chosen].get(n, np.inf)) if chosen is not None else np.inf for n in self._models}

    def _values(self, X: pd.DataFrame) -> dict[str, np.ndarray]:
        found = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, model in self._models.items():
                try:
                    value = np.asarray(model.predict(X), float)
                except Exception:  # a candidate that cannot predict these rows does not take part
                    continue
                if value.shape == (len(X),) and np.isfinite(value).all():
                    found[name] = np.log(np.maximum(value, 1e-12)) if self._log else value
        if not found:
            raise PredictorError("no candidate can predict these rows")
        return found


def _on_log_scale(X: pd.DataFrame, y: np.ndarray) -> bool:
    """Return whether values are averaged as logarithms: positive ones, but for shares that rise with scale (accuracies)."""
    if not (y > 0).all():
        return False
    axes = axes_of(X)
    if y.max() > 1.0 or not axes:
        return True
    scale = axes.get(ALL, next(iter(axes.values())))
    return bool(np.ptp(scale) <= 0 or np.corrcoef(pd.Series(scale).rank(), pd.Series(y).rank())[0, 1] <= 0)


def _run(name: str, jobs: list[_Job]) -> None:
    """Fit one candidate to every data set and every back-test of it."""
    from predictors.registry import make

    frames, responses, owners = [], [], []
    for job in jobs:
        for test in (None, *job.tests):
            rows = np.arange(len(job.y)) if test is None else test.train
            frames.append(job.X.iloc[rows].reset_index(drop=True))
            responses.append(job.y[rows])
            owners.append((job, test))
    for (job, test), model in zip(owners, _fit_all(make(name), frames, responses), strict=True):
        if test is None:
            if model is not None:
                job.models[name] = model
            continue
        job.errors.setdefault(test.axis, {}).setdefault(name, []).append(_error(model, job, test))


def _fit_all(law: Any, frames: list[pd.DataFrame], responses: list[np.ndarray]) -> list[Any]:
    if hasattr(law, "fit_many"):
        try:
            return list(law.fit_many(frames, responses))
        except Exception:  # one bad data set: find out which
            pass
    return [_fit_one(law, X, y) for X, y in zip(frames, responses, strict=True)]


def _fit_one(law: Any, X: pd.DataFrame, y: np.ndarray) -> Any:
    from sklearn.base import clone

    try:
        return clone(law).fit(X, y)
    except Exception:
        return None


def _error(model: Any, job: _Job, test: Backtest) -> float:
    if model is None:
        return float("inf")
    X = job.X.assign(**dict.fromkeys(job.hidden, np.nan)) if job.hidden else job.X
    try:
        # rows of a run are handed over together, because some laws read the history of a run
        predicted = np.asarray(model.predict(X), float)[test.test] if "run" in X else model.predict(X.iloc[test.test])
    except Exception:
        return float("inf")
    if not np.isfinite(predicted).all():
        return float("inf")
    measured = job.y[test.test]
    residual = np.log(np.maximum(predicted, 1e-12)) - np.log(measured) if job.log else predicted - measured
    return float(np.sqrt(np.mean(residual**2)))
