"""Where results and their scores lie in the package, and the boards that are made from stored scores."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

from benchmark.scores.store import SCORES, read_scores
from benchmark.tasks.frozen import frozen_statements
from leaderboard.scored_suite import ScoredSuite

__all__ = ["committed_folder", "load_scored", "scores_path"]


def committed_folder(suite: str) -> Path:
    """Return the folder of a suite's committed results; it may not exist."""
    return Path(str(importlib.resources.files("leaderboard") / "results" / suite))


def scores_path(suite: str) -> Path:
    """Return the file of a suite's stored scores; it may not exist."""
    return committed_folder(suite) / SCORES


def load_scored(suite: str) -> ScoredSuite | None:
    """Return the stored scores of a suite with the statements of its tasks; None where the package has none.

    Raises
    ------
    InputError
        If one of the files is broken.
    """
    path = scores_path(suite)
    tasks = frozen_statements(suite) if path.is_file() else None
    if tasks is None:
        return None
    stored = read_scores(path)
    return ScoredSuite(suite, stored.reference, stored.pool, stored.table, tasks)
