"""Application of a suite's rules: roles and weights of tasks, and checks for leaks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.tasks.frozen import Rules
from scalingbench.benchmark.tasks.splits import FAMILY, LeaveGroupOut
from scalingbench.benchmark.tasks.task import Role, Task
from scalingbench.common.errors import SchemaError

__all__ = ["refuse_leak", "refuse_wrong_track", "weighed"]

_OWN_TRACK = ("training-curve", "interpolation", "transfer")
_FULL_ROWS, _FULL_RUNS = 5, 3
"""Held-out rows, or held-out runs, that a task needs for its full weight."""


def weighed(tasks: Sequence[Task], rules: Rules) -> tuple[Task, ...]:
    """Return tasks with their roles and weights.

    An entry has weight 1, split over the rungs of a ladder. Unless all weights are equal, a task with few held-out rows has less;
    every held-out run has a weight of 1, divided among the tasks of its collection that hold it out, and a task has the mean over its
    runs; the tasks of one cluster in one track have at most the cap. Weights are computed for each role separately; a task that is
    only shown has weight 0.

    Parameters
    ----------
    tasks : sequence of Task
        All tasks of whole clusters.
    rules : Rules
        Rules of the suite.
    """
    roles = [_role(task, rules) for task in tasks]
    weights = [task.weight for task in tasks]
    if rules.weights == "held-out-runs":
        held_out = [_held_out(task) for task in tasks]
        weights = [weight * _enough(task, runs) for weight, task, runs in zip(weights, tasks, held_out, strict=True)]
        weights = _shared(weights, held_out, [(role, t.collection) for role, t in zip(roles, tasks, strict=True)])
        weights = _at_most(rules.cap, weights, [(role, t.cluster, t.track) for role, t in zip(roles, tasks, strict=True)])
    return tuple(t.weighted(r, w) for t, r, w in zip(tasks, roles, weights, strict=True))


def _role(task: Task, rules: Rules) -> Role:
    if task.spec.weight == 0:
        return "shown"
    if load_card(task.collection).scalingbench.domain == "synthetic":
        return "synthetic"
    return "tuning" if task.collection in rules.tuning else "counted"


def _held_out(task: Task) -> frozenset[int]:
    """Return the runs of the rows that are scored."""
    return frozenset(int(run) for fold in task.folds for run in fold.test_runs[fold.scored])


def _enough(task: Task, runs: frozenset[int]) -> float:
    """Return the share of its full weight that a task has by its number of held-out rows."""
    return 1.0 if len(runs) >= _FULL_RUNS else min(1.0, task.n_test / _FULL_ROWS)


def _shared(weights: Sequence[float], held_out: Sequence[frozenset[int]], groups: Sequence[Hashable]) -> list[float]:
    """Return weights such that no run has a sum above 1 over the tasks of its group: each task has the mean over its runs."""
    total: dict[Hashable, float] = defaultdict(float)
    for weight, runs, group in zip(weights, held_out, groups, strict=True):
        for run in runs:
            total[group, run] += weight
    return [
        weight * float(np.mean([1 / max(1.0, total[group, run]) for run in sorted(runs)])) if runs else weight
        for weight, runs, group in zip(weights, held_out, groups, strict=True)
    ]


def _at_most(limit: float, weights: Sequence[float], groups: Sequence[Hashable]) -> list[float]:
    """Return weights, scaled down in groups with a sum above the limit."""
    total: dict[Hashable, float] = defaultdict(float)
    for weight, group in zip(weights, groups, strict=True):
        total[group] += weight
    return [weight * min(1.0, limit / total[group]) if weight else 0.0 for weight, group in zip(weights, groups, strict=True)]


def refuse_wrong_track(suite: str, task: Task, rules: Rules) -> None:
    """Raise for a task on a track that its kind excludes; kinds of the overall board may be on any track.

    Raises
    ------
    SchemaError
        Names the task, its kind with the figure that makes it so, and the track it must or must not have.
    """
    kind, apart = task.kind, set(_OWN_TRACK) - set(rules.kinds)
    if (kind in apart or task.track in apart) and task.track != kind:
        must = f"its track must be {kind!r}, not {task.track!r}" if kind in apart else f"its track cannot be {task.track!r}"
        raise SchemaError(f"suite {suite}: task {task.id} is of kind {kind} ({_why(task)}), so {must}")


def refuse_leak(suite: str, task: Task) -> None:
    """Raise for a task with held-out rows that are known from its training rows.

    Raises
    ------
    SchemaError
        Names the task and the overlap: rows, the inputs of an extrapolation, or a family of models if whole groups are held out.
    """
    reach, family = task.reach, _shared_family(task)
    leaks = {
        "of its held-out rows have the inputs and the value of a training row": reach.same_rows,
        "of its held-out rows have the inputs of a training row, which is no extrapolation": reach.same_inputs
        * (task.kind == "extrapolation"),
    }
    for what, share in leaks.items():
        if share > 0:
            raise SchemaError(f"suite {suite}: task {task.id}: {share:.2%} {what}")
    if family is not None:
        raise SchemaError(f"suite {suite}: task {task.id}: family {family!r} is left out and trained on; leave out by 'family'")


def _shared_family(task: Task) -> str | None:
    """Return a family on both sides of a fold that holds out curves or families."""
    split = task.spec.split
    if not isinstance(split, LeaveGroupOut) or split.by not in ("curve", FAMILY):
        return None
    families = load_collection(task.collection).families
    both = (np.intersect1d(families[fold.train_rows], families[fold.test_rows]) for fold in task.folds)
    return next((str(shared[0]) for shared in both if len(shared)), None)


def _why(task: Task) -> str:
    reach = task.reach
    if task.kind == "training-curve":
        return f"{reach.shared_runs:.0%} of its held-out runs trained too"
    if task.kind == "transfer":
        return "it holds out groups"
    return f"{reach.inside:.0%} of its held-out rows lie between training rows"
