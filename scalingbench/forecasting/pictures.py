"""Pictures of a forecast and of a split: what was measured, what each law says, how sure it is."""

from __future__ import annotations

import io
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import VARIABLES
from scalingbench.benchmark.tasks.splits import row_cost
from scalingbench.common.errors import InputError
from scalingbench.common.extras import require
from scalingbench.common.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scalingbench.forecasting.allocate import Split
    from scalingbench.forecasting.forecast import Forecast
    from scalingbench.forecasting.plan import Plan
    from scalingbench.forecasting.problem import Problem

__all__ = ["plot_forecast", "plot_plan", "plot_split", "svg_of"]

_SIZE = (6.4, 4.2)
_POINTS = 60
_LINES = 5


def plot_forecast(found: Forecast, path: str | Path | None = None) -> Figure:
    """Draw values against compute, from the dearest runs to the target.

    The line is the forecast along the straight path (in logs) from the middle of the dearest runs to the target, the band its
    80 % interval, and each law that did well in back-tests is a thin line behind.
    """
    figure, axis = _figure()
    problem = found.problem
    way, x = _way(problem)
    for i, model in enumerate(_laws(found).values()):
        axis.plot(x, _predict(model, way), color="0.7", lw=0.8, zorder=1, label="laws that did well" if i == 0 else None)
    axis.plot(x, _predict(found.model, way), color="tab:blue", lw=1.8, label=found.predictor, zorder=3)
    band = _band(found, way)
    if band is not None:
        axis.fill_between(x, *band, color="tab:blue", alpha=0.18, lw=0, label="80 % interval", zorder=2)
    axis.plot(problem.cost, problem.y, "o", ms=4, color="black", alpha=0.6, label=f"{len(problem.y)} runs", zorder=4)
    if found.low is not None and found.high is not None:
        ends = [[found.value - found.low], [found.high - found.value]]
        axis.errorbar([x[-1]], [found.value], ends, fmt="none", ecolor="tab:red", capsize=3)
    axis.plot([x[-1]], [found.value], "*", ms=13, color="tab:red", label="target", zorder=5)
    _scales(axis, problem)
    axis.set_xlabel(_cost_label(problem))
    axis.set_ylabel(found.metric)
    axis.set_title(", ".join(f"{k} {v:.3g}" for k, v in found.target.items()), fontsize=10)
    axis.legend(fontsize=8)
    return _finished(figure, path)


def plot_split(split: Split, path: str | Path | None = None) -> Figure:
    """Draw values against params along lines of equal compute, each with its minimum; the budget's own line is the lowest."""
    figure, axis = _figure()
    problem, line = split.forecast.problem, split.line
    near = line[(line["value"] - split.value).abs() <= 0.25 * abs(split.value)]
    for budget in _lower_budgets(problem, split):
        N = np.geomspace(min(near["params"].min(), problem.rows["params"].min()), near["params"].max(), 300)
        values = _predict(split.forecast.model, _frame(problem, split, N, budget / 6.0 / N))
        shown = np.abs(values - values.min()) <= 0.25 * abs(values.min())
        axis.plot(N[shown], values[shown], color="0.75", lw=0.9, zorder=1)
        if 0 < values.argmin() < len(values) - 1:
            axis.plot([N[values.argmin()]], [values.min()], "v", ms=5, color="0.5", zorder=2)
    axis.plot(near["params"], near["value"], color="tab:blue", lw=1.8, label=f"{split.budget.flops:.3g} FLOPs, {split.predictor}", zorder=3)
    axis.axvspan(*split.flat_params, color="tab:green", alpha=0.15, lw=0, label=f"within {100 * split.within:g} % of the best")
    axis.plot(problem.rows["params"], problem.y, "o", ms=4, color="black", alpha=0.5, label=f"{len(problem.y)} runs", zorder=2)
    ends = [[max(split.params - split.params_interval[0], 0.0)], [max(split.params_interval[1] - split.params, 0.0)]]
    axis.errorbar([split.params], [split.value], xerr=ends, fmt="*", ms=13, color="tab:red", capsize=3, label="best split", zorder=5)
    _scales(axis, problem)
    axis.set_xlabel("params")
    axis.set_ylabel(split.metric)
    axis.legend(fontsize=8)
    return _finished(figure, path)


