"""The results and scores that come with the package: where they lie, and what is read of them without any collection."""

from __future__ import annotations

import importlib.resources
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from scalingbench.benchmark.evaluation.results import SCORES, predictor_path
from scalingbench.benchmark.scores.store import read_scores
from scalingbench.benchmark.tasks.frozen import SuiteHead, frozen_statements
from scalingbench.common.errors import InputError

__all__ = [
    "RESULTS_VARIABLE",
    "ScoredTasks",
    "committed_file_of",
    "committed_files",
    "committed_folder",
    "load_stored",
    "predictions_missing",
    "scores_path",
    "submitted_files",
]

RESULTS_VARIABLE = "SCALINGBENCH_RESULTS"
"""Environment variable that names the folder of all committed results, one folder a suite."""


@dataclass(frozen=True)
class ScoredTasks:
    """What boards are made from.

    Attributes
    ----------
    scores : DataFrame
        As `scalingbench.benchmark.scores.table` states it, each row with the ``fingerprint`` of its task and the ``digest`` of its
        predictions.
    tasks : DataFrame
        What the suite states of its tasks, one row each, of every role.
    """

    scores: pd.DataFrame
    tasks: pd.DataFrame


def committed_folder(suite: str) -> Path:
    """Return the folder of a suite's committed results; it may not exist.

    The package brings the scores, and of the predictions those of the reference alone; all are in a checkout's ``leaderboard/results``,
    which `RESULTS_VARIABLE` may name.
    """
    elsewhere = os.environ.get(RESULTS_VARIABLE)
    return (Path(elsewhere) if elsewhere else Path(str(importlib.resources.files("scalingbench.leaderboard") / "results"))) / suite


def predictions_missing(suite: str, predictor: str) -> InputError:
    """Return the error that says where committed predictions are, which are not at hand."""
    return InputError(
        f"the predictions of {predictor} on suite {suite} are not part of the installed package: "
        f"set {RESULTS_VARIABLE} to the folder leaderboard/results of a checkout of the repository"
    )


def scores_path(suite: str) -> Path:
    """Return the file of a suite's stored scores; it may not exist."""
    return committed_folder(suite) / SCORES


def load_stored(suite: SuiteHead) -> ScoredTasks | None:
    """Return the stored scores of a suite and its statements; None where the package has none.

    A selection of another suite's tasks has that one's scores, and its tuning tasks, which choose the entry of every family.

    Raises
    ------
    InputError
        If one of the files is broken.
    """
    path, tasks = scores_path(suite.home), _statements(suite)
    if tasks is None or not path.is_file():
        return None
    if suite.of is not None and (whole := frozen_statements(suite.of)) is not None:
        tasks = pd.concat([tasks, whole[(whole["role"] == "tuning") & ~whole["task"].isin(tasks["task"])]], ignore_index=True)
    return ScoredTasks(read_scores(path), tasks)


def _statements(suite: SuiteHead) -> pd.DataFrame | None:
    return suite.frozen_tasks if hasattr(suite, "frozen_tasks") else frozen_statements(suite.name)


def committed_files(suite: SuiteHead) -> tuple[Path, ...]:
    """Return the result files of a suite: our own, and those of the submissions to it."""
    own = (file for file in sorted(committed_folder(suite.home).glob("*.parquet")) if file.name != SCORES)
    return (*own, *submitted_files(suite).values())


def committed_file_of(suite: SuiteHead, predictors: Iterable[str]) -> dict[str, Path]:
    """Return the committed result file of each predictor, without a look into any."""
    submitted = submitted_files(suite)
    own = {name: predictor_path(committed_folder(suite.home), name) for name in predictors if name not in submitted}
    return {**{name: file for name, file in own.items() if file.is_file()}, **submitted}


def submitted_files(suite: SuiteHead) -> dict[str, Path]:
    """Return the result files of the submissions to a suite, by predictor."""
    from scalingbench.leaderboard.submissions.metadata import RESULTS, submissions_in_folders

    return {s.name: folder / RESULTS for folder, s in submissions_in_folders().items() if s.suite in (suite.name, suite.home)}
