"""Results to scores: every number is recomputed from stored predictions and the tasks' own values.

The error of a fold is the root mean squared log error on its held-out rows (for accuracies, shares and
scores the root mean squared error), that of a task the mean over its folds. A fold's error is capped at
`CEILING` times the reference's worst fold of the task. A failed fold gets the cap, so that a failure is
never better than a prediction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult
from scalingbench.benchmark.scores.metrics import bias, coverage, crps, log_scale, mape, r2, rmse, rmsle
from scalingbench.benchmark.scores.regret import Groups, decide, decision_groups
from scalingbench.benchmark.scores.table import CEILING, COLUMNS, FLOOR, check_scores
from scalingbench.benchmark.scores.truth import Truth
from scalingbench.benchmark.tasks.task import Fold, Task
from scalingbench.common.defaults import LEVELS
from scalingbench.common.errors import InputError

__all__ = ["INTERVAL_LEVELS", "current_results", "scorable_results", "score", "stale_results"]

INTERVAL_LEVELS = (0.1, 0.9)
"""Levels of the predicted interval with reported coverage."""


def current_results(results: Iterable[TaskResult], tasks: Sequence[Task]) -> tuple[TaskResult, ...]:
    """Return the results with a task of the same fingerprint."""
    known = {task.id: task.fingerprint for task in tasks}
    return tuple(r for r in results if known.get(r.task) == r.fingerprint)


def stale_results(results: Iterable[TaskResult], tasks: Sequence[Task]) -> tuple[TaskResult, ...]:
    """Return the results of tasks with rows that have changed since."""
    known = {task.id: task.fingerprint for task in tasks}
    return tuple(r for r in results if r.task in known and known[r.task] != r.fingerprint)


def scorable_results(results: Iterable[TaskResult], tasks: Sequence[Task]) -> tuple[TaskResult, ...]:
    """Return the current results; a fold without a prediction for every held-out row counts as failed.

    Raises
    ------
    InputError
        If a result's folds are not those of its task.
    """
    by_id = {task.id: task for task in tasks}
    return tuple(_checked(result, by_id[result.task]) for result in current_results(results, tasks))


def _checked(result: TaskResult, task: Task) -> TaskResult:
    if [f.fold for f in result.folds] != [fold.name for fold in task.folds]:
        raise InputError(f"{result.predictor} on {task.id}: the result's folds are not the task's")
    pairs = list(zip(task.folds, result.folds, strict=True))
    if all(f.status != "ok" or len(f.predictions) == len(fold.y_test) for fold, f in pairs):
        return result
    folds = (f if len(f.predictions) == len(fold.y_test) else replace(f, status="wrong-shape") for fold, f in pairs)
    return replace(result, folds=tuple(folds))


def score(
    results: Iterable[TaskResult],
    tasks: Sequence[Task],
    reference: str,
    families: Mapping[str, str] | None = None,
    truths: Mapping[str, Truth] | None = None,
) -> pd.DataFrame:
    """Score results.

    Parameters
    ----------
    results : iterable of TaskResult
        Any number of predictors; the reference must be among them.
    tasks : sequence of Task
        The tasks; results of others, or with another fingerprint, are ignored.
    reference : str
        Name of the predictor with the unit error.
    families : mapping of str to str, optional
        Family of each predictor; by default its own name.
    truths : mapping of str to Truth, optional
        For tasks on synthetic worlds, which are then scored against noise-free values. Intervals are scored against the
        measured values, which they predict.

    Returns
    -------
    DataFrame
        One row per predictor and task entered, as `scalingbench.benchmark.scores.table` states it.

    Raises
    ------
    InputError
        If the reference is missing or failed on an entered task, or a result's folds do not match its task.
    """
    results = scorable_results(results, tasks)
    truths = truths or {}
    by_id = {task.id: task for task in tasks}
    target = {name: truths[name].task if name in truths else task for name, task in by_id.items()}
    references = {r.task: _measured(r, by_id[r.task], target[r.task]) for r in results if r.predictor == reference}
    groups = {name: decision_groups(target[name]) for name in {r.task for r in results}}
    rows = []
    for result in results:
        base = references.get(result.task)
        if base is None or not np.isfinite(base.error).all():
            raise InputError(f"no complete result of the reference {reference!r} on {result.task}; run it too")
        family = (families or {}).get(result.predictor, result.predictor)
        scored = _score_task(result, by_id[result.task], target[result.task], base, groups[result.task])
        known = truths.get(result.task)
        exponents = known.exponent_error(result, family) if known else float("nan")
        rows.append({"predictor": result.predictor, "family": family, **scored, "exponent_error": exponents})
    table = pd.DataFrame(rows, columns=[c.name for c in COLUMNS])
    check_scores(table)
    return table


@dataclass(frozen=True)
class _Measured:
    """Error and continuous ranked probability score of each fold, NaN where it failed; both on the scale of the errors."""

    error: np.ndarray
    crps: np.ndarray


def _score_task(result: TaskResult, task: Task, target: Task, reference: _Measured, groups: Groups) -> dict[str, object]:
    """Return the scores of a result on a task; `target` is the task with the true values, which may be noise-free."""
    unit = max(float(reference.error.mean()), 1e-12)
    own = _measured(result, task, target)
    failed = ~np.isfinite(own.error)
    error = _capped_mean(own.error, reference.error)
    ratio = CEILING if failed.all() else float(np.clip(error / unit, FLOOR, CEILING))
    good = [(fold, f) for fold, f in zip(target.folds, result.folds, strict=True) if f.status == "ok"]
    decision = decide(result, target, groups)
    return {
        "task": task.id,
        "collection": task.collection,
        "track": task.track,
        "error": error,
        "reference_error": unit,
        "ratio": ratio,
        "failed": int(failed.sum()),
        "folds": len(failed),
        "fit_seconds": _median([f.fit_seconds for f in result.folds]),
        "mape": _mean([mape(*_held_out(fold, f)) for fold, f in good]),
        "r2": _mean([r2(*_held_out(fold, f)) for fold, f in good]),
        "bias": _mean([(bias if task.on_log_scale else _shift)(*_held_out(fold, f)) for fold, f in good]),
        "coverage": _mean([_covered(fold, f) for fold, f in zip(task.folds, result.folds, strict=True) if f.status == "ok"]),
        "crps": _capped_mean(own.crps, reference.crps),
        "regret": decision.regret,
        "log_params_error": decision.log_params_error,
        "extrapolation": task.extrapolation,
        "compute_share": task.compute_share,
    }


def _capped_mean(values: np.ndarray, reference: np.ndarray) -> float:
    """Return the mean over folds, each at most `CEILING` times the reference's worst, which is also the value of a failed fold."""
    cap = CEILING * max(float(reference.max()), 1e-12)
    return float(np.where(np.isfinite(values), np.minimum(values, cap), cap).mean())


