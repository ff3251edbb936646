"""Units of a run: what one worker fits in one call, and a worker that fits them.

A unit is one predictor on one task with all its folds, or on all rungs of a ladder if it fits many data sets in one call. It holds no
held-out value, so it may be sent to another machine.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from math import isnan

import cloudpickle

from scalingbench.benchmark.evaluation.confined_predictor import Submitted
from scalingbench.benchmark.evaluation.predictor import Predictor, parameters_of, unacquainted
from scalingbench.benchmark.evaluation.results import FoldResult, Status, TaskResult
from scalingbench.benchmark.evaluation.stability import Rounds, rounds_of, with_instability
from scalingbench.benchmark.evaluation.wall.guard import Guard, TimeUp
from scalingbench.benchmark.evaluation.workers import Inputs, Worker, WorkerDied
from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.defaults import TIME_LIMIT
from scalingbench.predictors.contract import pools

__all__ = [
    "Batch",
    "Job",
    "Options",
    "Unit",
    "UnitWorker",
    "batches",
    "expected",
    "inputs_of",
    "queues",
    "results_of",
    "task_result",
    "unit_of",
    "versions",
]


@dataclass(frozen=True)
class Job:
    """One predictor on one task."""

    name: str
    predictor: Predictor
    task: Task
    suite: str
    time_limit: float = TIME_LIMIT
    conditions: str = ""


@dataclass(frozen=True)
class Options:
    """Options of every fit."""

    levels: tuple[float, ...]
    stability: bool


Batch = tuple[Job, ...]
"""Jobs of one predictor that are fitted in one call."""
Queue = tuple[Batch, ...]
"""Batches that run one after the other."""


@dataclass(frozen=True)
class Unit:
    """What a worker needs of a batch beside the inputs of its folds.

    Attributes
    ----------
    code : bytes or Submitted
        The predictor: pickled, or submitted code for the sandbox.
    groups : list of int, optional
        For a predictor that pools: folds of one number share information.
    levels : tuple of float
        Quantile levels to predict.
    seconds : float
        Time limit of one round over all folds.
    refits : bool
        Whether to refit to jittered rows, to measure instability.
    """

    code: bytes | Submitted
    groups: list[int] | None
    levels: tuple[float, ...]
    seconds: float
    refits: bool = False


def batches(jobs: Iterable[Job]) -> list[Batch]:
    """Group the rungs of a ladder if the predictor fits many data sets in one call; other jobs are single."""
    found: dict[tuple[str, str], list[Job]] = {}
    for job in jobs:
        together = hasattr(job.predictor, "fit_many") and not isinstance(job.predictor, Submitted)
        found.setdefault((job.name, job.task.spec.id if together else job.task.id), []).append(job)
    return [tuple(batch) for batch in found.values()]


def queues(found: Iterable[Batch], seconds: Mapping[tuple[str, str], float]) -> list[Queue]:
    """Return queues of batches that may run in parallel, longest first; unknown ones before all, those with more folds first.

    Two fits of submitted code on collections that share runs never run at the same time: whatever one could signal to the other, by
    timing or memory use for example, it cannot reveal held-out values.

    Parameters
    ----------
    found : iterable of Batch
        The batches.
    seconds : mapping
        Known seconds, by name of the predictor and of the task.
    """
    apart: dict[object, list[Batch]] = {}
    for batch in found:
        (job, *_) = batch
        key = (job.name, job.task.cluster) if isinstance(job.predictor, Submitted) else object()
        apart.setdefault(key, []).append(batch)

    def length(queue: Queue) -> tuple[float, int, int]:
        jobs = [job for batch in queue for job in batch]
        return sum(expected(batch, seconds) for batch in queue), len(queue), sum(len(job.task.folds) for job in jobs)

    return sorted(map(tuple, apart.values()), key=length, reverse=True)


def expected(batch: Batch, seconds: Mapping[tuple[str, str], float]) -> float:
    """Return the known seconds of a batch, see `queues`; infinite if they are unknown."""
    known = sum(seconds.get((job.name, job.task.id), float("nan")) for job in batch)
    return float("inf") if isnan(known) else known


def unit_of(batch: Batch, options: Options) -> Unit:
    """Return the unit of a batch."""
    predictor, tasks = batch[0].predictor, [job.task for job in batch]
    code = predictor if isinstance(predictor, Submitted) else bytes(cloudpickle.dumps(unacquainted(predictor, tasks[0].cluster)))
    seconds = sum(job.time_limit * (1.0 + 0.1 * (len(job.task.folds) - 1)) for job in batch)
    return Unit(code, _groups(predictor, tasks), options.levels, seconds, options.stability)


def _groups(predictor: Predictor, tasks: Sequence[Task]) -> list[int] | None:
    """Return group numbers of folds that may share information, for a predictor that pools; else None.

    A fold is alone in its group if it trains on held-out rows of another. Rungs of a ladder do, so they are never in one group.
    """
    if not pools(predictor):
        return None
    numbers = count()
    found: list[int] = []
    for task in tasks:
        shared = next(numbers)
        found += [shared if task.folds_are_apart else next(numbers) for _ in task.folds]
    return found


def inputs_of(task: Task) -> Inputs:
    """Return what a worker needs of the folds of a task."""
    return [(fold.name, fold.X_train, fold.y_train, fold.X_test) for fold in task.folds]


class UnitWorker:
    """A worker: a process for trusted predictors, a fork server for submitted ones. Both are started when first needed."""

    def __init__(self) -> None:
        self.stopped = False
        self._worker = Worker()
        self._guard: Guard | None = None

    def fit(self, unit: Unit, inputs: Inputs) -> Rounds:
        """Return the results of all folds, and those of the refits; a failure of the process is one of every fold."""
        try:
            return rounds_of(lambda given: self._fit_once(unit, given), inputs, unit.refits)
        except (TimeoutError, TimeUp):
            return [_all_failed(inputs, "timeout", f"took longer than {unit.seconds:g} s")]
        except WorkerDied as died:
            return [_all_failed(inputs, "crash", str(died))]

    def _fit_once(self, unit: Unit, inputs: Inputs) -> list[FoldResult]:
        if isinstance(unit.code, Submitted):
            return self._guarded(unit.code, inputs, unit.levels, unit.seconds)
        return self._worker.run(unit.code, inputs, unit.levels, unit.seconds, unit.groups)

    def _guarded(self, predictor: Submitted, inputs: Inputs, levels: tuple[float, ...], seconds: float) -> list[FoldResult]:
        """Fit every fold in its own process, because one fold may train on held-out rows of another."""
        with predictor.guards.one() as guard:
            self._guard = guard
            try:
                ends = time.monotonic() + seconds
                folds = []
                for fold in inputs:
                    if self.stopped:
                        raise InterruptedError("stopped")
                    folds.append(guard.fit(predictor.source, fold, levels, ends - time.monotonic(), calls=predictor.calls))
                return folds
            finally:
                self._guard = None  # before another worker uses it

    def stop(self) -> None:
        """End the processes."""
        self.stopped = True
        self._worker.stop()
        if (guard := self._guard) is not None:
            guard.stop()


def _all_failed(inputs: Inputs, status: Status, message: str) -> list[FoldResult]:
    return [FoldResult(name, status, message) for name, *_ in inputs]


def results_of(batch: Batch, rounds: Rounds) -> Iterator[TaskResult]:
    """Assign the folds of a batch to its tasks."""
    folds = with_instability(rounds, [fold for job in batch for fold in job.task.folds])
    for job in batch:
        own, folds = folds[: len(job.task.folds)], folds[len(job.task.folds) :]
        yield task_result(job, own)


def task_result(job: Job, folds: Iterable[FoldResult]) -> TaskResult:
    """Return the result of a job, with what it was made under."""
    return TaskResult(
        job.name, parameters_of(job.predictor), job.suite, job.task.id, job.task.fingerprint, versions(), tuple(folds), job.conditions
    )


@lru_cache(maxsize=1)
def versions() -> str:
    """Return the versions of Python and of the packages that fit, as JSON."""
    found = {"python": platform.python_version()}
    for package in ("scalingbench", "numpy", "scipy", "pandas", "scikit-learn"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a source tree
            found[package] = "unknown"
    return json.dumps(found, sort_keys=True)
