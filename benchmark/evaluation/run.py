"""Fit on the training rows, predict the held-out ones, record what happened.

A predictor is handed training X and y and held-out X, nothing else: the held-out values stay
with the caller, also when the fit runs in another process. A predictor that raises, returns the
wrong thing, dies or takes too long is a recorded failure and never stops a run. A trusted predictor is
fitted in a worker that serves many tasks (`workers`); a stranger's one behind the wall, one process a fold (`wall`).
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from itertools import combinations, count
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import cloudpickle

from scalingbench.benchmark.evaluation.conditions import conditions_of
from scalingbench.benchmark.evaluation.confined_predictor import Submitted
from scalingbench.benchmark.evaluation.predictor import Predictor, parameters_of, unacquainted, usable
from scalingbench.benchmark.evaluation.results import FoldResult, Status, TaskResult, part_path, predictor_path, read_results, write_results
from scalingbench.benchmark.evaluation.stability import Fits, with_instability
from scalingbench.benchmark.evaluation.wall.guard import Guard, TimeUp
from scalingbench.benchmark.evaluation.workers import Inputs, Worker, WorkerDied, fit_folds
from scalingbench.benchmark.tasks.task import Fold, Task
from scalingbench.common.defaults import TIME_LIMIT
from scalingbench.common.errors import InputError
from scalingbench.common.names import slug
from scalingbench.predictors.contract import pools

__all__ = ["evaluate", "measure", "refuse_unwritable", "run_suite"]


def evaluate(
    predictor: Predictor,
    task: Task,
    *,
    name: str | None = None,
    suite: str = "",
    time_limit: float | None = None,
    levels: Sequence[float] = (),
    stability: bool = False,
) -> TaskResult:
    """Evaluate a predictor on a task.

    Parameters
    ----------
    predictor : estimator
        Not changed: a clone is fitted for each fold.
    task : Task
        What to train on and predict.
    name : str, optional
        What results call it; by default the class's name.
    suite : str
        Recorded in the result.
    time_limit : float, optional
        Seconds for one fold, a tenth more for every further one, in a process of its own that is killed when they are over.
        By default there is no limit and the fits run in this process.
    levels : sequence of float
        Quantile levels to ask for, where the predictor has ``predict_quantiles``.
    stability : bool
        Also measure the instability of every fold (see `scalingbench.benchmark.evaluation.stability`), by five more fits.
    """
    label = name or type(predictor).__name__
    if time_limit is not None or isinstance(predictor, Submitted):
        limit = time_limit or TIME_LIMIT
        job = _Job(label, predictor, task, suite, limit, conditions_of(predictor, limit, levels))
        (result,) = _in_processes([(job,)], 1, _Asked(tuple(levels), stability))
        return result
    packed, groups = _pack(predictor, task), _groups(predictor, [task])
    folds = _measured(lambda inputs: fit_folds(packed, inputs, tuple(levels), groups=groups), _inputs(task), task.folds, stability)
    return _result(_Job(label, predictor, task, suite), folds)  # without conditions: there was no time limit


def measure(predictor: Predictor, task: Task, fold: Fold, *, time_limit: float = TIME_LIMIT) -> float:
    """Return the instability of one fold of a task, by six fits of `time_limit` seconds each; NaN where the fit fails."""
    hand, inputs = _Hand(), [given for given in _inputs(task) if given[0] == fold.name]
    try:
        return _measured(hand.fits(predictor, [task], (), time_limit), inputs, [fold], stability=True)[0].instability
    except (TimeoutError, TimeUp, WorkerDied):
        return float("nan")
    finally:
        hand.stop()


@dataclass(frozen=True)
class _Job:
    name: str
    predictor: Predictor
    task: Task
    suite: str
    time_limit: float = TIME_LIMIT
    conditions: str = ""


@dataclass(frozen=True)
class _Asked:
    """What is wanted of every fit."""

    levels: tuple[float, ...]
    stability: bool


_Batch = tuple[_Job, ...]
"""Jobs of one predictor that are fitted in one call."""


def run_suite(
    predictors: Mapping[str, Predictor],
    tasks: Sequence[Task],
    out: Path,
    *,
    suite: str = "",
    jobs: int = 1,
    resume: bool = False,
    time_limit: float | Mapping[str, float] = TIME_LIMIT,
    levels: Sequence[float] = (),
    stability: bool = False,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> tuple[TaskResult, ...]:
    """Evaluate predictors on every task that they can use, and write one file per predictor.

    Results do not depend on `jobs`. Each finished task is on disk before the next is reported, so
    a killed run can be continued with `resume`.

    Parameters
    ----------
    predictors : mapping of str to estimator
        By name.
    tasks : sequence of Task
        What to evaluate on.
    out : Path
        Folder for the result files; a predictor's old file there is replaced when its new
        results are complete.
    jobs : int
        Number of worker processes.
    resume : bool
        Keep results in `out` whose task fingerprint, constructor arguments, package versions and conditions (source of the
        predictor, time limit, quantile levels) are unchanged.
    time_limit : float or mapping of str to float
        Seconds for one predictor, or for each by its name, on a task of one fold; every further fold adds a tenth. They count
        from the moment at which a worker holds the folds and has loaded the predictor.
    levels : sequence of float
        Quantile levels to ask for.
    stability : bool
        Also measure the instability of every fold, by five more fits.
    progress : callable
        Called with the number of jobs done, their total and what was just done.

    Returns
    -------
    tuple of TaskResult
        In the order of `predictors`, then `tasks`.

    Raises
    ------
    InputError
        If no predictor can use any task, two of them would share a file, or `out` cannot be written.
    """
    seconds = time_limit if isinstance(time_limit, Mapping) else dict.fromkeys(predictors, time_limit)
    stated = {name: conditions_of(predictor, seconds[name], levels) for name, predictor in predictors.items()}
    todo = [_Job(n, p, t, suite, seconds[n], stated[n]) for t in tasks for n, p in predictors.items() if usable(p, t)]
    if not todo:
        raise InputError("none of the predictors can use any of the tasks")
    _refuse_one_file_for_two(predictors)
    refuse_unwritable(out)
    done = {(r.predictor, r.task): r for r in _kept(out, predictors, todo) if r.measured or not stability} if resume else {}
    pending = [batch for batch in _batches(todo) if any((job.name, job.task.id) not in done for job in batch)]
    progress(len(done), len(todo), "")
    for result in _in_processes(pending, jobs, _Asked(tuple(levels), stability)):
        write_results(part_path(out, result.predictor, result.task), [result])
        done[result.predictor, result.task] = result
        progress(len(done), len(todo), f"{result.predictor} on {result.task}")
    order = [(name, task.id) for name in predictors for task in tasks if (name, task.id) in done]
    for name in predictors:
        _collect(out, name, [done[key] for key in order if key[0] == name])
    return tuple(done[key] for key in order)


def _refuse_one_file_for_two(names: Iterable[str]) -> None:
    for one, other in combinations(names, 2):
        if slug(one).casefold() == slug(other).casefold():
            raise InputError(f"predictors: {one!r} and {other!r} would share the result file {slug(other)}.parquet; rename one")


def refuse_unwritable(out: Path) -> None:
    """Refuse a folder for results that cannot be made or written, before anything is computed.

    Raises
    ------
    InputError
        If it can't.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out}: no folder for results can be made here: {error.strerror}") from None
    if not os.access(out, os.W_OK | os.X_OK):
        raise InputError(f"{out}: not writable")


