"""ScalingBench: real scaling runs, law forms fitted on the cheap ones, scored on the expensive ones."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.data.collection import Collection, list_collections
    from benchmark.data.schema import read_table
    from benchmark.evaluation.results import TaskResult, load_results
    from benchmark.evaluation.run import evaluate, run_suite
    from benchmark.hub.load import load_collection
    from benchmark.tasks.suite import Suite, list_suites, load_suite
    from benchmark.tasks.task import Task
    from predictors.estimator import ScalingLaw
    from predictors.law import ParametricLaw
    from predictors.registry import list_predictors, make

_HOMES = {
    "Collection": "benchmark.data.collection",
    "ParametricLaw": "predictors.law",
    "ScalingLaw": "predictors.estimator",
    "Suite": "benchmark.tasks.suite",
    "Task": "benchmark.tasks.task",
    "TaskResult": "benchmark.evaluation.results",
    "evaluate": "benchmark.evaluation.run",
    "list_collections": "benchmark.data.collection",
    "list_predictors": "predictors.registry",
    "list_suites": "benchmark.tasks.suite",
    "load_collection": "benchmark.hub.load",
    "load_results": "benchmark.evaluation.results",
    "load_suite": "benchmark.tasks.suite",
    "make": "predictors.registry",
    "read_table": "benchmark.data.schema",
    "run_suite": "benchmark.evaluation.run",
}

__all__ = [
    "Collection",
    "ParametricLaw",
    "ScalingLaw",
    "Suite",
    "Task",
    "TaskResult",
    "evaluate",
    "list_collections",
    "list_predictors",
    "list_suites",
    "load_collection",
    "load_results",
    "load_suite",
    "make",
    "read_table",
    "run_suite",
]


def __getattr__(name: str) -> Any:
    # names are looked up on first use: importing pandas and scikit-learn costs more than a --help may
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
