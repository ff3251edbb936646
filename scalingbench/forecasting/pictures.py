"""Pictures of a forecast, an allocation and a plan: runs, laws, intervals."""

from __future__ import annotations

import io
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.tasks.splits import row_cost
from scalingbench.common.extras import require
from scalingbench.common.files import replacing
from scalingbench.common.variables import VARIABLES
from scalingbench.forecasting.design import DesignCheck
from scalingbench.forecasting.outputs import check_outputs
from scalingbench.forecasting.query import FLOPS_PER_TOKEN, Query
from scalingbench.forecasting.records import ComputeAllocation, Forecast, Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot", "plot_forecast", "svg_of"]

_SIZE = (6.4, 4.2)
_POINTS = 60
_LINES = 5


def plot(found: Forecast | ComputeAllocation | Plan | DesignCheck, path: str | Path | None = None) -> Figure:
    """Draw a forecast, an allocation or a plan.

    A forecast is drawn as values against compute: the prediction along the straight path (in logs) from the middle of the runs
    to the target, its 80 % interval, and the laws with small back-test errors. An allocation is drawn as values against
    params along lines of equal compute; a plan as its runs and target by params and tokens; a check of a design as its runs, the
    larger the more of the answer they carry.

    Parameters
    ----------
    found : Forecast, ComputeAllocation, Plan or DesignCheck
        What is drawn.
    path : str or Path, optional
        File to write: .png, .svg or .pdf.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    InputError
        If matplotlib is not installed, or the file has another suffix.

    Examples
    --------
    >>> import scalingbench as sb
    >>> found = sb.forecast("runs.csv", "params=7B,tokens=140B", predictor="chinchilla")
    >>> figure = sb.plot(found, "forecast.svg")
    """
    if isinstance(found, DesignCheck):
        figure = _plot_design(found)
    elif isinstance(found, Plan):
        figure = _plot_plan(found)
    else:
        figure = _plot_allocation(found) if isinstance(found, ComputeAllocation) else plot_forecast(found)
    return figure if path is None else _written(figure, Path(path))


def plot_forecast(found: Forecast) -> Figure:
    """Draw a forecast, also that of an allocation; see `plot`."""
    figure, axis = _figure()
    query = found.query
    way, x = _way(query)
    for i, model in enumerate(_laws(found).values()):
        axis.plot(x, _predict(model, way), color="0.7", lw=0.8, zorder=1, label="laws of the ensemble" if i == 0 else None)
    axis.plot(x, query.within(_predict(found.model, way)), color="tab:blue", lw=1.8, label=found.predictor, zorder=3)
    band = _band(found, way)
    if band is not None:
        axis.fill_between(x, *band, color="tab:blue", alpha=0.18, lw=0, label="80 % interval", zorder=2)
    axis.plot(query.cost, query.y, "o", ms=4, color="black", alpha=0.6, label=f"{len(query.y)} runs", zorder=4)
    if found.low is not None and found.high is not None:
        ends = [[found.value - found.low], [found.high - found.value]]
        axis.errorbar([x[-1]], [found.value], ends, fmt="none", ecolor="tab:red", capsize=3)
    axis.plot([x[-1]], [found.value], "*", ms=13, color="tab:red", label="target", zorder=5)
    _scales(axis, query)
    axis.set_xlabel(_cost_label(query))
    axis.set_ylabel(found.metric)
    axis.set_title(", ".join(f"{k} {v:.3g}" for k, v in found.target.items()), fontsize=10)
    axis.legend(fontsize=8)
    return figure


def _plot_allocation(found: ComputeAllocation) -> Figure:
    figure, axis = _figure()
    query, line = found.query, found.line
    near = line[(line["value"] - found.value).abs() <= 0.25 * abs(found.value)]
    for budget in _lower_budgets(query, found):
        N = np.geomspace(min(near["params"].min(), query.rows["params"].min()), near["params"].max(), 300)
        values = _predict(found.model, _frame(query, found, N, budget / found.budget.factor / N))
        shown = np.abs(values - values.min()) <= 0.25 * abs(values.min())
        axis.plot(N[shown], values[shown], color="0.75", lw=0.9, zorder=1)
        if 0 < values.argmin() < len(values) - 1:
            axis.plot([N[values.argmin()]], [values.min()], "v", ms=5, color="0.5", zorder=2)
    axis.plot(near["params"], near["value"], color="tab:blue", lw=1.8, label=f"{found.budget.flops:.3g} FLOPs, {found.predictor}", zorder=3)
    axis.axvspan(*found.flat_params, color="tab:green", alpha=0.15, lw=0, label=f"within {100 * found.within:g} % of the best")
    axis.plot(query.rows["params"], query.y, "o", ms=4, color="black", alpha=0.5, label=f"{len(query.y)} runs", zorder=2)
    ends = [[max(found.params - found.params_interval[0], 0.0)], [max(found.params_interval[1] - found.params, 0.0)]]
    axis.errorbar([found.params], [found.value], xerr=ends, fmt="*", ms=13, color="tab:red", capsize=3, label="best allocation", zorder=5)
    _scales(axis, query)
    axis.set_xlabel("params")
    axis.set_ylabel(found.metric)
    axis.legend(fontsize=8)
    return figure


