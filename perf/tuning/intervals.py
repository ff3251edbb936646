"""Intervals: sizes of errors from features of a row, and their quantiles by distance; all on held-out collections."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from perf.tuning.cases import CLASSES, class_of
from perf.tuning.rules import Rows
from scalingbench.predictors.autolaw.learnt import ErrorSizes, interval_features, nearness, spread_of

__all__ = ["SHARES", "coverage", "fit_sizes", "half_width", "interval_table", "unseen"]

DISTANCES = (0.0, 0.5, 1.5, 4.0)
"""Where quantiles are stated, in training ranges."""
SHRINK = 2.0
"""Collections' worth of errors at every distance that are added to those at each."""
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)


def interval_table(rows: Rows, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return features of every row and its error on the scale that is averaged; weights are of shape (R, K)."""
    values = np.nan_to_num(rows.values)
    features = np.concatenate(
        [
            interval_features(
                weight[i : i + 1].T,
                values[i : i + 1].T,
                rows.recent[i],
                0.001 * rows.unit[i],
                rows.beyond[i : i + 1],
                int(rows.trained[rows.case[i]]),
            )
            for i in range(len(rows.y))
        ]
    )
    measured = np.where(rows.averaged_log, np.log(np.maximum(rows.y, 1e-12)), rows.y)
    return features, measured - (weight * values).sum(axis=1)


def fit_sizes(rows: Rows, features: np.ndarray, residual: np.ndarray, chosen: np.ndarray) -> ErrorSizes:
    """Fit the size of errors on the chosen cases, with equal weight per collection, then their quantiles."""
    pick = chosen[rows.case]
    weight = _row_weights(rows)[pick]
    A, r = features[pick], np.log(np.abs(residual[pick]) + 0.1 * 0.001 * rows.unit[pick])
    root = np.sqrt(weight)[:, None]
    penalty = 1e-3 * np.eye(A.shape[1])
    scale = np.linalg.solve((A * root).T @ (A * root) + penalty * weight.sum(), (A * root).T @ (r[:, None] * root)).ravel()
    z = np.abs(residual[pick]) / np.exp(A @ scale)
    near = nearness(rows.beyond[pick], np.array(DISTANCES)).T * weight + SHRINK * weight / weight.sum()
    quantiles = np.stack([_quantile(z, some, np.array(SHARES)) for some in near])
    return ErrorSizes(scale, np.array(DISTANCES), np.array(SHARES), quantiles)


def half_width(rows: Rows, sizes: ErrorSizes, features: np.ndarray, weight: np.ndarray, level: float = 0.8) -> np.ndarray:
    """Return half the width of the interval of a level at every row, on the scale that is averaged, shape (R,)."""
    spread = spread_of(weight.T, np.nan_to_num(rows.values).T)
    found: np.ndarray = sizes.deviations(sizes.size(features), spread, rows.beyond, np.array([0.5 + level / 2]))[:, 0]
    return found


def unseen(rows: Rows, fold: np.ndarray, outer: Sequence[np.ndarray], inner: Sequence[np.ndarray]) -> pd.DataFrame:
    """Return coverage, width and score of 80 % intervals whose sizes were learnt without the row's fold, see `coverage`.

    Parameters
    ----------
    fold : ndarray of int, shape (C,)
    outer, inner : sequence of ndarray, each of shape (R, K)
        For each fold: weights learnt without it, and weights of the other rows learnt without it and their own.
    """
    half, residual = np.zeros(len(rows.y)), np.zeros(len(rows.y))
    for k, (at, others) in enumerate(zip(outer, inner, strict=True)):
        mine = (fold == k)[rows.case]
        sizes = fit_sizes(rows, *interval_table(rows, others), fold != k)
        features, error = interval_table(rows, at)
        half[mine], residual[mine] = half_width(rows, sizes, features, at)[mine], error[mine]
    return coverage(rows, np.abs(residual) <= half, 2.0 * half / rows.unit)


def coverage(rows: Rows, inside: np.ndarray, width: np.ndarray) -> pd.DataFrame:
    """Return coverage and geometric mean width by reach class, with equal weight per collection."""
    table = pd.DataFrame({"case": rows.case, "inside": inside, "width": width})
    by = table.groupby("case").mean().reindex(range(len(rows.reference)))
    by["collection"], by["reach"] = rows.collections, [class_of(r) for r in rows.reaches]
    by["width"] = np.log(by["width"])
    classes = {name: by[by["reach"] == name] for name in CLASSES} | {"all": by}
    found = pd.DataFrame({name: part.groupby("collection")[["inside", "width"]].mean().mean() for name, part in classes.items()})
    found.loc["width"] = np.exp(found.loc["width"])
    return found


def _row_weights(rows: Rows) -> np.ndarray:
    """Row weights that give equal weight to collections, and to the cases of each."""
    names = pd.Series(rows.collections)
    cases = names.map(names.value_counts()).to_numpy()
    count = np.bincount(rows.case, minlength=len(cases))
    found: np.ndarray = 1.0 / (cases * np.maximum(count, 1))[rows.case]
    return found


def _quantile(z: np.ndarray, weight: np.ndarray, shares: np.ndarray) -> np.ndarray:
    order = np.argsort(z)
    total = np.cumsum(weight[order])
    found: np.ndarray = np.interp(shares, (total - 0.5 * weight[order]) / total[-1], z[order])
    return found
