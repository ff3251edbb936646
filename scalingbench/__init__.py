"""ScalingBench: real scaling runs, law forms fitted on the cheap ones, scored on the expensive ones."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.collection import Collection, list_collections, load_collection
    from benchmark.evaluation import evaluate, run_suite
    from benchmark.results import TaskResult, load_results
    from benchmark.schema import read_table
    from benchmark.suites import Suite, list_suites, load_suite
    from benchmark.tasks import Task
    from predictors.base import ParametricLaw, ScalingLaw
    from predictors.registry import list_predictors, make

_HOMES = {
    "Collection": "benchmark.collection",
    "ParametricLaw": "predictors.base",
    "ScalingLaw": "predictors.base",
    "Suite": "benchmark.suites",
    "Task": "benchmark.tasks",
    "TaskResult": "benchmark.results",
    "evaluate": "benchmark.evaluation",
    "list_collections": "benchmark.collection",
    "list_predictors": "predictors.registry",
    "list_suites": "benchmark.suites",
    "load_collection": "benchmark.collection",
    "load_results": "benchmark.results",
    "load_suite": "benchmark.suites",
    "make": "predictors.registry",
    "read_table": "benchmark.schema",
    "run_suite": "benchmark.evaluation",
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
