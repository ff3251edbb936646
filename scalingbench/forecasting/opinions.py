"""What the laws themselves say of a forecast: how they did in back-tests, whether they agree, what single runs decide."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.forecasting.problem import Problem
from scalingbench.predictors.axes import ALL, INTERPOLATION, direction
from scalingbench.predictors.registry import make

__all__ = ["REFEREE", "Opinion", "Opinions", "budgets_of", "hear", "left_out", "spread"]

REFEREE = "autolaw"
"""Whose candidates are asked, whatever the predictor is."""
_MOST_BUDGETS = 8
_SAME_BUDGET = 0.25  # in the logarithm of the cost: runs closer than this are of one budget


@dataclass(frozen=True)
class Opinion:
    """One law's forecast.

    Attributes
    ----------
    name : str
        The law.
    weight : float
        In the referee's mean.
    value : float
        Its own forecast.
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
class Opinions:
    """What was heard.

    Attributes
    ----------
    laws : tuple of Opinion
        The candidates that share in the referee's mean, by weight.
    referee : Any
        The fitted referee.
    value : float
        Its forecast.
    backtest : float
        Error of its mean in back-tests along the axis of the target; NaN where nothing could be back-tested.
    axis : str
        That axis.
    beyond : float
        How far the target lies beyond the runs along it, in units of their range.
    """

    laws: tuple[Opinion, ...]
    referee: Any
    value: float
    backtest: float
    axis: str
    beyond: float


def hear(problem: Problem, referee: Any | None = None) -> Opinions:
    """Fit the referee and ask its candidates."""
    law = referee if referee is not None else _fitted(problem.variables, problem.X.to_numpy(float).tobytes(), problem.y.tobytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = float(np.ravel(law.predict(problem.point))[0])
    axis, beyond = direction(problem.X, problem.point)
    judged = axis if axis in law.errors_ else next((a for a in (ALL, *law.errors_) if a in law.errors_ and a != INTERPOLATION), None)
    judged = judged or (INTERPOLATION if INTERPOLATION in law.errors_ else None)
    laws = tuple(_ask(problem, law, name, weight, judged) for name, weight in law.weights(problem.point).items())
    known = [(o.weight, o.backtest) for o in laws if np.isfinite(o.backtest)]
    backtest = float(np.average([e for _, e in known], weights=[w for w, _ in known])) if known else float("nan")
    return Opinions(tuple(sorted(laws, key=lambda o: -o.weight)), law, value, backtest, axis, beyond)


@lru_cache(maxsize=4)
def _fitted(columns: tuple[str, ...], X: bytes, y: bytes) -> Any:
    """Fit the referee; it is kept for the next question about the same rows, because the fit is most of the time."""
    values = np.frombuffer(y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(REFEREE).fit(pd.DataFrame(np.frombuffer(X).reshape(len(values), len(columns)), columns=list(columns)), values)


def _ask(problem: Problem, law: Any, name: str, weight: float, axis: str | None) -> Opinion:
    model = law.models_[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = float(np.ravel(model.predict(problem.point))[0])
    error = float(law.errors_[axis].get(name, np.nan)) if axis is not None else float("nan")
    return Opinion(name, weight, value, error, tuple(getattr(model, "unidentified_", ())))


def budgets_of(cost: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each budget, the cheapest first: clusters of cost, or eighths of the rows where there are none."""
    order = np.argsort(cost, kind="stable")
    new = np.diff(np.log(cost[order])) > _SAME_BUDGET
    groups = np.split(order, np.flatnonzero(new) + 1)
    return groups if len(groups) <= _MOST_BUDGETS else [g for g in np.array_split(order, _MOST_BUDGETS) if len(g)]


def left_out(problem: Problem, names: Sequence[str]) -> tuple[str, dict[float, float]]:
    """Refit a law without one budget at a time.

    Parameters
    ----------
    problem : Problem
        Rows and target.
    names : sequence of str
        Laws to choose from; the first that refits many data sets in one descent is taken.

    Returns
    -------
    str, dict of float to float
        The law, and its forecasts by the budget that was left out; empty where no law can be refitted.
    """
    groups = budgets_of(problem.cost)
    keep = [np.setdiff1d(np.arange(len(problem.y)), g) for g in groups]
    usable = [(g, k) for g, k in zip(groups, keep, strict=True) if _still_varies(problem.X.iloc[k])]
    name = next((n for n in names if n != REFEREE and hasattr(make(n), "fit_many")), None)
    if len(groups) < 2 or not usable or name is None:
        return "", {}
    law = make(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            models = law.fit_many([problem.X.iloc[k].reset_index(drop=True) for _, k in usable], [problem.y[k] for _, k in usable])
            found = [float(np.ravel(m.predict(problem.point))[0]) for m in models]
        except Exception:  # a law that cannot be fitted to fewer rows says nothing here
            return "", {}
    return name, {float(np.median(problem.cost[g])): v for (g, _), v in zip(usable, found, strict=True) if np.isfinite(v)}


def _still_varies(X: pd.DataFrame) -> bool:
    return len(X) >= 3 and bool((X.nunique() > 1).all())


def spread(values: Sequence[float], weights: Sequence[float], log: bool) -> float:
    """Return the weighted standard deviation of forecasts on the scale of the errors."""
    x = np.log(np.maximum(values, 1e-300)) if log else np.asarray(values, float)
    w = np.asarray(weights, float) / np.sum(weights)
    return float(np.sqrt(w @ (x - w @ x) ** 2))
