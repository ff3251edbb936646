"""Intervals: sizes of errors from features of a row, and their quantiles by distance; all on held-out collections."""

from __future__ import annotations

import numpy as np
import pandas as pd

from perf.tuning.cases import CLASSES, class_of
from perf.tuning.rules import Rows
from scalingbench.predictors.autolaw.learnt import ErrorSizes, interval_features

__all__ = ["EDGES", "SHARES", "coverage", "fit_sizes", "interval_table", "quantile_of", "row_weights", "scale_of"]

EDGES = (0.3, 1.0, 2.5)
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
    pick, scale = chosen[rows.case], scale_of(rows, features, residual, chosen)
    A, weight = features[pick], row_weights(rows)[pick]
    z = np.abs(residual[pick]) / np.exp(A @ scale)
    part = np.searchsorted(EDGES, rows.beyond[pick], side="right")
    quantiles = np.stack([quantile_of(z[part == b], weight[part == b], np.array(SHARES)) for b in range(len(EDGES) + 1)])
    return ErrorSizes(scale, np.array(EDGES), np.array(SHARES), quantiles)


def scale_of(rows: Rows, features: np.ndarray, residual: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the coefficients of the logarithm of an error's size, fitted to the chosen cases; shape (5,)."""
    pick = chosen[rows.case]
    weight = row_weights(rows)[pick]
    A, r = features[pick], np.log(np.abs(residual[pick]) + 0.1 * 0.001 * rows.unit[pick])
    root = np.sqrt(weight)[:, None]
    penalty = 1e-3 * np.eye(A.shape[1])
    found: np.ndarray = np.linalg.solve((A * root).T @ (A * root) + penalty * weight.sum(), (A * root).T @ (r[:, None] * root)).ravel()
    return found


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


def row_weights(rows: Rows) -> np.ndarray:
    """Row weights that give equal weight to collections, and to the cases of each."""
    names = pd.Series(rows.collections)
    cases = names.map(names.value_counts()).to_numpy()
    count = np.bincount(rows.case, minlength=len(cases))
    found: np.ndarray = 1.0 / (cases * np.maximum(count, 1))[rows.case]
    return found


def quantile_of(z: np.ndarray, weight: np.ndarray, shares: np.ndarray) -> np.ndarray:
    order = np.argsort(z)
    total = np.cumsum(weight[order])
    found: np.ndarray = np.interp(shares, (total - 0.5 * weight[order]) / total[-1], z[order])
    return found