def _plot_plan(plan: Plan) -> Figure:
    figure, axis = _figure()
    points = axis.scatter(
        plan.runs["params"], plan.runs["tokens"], c=np.log10(plan.runs["flops"]), cmap="viridis", zorder=3, label="planned"
    )
    if plan.made is not None:
        axis.plot(plan.made["params"], plan.made["tokens"], "o", ms=4, color="0.5", mfc="none", label=f"{len(plan.made)} made", zorder=2)
    axis.plot([plan.target["params"]], [plan.target["tokens"]], "*", ms=13, color="tab:red", label="target", zorder=4)
    N = np.geomspace(plan.runs["params"].min() / 2, plan.target["params"] * 2, 50)
    for compute in np.unique(plan.runs["flops"].round(-int(np.log10(plan.runs["flops"].min())) + 1)):
        axis.plot(N, compute / FLOPS_PER_TOKEN / N, color="0.85", lw=0.7, zorder=1)
    axis.set(xscale="log", yscale="log", xlabel="params", ylabel="tokens", title=f"{len(plan.runs)} runs, {plan.spent:.3g} FLOPs")
    axis.set_ylim(plan.runs["tokens"].min() / 3, max(plan.runs["tokens"].max(), plan.target["tokens"]) * 3)
    figure.colorbar(points, label="log10 FLOPs")
    axis.legend(fontsize=8)
    return figure


def _plot_design(found: DesignCheck) -> Figure:
    figure, axis = _figure()
    runs = found.influence
    axis.scatter(runs["params"], runs["tokens"], s=12 + 600 * runs["influence"], color="tab:blue", alpha=0.6, label="runs, by influence")
    axis.plot(found.target["params"], found.target["tokens"], "*", ms=12, color="tab:red", label="target")
    axis.set(xscale="log", yscale="log", xlabel="params", ylabel="tokens")
    axis.legend(frameon=False, fontsize=8)
    return figure


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
    """Return the class of the figures: without a window or global state, and displayed by notebooks."""
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


def _written(figure: Figure, path: Path) -> Figure:
    check_outputs(path, None)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=150, format=path.suffix.lstrip(".").lower())
    return figure


def _way(query: Query) -> tuple[pd.DataFrame, np.ndarray]:
    """Return inputs on the straight path (in logs) from the middle of the runs to the target, and the cost of each."""
    low, end = np.log(query.X.quantile(0.1).to_numpy(float)), np.log(query.point.iloc[0].to_numpy(float))
    share = np.linspace(0.0, 1.0, _POINTS)[:, None]
    way = pd.DataFrame(np.exp(low + share * (end - low)), columns=query.X.columns)
    return way, np.asarray(row_cost(way)[0], float)


def _laws(found: Forecast) -> dict[str, Any]:
    models = found.ensemble.model.models_
    return {o.name: models[o.name] for o in found.ensemble.laws[:_LINES]}


def _predict(model: Any, frame: pd.DataFrame) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(model.predict(frame), float)


def _band(found: Forecast, way: pd.DataFrame) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the predictor's interval along the path, calibrated as that of the target."""
    if found.low is None or found.high is None or found.own_interval is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quantiles = np.asarray(found.model.predict_quantiles(way, [0.1, 0.9]), float)
    query, middle = found.query, found.query.scaled(found.query.within(_predict(found.model, way)))
    own = query.scaled(np.array([found.own_interval[0], found.value, found.own_interval[1]]))
    shown = query.scaled(np.array([found.low, found.value, found.high]))
    low = middle - (middle - query.scaled(quantiles[:, 0])) * _ratio(shown[1] - shown[0], own[1] - own[0])
    high = middle + (query.scaled(quantiles[:, 1]) - middle) * _ratio(shown[2] - shown[1], own[2] - own[1])
    return query.within(query.unscaled(low)), query.within(query.unscaled(high))


def _ratio(wanted: float, own: float) -> float:
    return wanted / own if own > 0 else 1.0


def _lower_budgets(query: Query, found: ComputeAllocation) -> np.ndarray:
    lowest = float(np.min(found.budget.factor * query.rows["params"] * query.rows["tokens"]))
    return np.geomspace(lowest, found.training_flops, _LINES + 1)[:-1]


def _frame(query: Query, found: ComputeAllocation, N: np.ndarray, D: np.ndarray) -> pd.DataFrame:
    others = {n: v for n, v in query.target.items() if n not in ("params", "tokens")}
    return pd.DataFrame({"params": N, "tokens": D, **others})[list(query.variables)]


def _scales(axis: Axes, query: Query) -> None:
    axis.set_xscale("log")
    if query.log:
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(_plain)
        axis.yaxis.set_minor_formatter(_plain)
    axis.tick_params(labelsize=8)
    axis.grid(alpha=0.2, which="both")


def _plain(value: float, _: float) -> str:
    return f"{value:.3g}"


def _cost_label(query: Query) -> str:
    basis = row_cost(query.X)[1]
    if basis == "flops":
        return "training FLOPs"
    return f"{basis} ({VARIABLES[basis].unit})" if basis in VARIABLES else basis
