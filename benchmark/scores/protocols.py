"""Scores by the rules of other benchmarks, recomputed from stored predictions.

SLDBench (Lin et al. 2025, arXiv 2507.21184): per task one pooled R2 over all groups, clipped to [-1, 1]; any failure
in a task makes it -1. Revisiting Neural Scaling Laws (Alabdulmohsin et al. 2022, arXiv 2209.06640): mean RMSLE of
the curves of a domain, and the share of curves won, comparing errors truncated to three decimals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult
from scalingbench.benchmark.scores.metrics import rmsle
from scalingbench.benchmark.scores.scoring import scorable_results
from scalingbench.benchmark.tasks.task import Task

__all__ = ["curve_errors", "revisiting_nsl", "sldbench"]

_FAILED = -1.0
_DECIMALS = 1e-3


def sldbench(results: Iterable[TaskResult], tasks: Sequence[Task]) -> pd.DataFrame:
    """Score SLDBench's tasks by its own protocol.

    Returns
    -------
    DataFrame
        One row per predictor and SLDBench task that it entered: predictor, task, r2 (1 - NMSE over the pooled groups, mean over
        targets, clipped), nmse, nmae, within_r2 (the same with group means taken out), constants (largest number fitted to
        a group), seconds.
    """
    by_id = {task.id: task for task in tasks}
    entered: dict[tuple[str, str], list[TaskResult]] = {}
    for result in scorable_results(results, tasks):
        name = by_id[result.task].spec.split.label()
        entered.setdefault((result.predictor, name), []).append(result)
    return pd.DataFrame(
        {"predictor": predictor, "task": name, **_sldbench_task(found, by_id)} for (predictor, name), found in entered.items()
    )


def _sldbench_task(results: list[TaskResult], by_id: dict[str, Task]) -> dict[str, float]:
    folds = [(fold, f) for r in results for fold, f in zip(by_id[r.task].folds, r.folds, strict=True)]
    facts = {"constants": float(max(len(f.constants) for _, f in folds)), "seconds": float(sum(f.fit_seconds for _, f in folds))}
    if any(f.status != "ok" for _, f in folds):
        return {"r2": _FAILED, "nmse": 1e5, "nmae": 1e5, "within_r2": _FAILED, **facts}
    targets = [_pooled(result, by_id[result.task]) for result in results]
    nmse, nmae, within = (float(np.mean(column)) for column in zip(*targets, strict=True))
    return {"r2": float(np.clip(1.0 - nmse, -1.0, 1.0)), "nmse": nmse, "nmae": nmae, "within_r2": 1.0 - within, **facts}


def _pooled(result: TaskResult, task: Task) -> tuple[float, float, float]:
    """Return NMSE, NMAE and the NMSE within groups of one target."""
    y = np.concatenate([fold.y_test for fold in task.folds])
    p = np.concatenate([f.predictions for f in result.folds])
    centred = np.concatenate([fold.y_test - fold.y_test.mean() for fold in task.folds])
    within = float(np.var(centred))
    squared = float(np.mean((y - p) ** 2))
    mae = float(np.mean(np.abs(y - p)) / np.mean(np.abs(y - y.mean())))
    return squared / float(np.var(y)), mae, squared / within if within > 1e-12 else float("nan")


def curve_errors(results: Iterable[TaskResult], tasks: Sequence[Task]) -> pd.DataFrame:
    """Return the RMSLE of every predictor on every curve: columns predictor, domain, curve, error (1 where it failed)."""
    by_id = {task.id: task for task in tasks}
    rows = []
    for result in scorable_results(results, tasks):
        task = by_id[result.task]
        for fold, found in zip(task.folds, result.folds, strict=True):
            domain = fold.name.split("/")[0]
            rows.append((result.predictor, domain, fold.name, _curve_error(fold.y_test, found)))
    return pd.DataFrame(rows, columns=["predictor", "domain", "curve", "error"])


def _curve_error(y: np.ndarray, found: FoldResult) -> float:
    return rmsle(y, found.predictions) if found.status == "ok" else 1.0


def revisiting_nsl(errors: pd.DataFrame) -> pd.DataFrame:
    """Return, per predictor, the mean error and the share of curves won in each domain; ties share a win.

    Parameters
    ----------
    errors : DataFrame
        From `curve_errors`; predictors that lack curves are left out.
    """
    wide = errors.pivot(index="predictor", columns="curve", values="error").dropna()
    short = (wide.clip(upper=1.0) / _DECIMALS).astype(int)  # truncated
    best = short.eq(short.min(axis=0), axis=1)
    wins = best / best.sum(axis=0)
    domains = pd.Series({curve: curve.split("/")[0] for curve in wide.columns})
    table = {}
    for domain in sorted(domains.unique()):
        curves = domains.index[domains == domain]
        table[f"{domain}_error"] = wide[curves].mean(axis=1)
        table[f"{domain}_wins"] = wins[curves].mean(axis=1)
    return pd.DataFrame(table)
