"""How AutoLaw's defaults were chosen: on synthetic tasks, and on the training rows of real ones.

Run ``python perf/autolaw.py``. Held-out rows of real tasks are never read: the training rows of each fold are
divided once more, at the middle of their overall scale, and the upper half is predicted from the lower. Errors are
divided by those of the nearest neighbour; printed are geometric means over collections, and the coverage of 80 % intervals.
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmark.tasks.suite import load_suite
from benchmark.tasks.task import Fold, Task
from predictors.autolaw import AutoLaw
from predictors.backtests import ALL, axes_of
from predictors.baselines import NearestNeighbor
from scalingbench.common.errors import PredictorError

GRID = {"power": (1.0, 2.0), "most": (1, 3, 4, 5), "floor": (0.003,), "recency": (2.0, 4.0), "reach": (1.0, 3.0, 4.0, np.inf)}


class _Case(NamedTuple):
    """A data set that is trained on, and rows beyond it that are predicted."""

    collection: str
    log: bool
    X_train: pd.DataFrame
    y_train: np.ndarray
    X: pd.DataFrame
    y: np.ndarray


def main() -> None:
    """Print one line per setting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folds", type=int, default=2, help="folds of each task that are used")
    parser.add_argument("--rows", type=int, default=400, help="tasks with more training rows are left out")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    cases = [c for task in load_suite("v1").tasks for c in _cases(task, options.folds, options.rows)]
    fitted = [(case, law, base) for case in cases if (law := _fit(case)) is not None and (base := _reference(case)) > 0]
    print(f"{len(fitted)} data sets of {len({case.collection for case, _, _ in fitted})} collections")
    lines = []
    for values in itertools.product(*GRID.values()):
        settings = dict(zip(GRID, values, strict=True))
        rows = [(case.collection, *_judge(law.reweighted(**settings), case, base)) for case, law, base in fitted]
        table = pd.DataFrame(rows, columns=["collection", "ratio", "covered"])
        by = table.groupby("collection")
        lines.append({**settings, "ratio": float(np.exp(np.log(by["ratio"].mean()).mean())), "covered": float(by["covered"].mean().mean())})
    print(pd.DataFrame(lines).sort_values("ratio").round(4).to_string(index=False))


def _cases(task: Task, folds: int, rows: int) -> list[_Case]:
    """Return data sets: all of a synthetic fold, or the training rows of a real one divided at the middle of their scale."""
    if "run" in task.variables or "curve" in task.variables or not task.spec.inputs_at_test:
        return []
    chosen = task.folds[:: max(1, len(task.folds) // folds)][:folds]
    return [c for fold in chosen if len(fold.y_train) <= rows for c in _divide(task, fold)]


def _divide(task: Task, fold: Fold) -> list[_Case]:
    log = task.on_log_scale
    if task.collection.startswith("synthetic"):
        return [_Case(task.collection, log, fold.X_train, fold.y_train, fold.X_test, fold.y_test)]
    axes = axes_of(fold.X_train)
    if not axes or len(fold.y_train) < 8:
        return []
    scale = axes.get(ALL, next(iter(axes.values())))
    lower = scale <= np.median(scale)
    if lower.sum() < 4 or (~lower).sum() < 1:
        return []
    below, above = (fold.X_train[rows].reset_index(drop=True) for rows in (lower, ~lower))
    return [_Case(task.collection, log, below, fold.y_train[lower], above, fold.y_train[~lower])]


def _fit(case: _Case) -> AutoLaw | None:
    try:
        return AutoLaw().fit(case.X_train, case.y_train)
    except PredictorError:  # no candidate can be fitted: the data set says nothing about the defaults
        return None


def _error(case: _Case, p: np.ndarray) -> float:
    residual = np.log(np.maximum(p, 1e-12) / case.y) if case.log else p - case.y
    return float(np.sqrt(np.mean(residual**2)))


def _reference(case: _Case) -> float:
    return _error(case, NearestNeighbor().fit(case.X_train, case.y_train).predict(case.X))


def _judge(law: AutoLaw, case: _Case, base: float) -> tuple[float, float]:
    """Return the error relative to the reference's, and the share of values inside the intervals."""
    low, high = law.predict_quantiles(case.X, (0.1, 0.9)).T
    ratio = np.clip(_error(case, law.predict(case.X)) / base, 0.01, 10.0)
    return float(ratio), float(np.mean((case.y >= low) & (case.y <= high)))


if __name__ == "__main__":
    main()
