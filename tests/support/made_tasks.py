"""Tasks and results of a few rows, whose scores can be worked out by hand."""

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult
from scalingbench.benchmark.tasks.task import Fold, Task, TaskSpec


def fold(name, y, *, scored=None, X=None, cost=None):
    """Return a fold that holds out rows with values `y`; its one training row does not matter."""
    y = np.asarray(y, float)
    X = pd.DataFrame({"params": np.arange(1.0, len(y) + 1)}) if X is None else X
    scored = np.ones(len(y), bool) if scored is None else np.asarray(scored)
    return Fold(name, X.head(1), y[:1], X, y, scored, np.arange(1.0, len(y) + 1) if cost is None else np.asarray(cost, float))


def task(*folds, name="made/loss/frontier", metric="loss", track="curve", basis="flops", collection="made", weight=1.0, split="made"):
    """Return a task of these folds."""
    spec = TaskSpec(
        collection=collection,
        metric=metric,
        track=track,
        variables=("params",),
        split={"kind": "frontier", "name": split, "variable": "params", "train_max": 1},
    )
    return Task(name, spec, tuple(folds), 3.0, 0.25, basis, (), weight)


def result(of, predictor, *predictions, quantiles=None, seconds=(), constants=None, fingerprint=None):
    """Return a result with one array of predictions per fold of the task; None is a fold that failed."""
    folds = []
    for i, (part, values) in enumerate(zip(of.folds, predictions, strict=True)):
        folds.append(
            FoldResult(
                part.name,
                "error" if values is None else "ok",
                predictions=np.empty(0) if values is None else np.broadcast_to(np.asarray(values, float), part.y_test.shape),
                quantiles={} if quantiles is None else {level: np.asarray(q[i], float) for level, q in quantiles.items()},
                constants=constants or {},
                fit_seconds=seconds[i] if seconds else float("nan"),
            )
        )
    return TaskResult(predictor, "{}", "made", of.id, fingerprint or of.fingerprint, "{}", tuple(folds))


def off_by(of, *factors):
    """Return, for each fold, predictions that are its values times a factor: a log error of |log(factor)| on every row."""
    return [None if f is None else part.y_test * f for part, f in zip(of.folds, factors, strict=True)]
