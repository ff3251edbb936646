"""The predictor protocol, and the tasks that a predictor can enter."""

from __future__ import annotations

import json
from typing import Any, Protocol

import numpy as np
import pandas as pd

from scalingbench.benchmark.tasks.task import INPUT_TEXT, Task
from scalingbench.predictors.contract import columns_read, lacks, positive_only, shares_only

__all__ = ["Predictor", "parameters_of", "unacquainted", "usable"]


class Predictor(Protocol):
    """A scikit-learn regressor that reads DataFrame columns by name.

    Optional: ``variables`` (see `scalingbench.predictors.contract`), ``predict_quantiles(X, levels)`` of shape
    (n, len(levels)), ``params_`` (a mapping of fitted constants), ``enters(X, y)`` (whether it can be fitted to training rows;
    not asked of a submission), and ``fit_many(frames, ys)``,
    which returns a fitted predictor for each data set and is used for tasks with several folds.
    A predictor with ``pools = True`` may share information between data sets of a group: ``fit_many(frames, ys, groups)`` gets the
    groups, which are curves of one task, and no curve trains on a held-out row of another.
    A predictor that learns from collections has ``without_cluster(name)``: it returns a predictor learnt without that cluster, and for a
    compilation without the clusters that it repeats. This one is evaluated on the cluster's tasks.
    """

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> Any:
        """Fit on training rows."""
        ...

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict, shape (n,)."""
        ...


def usable(predictor: object, task: Task) -> bool:
    """Return whether a predictor can enter a task: the task must have every column that it reads.

    A predictor that requires positive values (scikit-learn tags) enters no task with others; one for shares enters none with values
    outside 0 and 1; one with ``enters(X, y)`` only tasks where it is true of the training rows of every fold.
    """
    if positive_only(predictor) and any((fold.y_train <= 0).any() for fold in task.folds):
        return False
    if shares_only(predictor) and any(fold.y_train.min() < 0 or fold.y_train.max() > 1 for fold in task.folds):
        return False
    if lacks(predictor, task.variables):
        return False
    numeric = [name for name in task.variables if name not in INPUT_TEXT]
    if columns_read(getattr(predictor, "variables", None), task.variables, numeric) is None:
        return False
    enters = getattr(predictor, "enters", None)
    return not callable(enters) or all(enters(fold.X_train, fold.y_train) for fold in task.folds)


def unacquainted(predictor: Predictor, cluster: str) -> Predictor:
    """Return the predictor as learnt without the collections of a cluster."""
    without = getattr(predictor, "without_cluster", None)
    found: Predictor = without(cluster) if callable(without) else predictor
    return found


def parameters_of(predictor: object) -> str:
    """Return the constructor arguments of a predictor, as JSON."""
    get = getattr(predictor, "get_params", None)
    return json.dumps(get(deep=False) if callable(get) else {}, default=str, sort_keys=True)
