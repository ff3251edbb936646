"""Charts of the site, as Vega-Lite specifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.results import TaskResult
from scalingbench.benchmark.scores.scoring import INTERVAL_LEVELS
from scalingbench.benchmark.tasks.task import Task
from scalingbench.leaderboard.plot_axis import PlotAxis, axis_of_task, is_log

__all__ = ["binned_chart", "calibration_chart", "extrapolation_chart", "points_chart", "task_chart"]

_MOST_FOLDS = 8
_MOST_POINTS = 1500


def _spec(chart: Any) -> dict[str, Any]:
    spec: dict[str, Any] = chart.to_dict(validate=False)
    spec.pop("config", None)
    return spec


def _data(rows: Sequence[Mapping[Any, Any]]) -> Any:
    import altair as alt

    return alt.Data(values=rows)  # type: ignore[no-untyped-call]


def _geometric_mean(values: pd.Series) -> float:
    return float(np.exp(np.log(values).mean()))


def binned_chart(scores: pd.DataFrame, predictors: Sequence[str], column: str, title: str, edges: Sequence[float]) -> dict[str, Any] | None:
    """Plot the geometric mean of the ratio over bins of a column, one line per predictor; None if no bin has three tasks."""
    import altair as alt

    rows = scores[scores["predictor"].isin(predictors) & (scores[column] > 0)].copy()
    rows["bin"] = np.digitize(rows[column], edges)
    grouped = rows.groupby(["predictor", "bin"]).agg(
        x=(column, _geometric_mean),
        ratio=("ratio", _geometric_mean),
        tasks=("ratio", "size"),
    )
    values = grouped[grouped["tasks"] >= 3].reset_index().to_dict("records")
    if not values:
        return None
    data = _data(values)
    chart = (
        alt.Chart(data, width="container", height=280)
        .mark_line(point=True)
        .encode(
            x=alt.X("x:Q", scale=alt.Scale(type="log", nice=False, padding=8), title=title),
            y=alt.Y("ratio:Q", scale=alt.Scale(type="log"), title="error over the reference's"),
            color=alt.Color("predictor:N", sort=list(predictors), legend=alt.Legend(orient="bottom", columns=2)),
            tooltip=["predictor:N", alt.Tooltip("ratio:Q", format=".3f"), "tasks:Q"],
        )
    )
    return _spec(chart)


def calibration_chart(results: Sequence[TaskResult], tasks: Sequence[Task], predictors: Sequence[str]) -> dict[str, Any] | None:
    """Plot the share of held-out values below each predicted quantile; None if no quantiles are stored."""
    import altair as alt

    by_id = {t.id: t for t in tasks}
    rows = []
    for name in predictors:
        below: dict[float, list[float]] = {}
        for r in results:
            if r.predictor != name or r.task not in by_id:
                continue
            for fold, f in zip(by_id[r.task].folds, r.folds, strict=True):
                for level, q in f.quantiles.items():
                    below.setdefault(level, []).append(float(np.mean(fold.y_test[fold.scored] <= q[fold.scored])))
        rows += [{"predictor": name, "level": level, "share": float(np.mean(v)), "fits": len(v)} for level, v in below.items()]
    if not rows:
        return None
    base = alt.Chart(_data(rows), width="container", height=280).encode(
        x=alt.X("level:Q", title="predicted quantile", scale=alt.Scale(domain=[0, 1])),
        y=alt.Y("share:Q", title="share of held-out values below it", scale=alt.Scale(domain=[0, 1])),
        color=alt.Color("predictor:N", sort=list(predictors), legend=alt.Legend(orient="bottom", columns=2)),
        tooltip=["predictor:N", "level:Q", alt.Tooltip("share:Q", format=".2f"), "fits:Q"],
    )
    diagonal = alt.Chart(_data([{"a": 0, "b": 0}, {"a": 1, "b": 1}])).mark_line(strokeDash=[4, 4], color="gray").encode(x="a:Q", y="b:Q")
    return _spec(diagonal + base.mark_line(point=True))


def extrapolation_chart(scores: pd.DataFrame) -> dict[str, Any]:
    """Plot a predictor's ratio on each task against the task's extrapolation factor."""
    import altair as alt

    columns = ["task", "track", "extrapolation", "ratio"]
    chart = (
        alt.Chart(_data(scores[columns].to_dict("records")), width="container", height=300)
        .mark_point(filled=True, size=60)
        .encode(
            x=alt.X("extrapolation:Q", scale=alt.Scale(type="log", nice=False, padding=8), title="extrapolation factor"),
            y=alt.Y("ratio:Q", scale=alt.Scale(type="log"), title="error over the reference's"),
            color=alt.Color("track:N", legend=alt.Legend(orient="bottom", columns=3)),
            tooltip=["task:N", alt.Tooltip("ratio:Q", format=".3f"), alt.Tooltip("extrapolation:Q", format=".1f")],
        )
    )
    return _spec(chart)


def points_chart(rows: pd.DataFrame, metric: str, axis: PlotAxis, log_value: bool) -> dict[str, Any]:
    """Plot the values of a metric of a collection along a variable, one colour per curve."""
    import altair as alt

    rows = _thinned(rows[["curve", "run", axis.variable, "value"]].dropna(), _MOST_POINTS)
    few = rows["curve"].nunique() <= 12
    color = alt.Color("curve:N", legend=alt.Legend(orient="bottom", columns=2)) if few else alt.Color("curve:N", legend=None)
    chart = (
        alt.Chart(_data(rows.to_dict("records")), width="container", height=320)
        .mark_point(filled=True, opacity=0.6)
        .encode(
            x=_along(f"{axis.variable}:Q", axis),
            y=alt.Y("value:Q", scale=_scale(log_value and is_log(rows["value"])), title=metric),
            color=color,
            tooltip=["curve:N", "run:N", alt.Tooltip("value:Q", format=".4g")],
        )
    )
    return _spec(chart)


def task_chart(task: Task, results: Sequence[TaskResult]) -> dict[str, Any]:
    """Plot the points of a task's first folds, and the predictions of the given results, with stored intervals."""
    import altair as alt

    axis = axis_of_task(task)
    folds = list(enumerate(task.folds))[:_MOST_FOLDS]
    points, lines, most = [], [], _MOST_POINTS // len(folds)
    for i, fold in folds:
        for X, y, what in ((fold.X_train, fold.y_train, "trained on"), (fold.X_test, fold.y_test, "held out")):
            frame = _thinned(pd.DataFrame({"x": axis.values(X), "value": y}), most)
            points += [{"fold": fold.name, "what": what, **row} for row in frame.to_dict("records")]
        for r in results:
            f = r.folds[i]
            if f.status == "ok":
                lines += _predicted(r.predictor, fold.name, axis.values(fold.X_test), f.predictions, f.quantiles, most)
    x = _along("x:Q", axis)
    base = alt.Chart(_data(points)).mark_point(filled=True, size=40, color="gray")
    measured = base.encode(
        x=x,
        y=alt.Y("value:Q", scale=_scale(task.on_log_scale), title=task.spec.metric),
        shape=alt.Shape(
            "what:N",
            scale=alt.Scale(domain=["trained on", "held out"], range=["circle", "diamond"]),
            title=None,
            legend=alt.Legend(orient="bottom"),
        ),
        tooltip=["fold:N", "what:N", alt.Tooltip("value:Q", format=".4g")],
    )
    predicted = alt.Chart(_data(lines))
    color = alt.Color("predictor:N", title=None, legend=alt.Legend(orient="bottom"))
    drawn = predicted.mark_line(point=True) if len(task.variables) == 1 else predicted.mark_point(filled=True, size=26)
    layers = [measured, drawn.encode(x=x, y="value:Q", color=color, tooltip=["predictor:N", alt.Tooltip("value:Q", format=".4g")])]
    if any(np.isfinite(row["low"]) for row in lines):
        layers.append(predicted.mark_rule(opacity=0.5).encode(x=x, y="low:Q", y2="high:Q", color=color))
    if len(folds) > 1:  # one fit at a time
        names = [fold.name for _, fold in folds]
        pick = alt.param(name="fit", value=names[0], bind=alt.binding_select(options=names, name="fit of "))
        layers = [layer.transform_filter("datum.fold === fit") for layer in layers]
        layers[0] = layers[0].add_params(pick)
    chart = alt.layer(*layers).properties(width="container", height=340)
    return _spec(chart)


def _along(field: str, axis: PlotAxis) -> Any:
    import altair as alt

    x = alt.X(field, scale=_scale(axis.log), title=axis.label)
    return x.axis(format=".0e", labelOverlap=True) if axis.log else x


def _scale(log: bool) -> Any:
    import altair as alt

    return alt.Scale(type="log", nice=False, padding=8) if log else alt.Scale(zero=False)


def _predicted(name: str, fold: str, x: np.ndarray, p: np.ndarray, quantiles: dict[float, np.ndarray], most: int) -> list[dict[str, Any]]:
    low, high = (quantiles.get(level, np.nan) for level in INTERVAL_LEVELS)
    frame = pd.DataFrame({"x": x, "value": p, "low": low, "high": high})
    rows = _thinned(frame, most).to_dict("records")
    return [{"predictor": name, "fold": fold, **{str(k): v for k, v in row.items()}} for row in rows]


def _thinned(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    return frame if len(frame) <= most else frame.iloc[np.linspace(0, len(frame) - 1, max(most, 2)).astype(int)]
