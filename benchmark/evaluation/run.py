"""Fit on the training rows, predict the held-out ones, record the outcome.

A predictor gets training X and y and held-out X. The held-out values stay in the calling process. A predictor that raises, returns
invalid output, dies or exceeds its time is a recorded failure and does not stop the run. A trusted predictor is fitted in a worker that
serves many tasks (`workers`); a submitted one in the sandbox, one process per fold (`wall`).
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
from scalingbench.common.files import sweep
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
        Its name in results; by default that of the class.
    suite : str
        Recorded in the result.
    time_limit : float, optional
        Seconds for one fold, a tenth more for every further one, in a separate process that is killed at the limit.
        By default there is no limit and the fits run in this process.
    levels : sequence of float
        Quantile levels to predict, if the predictor has ``predict_quantiles``.
    stability : bool
        Also measure the instability of every fold (see `scalingbench.benchmark.evaluation.stability`), by five more fits.

    Examples
    --------
    >>> import scalingbench as sb
    >>> sb.evaluate(sb.make("kaplan"), sb.load_task("porian/loss_val/chinchilla-decay-frontier"))
    TaskResult(Kaplan on porian/loss_val/chinchilla-decay-frontier: 2 fits, 30 predictions)
    """
    label = name or type(predictor).__name__
    if time_limit is not None or isinstance(predictor, Submitted):
        limit = time_limit or TIME_LIMIT
        job = _Job(label, predictor, task, suite, limit, conditions_of(predictor, limit, levels))
        (result,) = _in_processes([(job,)], 1, _Options(tuple(levels), stability))
        return result
    packed, groups = _pack(predictor, task), _groups(predictor, [task])
    folds = _measured(lambda inputs: fit_folds(packed, inputs, tuple(levels), groups=groups), _inputs(task), task.folds, stability)
    return _result(_Job(label, predictor, task, suite), folds)  # without conditions: no time limit


def measure(predictor: Predictor, task: Task, fold: Fold, *, time_limit: float = TIME_LIMIT) -> float:
    """Return the instability of one fold of a task, by six fits of `time_limit` seconds each; NaN where the fit fails."""
    worker, inputs = _PoolWorker(), [given for given in _inputs(task) if given[0] == fold.name]
    try:
        return _measured(worker.fits(predictor, [task], (), time_limit), inputs, [fold], stability=True)[0].instability
    except (TimeoutError, TimeUp, WorkerDied):
        return float("nan")
    finally:
        worker.stop()


@dataclass(frozen=True)
class _Job:
    name: str
    predictor: Predictor
    task: Task
    suite: str
    time_limit: float = TIME_LIMIT
    conditions: str = ""


@dataclass(frozen=True)
class _Options:
    """Options of every fit."""

    levels: tuple[float, ...]
    stability: bool


