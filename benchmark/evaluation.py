"""Fit on the training rows, predict the held-out ones, record what happened.

A predictor is handed training X and y and held-out X, nothing else: the held-out values stay
with the caller, also when the fit runs in another process. A predictor that raises, returns the
wrong thing, dies or takes too long is a recorded failure and never stops a run.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import cloudpickle
import numpy as np
import pandas as pd

from benchmark.errors import BenchmarkError
from benchmark.isolation import confine
from benchmark.results import FoldResult, Status, TaskResult, as_stored, part_path, predictor_path, read_results, write_results
from benchmark.tasks import Task

__all__ = ["DEFAULT_TIME_LIMIT", "Predictor", "evaluate", "parameters_of", "positive_only", "run_suite", "start_worker", "usable"]

DEFAULT_TIME_LIMIT = 60.0
"""Seconds that one predictor may take on a task of one fold; every further fold adds a tenth."""

Inputs = list[tuple[str, pd.DataFrame, np.ndarray, pd.DataFrame]]
"""Per fold: name, training X, training y, held-out X."""


class Predictor(Protocol):
    """What can be evaluated: a scikit-learn regressor that reads DataFrame columns by name.

    Optional: ``variables`` (see `usable`), ``predict_quantiles(X, levels)`` of shape
    (n, len(levels)), ``params_`` (a mapping of fitted constants), and ``fit_many(frames, ys)``,
    which returns a fitted predictor for each data set and is used for tasks with several folds.
    """

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> Any:
        """Fit on training rows."""
        ...

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict, shape (n,)."""
        ...


def usable(predictor: object, task: Task) -> bool:
    """Return whether the task hands over every variable that the predictor's ``variables`` names.

    No ``variables`` means any; ``("*",)`` means a task with exactly one; ``"mix_*"`` any whose name
    starts so. A predictor whose scikit-learn tags ask for positive values enters no task with others.
    """
    wanted = getattr(predictor, "variables", None)
    if positive_only(predictor) and any((fold.y_train <= 0).any() for fold in task.folds):
        return False
    if wanted is None:
        return True
    if tuple(wanted) == ("*",):
        return len(task.variables) == 1
    return all(_has(task.variables, name) for name in wanted)


def _has(columns: Sequence[str], wanted: str) -> bool:
    return any(c.startswith(wanted[:-1]) for c in columns) if wanted.endswith("*") else wanted in columns


def positive_only(predictor: object) -> bool:
    """Return whether a predictor's scikit-learn tags ask for positive values."""
    tags = getattr(predictor, "__sklearn_tags__", None)
    try:
        return bool(tags is not None and tags().target_tags.positive_only)
    except Exception:  # a foreign estimator's tags must not stop a run; it is tried
        return False


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
    folds = _fit_folds(_pack(predictor), _inputs(task), tuple(levels))
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
    time_limit: float = DEFAULT_TIME_LIMIT,
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
        Run the worker processes under `benchmark.isolation.confine`.

    Returns
    -------
    tuple of TaskResult
        In the order of `predictors`, then `tasks`.

    Raises
    ------
    BenchmarkError
        If no predictor can use any task.
    """
    todo = [_Job(n, p, t, suite) for t in tasks for n, p in predictors.items() if usable(p, t)]
    if not todo:
        raise BenchmarkError("none of the predictors can use any of the tasks")
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
                    running[pool.schedule(_fit_folds, args=args, timeout=_allowance(batch, time_limit))] = batch
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
        return _all_failed(batch, "error", _one_line(error))


def _all_failed(batch: _Batch, status: Status, message: str) -> list[FoldResult]:
    return [FoldResult(fold.name, status, message) for job in batch for fold in job.task.folds]


def start_worker(confined: bool) -> None:
    """Keep what predictors print away from this program's standard output, which carries data; close the files where asked."""
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if confined:
        warnings.filterwarnings("ignore", module="joblib")  # it looks for semaphores, and says that there are none
        confine()


def _pack(predictor: Predictor) -> bytes:
    return cloudpickle.dumps(predictor)


def _inputs(task: Task) -> Inputs:
    return [(fold.name, fold.X_train, fold.y_train, fold.X_test) for fold in task.folds]


def _fit_folds(packed: bytes, inputs: Inputs, levels: tuple[float, ...]) -> list[FoldResult]:
    from threadpoolctl import threadpool_limits

    # one BLAS thread: the order of a sum, hence its last bits, must not depend on the machine's load
    with threadpool_limits(1):
        together = _fit_together(packed, inputs) if len(inputs) > 1 else None
        return [
            _predict_fold(*together[i], fold[0], fold[3], levels) if together else _fit_fold(packed, *fold, levels)
            for i, fold in enumerate(inputs)
        ]


