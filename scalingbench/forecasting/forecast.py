"""From a table of small runs to what a large run will give."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.schema import read_table
from benchmark.data.variables import VARIABLES, is_variable, metric_kind, variables_of
from predictors.contract import ANY, columns_read
from predictors.registry import make
from scalingbench.common.defaults import LEVELS
from scalingbench.common.errors import InputError
from scalingbench.common.names import unknown_name

__all__ = ["Forecast", "forecast", "parse_target"]


_NO_WIDTH = 1e-9
"""Relative width below which an interval is none."""


@dataclass(frozen=True)
class Forecast:
    """A prediction, and how far it reaches.

    Attributes
    ----------
    metric, predictor : str
        What is predicted, and by which predictor.
    target : dict of str to float
        At which inputs.
    value : float
        Predicted.
    low, high : float, optional
        80 % interval for one new run, where the predictor gives quantiles and the rows show a noise.
    rows : int
        Rows it was fitted on.
    beyond : dict of str to float
        Target over the largest (or smallest) training value, per variable outside the training range.
    weights : dict of str to float
        What a combination of laws rests on.
    """

    metric: str
    predictor: str
    target: dict[str, float]
    value: float
    low: float | None
    high: float | None
    rows: int
    beyond: dict[str, float]
    weights: dict[str, float]
    why_no_interval: str | None = None
    """Where `low` and `high` are missing."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        at = ", ".join(f"{k}={v:g}" for k, v in self.target.items())
        interval = f" (no interval: {self.why_no_interval})" if self.low is None else f" [{self.low:.5g}, {self.high:.5g}] (80 %)"
        lines = [f"{self.metric} at {at}: {self.value:.5g}{interval}", f"{self.predictor} on {self.rows} rows"]
        lines += [f"{name}: {factor:.3g} times the nearest training value" for name, factor in self.beyond.items()]
        if self.weights:
            lines.append("weights: " + ", ".join(f"{n} {w:.2f}" for n, w in sorted(self.weights.items(), key=lambda i: -i[1])))
        return "\n".join(lines)


def parse_target(text: str) -> dict[str, float]:
    """Return the inputs that ``params=7e9,tokens=2e12`` names.

    Raises
    ------
    InputError
        If a part is not ``name=number`` or the name is not in the schema.
    """
    target: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise InputError(f"--target: expected name=number, got {part!r}")
        if not is_variable(name):
            raise InputError(f"--target: {unknown_name('variable', name, VARIABLES)}")
        if name in target:
            raise InputError(f"--target: {name}: is given twice")
        try:
            target[name] = float(number)
        except ValueError:
            raise InputError(f"--target: {name}: expected a number, got {number!r}") from None
        if not np.isfinite(target[name]) or target[name] <= 0:
            raise InputError(f"--target: {name}: expected a positive number, got {number!r}")
    return target


def forecast(
    path: Path, target: dict[str, float], *, predictor: str = "autolaw", metric: str | None = None, curve: str | None = None
) -> Forecast:
    """Fit a predictor to a table of runs and predict a target.

    Parameters
    ----------
    path : Path
        CSV or Parquet table by the schema; rows with a flag are left out.
    target : dict of str to float
        Inputs of the run to predict; these columns, and no others, are what the predictor reads.
    predictor : str
        A registered name.
    metric, curve : str, optional
        Which of the table's, where it has several.

    Raises
    ------
    InputError
        If the table breaks the schema, lacks a column of the target, or has several metrics or curves to choose from.
    """
    table = read_table(path)
    table = table[(table["flag"] == "") & table["value"].notna()]
    if table.empty:
        raise InputError(f"{path}: every row carries a flag or has no value, so there is nothing to fit")
    metric = _one(table, "metric", metric, path)
    table = table[table["metric"] == metric]
    curve = _one(table, "curve", curve, path)
    rows = table[table["curve"] == curve]
    filled = [name for name in variables_of(rows) if rows[name].notna().any()]
    for name in target:
        if name not in filled:
            what = f"column {name!r}, which the target names, is empty" if name in rows else f"no column {name!r}, which the target names"
            raise InputError(f"{path}: {what}; it has values of {', '.join(filled) or 'no variable'}")
    rows = rows.dropna(subset=list(target))
    if rows.empty:
        raise InputError(f"{path}: no row has all of {', '.join(target)}, which the target names")
    model = make(predictor)
    wanted = getattr(model, "variables", None)
    if columns_read(wanted, list(target), list(target)) is None:
        raise InputError(f"--target: {predictor} reads {_spelt(wanted)}; the target names {', '.join(target)}")
    X, point = rows[list(target)].reset_index(drop=True), pd.DataFrame([target])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, rows["value"].to_numpy(float))
        value = float(np.ravel(model.predict(point))[0])
        quantiles = np.ravel(model.predict_quantiles(point, list(LEVELS))) if hasattr(model, "predict_quantiles") else None
    low, high, why_not = _interval(metric, quantiles)
    weights = dict(model.weights(point)) if callable(getattr(model, "weights", None)) else {}
    return Forecast(metric, predictor, target, value, low, high, len(rows), _beyond(X, target), weights, why_not)


def _spelt(variables: Sequence[str] | None) -> str:
    return "one variable" if variables is None or tuple(variables) == (ANY,) else ", ".join(variables)


def _one(table: pd.DataFrame, column: str, chosen: str | None, path: Path) -> str:
    names = sorted(table[column].unique())
    if chosen is None and len(names) == 1:
        return str(names[0])
    if chosen is None:
        raise InputError(f"{path}: has several of {column}: {', '.join(names[:8])}; choose one with --{column}")
    if chosen not in names:
        raise InputError(f"{path}: {unknown_name(column, chosen, names)}")
    return chosen


def _interval(metric: str, quantiles: np.ndarray | None) -> tuple[float | None, float | None, str | None]:
    """Return the ends of the interval within the values that the metric can take, or why there is none."""
    if quantiles is None:
        return None, None, "this predictor gives none"
    low, middle, high = (float(q) for q in quantiles)
    if not np.isfinite([low, middle, high]).all():
        return None, None, "this predictor's are not finite"
    if high - low <= _NO_WIDTH * abs(middle):
        return None, None, "the law passes through its rows, which leaves nothing to tell the noise from"
    kind = metric_kind(metric)
    return max(low, kind.low), min(high, kind.high), None


def _beyond(X: pd.DataFrame, target: dict[str, float]) -> dict[str, float]:
    low, high = X.min(), X.max()
    return {
        name: value / float(high[name] if value > high[name] else low[name])
        for name, value in target.items()
        if value > high[name] or value < low[name]
    }
