"""Charts of the site, as records that `assets/chart.js` draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.results import TaskResult
from scalingbench.benchmark.tasks.task import Task
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.plot_axis import PlotAxis, is_log

__all__ = ["axis_record", "calibration_chart", "points_chart", "slice_chart", "spread_evenly"]

_MOST_POINTS = 1000
_MOST_CURVES = 8


def slice_chart(boards: Mapping[str, Board], predictors: Sequence[str], title: str, value: str = "ratio") -> dict[str, Any]:
    """Plot predictors over slices: the error over the reference's with whiskers, or the median error in percent."""
    ticks = [f"{name} ({board.n_tasks})" for name, board in boards.items()]
    rows = [board.rows.set_index("predictor") for board in boards.values()]
    percent = value == "mape"
    y = {"label": "median absolute error" if percent else "error / the reference's", "log": True, "percent": percent}
    series = []
    for name in predictors:
        own = [table.loc[name] if name in table.index else None for table in rows]
        made: dict[str, Any] = {"name": name, "kind": "both", "x": list(range(len(rows)))}
        if percent:
            made["y"] = [None if r is None else r["mape"] for r in own]
        else:
            ends = {"y": "skill", "low": "skill_high", "high": "skill_low"}
            made |= {key: [None if r is None else max(1.0 - r[of], 1e-3) for r in own] for key, of in ends.items()}
        series.append(made)
    return {"x": {"label": title, "ticks": ticks}, "y": y, "series": series, **({} if percent else {"level": 1})}


def calibration_chart(
    results: Mapping[tuple[str, str], TaskResult], tasks: Sequence[Task], predictors: Sequence[str]
) -> dict[str, Any] | None:
    """Plot the share of held-out values below each predicted quantile; None if no quantiles are stored."""
    series = []
    for name in predictors:
        below: dict[float, list[float]] = {}
        for task in tasks:
            if (r := results.get((task.id, name))) is None:
                continue
            for fold, f in zip(task.folds, r.folds, strict=True):
                for level, q in f.quantiles.items():
                    below.setdefault(level, []).append(float(np.mean(fold.y_test[fold.scored] <= q[fold.scored])))
        if below:
            levels = sorted(below)
            series.append({"name": name, "kind": "both", "x": levels, "y": [float(np.mean(below[level])) for level in levels]})
    axes = {"x": "predicted quantile", "y": "share of held-out values below it"}
    return {k: {"label": v, "domain": [0, 1]} for k, v in axes.items()} | {"diagonal": True, "series": series} if series else None


def points_chart(rows: pd.DataFrame, metric: str, axis: PlotAxis, log_value: bool) -> dict[str, Any]:
    """Plot the values of a metric of a collection along a variable, one colour per curve if there are few."""
    rows = rows[["curve", "run", axis.variable, "value"]].dropna()
    rows = rows.iloc[spread_evenly(np.arange(len(rows)), _MOST_POINTS)]
    few = rows["curve"].nunique() <= _MOST_CURVES
    groups = rows.groupby("curve", sort=False) if few else [("", rows)]
    series = [
        {"name": str(name), "kind": "points", "faint": True, "x": own[axis.variable].tolist(), "y": own["value"].tolist()}
        for name, own in groups
    ]
    y = {"label": metric, "log": bool(log_value and is_log(rows["value"]))}
    return {"x": axis_record(axis), "y": y, "series": series}


def axis_record(axis: PlotAxis) -> dict[str, Any]:
    """Return the axis of a chart."""
    return {"label": axis.label, "log": axis.log}


def spread_evenly(places: np.ndarray, most: int) -> np.ndarray:
    """Return at most this many places, evenly spaced."""
    return places if len(places) <= most else places[np.linspace(0, len(places) - 1, max(most, 2)).astype(int)]
