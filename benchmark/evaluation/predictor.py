"""What can be evaluated, and on which tasks."""

from __future__ import annotations

import json
from typing import Any, Protocol

import numpy as np
import pandas as pd

from scalingbench.benchmark.tasks.task import INPUT_TEXT, Task
from scalingbench.predictors.contract import columns_read, lacks, positive_only, shares_only

__all__ = ["Predictor", "parameters_of", "unacquainted", "usable"]


class Predictor(Protocol):
    """What can be evaluated: a scikit-learn regressor that reads DataFrame columns by name.

    Optional: ``variables`` (see `scalingbench.predictors.contract`), ``predict_quantiles(X, levels)`` of shape
    (n, len(levels)), ``params_`` (a mapping of fitted constants), and ``fit_many(frames, ys)``,
    which returns a fitted predictor for each data set and is used for tasks with several folds.
    Data sets fitted together may tell each other something where a predictor says ``pools = True``: its
    ``fit_many(frames, ys, groups)`` is told which are of one group, namely curves of one task, none of which
    trains on a row that another one holds out.
    A predictor that carries what was learnt from collections has ``without_cluster(name)``, which returns one
    that has seen nothing of that cluster, nor of what a compilation of that name repeats; it is what is evaluated on
    the cluster's tasks.
    """

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> Any:
        """Fit on training rows."""
        ...

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict, shape (n,)."""
        ...


def usable(predictor: object, task: Task) -> bool:
    """Return whether a task hands over every column that a predictor reads.

    A predictor whose scikit-learn tags ask for positive values enters no task with others, and one for shares none with values
    outside 0 and 1.
    """
    if positive_only(predictor) and any((fold.y_train <= 0).any() for fold in task.folds):
        return False
    if shares_only(predictor) and any(fold.y_train.min() < 0 or fold.y_train.max() > 1 for fold in task.folds):
        return False
    if lacks(predictor, task.variables):
        return False
    numeric = [name for name in task.variables if name not in INPUT_TEXT]
    return columns_read(getattr(predictor, "variables", None), task.variables, numeric) is not None


def unacquainted(predictor: Predictor, cluster: str) -> Predictor:
    """Return a predictor as it is without what it has learnt from the collections of a cluster."""
    without = getattr(predictor, "without_cluster", None)
    found: Predictor = without(cluster) if callable(without) else predictor
    return found


def parameters_of(predictor: object) -> str:
    """Return the constructor arguments of a predictor, as JSON."""
    get = getattr(predictor, "get_params", None)
    return json.dumps(get(deep=False) if callable(get) else {}, default=str, sort_keys=True)
