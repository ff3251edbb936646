"""A suite's statements of its tasks: computed, or read from its frozen file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import pandas as pd

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.benchmark.tasks.frozen import read_statements
from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.tables import plain

__all__ = ["differences", "read_statements", "render_statements", "task_table"]


def task_table(tasks: Iterable[Task]) -> pd.DataFrame:
    """Return one row per task: identity, sizes, weight and reach (see `Reach`)."""
    return pd.DataFrame(_statement(t) for t in tasks)


def _statement(task: Task) -> dict[str, Any]:
    facts, reach = load_card(task.collection).scalingbench, task.reach
    return {
        "task": task.id,
        "collection": task.collection,
        "track": task.track,
        "domain": facts.domain,
        "metric": metric_kind(task.spec.metric).name,
        "variables": ",".join(task.variables),
        "folds": len(task.folds),
        "n_train": task.n_train,
        "rows_per_fit": task.n_train / len(task.folds),
        "n_test": task.n_test,
        "extrapolation": task.extrapolation,
        "compute_share": task.compute_share,
        "cost": task.cost_basis,
        "weight": task.weight,
        "noise": facts.metrics[task.spec.metric].noise,
        "r2": task.uses_r2,
        "fingerprint": task.fingerprint,
        "kind": task.kind,
        "role": task.role,
        "cluster": task.cluster,
        "tier": facts.tier,
        "published": facts.published,
        "far": reach.far,
        "compute": reach.compute,
        "extrapolates": ",".join(reach.beyond),
        "inside": reach.inside,
        "shared_runs": reach.shared_runs,
        "same_inputs": reach.same_inputs,
        "same_rows": reach.same_rows,
        "axes": {name: asdict(axis) for name, axis in reach.axes.items()},
    }


def render_statements(tasks: Iterable[Task]) -> str:
    """Return the text of the file of statements: one line per task."""
    lines = (json.dumps(plain(_statement(task))) for task in tasks)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def differences(stated: pd.DataFrame, tasks: Iterable[Task]) -> list[str]:
    """Return one line per difference between rebuilt tasks and their statements; empty if there is none.

    Numbers are compared to nine digits; the last ones depend on the machine.
    """
    was = {str(record["task"]): record for record in stated.to_dict("records")}
    now = {task.id: plain(_statement(task)) for task in tasks}
    found = [f"{name}: is stated but not in the suite" for name in was if name not in now]
    found += [f"{name}: is in the suite but not stated" for name in now if name not in was]
    for name in was.keys() & now.keys():
        then = plain(was[name])
        found += [f"{name}: {k}: stated {then.get(k)!r}, is {v!r}" for k, v in now[name].items() if not _agree(then.get(k), v)]
    return sorted(found)


def _agree(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_agree(one[k], other[k]) for k in one)
    if isinstance(one, float | int) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=1e-9)
    return bool(one == other)
