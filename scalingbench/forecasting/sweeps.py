"""Sweeps of learning rate and batch size: the best run of each configuration, and how the best setting scales."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.common.defaults import NORMAL
from scalingbench.forecasting.reading import Runs

__all__ = ["SWEPT", "Setting", "best_of_sweeps", "best_settings"]

SWEPT = ("learning_rate", "batch_size")
_FEWEST_VALUES = 3
_SLOPE_GROUPS = 4


@dataclass(frozen=True)
class Setting:
    """The best value of a swept setting at a scale.

    Attributes
    ----------
    name : str
        A variable of `SWEPT`.
    value, low, high : float
        Best value and 80 % interval, from the scatter of the sweeps' optima around their trend.
    groups : int
        Number of sweeps with an optimum between the tried values.
    exponents : dict of str to float
        Exponent of the best value in each variable; empty where the sweeps are too few, and their median is taken.
    """

    name: str
    value: float
    low: float
    high: float
    groups: int
    exponents: dict[str, float]

    def __str__(self) -> str:
        grows = "".join(f" {name}^{power:.2f}" for name, power in self.exponents.items())
        trend = f"grows as{grows}, {self.groups} sweeps" if grows else f"median of {self.groups} sweeps"
        return f"{self.name}: {self.value:.3g} [{self.low:.3g}, {self.high:.3g}] ({trend})"


def best_of_sweeps(runs: Runs) -> Runs:
    """Return the best run of each configuration of params and tokens, where settings were swept within configurations."""
    table = runs.table
    if not any(n in table for n in SWEPT) or not {"params", "tokens"} <= set(table):
        return runs
    groups = table.groupby(["params", "tokens"], sort=False)
    if not any(groups[n].nunique().max() >= _FEWEST_VALUES for n in SWEPT if n in table):
        return runs
    better = groups["value"].idxmin() if metric_kind(runs.metric).lower_is_better else groups["value"].idxmax()
    keep = np.sort(better.to_numpy())
    note = f"settings were swept: the best run of each configuration of params and tokens is fitted, {len(keep)} of {len(table)}"
    kept, rest = table.loc[keep].reset_index(drop=True), runs.rest.loc[keep].reset_index(drop=True)
    return replace(runs, table=kept, rest=rest, notes=(*runs.notes, note))


def best_settings(runs: Runs, at: dict[str, float]) -> tuple[Setting, ...]:
    """Return the best value at a configuration of each setting that was swept.

    For each configuration of params, tokens and the other setting, a parabola in the log of the setting is fitted to the
    values; its vertex is the best setting if it lies between the tried values. A plane in log params and log tokens is
    fitted to the logs of the vertices.
    """
    found = []
    for name in SWEPT:
        if name not in runs.table or runs.table[name].nunique() < _FEWEST_VALUES:
            continue
        vertices = _vertices(runs, name)
        if vertices is not None and len(vertices):
            found.append(_trend(name, vertices, at))
    return tuple(found)


def _vertices(runs: Runs, name: str) -> pd.DataFrame | None:
    sign = 1.0 if metric_kind(runs.metric).lower_is_better else -1.0
    keys = [c for c in ("params", "tokens", *SWEPT) if c in runs.table and c != name]
    if not {"params", "tokens"} <= set(keys):
        return None
    rows = []
    for values, group in runs.table.dropna(subset=[*keys, name]).groupby(keys):
        x, y = np.log(group[name].to_numpy(float)), sign * group["value"].to_numpy(float)
        vertex = _vertex(x, y)
        if vertex is not None:
            rows.append({**dict(zip(keys, values, strict=True)), "best": vertex})
    return pd.DataFrame(rows)


def _vertex(x: np.ndarray, y: np.ndarray) -> float | None:
    """Return the minimum of a parabola through the lower values, None where it lies outside the tried values."""
    if len(np.unique(x)) < _FEWEST_VALUES or not np.isfinite(x).all():
        return None
    near = np.argsort(y)[: max(5, _FEWEST_VALUES)]  # far from the optimum a parabola does not fit
    if len(np.unique(x[near])) < _FEWEST_VALUES:
        near = np.arange(len(x))
    bend, slope, _ = np.polyfit(x[near] - x.mean(), y[near], 2)
    at = x.mean() - 0.5 * slope / bend if bend > 0 else np.nan
    return float(at) if x.min() < at < x.max() else None


def _trend(name: str, vertices: pd.DataFrame, at: dict[str, float]) -> Setting:
    best = vertices["best"].to_numpy(float)
    axes = [n for n in ("params", "tokens") if vertices[n].nunique() >= _FEWEST_VALUES]
    if len(best) < _SLOPE_GROUPS + len(axes) or not axes:
        middle, scatter = float(np.median(best)), float(np.std(best)) if len(best) > 1 else np.log(2.0)
        return _setting(name, middle, scatter, len(best), {})
    center = {n: float(np.log(vertices[n]).mean()) for n in axes}
    design = np.stack([np.ones(len(best)), *(np.log(vertices[n]) - center[n] for n in axes)], axis=1)
    constants, *_ = np.linalg.lstsq(design, best, rcond=None)
    point = np.array([1.0, *(np.log(at[n]) - center[n] for n in axes)])
    noise = float(np.sum((best - design @ constants) ** 2)) / max(1, len(best) - design.shape[1])
    variance = noise * (1.0 + float(point @ np.linalg.pinv(design.T @ design) @ point))
    return _setting(name, float(point @ constants), np.sqrt(variance), len(best), dict(zip(axes, map(float, constants[1:]), strict=True)))


def _setting(name: str, log_value: float, scatter: float, groups: int, exponents: dict[str, float]) -> Setting:
    low, high = np.exp(log_value - NORMAL * scatter), np.exp(log_value + NORMAL * scatter)
    return Setting(name, float(np.exp(log_value)), float(low), float(high), groups, exponents)