def _batches(jobs: Iterable[_Job]) -> list[tuple[_Job, ...]]:
    """Group the rungs of a ladder where the predictor fits many data sets in one call; all other jobs stand alone."""
    batches: dict[tuple[str, str], list[_Job]] = {}
    for job in jobs:
        together = hasattr(job.predictor, "fit_many") and not isinstance(job.predictor, Submitted)
        batches.setdefault((job.name, job.task.spec.id if together else job.task.id), []).append(job)
    return [tuple(batch) for batch in batches.values()]


def _kept(out: Path, predictors: Mapping[str, Predictor], jobs: Iterable[_Job]) -> Iterator[TaskResult]:
    stored: dict[tuple[str, str], TaskResult] = {}
    for name in predictors:
        parts = part_path(out, name, "x").parent
        for file in (predictor_path(out, name), *sorted(parts.glob("*.parquet"))):
            if file.is_file():
                stored |= {(r.predictor, r.task): r for r in read_results(file)}
    for job in jobs:
        result = stored.get((job.name, job.task.id))
        same = (job.task.fingerprint, parameters_of(job.predictor), _versions(), job.conditions)
        if result is not None and job.conditions and (result.fingerprint, result.parameters, result.versions, result.conditions) == same:
            yield result


def _collect(out: Path, name: str, results: list[TaskResult]) -> None:
    """Write a predictor's file, then remove the parts it was made of."""
    if not results:
        return
    write_results(predictor_path(out, name), results)
    parts = part_path(out, name, "x").parent
    for file in parts.glob("*.parquet"):
        file.unlink()
    for folder in (parts, parts.parent):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _in_processes(batches: Sequence[_Batch], workers: int, asked: _Asked) -> Iterator[TaskResult]:
    """Yield results as they finish, from processes that are ended past their time; none is left when this ends, however it does."""
    if not batches:
        return
    crew = _Crew(min(workers, len(batches)), asked)
    try:
        yield from crew.work(batches)
    finally:
        crew.stop()


