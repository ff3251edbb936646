"""Fitted laws as lines: the formula at the stored constants, where these give the stored predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.results import FoldResult
from scalingbench.benchmark.tasks.task import Fold
from scalingbench.leaderboard.plot_axis import PlotAxis, is_log
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.registry import list_predictors

__all__ = ["fitted_lines"]

_POINTS = {1: 20, 3: 9}
"""Points of a line by the number of lines of a law."""
_SAME = 1e-4
"""Largest relative difference of the formula from a stored prediction."""


def fitted_lines(fold: Fold, axis: PlotAxis, predicted: Mapping[str, FoldResult]) -> list[dict[str, Any]]:
    """Return the lines of the laws of a fit along the axis, over the range of the rows.

    A law of one variable has one line. One of two has three, each at the middle of a third of the rows by the other variable, over the
    range of that third. Laws of more variables, and predictors without a formula, have none.

    Parameters
    ----------
    fold : Fold
        Training rows and held-out rows.
    axis : PlotAxis
        The axis.
    predicted : mapping of str to FoldResult
        Predictions and constants by predictor.

    Returns
    -------
    list of dict
        ``x``; ``at``, the value of the other variable, if there is one; and the values by predictor, ``y``.
    """
    laws = {name: law for name, f in predicted.items() if (law := _law(name)) is not None and _reproduces(law, fold, f)}
    if not laws:
        return []
    found = []
    for at, grid in _grids(pd.concat([fold.X_train, fold.X_test]), axis):
        y = {name: law.at(grid, predicted[name].constants).tolist() for name, law in laws.items()}
        found.append({"at": at, "x": axis.values(grid).tolist(), "y": y})
    return found


@cache
def _law(name: str) -> ParametricLaw | None:
    entry = next((e for e in list_predictors() if e.name == name), None)
    model = None if entry is None else entry.make()
    return model if isinstance(model, ParametricLaw) else None


def _reproduces(law: ParametricLaw, fold: Fold, f: FoldResult) -> bool:
    if f.status != "ok" or {p.name for p in law.parameters} - set(f.constants):
        return False
    values = law.at(fold.X_test, f.constants)
    return bool(np.allclose(values, f.predictions, rtol=_SAME, atol=0.0))


def _grids(rows: pd.DataFrame, axis: PlotAxis) -> Iterator[tuple[float | None, pd.DataFrame]]:
    """Yield the value of the other variable, and the points of a line."""
    varying = [c for c in rows if rows[c].nunique() > 1]
    if axis.variable not in varying or len(varying) > 2 or not all(pd.api.types.is_numeric_dtype(rows[c]) for c in varying):
        return
    others = [c for c in varying if c != axis.variable]
    if not others:
        yield None, _grid(rows, axis, _POINTS[1])
        return
    (other,) = others
    ordered = rows.sort_values(str(other), kind="stable", ignore_index=True)
    for third in (ordered.iloc[places] for places in np.array_split(np.arange(len(ordered)), 3) if len(places)):
        if third[axis.variable].nunique() > 1:
            at = float(third[other].iloc[len(third) // 2])
            yield at, _grid(third, axis, _POINTS[3]).assign(**{str(other): at})


def _grid(rows: pd.DataFrame, axis: PlotAxis, n: int) -> pd.DataFrame:
    """Return the first row at points that are spread evenly over the range of the axis."""
    values = rows[axis.variable].astype(float)
    spread = np.geomspace if is_log(values) else np.linspace
    grid = rows.iloc[[0] * n].reset_index(drop=True)
    return grid.assign(**{str(axis.variable): spread(values.min(), values.max(), n)})
