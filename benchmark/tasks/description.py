"""The essentials of a collection: card, sizes, variables with their ranges, metrics, tasks."""

from __future__ import annotations

from typing import Any

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import Collection, load_collection, read_facts
from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.benchmark.tasks.suite import Suite
from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.variables import VARIABLES

__all__ = ["describe_card", "describe_collection", "describe_table"]


def describe_card(name: str) -> dict[str, Any]:
    """Return the facts of a collection's card and its recorded sizes; the table need not be available locally."""
    card = load_card(name)
    facts, sizes = card.scalingbench, read_facts().get(name, {})
    return {
        "name": name,
        "title": card.pretty_name,
        "about": card.body,
        "tier": facts.tier,
        "domain": facts.domain,
        "license": card.license,
        "license_note": facts.license_note,
        "papers": [paper.short for paper in facts.papers],
        "upstream": [f"{u.repository}@{u.commit[:12]} ({u.kind})" for u in facts.upstream],
        **{size: sizes.get(size) for size in ("rows", "runs", "curves")},
        "one_curve_is": facts.curves,
        "params_kind": facts.params_kind,
        "variables": [],
        "metrics": [{"name": m, "unit": known.unit, "noise": known.noise, "meaning": known.meaning} for m, known in facts.metrics.items()],
        "flags": {},
        "corrections": list(facts.corrections),
        "known_problems": list(facts.known_problems),
        "tasks": [],
    }


def describe_table(name: str) -> dict[str, Any]:
    """Return the facts of a collection's card, with sizes, variables and metrics from its table."""
    collection = load_collection(name)
    return {
        **describe_card(name),
        "rows": len(collection.table),
        "runs": collection.n_runs,
        "curves": int(collection.table["curve"].nunique()),
        "variables": [_variable(collection, v) for v in collection.variables],
        "metrics": [_metric(collection, m) for m in collection.metrics],
        "flags": {str(k): int(v) for k, v in collection.table["flag"].value_counts().items() if k},
    }


def describe_collection(name: str, suite: Suite) -> dict[str, Any]:
    """Return the essentials of a collection: card, sizes, variables with ranges, metrics, tasks."""
    return {**describe_table(name), "tasks": [_task(t) for t in _tasks(name, suite)]}


def _tasks(name: str, suite: Suite) -> tuple[Task, ...]:
    return suite.build(collections=(name,)) if name in {spec.collection for spec in suite.specs} else ()


def _variable(collection: Collection, name: str) -> dict[str, Any]:
    column = collection.table[name].dropna()
    facts = collection.card.scalingbench
    registered = VARIABLES.get(name) or facts.own_variables.get(name)
    note = facts.variables.get(name)
    return {
        "name": name,
        "unit": registered.unit if registered else "1",
        "low": float(column.min()) if len(column) else None,
        "high": float(column.max()) if len(column) else None,
        "note": note if isinstance(note, str) else registered.meaning if registered else "mixture weight",
    }


def _metric(collection: Collection, name: str) -> dict[str, Any]:
    values = collection.table.loc[collection.table["metric"] == name, "value"].dropna()
    metric = collection.card.scalingbench.metrics[name]
    better = "lower" if metric_kind(name).lower_is_better else "higher"
    return {
        "name": name,
        "unit": metric.unit,
        "better": better,
        "rows": len(values),
        "low": float(values.min()),
        "high": float(values.max()),
        "noise": metric.noise,
        "meaning": metric.meaning,
    }


def _task(task: Task) -> dict[str, Any]:
    return {
        "task": task.id,
        "track": task.track,
        "kind": task.kind,
        "role": task.role,
        "folds": len(task.folds),
        "train": task.n_train,
        "held_out": task.n_test,
        "extrapolation": task.extrapolation,
        "far": task.reach.far,
        "compute_share": task.compute_share,
        "r2": "yes" if task.uses_r2 else "no: fewer than 5 held-out rows",
    }
