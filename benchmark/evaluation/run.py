"""Fit on the training rows, predict the held-out ones, record the outcome.

A predictor gets training X and y and held-out X. The held-out values stay in the calling process. A predictor that raises, returns
invalid output, dies or exceeds its time is a recorded failure and does not stop the run. A trusted predictor is fitted in a worker that
serves many tasks (`workers`); a submitted one in the sandbox, one process per fold (`wall`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Literal

from scalingbench.benchmark.evaluation.conditions import conditions_of
from scalingbench.benchmark.evaluation.confined_predictor import Submitted
from scalingbench.benchmark.evaluation.executing import LocalExecutor, execute
from scalingbench.benchmark.evaluation.kept import StoredResults
from scalingbench.benchmark.evaluation.predictor import Predictor, usable
from scalingbench.benchmark.evaluation.results import TaskResult, part_path, predictor_path, write_results
from scalingbench.benchmark.evaluation.stability import rounds_of, with_instability
from scalingbench.benchmark.evaluation.unit import Batch, Job, Options, UnitWorker, batches, inputs_of, queues, task_result, unit_of
from scalingbench.benchmark.evaluation.workers import fit_folds
from scalingbench.benchmark.tasks.task import Fold, Task
from scalingbench.common.defaults import TIME_LIMIT
from scalingbench.common.errors import InputError
from scalingbench.common.files import sweep
from scalingbench.common.names import slug

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
    options = Options(tuple(levels), stability)
    if time_limit is not None or isinstance(predictor, Submitted):
        limit = time_limit or TIME_LIMIT
        job = Job(label, predictor, task, suite, limit, conditions_of(predictor, limit, levels))
        (result,) = execute([((job,),)], LocalExecutor(1, options))
        return result
    job = Job(label, predictor, task, suite)  # without conditions: no time limit
    unit = unit_of((job,), options)
    assert isinstance(unit.code, bytes)
    packed = unit.code
    rounds = rounds_of(lambda given: fit_folds(packed, given, unit.levels, groups=unit.groups), inputs_of(task), stability)
    return task_result(job, with_instability(rounds, task.folds))


def measure(predictor: Predictor, task: Task, fold: Fold, *, time_limit: float = TIME_LIMIT) -> float:
    """Return the instability of one fold of a task, by six fits of `time_limit` seconds each; NaN where the fit fails."""
    alone = replace(task, folds=(fold,))
    worker = UnitWorker()
    try:
        rounds = worker.fit(unit_of((Job("", predictor, alone, "", time_limit),), Options((), True)), inputs_of(alone))
        return with_instability(rounds, [fold])[0].instability
    finally:
        worker.stop()


def run_suite(
    predictors: Mapping[str, Predictor],
    tasks: Sequence[Task],
    out: Path,
    *,
    suite: str = "",
    jobs: int = 1,
    resume: bool = False,
    earlier: Mapping[str, Path] | None = None,
    fresh: bool = False,
    backend: Literal["local", "dask"] = "local",
    scheduler: str | None = None,
    time_limit: float | Mapping[str, float] = TIME_LIMIT,
    levels: Sequence[float] = (),
    stability: bool = False,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> tuple[TaskResult, ...]:
    """Evaluate predictors on every task that they can enter, and write one file per predictor.

    Results do not depend on `jobs` or `backend`. Each finished task is on disk before the next is reported, so
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
        Number of worker processes, unless a `scheduler` has its own.
    resume : bool
        Keep results in `out` that are unchanged, see `scalingbench.benchmark.evaluation.kept`.
    earlier : mapping of str to Path, optional
        Result files of earlier runs, by predictor: by the same rule their results are kept too. Their seconds order what is left.
    fresh : bool
        Keep none of the results in `earlier`.
    backend : {"local", "dask"}
        Where the fits run: in processes of this machine, or on the workers of a dask scheduler (extra ``cluster``).
    scheduler : str, optional
        Address of a dask scheduler; by default one is started on this machine, with `jobs` workers.
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
        If no predictor can enter any task, two predictors share a file name, `out` cannot be written, or the scheduler is out of reach.

    Examples
    --------
    >>> from pathlib import Path
    >>> import scalingbench as sb
    >>> sb.run_suite({"kaplan": sb.make("kaplan")}, [sb.load_task("porian/loss_val/chinchilla-decay-frontier")], Path("out"))
    (TaskResult(kaplan on porian/loss_val/chinchilla-decay-frontier: 2 fits, 30 predictions),)
    """
    seconds = time_limit if isinstance(time_limit, Mapping) else dict.fromkeys(predictors, time_limit)
    stated = {name: conditions_of(predictor, seconds[name], levels) for name, predictor in predictors.items()}
    todo = [Job(n, p, t, suite, seconds[n], stated[n]) for t in tasks for n, p in predictors.items() if usable(p, t)]
    if not todo:
        raise InputError("none of the predictors can enter any of the tasks")
    _check_file_names(predictors)
    refuse_unwritable(out)
    for left in (".*.parquet.*.tmp", ".parts/*/.*.parquet.*.tmp"):
        sweep(out, left)
    own = StoredResults.of_run(out, predictors) if resume else StoredResults()
    past = StoredResults((file for name, file in (earlier or {}).items() if name in predictors), (task.id for task in tasks))
    sources = (own,) if fresh else (own, past)
    done = {(job.name, job.task.id): kept for job in todo if (kept := _kept(job, sources, stability)) is not None}
    pending = [batch for batch in batches(todo) if any((job.name, job.task.id) not in done for job in batch)]
    progress(len(done), len(todo), "")
    for result in _executed(pending, {**past.seconds(), **own.seconds()}, Options(tuple(levels), stability), jobs, backend, scheduler):
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


def _kept(job: Job, sources: Iterable[StoredResults], stability: bool) -> TaskResult | None:
    """Return the result of a job in the first source that has it unchanged."""
    found = (source.kept(job, stability) for source in sources)
    return next((result for result in found if result is not None), None)


def _executed(
    pending: Sequence[Batch], seconds: Mapping[tuple[str, str], float], options: Options, jobs: int, backend: str, scheduler: str | None
) -> Iterable[TaskResult]:
    if not pending:
        return ()
    ordered = queues(pending, seconds)
    if backend == "local":
        return execute(ordered, LocalExecutor(min(jobs, len(ordered)), options))
    from scalingbench.benchmark.evaluation.cluster import DaskExecutor

    return execute(ordered, DaskExecutor(scheduler, min(jobs, len(ordered)), options, seconds))


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