def _measured(result: TaskResult, task: Task, target: Task) -> _Measured:
    folds = zip(task.folds, target.folds, result.folds, strict=True)
    return _Measured(*np.array([_measured_fold(fold, wanted, f, task.on_log_scale) for fold, wanted, f in folds], float).T)


def _measured_fold(fold: Fold, target: Fold, result: FoldResult, log: bool) -> tuple[float, float]:
    if result.status != "ok":
        return float("nan"), float("nan")
    given = {level: result.quantiles[level][fold.scored] for level in LEVELS if level in result.quantiles}
    y, p = _held_out(fold, result)
    on = log_scale if log else np.asarray
    quantiles = {level: on(q) for level, q in given.items()} if len(given) == len(LEVELS) else {0.5: on(p)}
    return (rmsle if log else rmse)(*_held_out(target, result)), crps(on(y), quantiles)


def _shift(y: np.ndarray, p: np.ndarray) -> float:
    """Mean signed error in the unit of the metric."""
    return float(np.mean(p - y))


def _covered(fold: Fold, result: FoldResult) -> float:
    low, high = (result.quantiles.get(level) for level in INTERVAL_LEVELS)
    if low is None or high is None:
        return float("nan")
    return coverage(fold.y_test[fold.scored], low[fold.scored], high[fold.scored])


def _held_out(fold: Fold, result: FoldResult) -> tuple[np.ndarray, np.ndarray]:
    """Return measured and predicted values of the scored rows."""
    return fold.y_test[fold.scored], result.predictions[fold.scored]


def _mean(values: list[float]) -> float:
    finite = [v for v in values if np.isfinite(v)]
    return float(np.mean(finite)) if finite else float("nan")


def _median(values: list[float]) -> float:
    finite = [v for v in values if np.isfinite(v)]
    return float(np.median(finite)) if finite else float("nan")
