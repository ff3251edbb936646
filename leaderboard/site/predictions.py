"""What the pages show of predictions: those of the predictors that are drawn, and the constants of every fit.

Of result files only these rows and columns are read, because reading every prediction takes most of the time of a build.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from scalingbench.benchmark.evaluation.results import ResultFiles, TaskResult, read_results
from scalingbench.leaderboard.results import Results

__all__ = ["Constants", "constants_of", "predictions_of"]

Constants = tuple[str, str, dict[str, float]]
"""Predictor, task, and the constants of one fit."""


def predictions_of(results: Results, wanted: Mapping[str, Collection[str]]) -> dict[tuple[str, str], TaskResult]:
    """Return predictions by task and predictor.

    Parameters
    ----------
    results : Results
        All results.
    wanted : mapping of str to collection of str
        Tasks by predictor.
    """
    stored = results.results
    if isinstance(stored, ResultFiles):
        read = (r for name, tasks in wanted.items() if name in stored.files for r in read_results(stored.files[name], tasks))
    else:
        read = (r for r in stored if r.task in wanted.get(r.predictor, ()))
    return {(r.task, r.predictor): r for r in read}


def constants_of(results: Results) -> Iterator[Constants]:
    """Yield the constants of every fit that has some."""
    stored = results.results
    if isinstance(stored, ResultFiles):
        for name, file in stored.files.items():
            yield from ((name, task, own) for task, own in _constants_in(file))
    else:
        yield from ((r.predictor, r.task, f.constants) for r in stored for f in r.folds if f.constants)


def _constants_in(file: Path) -> Iterator[tuple[str, dict[str, float]]]:
    import pyarrow.parquet as pq

    table = pq.ParquetFile(file).read(columns=["task", "constants"])
    for task, text in zip(table.column("task").to_pylist(), table.column("constants").to_pylist(), strict=True):
        if text != "{}":
            yield task, json.loads(text)
