"""The results that come with the package: one file per predictor and suite version."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

from benchmark.evaluation.results import SCORES
from leaderboard.submissions.metadata import RESULTS, list_submissions, read_submission

__all__ = ["committed_files", "committed_folder"]


def committed_folder(suite: str) -> Path:
    """Return the folder of a suite's committed results; it may not exist."""
    return Path(str(importlib.resources.files("leaderboard") / "results" / suite))


def committed_files(suite: str) -> tuple[Path, ...]:
    """Return the result files of a suite: our own, and those of the submissions to it."""
    submitted = (folder / RESULTS for folder in list_submissions() if read_submission(folder).suite == suite)
    own = (file for file in sorted(committed_folder(suite).glob("*.parquet")) if file.name != SCORES)
    return (*own, *submitted)
