"""Panels of a plotted task: runs, the law as a line with its 80 % interval or on budgets of equal compute, and its residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.tasks.task import Fold, Task
from scalingbench.common.defaults import ENDS
from scalingbench.leaderboard.plot_axis import PlotAxis, is_log

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["budgets_of", "draw_budgets", "draw_line", "draw_residuals", "human", "path_of", "scale_axis"]

_POINTS = 100
_FEWEST = 3  # sizes on a budget, and budgets, from which runs are drawn as isoFLOP curves
_SUFFIXES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def human(value: float, _: Any = None) -> str:
    """Return a number as people write sizes: 7B, 1.4T, 300M; from 1e15 on as a power of ten."""
    if abs(value) >= 1e15:
        return f"{value:.2g}".replace("e+", "e")
    return next((f"{value / unit:.3g}{name}" for unit, name in _SUFFIXES if abs(value) >= unit), f"{value:.3g}")


def path_of(fold: Fold, along: PlotAxis) -> pd.DataFrame | None:
    """Return inputs from the least to the largest position, through the median training run and the median held-out run.

    Numbers are interpolated in the logarithm where they are positive; text is that of most held-out rows. None if both medians have
    the same position, or the position is no input.
    """
    train, test = fold.X_train, fold.X_test
    if along.variable is None or along.variable not in train:
        return None
    both = pd.concat([train, test], ignore_index=True)
    inner = np.log if along.log else np.asarray
    here, there = (float(inner(np.nanmedian(along.values(X)))) for X in (train, test))
    if np.isclose(here, there):
        return None
    ends = inner(np.array([along.values(both).min(), along.values(both).max()]))
    share = (np.linspace(ends[0], ends[1], _POINTS) - here) / (there - here)
    return pd.DataFrame({name: _between(train[name], test[name], share) for name in train})


def _between(train: pd.Series, test: pd.Series, share: np.ndarray) -> Any:
    if not pd.api.types.is_numeric_dtype(train):
        return [test.mode().iloc[0]] * len(share)
    a, b = float(train.median()), float(test.median())
    return a ** (1 - share) * b**share if a > 0 and b > 0 else a + (b - a) * share


def draw_line(axis: Axes, model: Any, path: pd.DataFrame, along: PlotAxis, law: str) -> None:
    """Draw the law along a path, with its 80 % interval where it gives one."""
    x = along.values(path)
    axis.plot(x, model.predict(path), "-", color="black", lw=1.2, label=law, zorder=3)
    quantiles = getattr(model, "predict_quantiles", None)
    if quantiles is not None:
        low, high = np.asarray(quantiles(path, ENDS), float).T
        axis.fill_between(x, low, high, color="black", alpha=0.12, lw=0, label="80 % interval")


def draw_residuals(axis: Axes, model: Any, fold: Fold, along: PlotAxis, *, log: bool) -> None:
    """Draw measured over predicted, or their difference on a linear scale."""
    for X, y, mark, color in ((fold.X_train, fold.y_train, "o", "tab:blue"), (fold.X_test, fold.y_test, "s", "tab:orange")):
        predicted = np.asarray(model.predict(X), float)
        axis.plot(along.values(X), 100 * (y / predicted - 1) if log else y - predicted, mark, ms=3, alpha=0.6, color=color)
    axis.axhline(0.0, color="black", lw=0.8)
    axis.set_ylabel("residual, %" if log else "residual", fontsize=7)


def budgets_of(fold: Fold) -> pd.Series | None:
    """Return each run's budget params x tokens, to a tenth of a decade, if most runs are sizes on several budgets."""
    both = pd.concat([fold.X_train, fold.X_test], ignore_index=True)
    if not {"params", "tokens"} <= set(both) or len(both) == 0 or (both[["params", "tokens"]] <= 0).any(axis=None):
        return None
    budget = pd.Series(np.log10(both["params"] * both["tokens"]), both.index).round(1)
    sizes = both.groupby(budget)["params"].nunique()
    kept = budget[budget.isin(sizes[sizes >= _FEWEST].index)]
    return kept if kept.nunique() >= _FEWEST and len(kept) > len(both) / 2 else None


def draw_budgets(axis: Axes, model: Any, fold: Fold, budgets: pd.Series) -> None:
    """Draw value against size for each budget: runs (held-out ones hollow), the law's curve, and a star at its minimum."""
    import matplotlib.pyplot as plt

    both = pd.concat([fold.X_train, fold.X_test], ignore_index=True)
    y = np.concatenate([fold.y_train, fold.y_test])
    held_out = np.arange(len(both)) >= len(fold.X_train)
    values = np.sort(budgets.unique())
    for color, budget in zip(plt.get_cmap("viridis")(np.linspace(0, 0.9, len(values))), values, strict=True):
        at = budgets.index[budgets == budget]
        for rows, face in ((at[~held_out[at]], color), (at[held_out[at]], "none")):
            axis.plot(both["params"][rows], y[rows], "o", ms=4, color=color, mfc=face)
        N, curve = _on_budget(model, both.loc[at])
        axis.plot(N, curve, "-", color=color, lw=1)
        best = int(np.argmin(curve))
        if 0 < best < len(N) - 1:
            axis.plot(N[best], curve[best], "*", ms=9, color=color, mec="black", mew=0.5)


def _on_budget(model: Any, runs: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return sizes, half a decade beyond those of the runs of a budget, and the law's values there."""
    N = np.geomspace(runs["params"].min() / 3, runs["params"].max() * 3, _POINTS)
    frame = pd.concat([runs.iloc[[0]]] * _POINTS, ignore_index=True)
    product = float((runs["params"] * runs["tokens"]).median())
    return N, np.asarray(model.predict(frame.assign(params=N, tokens=product / N)), float)


def scale_axis(axis: Axes, task: Task, fold: Fold, *, log: bool) -> None:
    """Set scales and ticks of a panel."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_xscale("log" if log else "linear")
    axis.set_yscale("log" if task.on_log_scale and is_log(fold.y_train) else "linear")
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_formatter(FuncFormatter(human))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.yaxis.set_minor_formatter(FuncFormatter(human))
    axis.tick_params(labelsize=7, which="both")
