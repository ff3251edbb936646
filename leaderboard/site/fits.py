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
    laws = {name: law for name, f in predicted.items() if (law := _law(name)) is not None and _is_complete(law, f)}
    grids = list(_grids(pd.concat([fold.X_train, fold.X_test]), axis)) if laws else []
    if not grids:
        return []
    rows = pd.concat([fold.X_test, *(grid for _, grid in grids)])
    values = {name: law.at(rows, predicted[name].constants) for name, law in laws.items()}
    n, ends = len(fold.X_test), np.cumsum([len(fold.X_test), *(len(grid) for _, grid in grids)])
    drawn = {name: np.split(v, ends)[1:-1] for name, v in values.items() if _same(v[:n], predicted[name].predictions)}
    lines = [{name: parts[i] for name, parts in drawn.items()} for i in range(len(grids))]
    return [{"at": at, "x": axis.values(grid), "y": y} for (at, grid), y in zip(grids, lines, strict=True) if y]


@cache
def _law(name: str) -> ParametricLaw | None:
    entry = next((e for e in list_predictors() if e.name == name), None)
    model = None if entry is None else entry.make()
    return model if isinstance(model, ParametricLaw) else None


def _is_complete(law: ParametricLaw, f: FoldResult) -> bool:
    return f.status == "ok" and not {p.name for p in law.parameters} - set(f.constants)


def _same(values: np.ndarray, predictions: np.ndarray) -> bool:
    return bool(np.allclose(values, predictions, rtol=_SAME, atol=0.0))


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
    """Return copies of the first row at points that are spread evenly over the range of the axis."""
    values = rows[axis.variable].astype(float)
    spread = np.geomspace if is_log(values) else np.linspace
    first = {c: np.repeat(rows[c].to_numpy()[:1], n) for c in rows}
    return pd.DataFrame({**first, str(axis.variable): spread(values.min(), values.max(), n)})
