"""Made-up tasks and results whose scores can be computed by hand: a prediction that is off by exp(0.1) has the error 0.1."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult, as_stored, predictor_path, write_results
from scalingbench.benchmark.tasks.splits import Frontier
from scalingbench.benchmark.tasks.suite import Suite
from scalingbench.benchmark.tasks.task import Fold, Task, TaskSpec
from scalingbench.leaderboard.results import Results

REFERENCE = "nearest-neighbor"
UNIT = 0.2
"""Error of the reference on every task."""
WHERE = (("datablations", "compute"), ("porian", "compute"), ("distillation_apple", "data-constrained"))
"""Collection and track of each task; the names are real, because cards are looked up, and the rows are not."""


def made_up_task(collection: str, track: str, weight: float = 1.0) -> Task:
    """Return a task of one fold with four held-out rows."""
    metric = {"porian": "loss_val"}.get(collection, "loss")
    spec = TaskSpec(
        collection=collection,
        metric=metric,
        track=track,
        variables=("params",),
        split=Frontier(kind="frontier", variable="params", train_max=1e9),
        weight=weight,
    )
    X = pd.DataFrame({"params": np.geomspace(1e8, 1e9, 6)})
    X_test = pd.DataFrame({"params": np.geomspace(2e9, 8e9, 4)})
    y, y_test = (1.0 + 1e2 * frame["params"].to_numpy() ** -0.3 for frame in (X, X_test))
    fold = Fold("all", X, y, X_test, y_test, np.ones(4, bool), X_test["params"].to_numpy(), X["params"].to_numpy())
    return Task(spec.id, spec, (fold,), 8.0, 0.1, "params", (), weight)


def made_up_result(predictor: str, task: Task, error: float, *, status: str = "ok") -> TaskResult:
    """Return a result whose error on the task is the one given."""
    (fold,) = task.folds
    predictions = as_stored(fold.y_test * np.exp(error)) if status == "ok" else np.empty(0)
    made = FoldResult(fold.name, status, "" if status == "ok" else "no way", predictions, {}, {"E": 1.5}, 0.25, 0.0)
    return TaskResult(predictor, "{}", "made-up", task.id, task.fingerprint, "{}", (made,))


@dataclass(frozen=True)
class MadeUpSuite(Suite):
    """A suite whose tasks are at hand; counts how often they are asked for."""

    made: tuple[Task, ...] = ()
    asked: list[str | None] = field(default_factory=list)

    def build(self, *, collections: Sequence[str] | None = None, track: str | None = None, fetch: bool = False) -> tuple[Task, ...]:
        self.asked.append(track)
        chosen = self.entries(collections=collections, track=track)
        return tuple(t for t in self.made if t.spec in chosen)


def made_up_suite(tasks: Sequence[Task] | None = None) -> MadeUpSuite:
    """Return a suite of three tasks, or of those given."""
    made = tuple(tasks or (made_up_task(*where) for where in WHERE))
    return MadeUpSuite("made-up", "three tasks", REFERENCE, (REFERENCE, "mean"), tuple(t.spec for t in made), made=made)


def made_up_results(errors: dict[str, Sequence[float | None]], suite: MadeUpSuite | None = None, **options) -> Results:
    """Return results of the suite; the reference's are added.

    Parameters
    ----------
    errors : dict of str to sequence of float
        Of each predictor, by task; None where it did not enter.
    """
    suite = suite or made_up_suite()
    errors = {REFERENCE: [UNIT] * len(suite.made), **errors}
    found = [made_up_result(n, t, e) for n, own in errors.items() for t, e in zip(suite.made, own, strict=True) if e is not None]
    return Results(tuple(found), suite, **{"exclusions": {}, **options})


def write_to(folder: Path, results: Results) -> None:
    """Write a result file for every predictor."""
    for name in results.predictors:
        write_results(predictor_path(folder, name), [r for r in results.results if r.predictor == name])
