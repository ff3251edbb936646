"""Paths of the committed results and scores, and reading the scores without loading a collection."""

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
"""Environment variable with the path of the committed results, which have one folder per suite."""


@dataclass(frozen=True)
class ScoredTasks:
    """The scores and tasks that boards are computed from.

    Attributes
    ----------
    scores : DataFrame
        As described in `scalingbench.benchmark.scores.table`, each row with the ``fingerprint`` of its task and the ``digest`` of its
        predictions.
    tasks : DataFrame
        Description of the tasks in the suite, one row each, of every role.
    """

    scores: pd.DataFrame
    tasks: pd.DataFrame


def committed_folder(suite: str) -> Path:
    """Return the folder of a suite's committed results; it may not exist.

    The package includes the scores, and the predictions of the reference only. A checkout of the repository has all of them in
    ``leaderboard/results``; `RESULTS_VARIABLE` may name that folder.
    """
    elsewhere = os.environ.get(RESULTS_VARIABLE)
    return (Path(elsewhere) if elsewhere else Path(str(importlib.resources.files("scalingbench.leaderboard") / "results"))) / suite


def predictions_missing(suite: str, predictor: str) -> InputError:
    """Return the error for committed predictions that are not available locally; its message tells how to get them."""
    return InputError(
        f"the predictions of {predictor} on suite {suite} are not part of the installed package: "
        f"set {RESULTS_VARIABLE} to the folder leaderboard/results of a checkout of the repository"
    )


def scores_path(suite: str) -> Path:
    """Return the file of a suite's stored scores; it may not exist."""
    return committed_folder(suite) / SCORES


def load_stored(suite: SuiteHead) -> ScoredTasks | None:
    """Return the stored scores of a suite and the descriptions of its tasks; None if the package has none.

    A selection of another suite's tasks uses that suite's scores and tuning tasks; the tuning tasks choose the head of every family.

    Raises
    ------
    InputError
        If one of the files is broken.
    """
    path, tasks = scores_path(suite.home), _task_descriptions(suite)
    if tasks is None or not path.is_file():
        return None
    if suite.of is not None and (whole := frozen_statements(suite.of)) is not None:
        tasks = pd.concat([tasks, whole[(whole["role"] == "tuning") & ~whole["task"].isin(tasks["task"])]], ignore_index=True)
    return ScoredTasks(read_scores(path), tasks)


def _task_descriptions(suite: SuiteHead) -> pd.DataFrame | None:
    return suite.frozen_tasks if hasattr(suite, "frozen_tasks") else frozen_statements(suite.name)


def committed_files(suite: SuiteHead) -> tuple[Path, ...]:
    """Return the result files of a suite: the project's own, and those of submissions."""
    own = (file for file in sorted(committed_folder(suite.home).glob("*.parquet")) if file.name != SCORES)
    return (*own, *submitted_files(suite).values())


def committed_file_of(suite: SuiteHead, predictors: Iterable[str]) -> dict[str, Path]:
    """Return the committed result file of each predictor, without opening any."""
    submitted = submitted_files(suite)
    own = {name: predictor_path(committed_folder(suite.home), name) for name in predictors if name not in submitted}
    return {**{name: file for name, file in own.items() if file.is_file()}, **submitted}


def submitted_files(suite: SuiteHead) -> dict[str, Path]:
    """Return the result files of the submissions to a suite, by predictor."""
    from scalingbench.leaderboard.submissions.metadata import RESULTS, submissions_in_folders

    return {s.name: folder / RESULTS for folder, s in submissions_in_folders().items() if s.suite in (suite.name, suite.home)}