def _fit_together(packed: bytes, inputs: Inputs) -> list[tuple[Any, float]] | None:
    """Fit all folds in one call where the predictor can; None where it can't or fails, so that the fault is found by fold."""
    model = cloudpickle.loads(packed)
    if not hasattr(model, "fit_many"):
        return None
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fitted = list(model.fit_many([X.copy() for _, X, _, _ in inputs], [y.copy() for _, _, y, _ in inputs]))
        except Exception:
            return None
    seconds = (time.perf_counter() - start) / len(inputs)
    return [(m, seconds) for m in fitted] if len(fitted) == len(inputs) else None


def _fit_fold(packed: bytes, name: str, X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame, levels: tuple[float, ...]) -> FoldResult:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = cloudpickle.loads(packed)  # a fresh, unfitted copy: never shared between folds
            start = time.perf_counter()
            model.fit(X.copy(), y.copy())
        except Exception as error:
            return FoldResult(name, "error", _one_line(error))
        return _predict_fold(model, time.perf_counter() - start, name, X_test, levels)


def _predict_fold(model: Any, fit_seconds: float, name: str, X: pd.DataFrame, levels: tuple[float, ...]) -> FoldResult:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            start = time.perf_counter()
            predictions = model.predict(X.copy())
            times: dict[str, Any] = {"fit_seconds": fit_seconds, "predict_seconds": time.perf_counter() - start}
            quantiles = _quantiles(model, X, levels)
        except Exception as error:
            return FoldResult(name, "error", _one_line(error), fit_seconds=fit_seconds)
    status, message = _check(predictions, len(X))
    if status != "ok":
        return FoldResult(name, status, message, **times)
    return FoldResult(name, "ok", _note(model), as_stored(np.asarray(predictions, float).ravel()), quantiles, _constants(model), **times)


def _note(model: object) -> str:
    """Return how the fit ended, where the predictor says so and it did not converge."""
    status = getattr(model, "status_", "converged")
    unidentified = getattr(model, "unidentified_", ())
    return "; ".join([*([str(status)] if status != "converged" else []), *(f"unidentified: {n}" for n in unidentified)])


def _check(predictions: object, n: int) -> tuple[Status, str]:
    try:
        array = np.asarray(predictions, dtype=float)
    except (TypeError, ValueError):
        return "wrong-shape", f"predict returned {type(predictions).__name__}, expected {n} numbers"
    if array.shape not in ((n,), (n, 1)):
        return "wrong-shape", f"predict returned shape {array.shape}, expected ({n},)"
    broken = ~np.isfinite(array)
    if broken.any():
        return "not-finite", f"predict returned {broken.sum()} of {n} values that are NaN or infinite"
    return "ok", ""


def _quantiles(model: Any, X: pd.DataFrame, levels: tuple[float, ...]) -> dict[float, np.ndarray]:
    if not levels or not hasattr(model, "predict_quantiles"):
        return {}
    values = np.asarray(model.predict_quantiles(X.copy(), list(levels)), float)
    if values.shape != (len(X), len(levels)) or not np.isfinite(values).all():
        raise ValueError(f"predict_quantiles returned shape {values.shape} or non-finite values, expected ({len(X)}, {len(levels)})")
    return {level: as_stored(values[:, i]) for i, level in enumerate(levels)}


def _constants(model: object) -> dict[str, float]:
    constants = getattr(model, "params_", None)
    if not isinstance(constants, Mapping):
        return {}
    return {str(k): float(v) for k, v in constants.items() if isinstance(v, int | float | np.number)}


def _one_line(error: object) -> str:
    text = " ".join(str(error).split())
    kind = type(error).__name__
    return f"{kind}: {text}"[:500] if text else kind


def _result(job: _Job, folds: Iterable[FoldResult]) -> TaskResult:
    return TaskResult(job.name, parameters_of(job.predictor), job.suite, job.task.id, job.task.fingerprint, _versions(), tuple(folds))


def parameters_of(predictor: object) -> str:
    """Return the constructor arguments of a predictor, as JSON."""
    get = getattr(predictor, "get_params", None)
    return json.dumps(get(deep=False) if callable(get) else {}, default=str, sort_keys=True)


@lru_cache(maxsize=1)
def _versions() -> str:
    found = {"python": platform.python_version()}
    for package in ("scalingbench", "numpy", "scipy", "pandas", "scikit-learn"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a source tree that was not installed
            found[package] = "unknown"
    return json.dumps(found, sort_keys=True)
