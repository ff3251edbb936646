"""ScalingBench: real scaling runs, law forms fitted on the cheap ones, scored on the expensive ones."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.data.collection import Collection, list_collections
    from benchmark.data.schema import read_table
    from benchmark.evaluation.results import TaskResult, load_results
    from benchmark.evaluation.run import evaluate, run_suite
    from benchmark.hub.load import load_collection
    from benchmark.tasks.suite import Suite, list_suites, load_suite, load_task
    from benchmark.tasks.task import Task
    from leaderboard.board import Board
    from leaderboard.reproduce import reproduce
    from leaderboard.results import Results
    from predictors.estimator import ScalingLaw
    from predictors.law import ParametricLaw
    from predictors.registry import list_predictors, make

_HOMES = {
    "Board": "leaderboard.board",
    "Collection": "benchmark.data.collection",
    "ParametricLaw": "predictors.law",
    "Results": "leaderboard.results",
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
    "load_task": "benchmark.tasks.suite",
    "make": "predictors.registry",
    "read_table": "benchmark.data.schema",
    "reproduce": "leaderboard.reproduce",
    "run_suite": "benchmark.evaluation.run",
}

__all__ = [
    "Board",
    "Collection",
    "ParametricLaw",
    "Results",
    "ScalingLaw",
    "Suite",
    "Task",
    "TaskResult",
    "__version__",
    "evaluate",
    "list_collections",
    "list_predictors",
    "list_suites",
    "load_collection",
    "load_results",
    "load_suite",
    "load_task",
    "make",
    "read_table",
    "reproduce",
    "run_suite",
]

__version__: str


def _refuse_shadows() -> None:
    """Refuse to start where a user's own file or folder would be imported instead of one of our packages."""
    ours = Path(__file__).resolve().parent.parent
    for name in ("benchmark", "predictors", "leaderboard"):
        try:
            spec = find_spec(name)
        except ValueError:  # made by hand, without a specification
            spec = None
        if spec is None or spec.origin is None or Path(spec.origin).resolve() == ours / name / "__init__.py":
            continue
        found = Path(spec.origin)
        kind = "folder" if found.name == "__init__.py" else "file"
        raise ImportError(f"{found} hides the package {name!r} of scalingbench; rename that {kind}")


_refuse_shadows()


def __getattr__(name: str) -> Any:
    # names are looked up on first use: importing pandas and scikit-learn costs more than a --help may
    if name == "__version__":
        return _version()
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("scalingbench")
    except PackageNotFoundError:  # run from a source tree that was not installed
        return "unknown"


def __dir__() -> list[str]:
    return __all__
