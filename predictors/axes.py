"""Axes of scale of a data set, and how far along them held-out rows extrapolate."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from scalingbench.common.variables import falls, family_of
from scalingbench.predictors.columns import numeric_columns

__all__ = ["ALL", "INTERPOLATION", "axes_of", "direction", "directions", "groups_by_missing"]

ALL = "*"
"""The axis of overall scale: the sum of the log variables."""
INTERPOLATION = "interpolation"
_NEGLIGIBLE = 0.02
"""A row that exceeds the training range by less than this share of it counts as interpolation."""


def axes_of(X: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the axes of extrapolation of a data set as values that grow with scale, each of shape (n,)."""
    axes = {}
    for name in numeric_columns(X):
        x = X[name].to_numpy(float)
        if family_of(name) is not None or not (x > 0).all():
            continue
        axes[name] = -np.log(x) if falls(name) else np.log(x)
    several = [axes[name] for name in _summed(axes)]
    if len(several) > 1:
        axes[ALL] = np.sum(several, axis=0)
    return axes


def direction(train: pd.DataFrame, test: pd.DataFrame) -> tuple[str, float]:
    """Return the axis and distance of the held-out row that is farthest from the training rows; see `directions`."""
    axes, beyond = directions(train, test)
    farthest = int(np.argmax(beyond))
    return str(axes[farthest]), float(beyond[farthest])


def directions(train: pd.DataFrame, test: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return for each held-out row the axis along which it is farthest from the training rows, and that distance.

    A row's result depends on its own inputs alone. Columns that it lacks are ignored in the training rows too.

    Returns
    -------
    ndarray of str, shape (n,)
        The axis; `INTERPOLATION` where the distance is at most a fiftieth of the training range.
    ndarray, shape (n,)
        The distance, in units of the training range along that axis.
    """
    axes, beyond = np.full(len(test), INTERPOLATION, object), np.zeros(len(test))
    for rows, hidden in groups_by_missing(train, test):
        shared = [c for c in train.columns if c in test.columns and c not in hidden]
        known, wanted = axes_of(train[shared]), _axes_of_rows(train[shared], test[shared].iloc[rows])
        farthest = np.full(len(rows), _NEGLIGIBLE)
        for name, values in known.items():
            if np.ptp(values) <= 0:
                continue
            distance = (wanted[name] - values.max()) / np.ptp(values)
            farther = distance > farthest * (1.0 + 1e-9)  # false for NaN: the row lacks a value on this axis
            farthest = np.where(farther, distance, farthest)
            axes[rows[farther]], beyond[rows[farther]] = name, distance[farther]
    return axes, beyond


def groups_by_missing(train: pd.DataFrame, test: pd.DataFrame) -> list[tuple[np.ndarray, tuple[str, ...]]]:
    """Return held-out rows grouped by the numeric training columns that they lack, and those columns.

    Rows of a run stay together, because some laws read its history: a run lacks a column if all of its rows do.
    """
    lacking = {c: test[c].isna().to_numpy() if c in test.columns else np.ones(len(test), bool) for c in numeric_columns(train)}
    if "run" in test:
        lacking = {c: pd.Series(v).groupby(test["run"].to_numpy(), dropna=False).transform("all").to_numpy() for c, v in lacking.items()}
    hidden = [tuple(c for c, v in lacking.items() if v[i]) for i in range(len(test))] if any(v.any() for v in lacking.values()) else []
    if not hidden:
        return [(np.arange(len(test)), ())]
    return [(np.array([i for i, h in enumerate(hidden) if h == kind]), kind) for kind in dict.fromkeys(hidden)]


def _axes_of_rows(train: pd.DataFrame, test: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the coordinates of held-out rows on the axes of the training rows, NaN where missing; each of shape (n,)."""
    places = {}
    for name in axes_of(train):
        if name == ALL:
            continue
        x = test[name].to_numpy(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.where(x > 0, np.log(x), np.nan)
        places[name] = -logs if falls(name) else logs
    several = [places[name] for name in _summed(places)]
    return places | ({ALL: np.sum(several, axis=0)} if len(several) > 1 else {})


def _summed(names: Iterable[str]) -> list[str]:
    """Return the axes that make up the overall scale."""
    return [name for name in names if not falls(name) and name not in ("learning_rate", "batch_size")]
