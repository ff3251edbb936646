"""Regret: the cost of choosing by a prediction among held-out configurations of equal compute.

A group is held-out rows of one fold with the same training cost to 5 %: the choices within a budget (sizes on an IsoFLOP line, learning
rates, mixtures). Regret is the excess of the predicted best over the true best, relative to that of a random pick: 0 is the best pick,
1 is no better than chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.benchmark.evaluation.results import TaskResult
from scalingbench.benchmark.tasks.task import Fold, Task
from scalingbench.common.variables import tracks_of

__all__ = ["Decision", "Groups", "decide", "decision_groups"]

MIN_ALTERNATIVES = 3
_SAME_COST = 1.05
_BUDGETS = ("flops", "params x tokens")
_TRACKS = ("compute", "data-constrained", "architecture", "downstream")
_ANY_COST = ("hyperparameters", "mixture")  # their runs differ in recipe, not in size


@dataclass(frozen=True)
class Decision:
    """The mean over the groups of a task.

    Attributes
    ----------
    groups : int
        Number of decisions.
    regret : float
        Regret of the predicted best, relative to a random pick; NaN without groups.
    log_params_error : float
        |log(params picked / params of the best)|, where the task has params; NaN elsewhere.
    """

    groups: int
    regret: float = float("nan")
    log_params_error: float = float("nan")


Groups = list[list[np.ndarray]]
"""Per fold, the indices of the held-out rows of each group."""


def decision_groups(task: Task) -> Groups:
    """Return the groups of held-out rows of equal cost."""
    if not (_any_cost(task) or (task.track in (*_TRACKS, "interpolation") and task.cost_basis in _BUDGETS)):
        return [[] for _ in task.folds]
    return [_by_cost(fold) for fold in task.folds]


def _any_cost(task: Task) -> bool:
    among_runs = task.track == "interpolation" and "run" not in task.variables
    return task.track in _ANY_COST or (among_runs and not tracks_of(task.variables).isdisjoint(_ANY_COST))


def _by_cost(fold: Fold) -> list[np.ndarray]:
    groups: list[list[int]] = []
    limit = -np.inf
    for i in np.argsort(fold.cost, kind="stable"):
        if fold.cost[i] > limit:  # past 5 % above the cheapest of its group
            groups.append([])
            limit = fold.cost[i] * _SAME_COST
        groups[-1].append(int(i))
    return _choices(fold, [np.sort(g) for g in groups])


def _choices(fold: Fold, groups: list[np.ndarray]) -> list[np.ndarray]:
    groups = [g[fold.scored[g]] for g in groups]
    return [g for g in groups if len(g) >= MIN_ALTERNATIVES and np.ptp(fold.y_test[g]) > 0 and _differ(fold, g)]


def _differ(fold: Fold, rows: np.ndarray) -> bool:
    """Return whether the inputs of the rows differ: repeats of one configuration are no choice."""
    return len(fold.X_test.iloc[rows].drop_duplicates()) >= MIN_ALTERNATIVES


def decide(result: TaskResult, task: Task, groups: Groups) -> Decision:
    """Score the picks of a result among the groups of `decision_groups`; folds that failed are left out."""
    better = -1.0 if metric_kind(task.spec.metric).lower_is_better else 1.0
    picked, chance, distance = [], [], []
    for fold, found, choices in zip(task.folds, result.folds, groups, strict=True):
        if found.status != "ok":
            continue
        for rows in choices:
            y = better * (np.log(fold.y_test[rows]) if task.on_log_scale else fold.y_test[rows])
            p = better * found.predictions[rows]
            chosen = p == p.max()  # tied predictions share the pick
            picked.append(y.max() - y[chosen].mean())
            chance.append(y.max() - y.mean())
            if "params" in fold.X_test:
                size = np.log(fold.X_test["params"].to_numpy(float)[rows])
                distance.append(np.abs(size[chosen] - size[np.argmax(y)]).mean())
    if not picked:
        return Decision(0)
    return Decision(len(picked), float(np.mean(picked) / np.mean(chance)), float(np.mean(distance)) if distance else float("nan"))
