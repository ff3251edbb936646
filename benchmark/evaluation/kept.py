"""Which earlier results need no new run: the one rule of ``--resume`` and of the re-use of committed results.

A result is kept if the rows of its task (fingerprint), the constructor arguments and the source of its predictor, the time limit, and
the versions of the packages that fit are those of now, and if it has the quantiles and the instability that are asked for. Of Python
itself only the minor version counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from scalingbench.benchmark.evaluation.predictor import parameters_of
from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult, part_path, predictor_path, read_results
from scalingbench.benchmark.evaluation.unit import Job, versions
from scalingbench.common.errors import InputError

__all__ = ["StoredResults"]


class StoredResults:
    """Results of earlier runs.

    Parameters
    ----------
    files : iterable of Path
        Result files; of two results of one predictor on one task the later is taken.
    tasks : iterable of str, optional
        Only the results on these tasks.

    Raises
    ------
    InputError
        If one of them is broken.
    """

    def __init__(self, files: Iterable[Path] = (), tasks: Iterable[str] | None = None) -> None:
        wanted = None if tasks is None else frozenset(tasks)
        self._results = {(r.predictor, r.task): r for file in files for r in _readable(file, wanted)}

    @classmethod
    def of_run(cls, out: Path, predictors: Iterable[str]) -> StoredResults:
        """Return the results in the folder of a run, finished or not."""
        files = [
            file for name in predictors for file in (predictor_path(out, name), *sorted(part_path(out, name, "x").parent.glob("*.parquet")))
        ]
        return cls(file for file in files if file.is_file())

    def kept(self, job: Job, stability: bool) -> TaskResult | None:
        """Return the result of a job if it would come out the same today, with the quantiles asked for; else None."""
        result = self._results.get((job.name, job.task.id))
        if result is None or not _unchanged(result, job) or (stability and not result.measured):
            return None
        levels = json.loads(job.conditions)["levels"]
        folds = tuple(replace(fold, quantiles=_only(fold, levels)) for fold in result.folds)
        return replace(result, folds=folds, suite=job.suite, conditions=job.conditions)

    def seconds(self) -> dict[tuple[str, str], float]:
        """Return the seconds of fits and predictions by name of the predictor and of the task; NaN where a fit was ended."""
        return {key: sum(f.fit_seconds + f.predict_seconds for f in result.folds) for key, result in self._results.items()}


def _unchanged(result: TaskResult, job: Job) -> bool:
    if not (result.conditions and job.conditions):  # a source that cannot be read may have changed
        return False
    then, now = json.loads(result.conditions), json.loads(job.conditions)
    return (
        (result.fingerprint, result.parameters) == (job.task.fingerprint, parameters_of(job.predictor))
        and _that_matter(result.versions) == _that_matter(versions())
        and all(then[name] == now[name] for name in ("source", "time_limit"))
        and set(now["levels"]) <= set(then["levels"])
    )


@lru_cache(maxsize=256)
def _that_matter(found: str) -> dict[str, Any]:
    by_package = json.loads(found)
    return {**by_package, "python": str(by_package.get("python")).split(".")[:2]}


def _only(fold: FoldResult, levels: Iterable[float]) -> dict[float, Any]:
    return {level: fold.quantiles[level] for level in levels if level in fold.quantiles}


def _readable(file: Path, tasks: frozenset[str] | None) -> tuple[TaskResult, ...]:
    try:
        return read_results(file, tasks)
    except InputError as error:
        raise InputError(f"{error}; delete this file, and its tasks are run again") from None