class _Crew:
    """Threads that each own one process, hand it batches and put what comes back into a queue."""

    def __init__(self, size: int, asked: _Asked) -> None:
        self._asked = asked
        self._todo: SimpleQueue[_Batch | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[_Batch, list[FoldResult] | BaseException]] = SimpleQueue()
        self._hands = [_Hand() for _ in range(size)]
        self._threads = [Thread(target=self._serve, args=(hand,), daemon=True) for hand in self._hands]

    def work(self, batches: Iterable[_Batch]) -> Iterator[TaskResult]:
        """Yield the results of all batches."""
        left = 0
        for batch in batches:
            self._todo.put(batch)
            left += 1
        for thread in self._threads:
            thread.start()
        while left:
            batch, folds = self._done.get()
            left -= 1
            if isinstance(folds, BaseException):
                raise folds
            if len(batch) > 1 and all(f.status in ("timeout", "crash") for f in folds):
                for job in batch:  # one rung must not fail the others
                    self._todo.put((job,))
                left += len(batch)
                continue
            yield from _results(batch, folds)

    def stop(self) -> None:
        """End all processes and threads."""
        for hand in self._hands:
            self._todo.put(None)
            hand.stop()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(10.0)

    def _serve(self, hand: _Hand) -> None:
        while not hand.stopped and (batch := self._todo.get()) is not None:
            try:
                self._done.put((batch, hand.fit(batch, self._asked)))
            except BaseException as error:  # it is raised again in the thread that waits for the results
                self._done.put((batch, error))


