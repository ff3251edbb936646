"""What the benchmark says about forecasts: every held-out row of the committed results, as a record of one forecast.

Made offline (``python -m perf.regenerate evidence``); commands read the small table that comes of it, see `evidence`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult
from scalingbench.benchmark.tasks.splits import row_cost
from scalingbench.benchmark.tasks.task import Fold, Task
from scalingbench.forecasting.evidence import REACH_LIMITS, ROWS_LIMITS, bin_of, cell_key, enough

__all__ = ["records", "tabulate"]

_SYNTHETIC = "synthetic"
_LEAST = 1e-6
"""Smallest half-width of an interval, on the scale of the error."""


def records(results: Iterable[TaskResult], tasks: Sequence[Task], exclusions: Mapping[str, Sequence[str]] | None = None) -> pd.DataFrame:
    """Return one row per predictor and held-out row.

    Parameters
    ----------
    results : iterable of TaskResult
        Those of other tasks, or made from other rows, are left out.
    tasks : sequence of Task
        Synthetic ones, those set aside for tuning and those that count nothing are left out.
    exclusions : mapping of str to sequence of str, optional
        Collections that went into a predictor; they are no evidence of it.

    Returns
    -------
    DataFrame
        predictor, track, collection, fit (one number each), log (whether errors are of logarithms), rows and reach (bins,
        see `evidence`), error (absolute), half (width of the predicted 80 % interval on the side of the
        measured value; missing where there is none).
    """
    chosen = {t.id: t for t in tasks if t.weight > 0 and t.role == "counted" and not t.collection.startswith(_SYNTHETIC)}
    known = {name: _reaches(task) for name, task in chosen.items()}
    numbers = {(name, fold.name): i for i, (name, fold) in enumerate((n, f) for n, t in chosen.items() for f in t.folds)}
    parts = []
    for result in results:
        task = chosen.get(result.task)
        if task is None or task.fingerprint != result.fingerprint or task.collection in (exclusions or {}).get(result.predictor, ()):
            continue
        for fold, found, reach in zip(task.folds, result.folds, known[task.id], strict=True):
            if found.status == "ok" and len(found.predictions) == len(fold.y_test):
                parts.append(_part(result.predictor, task, fold, found, reach, numbers[task.id, fold.name]))
    return pd.concat(parts, ignore_index=True)


def _reaches(task: Task) -> list[np.ndarray]:
    """Return how far each held-out row lies beyond the dearest training row, by fold."""
    found = []
    for fold in task.folds:
        train, basis = row_cost(fold.X_train)
        test, same = row_cost(fold.X_test)
        found.append(test / train.max() if basis == same and basis != "rows" else np.ones(len(test)))
    return found


def _part(predictor: str, task: Task, fold: Fold, found: FoldResult, reach: np.ndarray, number: int) -> pd.DataFrame:
    on = np.log if task.on_log_scale else np.asarray
    y, p = (on(np.maximum(v, 1e-300)) if task.on_log_scale else v for v in (fold.y_test, found.predictions))
    part: dict[str, Any] = {"error": np.abs(y - p), "reach": bin_of(reach, REACH_LIMITS)}
    low, high = found.quantiles.get(0.1), found.quantiles.get(0.9)
    if low is not None and high is not None:
        ends = [np.log(np.maximum(v, 1e-300)) if task.on_log_scale else v for v in (low, high)]
        half = np.where(y >= p, ends[1] - p, p - ends[0])
        part["half"] = np.maximum(half, _LEAST)
    table = pd.DataFrame(part)[fold.scored]
    rows = int(bin_of(np.array([len(fold.y_train)]), ROWS_LIMITS)[0])
    return table.assign(predictor=predictor, track=task.track, collection=task.collection, fit=number, log=task.on_log_scale, rows=rows)


def tabulate(table: pd.DataFrame) -> dict[str, dict[str, list[float | None]]]:
    """Return the facts of every cell with enough behind it, by predictor: see `evidence.Evidence` for what they are."""
    found: dict[str, dict[str, list[float | None]]] = {}
    for predictor, rows in table.groupby("predictor", sort=True):
        found[str(predictor)] = {key: facts for key, facts in _cells(rows)}
    return found


def _cells(rows: pd.DataFrame) -> Iterator[tuple[str, list[float | None]]]:
    for columns in (["track", "reach", "rows"], ["track", "reach"], ["reach", "rows"], ["reach"], []):
        for values, cell in rows.groupby(["log", *columns], sort=True):
            at: dict[str, Any] = dict(zip(["log", *columns], values, strict=True))
            facts = _facts(cell)
            if enough(facts):
                yield cell_key(bool(at["log"]), at.get("track"), at.get("reach"), at.get("rows")), facts


def _facts(cell: pd.DataFrame) -> list[float | None]:
    weight = _weights(cell)
    error = cell["error"].to_numpy(float)
    facts: list[float | None] = [len(cell), cell["fit"].nunique(), cell["collection"].nunique()]
    facts += [_round(weighted_quantile(error, weight, level)) for level in (0.5, 0.9)]
    half = cell["half"].to_numpy(float) if "half" in cell else np.full(len(cell), np.nan)
    known = np.isfinite(half)
    if not known.any():
        return [*facts, None, None, None]
    error, half, weight = error[known], half[known], weight[known]
    inside = float(np.average(error <= half, weights=weight))
    return [*facts, _round(inside), *(_round(weighted_quantile(v, weight, 0.8)) for v in (error / half, error - half))]


def _weights(cell: pd.DataFrame) -> np.ndarray:
    """Return weights by which collections count alike, and in a collection its fits: rows of one fit are no evidence each."""
    by_fit = cell.groupby("fit")["error"].transform("size")
    fits = cell.groupby("collection")["fit"].transform("nunique")
    return (1.0 / (by_fit * fits)).to_numpy(float)


def weighted_quantile(values: np.ndarray, weight: np.ndarray, level: float) -> float:
    """Return the smallest value with at least `level` of the weight at or below it."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    return float(values[order][min(int(np.searchsorted(share, level - 1e-12)), len(values) - 1)])


def _round(value: float) -> float:
    return float(f"{value:.4g}")