_Batch = tuple[_Job, ...]
"""Jobs of one predictor that are fitted in one call."""
_Queue = tuple[_Batch, ...]
"""Batches that run one after the other."""


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
    """Evaluate predictors on every task that they can enter, and write one file per predictor.

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
        Keep results in `out` with unchanged task fingerprint, constructor arguments, package versions and conditions (source of the
        predictor, time limit, quantile levels).
    time_limit : float or mapping of str to float
        Seconds for one predictor, or for each by its name, on a task of one fold; every further fold adds a tenth. They count
        from when the worker has the folds and has loaded the predictor.
    levels : sequence of float
        Quantile levels to predict.
    stability : bool
        Also measure the instability of every fold, by five more fits.
    progress : callable
        Called with the number of finished jobs, their total, and the last one.

    Returns
    -------
    tuple of TaskResult
        In the order of `predictors`, then `tasks`.

    Raises
    ------
    InputError
        If no predictor can enter any task, two predictors share a file name, or `out` cannot be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> import scalingbench as sb
    >>> sb.run_suite({"kaplan": sb.make("kaplan")}, [sb.load_task("porian/loss_val/chinchilla-decay-frontier")], Path("out"))
    (TaskResult(kaplan on porian/loss_val/chinchilla-decay-frontier: 2 fits, 30 predictions),)
    """
    seconds = time_limit if isinstance(time_limit, Mapping) else dict.fromkeys(predictors, time_limit)
    stated = {name: conditions_of(predictor, seconds[name], levels) for name, predictor in predictors.items()}
    todo = [_Job(n, p, t, suite, seconds[n], stated[n]) for t in tasks for n, p in predictors.items() if usable(p, t)]
    if not todo:
        raise InputError("none of the predictors can enter any of the tasks")
    _check_file_names(predictors)
    refuse_unwritable(out)
    for left in (".*.parquet.*.tmp", ".parts/*/.*.parquet.*.tmp"):
        sweep(out, left)
    done = {(r.predictor, r.task): r for r in _kept(out, predictors, todo) if r.measured or not stability} if resume else {}
    pending = [batch for batch in _batches(todo) if any((job.name, job.task.id) not in done for job in batch)]
    progress(len(done), len(todo), "")
    for result in _in_processes(pending, jobs, _Options(tuple(levels), stability)):
        write_results(part_path(out, result.predictor, result.task), [result])
        done[result.predictor, result.task] = result
        progress(len(done), len(todo), f"{result.predictor} on {result.task}")
    order = [(name, task.id) for name in predictors for task in tasks if (name, task.id) in done]
    for name in predictors:
        _collect(out, name, [done[key] for key in order if key[0] == name])
    return tuple(done[key] for key in order)


def _check_file_names(names: Iterable[str]) -> None:
    for one, other in combinations(names, 2):
        if slug(one).casefold() == slug(other).casefold():
            raise InputError(f"predictors: {one!r} and {other!r} would share the result file {slug(other)}.parquet; rename one")


def refuse_unwritable(out: Path) -> None:
    """Raise an `InputError`, before anything is computed, for a folder of results that cannot be made or written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out}: no folder for results can be made here: {error.strerror}") from None
    if not os.access(out, os.W_OK | os.X_OK):
        raise InputError(f"{out}: not writable")


def _batches(jobs: Iterable[_Job]) -> list[tuple[_Job, ...]]:
    """Group the rungs of a ladder if the predictor fits many data sets in one call; other jobs are single."""
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
                stored |= {(r.predictor, r.task): r for r in _readable(file)}
    for job in jobs:
        result = stored.get((job.name, job.task.id))
        same = (job.task.fingerprint, parameters_of(job.predictor), _versions(), job.conditions)
        if result is not None and job.conditions and (result.fingerprint, result.parameters, result.versions, result.conditions) == same:
            yield result


def _readable(file: Path) -> tuple[TaskResult, ...]:
    try:
        return read_results(file)
    except InputError as error:
        raise InputError(f"{error}; delete this file, and its tasks are run again") from None


def _collect(out: Path, name: str, results: list[TaskResult]) -> None:
    """Write a predictor's file, then remove its parts."""
    if not results:
        return
    write_results(predictor_path(out, name), results)
    parts = part_path(out, name, "x").parent
    for file in parts.glob("*.parquet"):
        file.unlink()
    for folder in (parts, parts.parent):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _in_processes(batches: Sequence[_Batch], workers: int, options: _Options) -> Iterator[TaskResult]:
    """Yield results as they finish; processes past their time are killed, and none outlives this generator."""
    if not batches:
        return
    queues = _queues(batches)
    pool = _Pool(min(workers, len(queues)), options)
    try:
        yield from pool.work(queues)
    finally:
        pool.stop()


def _queues(batches: Iterable[_Batch]) -> list[_Queue]:
    """Return queues of batches that may run in parallel.

    Two fits of submitted code on collections that share runs never run at the same time: whatever one could signal to the other, by
    timing or memory use for example, it cannot reveal held-out values.
    """
    queues: dict[object, list[_Batch]] = {}
    for batch in batches:
        (job, *_) = batch
        apart = (job.name, job.task.cluster) if isinstance(job.predictor, Submitted) else object()
        queues.setdefault(apart, []).append(batch)
    return sorted(map(tuple, queues.values()), key=len, reverse=True)  # longest first