def svg_of(figure: Figure) -> str:
    """Return a figure as an SVG element, to stand in a page."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def _figure() -> tuple[Figure, Axes]:
    figure = _shown()(figsize=_SIZE, layout="constrained")
    return figure, figure.add_subplot()


@cache
def _shown() -> type[Figure]:
    """Return the class of our figures: without a window or any state shared with the caller's own, and shown by notebooks."""
    require("a picture", "plot", "matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    class Shown(Figure):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            FigureCanvasAgg(self)

        def _repr_png_(self) -> bytes:
            data = io.BytesIO()
            self.savefig(data, format="png", dpi=90)
            return data.getvalue()

    return Shown


def _finished(figure: Figure, path: str | Path | None) -> Figure:
    if path is None:
        return figure
    suffix = Path(path).suffix.lstrip(".").lower()
    if suffix not in ("png", "svg", "pdf"):
        raise InputError(f"--plot {path}: expected a name that ends in .png, .svg or .pdf")
    with replacing(Path(path)) as temporary:
        figure.savefig(temporary, dpi=150, format=suffix)
    return figure


def _way(problem: Problem) -> tuple[pd.DataFrame, np.ndarray]:
    """Return inputs on a straight path (in logs) through the middle of the runs to the target, and what each costs."""
    low, end = np.log(problem.X.quantile(0.1).to_numpy(float)), np.log(problem.point.iloc[0].to_numpy(float))
    share = np.linspace(0.0, 1.0, _POINTS)[:, None]
    way = pd.DataFrame(np.exp(low + share * (end - low)), columns=problem.X.columns)
    return way, np.asarray(row_cost(way)[0], float)


def _laws(found: Forecast) -> dict[str, Any]:
    models = found.opinions.referee.models_
    return {o.name: models[o.name] for o in found.opinions.laws[:_LINES]}


def _predict(model: Any, frame: pd.DataFrame) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(model.predict(frame), float)


def _band(found: Forecast, way: pd.DataFrame) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the predictor's interval along the way, widened as that of the target was."""
    if found.low is None or found.high is None or found.own_interval is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quantiles = np.asarray(found.model.predict_quantiles(way, [0.1, 0.9]), float)
    problem, middle = found.problem, found.problem.scaled(_predict(found.model, way))
    own = problem.scaled(np.array([found.own_interval[0], found.value, found.own_interval[1]]))
    shown = problem.scaled(np.array([found.low, found.value, found.high]))
    low = middle - (middle - problem.scaled(quantiles[:, 0])) * _ratio(shown[1] - shown[0], own[1] - own[0])
    high = middle + (problem.scaled(quantiles[:, 1]) - middle) * _ratio(shown[2] - shown[1], own[2] - own[1])
    return (np.exp(low), np.exp(high)) if problem.log else (low, high)


def _ratio(wanted: float, own: float) -> float:
    return wanted / own if own > 0 else 1.0


def _lower_budgets(problem: Problem, split: Split) -> np.ndarray:
    lowest = float(np.min(6.0 * problem.rows["params"] * problem.rows["tokens"]))
    return np.geomspace(lowest, split.training_flops, _LINES + 1)[:-1]


def _frame(problem: Problem, split: Split, N: np.ndarray, D: np.ndarray) -> pd.DataFrame:
    others = {n: v for n, v in problem.target.items() if n not in ("params", "tokens")}
    return pd.DataFrame({"params": N, "tokens": D, **others})[list(problem.variables)]


def _scales(axis: Axes, problem: Problem) -> None:
    axis.set_xscale("log")
    if problem.log:
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(_plain)
        axis.yaxis.set_minor_formatter(_plain)
    axis.tick_params(labelsize=8)
    axis.grid(alpha=0.2, which="both")


def _plain(value: float, _: float) -> str:
    return f"{value:.3g}"


def _cost_label(problem: Problem) -> str:
    basis = row_cost(problem.X)[1]
    if basis == "flops":
        return "training FLOPs"
    return f"{basis} ({VARIABLES[basis].unit})" if basis in VARIABLES else basis


def plot_plan(plan: Plan, path: str | Path | None = None) -> Figure:
    """Draw the runs of a plan and its target by params and tokens, with lines of equal compute."""
    figure, axis = _figure()
    points = axis.scatter(
        plan.runs["params"], plan.runs["tokens"], c=np.log10(plan.runs["flops"]), cmap="viridis", zorder=3, label="to be run"
    )
    axis.plot([plan.target["params"]], [plan.target["tokens"]], "*", ms=13, color="tab:red", label="target", zorder=4)
    N = np.geomspace(plan.runs["params"].min() / 2, plan.target["params"] * 2, 50)
    for compute in np.unique(plan.runs["flops"].round(-int(np.log10(plan.runs["flops"].min())) + 1)):
        axis.plot(N, compute / 6.0 / N, color="0.85", lw=0.7, zorder=1)
    axis.set(xscale="log", yscale="log", xlabel="params", ylabel="tokens", title=f"{len(plan.runs)} runs, {plan.spent:.3g} FLOPs")
    axis.set_ylim(plan.runs["tokens"].min() / 3, max(plan.runs["tokens"].max(), plan.target["tokens"]) * 3)
    figure.colorbar(points, label="log10 FLOPs")
    axis.legend(fontsize=8)
    return _finished(figure, path)
