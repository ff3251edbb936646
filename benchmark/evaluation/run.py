"""Fit on the training rows, predict the held-out ones, record what happened.

A predictor is handed training X and y and held-out X, nothing else: the held-out values stay
with the caller, also when the fit runs in another process. A predictor that raises, returns the
wrong thing, dies or takes too long is a recorded failure and never stops a run.
"""

from __future__ import annotations

import json
import platform
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cloudpickle

from benchmark.evaluation.predictor import Predictor, parameters_of, usable
from benchmark.evaluation.results import FoldResult, Status, TaskResult, part_path, predictor_path, read_results, write_results
from benchmark.evaluation.workers import Inputs, fit_folds, start_worker
from benchmark.tasks.task import Task
from scalingbench.common.defaults import TIME_LIMIT
from scalingbench.common.errors import InputError
from scalingbench.common.messages import described

__all__ = ["evaluate", "run_suite"]


def evaluate(
    predictor: Predictor,
    task: Task,
    *,
    name: str | None = None,
    suite: str = "",
    time_limit: float | None = None,
    levels: Sequence[float] = (),
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
    """
    label = name or type(predictor).__name__
    if time_limit is not None:
        return next(_in_processes([(_Job(label, predictor, task, suite),)], 1, time_limit, levels))
    folds = fit_folds(_pack(predictor), _inputs(task), tuple(levels))
    return _result(_Job(label, predictor, task, suite), folds)


@dataclass(frozen=True)
class _Job:
    name: str
    predictor: Predictor
    task: Task
    suite: str


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
    time_limit: float = TIME_LIMIT,
    levels: Sequence[float] = (),
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
    confined: bool = False,
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
        Keep results in `out` whose task fingerprint, constructor arguments and package versions
        are unchanged.
    time_limit : float
        Seconds for one predictor on a task of one fold; every further fold adds a tenth.
    levels : sequence of float
        Quantile levels to ask for.
    progress : callable
        Called with the number of jobs done, their total and what was just done.
    confined : bool
        Run the worker processes under `benchmark.evaluation.isolation.confine`.

    Returns
    -------
    tuple of TaskResult
        In the order of `predictors`, then `tasks`.

    Raises
    ------
    InputError
        If no predictor can use any task.
    """
    todo = [_Job(n, p, t, suite) for t in tasks for n, p in predictors.items() if usable(p, t)]
    if not todo:
        raise InputError("none of the predictors can use any of the tasks")
    done = {(r.predictor, r.task): r for r in _kept(out, predictors, todo)} if resume else {}
    pending = [batch for batch in _batches(todo) if any((job.name, job.task.id) not in done for job in batch)]
    progress(len(done), len(todo), "")
    for result in _in_processes(pending, jobs, time_limit, levels, confined):
        write_results(part_path(out, result.predictor, result.task), [result])
        done[result.predictor, result.task] = result
        progress(len(done), len(todo), f"{result.predictor} on {result.task}")
    order = [(name, task.id) for name in predictors for task in tasks if (name, task.id) in done]
    for name in predictors:
        _collect(out, name, [done[key] for key in order if key[0] == name])
    return tuple(done[key] for key in order)


def _batches(jobs: Iterable[_Job]) -> list[tuple[_Job, ...]]:
    """Group the rungs of a ladder where the predictor fits many data sets in one call; all other jobs stand alone."""
    batches: dict[tuple[str, str], list[_Job]] = {}
    for job in jobs:
        together = hasattr(job.predictor, "fit_many")
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
        same = (job.task.fingerprint, parameters_of(job.predictor), _versions())
        if result is not None and (result.fingerprint, result.parameters, result.versions) == same:
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


def _in_processes(
    batches: Sequence[_Batch], workers: int, time_limit: float, levels: Sequence[float], confined: bool = False
) -> Iterator[TaskResult]:
    """Yield results as they finish, from worker processes that are killed past their time."""
    import multiprocessing

    from pebble import ProcessPool

    if not batches:
        return
    # 'spawn' everywhere: the same start state on every platform, and nothing inherited from the caller
    context = multiprocessing.get_context("spawn")
    queue = deque(batches)
    with ProcessPool(max_workers=workers, context=context, initializer=start_worker, initargs=(confined,)) as pool:
        running: dict[Future[list[FoldResult]], _Batch] = {}
        try:
            while queue or running:
                # few jobs in flight: inputs are pickled when scheduled, and an interrupt loses little
                while len(running) < 2 * workers and queue:
                    batch = queue.popleft()
                    args = (_pack(batch[0].predictor), [i for job in batch for i in _inputs(job.task)], tuple(levels))
                    running[pool.schedule(fit_folds, args=args, timeout=_allowance(batch, time_limit))] = batch
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    batch = running.pop(future)
                    if len(batch) > 1 and future.exception() is not None:
                        queue.extendleft((job,) for job in reversed(batch))  # one rung must not fail the others
                        continue
                    yield from _results(batch, _outcome(future, batch, time_limit))
        except BaseException:
            pool.stop()
            raise


def _allowance(batch: _Batch, time_limit: float) -> float:
    return sum(time_limit * (1.0 + 0.1 * (len(job.task.folds) - 1)) for job in batch)


def _results(batch: _Batch, folds: list[FoldResult]) -> Iterator[TaskResult]:
    """Hand the folds of a batch back to its tasks."""
    for job in batch:
        own, folds = folds[: len(job.task.folds)], folds[len(job.task.folds) :]
        yield _result(job, own)


def _outcome(future: Future[list[FoldResult]], batch: _Batch, time_limit: float) -> list[FoldResult]:
    from pebble import ProcessExpired

    try:
        return future.result()
    except TimeoutError:
        return _all_failed(batch, "timeout", f"took longer than {_allowance(batch, time_limit):g} s")
    except ProcessExpired as error:
        return _all_failed(batch, "crash", f"its process died with exit code {error.exitcode}")
    except Exception as error:  # the predictor's result or error could not be sent back
        return _all_failed(batch, "error", described(error))


def _all_failed(batch: _Batch, status: Status, message: str) -> list[FoldResult]:
    return [FoldResult(fold.name, status, message) for job in batch for fold in job.task.folds]


def _pack(predictor: Predictor) -> bytes:
    return cloudpickle.dumps(predictor)


def _inputs(task: Task) -> Inputs:
    return [(fold.name, fold.X_train, fold.y_train, fold.X_test) for fold in task.folds]


def _result(job: _Job, folds: Iterable[FoldResult]) -> TaskResult:
    return TaskResult(job.name, parameters_of(job.predictor), job.suite, job.task.id, job.task.fingerprint, _versions(), tuple(folds))


@lru_cache(maxsize=1)
def _versions() -> str:
    found = {"python": platform.python_version()}
    for package in ("scalingbench", "numpy", "scipy", "pandas", "scikit-learn"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a source tree that was not installed
            found[package] = "unknown"
    return json.dumps(found, sort_keys=True)
