"""ScalingBench: real scaling runs, law forms fitted on the cheap ones, scored on the expensive ones."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scalingbench.benchmark.data.all_runs import load_all
    from scalingbench.benchmark.data.collection import Collection, list_collections
    from scalingbench.benchmark.data.schema import read_table
    from scalingbench.benchmark.evaluation.results import TaskResult, load_results
    from scalingbench.benchmark.evaluation.run import evaluate, run_suite
    from scalingbench.benchmark.hub.load import load_collection
    from scalingbench.benchmark.tasks.suite import Suite, list_suites, load_suite, load_task
    from scalingbench.benchmark.tasks.task import Task
    from scalingbench.forecasting.allocate import allocate
    from scalingbench.forecasting.contrast import contrast
    from scalingbench.forecasting.forecast import forecast
    from scalingbench.forecasting.pictures import plot
    from scalingbench.forecasting.plan import plan
    from scalingbench.forecasting.reading import read_runs
    from scalingbench.forecasting.report import report
    from scalingbench.forecasting.watch import watch
    from scalingbench.leaderboard.board import Board
    from scalingbench.leaderboard.findings.report import findings
    from scalingbench.leaderboard.reproduce import reproduce
    from scalingbench.leaderboard.results import Results
    from scalingbench.predictors.candidacy import Candidate, NotCandidate
    from scalingbench.predictors.estimator import ScalingLaw
    from scalingbench.predictors.law import ParametricLaw
    from scalingbench.predictors.parameters import amplitude, exponent, factor, irreducible, level, location, positive, real
    from scalingbench.predictors.registry import list_predictors, make

_HOMES = {
    "Board": "scalingbench.leaderboard.board",
    "Candidate": "scalingbench.predictors.candidacy",
    "Collection": "scalingbench.benchmark.data.collection",
    "NotCandidate": "scalingbench.predictors.candidacy",
    "ParametricLaw": "scalingbench.predictors.law",
    "Results": "scalingbench.leaderboard.results",
    "ScalingLaw": "scalingbench.predictors.estimator",
    "Suite": "scalingbench.benchmark.tasks.suite",
    "Task": "scalingbench.benchmark.tasks.task",
    "TaskResult": "scalingbench.benchmark.evaluation.results",
    "allocate": "scalingbench.forecasting.allocate",
    "amplitude": "scalingbench.predictors.parameters",
    "contrast": "scalingbench.forecasting.contrast",
    "evaluate": "scalingbench.benchmark.evaluation.run",
    "exponent": "scalingbench.predictors.parameters",
    "factor": "scalingbench.predictors.parameters",
    "findings": "scalingbench.leaderboard.findings.report",
    "forecast": "scalingbench.forecasting.forecast",
    "irreducible": "scalingbench.predictors.parameters",
    "level": "scalingbench.predictors.parameters",
    "list_collections": "scalingbench.benchmark.data.collection",
    "list_predictors": "scalingbench.predictors.registry",
    "list_suites": "scalingbench.benchmark.tasks.suite",
    "load_all": "scalingbench.benchmark.data.all_runs",
    "load_collection": "scalingbench.benchmark.hub.load",
    "load_results": "scalingbench.benchmark.evaluation.results",
    "load_suite": "scalingbench.benchmark.tasks.suite",
    "load_task": "scalingbench.benchmark.tasks.suite",
    "location": "scalingbench.predictors.parameters",
    "make": "scalingbench.predictors.registry",
    "plan": "scalingbench.forecasting.plan",
    "plot": "scalingbench.forecasting.pictures",
    "positive": "scalingbench.predictors.parameters",
    "read_runs": "scalingbench.forecasting.reading",
    "read_table": "scalingbench.benchmark.data.schema",
    "real": "scalingbench.predictors.parameters",
    "report": "scalingbench.forecasting.report",
    "reproduce": "scalingbench.leaderboard.reproduce",
    "run_suite": "scalingbench.benchmark.evaluation.run",
    "watch": "scalingbench.forecasting.watch",
}

__all__ = [
    "Board",
    "Candidate",
    "Collection",
    "NotCandidate",
    "ParametricLaw",
    "Results",
    "ScalingLaw",
    "Suite",
    "Task",
    "TaskResult",
    "__version__",
    "allocate",
    "amplitude",
    "contrast",
    "evaluate",
    "exponent",
    "factor",
    "findings",
    "forecast",
    "irreducible",
    "level",
    "list_collections",
    "list_predictors",
    "list_suites",
    "load_all",
    "load_collection",
    "load_results",
    "load_suite",
    "load_task",
    "location",
    "make",
    "plan",
    "plot",
    "positive",
    "read_runs",
    "read_table",
    "real",
    "report",
    "reproduce",
    "run_suite",
    "watch",
]

__version__: str


def __getattr__(name: str) -> Any:
    # names are looked up on first use: importing pandas and scikit-learn costs more than a --help may
    if name == "__version__":
        from scalingbench.common.packages import own_version

        return own_version()
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