class _Hand:
    """One place to work at: a worker process for trusted predictors, a fork server for strangers' ones."""

    def __init__(self) -> None:
        self.stopped = False
        self._worker = Worker()
        self._guard: Guard | None = None

    def fit(self, batch: _Batch, asked: _Asked) -> list[FoldResult]:
        """Return the folds of all jobs of a batch, which are of one predictor."""
        seconds = _allowance(batch)
        tasks = [job.task for job in batch]
        inputs, folds = [i for task in tasks for i in _inputs(task)], [fold for task in tasks for fold in task.folds]
        try:
            return _measured(self.fits(batch[0].predictor, tasks, asked.levels, seconds), inputs, folds, asked.stability)
        except (TimeoutError, TimeUp):
            return _all_failed(batch, "timeout", f"took longer than {seconds:g} s")
        except WorkerDied as died:
            return _all_failed(batch, "crash", str(died))

    def fits(self, predictor: Predictor, tasks: Sequence[Task], levels: tuple[float, ...], seconds: float) -> Fits:
        """Return what fits the folds of tasks, each time within `seconds`."""
        if isinstance(predictor, Submitted):
            return lambda inputs: self._guarded(predictor, inputs, levels, seconds)
        packed, groups = _pack(predictor, tasks[0]), _groups(predictor, tasks)
        return lambda inputs: self._worker.run(packed, inputs, levels, seconds, groups)

    def _guarded(self, predictor: Submitted, inputs: Inputs, levels: tuple[float, ...], seconds: float) -> list[FoldResult]:
        """Fit every fold in a process of its own: what one is trained on, another one is asked for."""
        with predictor.guards.one() as guard:
            self._guard = guard
            try:
                ends = time.monotonic() + seconds
                folds = []
                for fold in inputs:
                    if self.stopped:
                        raise InterruptedError("stopped")
                    folds.append(guard.fit(predictor.source, *fold, levels, ends - time.monotonic()))
                return folds
            finally:
                self._guard = None  # before others may use it

    def stop(self) -> None:
        """End the processes."""
        self.stopped = True
        self._worker.stop()
        if (guard := self._guard) is not None:
            guard.stop()


def _measured(fit: Fits, inputs: Inputs, folds: Sequence[Fold], stability: bool) -> list[FoldResult]:
    """Return the results of folds, with their instability where it is asked for."""
    found = list(fit(inputs))
    return with_instability(fit, inputs, found, folds) if stability else found


def _allowance(batch: _Batch) -> float:
    return sum(job.time_limit * (1.0 + 0.1 * (len(job.task.folds) - 1)) for job in batch)


def _results(batch: _Batch, folds: list[FoldResult]) -> Iterator[TaskResult]:
    """Hand the folds of a batch back to its tasks."""
    for job in batch:
        own, folds = folds[: len(job.task.folds)], folds[len(job.task.folds) :]
        yield _result(job, own)


def _all_failed(batch: _Batch, status: Status, message: str) -> list[FoldResult]:
    return [FoldResult(fold.name, status, message) for job in batch for fold in job.task.folds]


def _pack(predictor: Predictor, task: Task) -> bytes:
    return bytes(cloudpickle.dumps(unacquainted(predictor, task.cluster)))


def _groups(predictor: Predictor, tasks: Sequence[Task]) -> list[int] | None:
    """Return which folds of tasks may tell each other something, for a predictor that pools: those of one number; else None.

    Folds stand alone where one trains on what another holds out; rungs of a ladder do, and are never of one group.
    """
    if not pools(predictor):
        return None
    numbers = count()
    found: list[int] = []
    for task in tasks:
        shared = next(numbers)
        found += [shared if task.folds_are_apart else next(numbers) for _ in task.folds]
    return found


def _inputs(task: Task) -> Inputs:
    return [(fold.name, fold.X_train, fold.y_train, fold.X_test) for fold in task.folds]


def _result(job: _Job, folds: Iterable[FoldResult]) -> TaskResult:
    return TaskResult(
        job.name, parameters_of(job.predictor), job.suite, job.task.id, job.task.fingerprint, _versions(), tuple(folds), job.conditions
    )


@lru_cache(maxsize=1)
def _versions() -> str:
    found = {"python": platform.python_version()}
    for package in ("scalingbench", "numpy", "scipy", "pandas", "scikit-learn"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a source tree that was not installed
            found[package] = "unknown"
    return json.dumps(found, sort_keys=True)