class _Pool:
    """Threads that each own one process, send it batches and queue the results."""

    def __init__(self, size: int, options: _Options) -> None:
        self._options = options
        self._todo: SimpleQueue[_Queue | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[_Batch, list[FoldResult] | BaseException]] = SimpleQueue()
        self._workers = [_PoolWorker() for _ in range(size)]
        self._threads = [Thread(target=self._serve, args=(worker,), daemon=True) for worker in self._workers]

    def work(self, queues: Iterable[_Queue]) -> Iterator[TaskResult]:
        """Yield the results of all batches."""
        left = 0
        for queue in queues:
            self._todo.put(queue)
            left += len(queue)
        for thread in self._threads:
            thread.start()
        while left:
            batch, folds = self._done.get()
            left -= 1
            if isinstance(folds, BaseException):
                raise folds
            if len(batch) > 1 and all(f.status in ("timeout", "crash") for f in folds):
                for job in batch:  # one rung must not fail the others
                    self._todo.put(((job,),))
                left += len(batch)
                continue
            yield from _results(batch, folds)

    def stop(self) -> None:
        """End all processes and threads."""
        for worker in self._workers:
            self._todo.put(None)
            worker.stop()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(10.0)

    def _serve(self, worker: _PoolWorker) -> None:
        while not worker.stopped and (queue := self._todo.get()) is not None:
            for batch in queue:
                try:
                    self._done.put((batch, worker.fit(batch, self._options)))
                except BaseException as error:  # raised again in the thread that waits for the results
                    self._done.put((batch, error))


class _PoolWorker:
    """A worker of the pool: a process for trusted predictors, a fork server for submitted ones."""

    def __init__(self) -> None:
        self.stopped = False
        self._worker = Worker()
        self._guard: Guard | None = None

    def fit(self, batch: _Batch, options: _Options) -> list[FoldResult]:
        """Return the folds of all jobs of a batch of one predictor."""
        seconds = _allowance(batch)
        tasks = [job.task for job in batch]
        inputs, folds = [i for task in tasks for i in _inputs(task)], [fold for task in tasks for fold in task.folds]
        try:
            return _measured(self.fits(batch[0].predictor, tasks, options.levels, seconds), inputs, folds, options.stability)
        except (TimeoutError, TimeUp):
            return _all_failed(batch, "timeout", f"took longer than {seconds:g} s")
        except WorkerDied as died:
            return _all_failed(batch, "crash", str(died))

    def fits(self, predictor: Predictor, tasks: Sequence[Task], levels: tuple[float, ...], seconds: float) -> Fits:
        """Return a function that fits the folds of tasks, within `seconds` per call."""
        if isinstance(predictor, Submitted):
            return lambda inputs: self._guarded(predictor, inputs, levels, seconds)
        packed, groups = _pack(predictor, tasks[0]), _groups(predictor, tasks)
        return lambda inputs: self._worker.run(packed, inputs, levels, seconds, groups)

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


def _measured(fit: Fits, inputs: Inputs, folds: Sequence[Fold], stability: bool) -> list[FoldResult]:
    """Return the results of folds, with their instability on request."""
    found = list(fit(inputs))
    return with_instability(fit, inputs, found, folds) if stability else found


def _allowance(batch: _Batch) -> float:
    return sum(job.time_limit * (1.0 + 0.1 * (len(job.task.folds) - 1)) for job in batch)


def _results(batch: _Batch, folds: list[FoldResult]) -> Iterator[TaskResult]:
    """Assign the folds of a batch to its tasks."""
    for job in batch:
        own, folds = folds[: len(job.task.folds)], folds[len(job.task.folds) :]
        yield _result(job, own)


def _all_failed(batch: _Batch, status: Status, message: str) -> list[FoldResult]:
    return [FoldResult(fold.name, status, message) for job in batch for fold in job.task.folds]


def _pack(predictor: Predictor, task: Task) -> bytes:
    return bytes(cloudpickle.dumps(unacquainted(predictor, task.cluster)))


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
        except PackageNotFoundError:  # run from a source tree
            found[package] = "unknown"
    return json.dumps(found, sort_keys=True)
