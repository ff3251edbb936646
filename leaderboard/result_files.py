"""The results that come with the package: one file per predictor and suite version."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scalingbench.benchmark.evaluation.results import SCORES, predictor_path
from scalingbench.leaderboard.stored import committed_folder
from scalingbench.leaderboard.submissions.metadata import RESULTS, submissions_in_folders

__all__ = ["committed_file_of", "committed_files", "committed_folder"]


def committed_files(suite: str) -> tuple[Path, ...]:
    """Return the result files of a suite: our own, and those of the submissions to it."""
    own = (file for file in sorted(committed_folder(suite).glob("*.parquet")) if file.name != SCORES)
    return (*own, *_submitted(suite).values())


def committed_file_of(suite: str, predictors: Iterable[str]) -> dict[str, Path]:
    """Return the committed result file of each predictor, without a look into any."""
    submitted = _submitted(suite)
    own = {name: predictor_path(committed_folder(suite), name) for name in predictors if name not in submitted}
    return {**{name: file for name, file in own.items() if file.is_file()}, **submitted}


def _submitted(suite: str) -> dict[str, Path]:
    """Return the result files of the submissions to a suite, by predictor."""
    return {s.name: folder / RESULTS for folder, s in submissions_in_folders().items() if s.suite == suite}
