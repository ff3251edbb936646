"""The back-tested ensemble: what each candidate law predicts, how well it extrapolates, and how far single budgets matter."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.common.defaults import DEFAULT_PREDICTOR
from scalingbench.forecasting.query import Query
from scalingbench.predictors.axes import ALL, INTERPOLATION, direction
from scalingbench.predictors.registry import make

__all__ = [
    "Ensemble",
    "LawForecast",
    "LeaveOut",
    "back_tested",
    "budgets_of",
    "expected_at",
    "fitted_ensemble",
    "leave_budgets_out",
    "predict_point",
]

_MOST_BUDGETS = 8
_FARTHER = 0.5
"""Distance that back-tests extrapolate, in units of the range of the runs; beyond it errors grow in proportion."""
_SAME_BUDGET = 0.25  # in the logarithm of the cost: runs closer than this are of one budget


@dataclass(frozen=True)
class LawForecast:
    """The forecast of one law of the ensemble.

    Attributes
    ----------
    name : str
        Name of the law.
    weight : float
        Its weight in the mean.
    value : float
        Its forecast.
    backtest : float
        Its root mean squared error in back-tests along the axis of the target, on the scale of the errors.
    unidentified : tuple of str
        Constants that the rows do not identify.
    """

    name: str
    weight: float
    value: float
    backtest: float
    unidentified: tuple[str, ...]


@dataclass(frozen=True)
class Ensemble:
    """The fitted ensemble at a target.

    Attributes
    ----------
    laws : tuple of LawForecast
        The candidates with a weight, the largest first.
    model : Any
        The fitted ensemble.
    value : float
        Its forecast.
    backtest : float
        Weighted mean of the candidates' back-test errors along the axis of the target; NaN where nothing could be
        back-tested.
    axis : str
        That axis.
    beyond : float
        Distance of the target from the training range along that axis, in units of the range.
    """

    laws: tuple[LawForecast, ...]
    model: Any
    value: float
    backtest: float
    axis: str
    beyond: float

    def backtest_of(self, predictor: str) -> float:
        """Return the back-test error of a predictor; that of the ensemble where the predictor is no candidate."""
        errors = self.model.errors_
        axis = self.axis if self.axis in errors else next(iter(errors), None)
        own = float(errors[axis].get(predictor, np.nan)) if axis is not None else float("nan")
        return own if np.isfinite(own) else self.backtest

    def spread(self, query: Query) -> float:
        """Return the weighted standard deviation of the candidates' forecasts on the scale of the errors."""
        x, w = query.scaled(np.array([o.value for o in self.laws])), np.array([o.weight for o in self.laws])
        w = w / w.sum()
        return float(np.sqrt(w @ (x - w @ x) ** 2))


@dataclass(frozen=True)
class LeaveOut:
    """Forecasts of one law, refitted without one compute budget at a time.

    Attributes
    ----------
    law : str
        Name of the law; empty where no law can be refitted.
    without : dict of float to float
        Cost of the runs of the omitted budget -> forecast.
    """

    law: str = ""
    without: dict[float, float] = field(default_factory=dict)


def expected_at(backtest: float, beyond: float) -> float:
    """Return a back-test error, enlarged in proportion where the target is farther than the back-tests extrapolate."""
    return backtest * max(1.0, beyond / _FARTHER)


def predict_point(model: Any, query: Query) -> float:
    """Return what a fitted predictor gives at the target."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(np.ravel(model.predict(query.point))[0])


def back_tested(query: Query, model: Any | None = None) -> Ensemble:
    """Fit the ensemble, unless it is given fitted, and back-test its candidates along the axis of the target."""
    model = model if model is not None else fitted_ensemble(query.X, query.y)
    axis, beyond = direction(query.X, query.point)
    tested = tested_axis(model.errors_, axis)
    errors = model.errors_[tested] if tested is not None else {}
    laws = tuple(_law_forecast(query, model, name, weight, errors) for name, weight in model.weights(query.point).items())
    known = [(o.weight, o.backtest) for o in laws if np.isfinite(o.backtest)]
    backtest = float(np.average([e for _, e in known], weights=[w for w, _ in known])) if known else float("nan")
    return Ensemble(tuple(sorted(laws, key=lambda o: -o.weight)), model, predict_point(model, query), backtest, axis, beyond)


def tested_axis(errors: pd.DataFrame, axis: str) -> str | None:
    """Return the axis, or the nearest one that was back-tested; None where none was."""
    return next((str(a) for a in (axis, ALL, *(a for a in errors if a != INTERPOLATION), INTERPOLATION) if a in errors), None)


def fitted_ensemble(X: pd.DataFrame, y: np.ndarray) -> Any:
    """Return the ensemble fitted to rows; the last fits are kept, because the next query is often about the same rows."""
    return _fitted(tuple(map(str, X.columns)), X.to_numpy(float).tobytes(), np.asarray(y, float).tobytes())


@lru_cache(maxsize=4)
def _fitted(columns: tuple[str, ...], X: bytes, y: bytes) -> Any:
    values = np.frombuffer(y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(DEFAULT_PREDICTOR).fit(pd.DataFrame(np.frombuffer(X).reshape(len(values), len(columns)), columns=list(columns)), values)


def _law_forecast(query: Query, ensemble: Any, name: str, weight: float, errors: Any) -> LawForecast:
    model = ensemble.models_[name]
    unidentified = tuple(getattr(model, "unidentified_", ()))
    return LawForecast(name, weight, predict_point(model, query), float(errors.get(name, np.nan)), unidentified)


def budgets_of(cost: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each compute budget, the cheapest first: clusters of cost, or eighths of the rows without clusters."""
    order = np.argsort(cost, kind="stable")
    new = np.diff(np.log(cost[order])) > _SAME_BUDGET
    groups = np.split(order, np.flatnonzero(new) + 1)
    return groups if len(groups) <= _MOST_BUDGETS else [g for g in np.array_split(order, _MOST_BUDGETS) if len(g)]


def leave_budgets_out(query: Query, names: Sequence[str]) -> LeaveOut:
    """Refit a law without one compute budget at a time.

    Parameters
    ----------
    query : Query
        Rows and target.
    names : sequence of str
        Candidates, the first of which that fits many data sets in one descent is refitted.
    """
    groups = budgets_of(query.cost)
    keep = [np.setdiff1d(np.arange(len(query.y)), g) for g in groups]
    usable = [(g, k) for g, k in zip(groups, keep, strict=True) if _still_varies(query.X.iloc[k])]
    name = next((n for n in names if n != DEFAULT_PREDICTOR and hasattr(make(n), "fit_many")), None)
    if len(groups) < 2 or not usable or name is None:
        return LeaveOut()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            models = make(name).fit_many([query.X.iloc[k].reset_index(drop=True) for _, k in usable], [query.y[k] for _, k in usable])
            found = [predict_point(m, query) for m in models]
        except Exception:  # a law that cannot be fitted to fewer rows gives no evidence here
            return LeaveOut()
    return LeaveOut(name, {float(np.median(query.cost[g])): v for (g, _), v in zip(usable, found, strict=True) if np.isfinite(v)})


def _still_varies(X: pd.DataFrame) -> bool:
    return len(X) >= 3 and bool((X.nunique() > 1).all())
