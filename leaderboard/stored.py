"""Where results and their scores lie in the package, and the boards that are made from stored scores."""

from __future__ import annotations

import importlib.resources
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from scalingbench.benchmark.scores.store import SCORES, StoredScores, read_scores
from scalingbench.benchmark.scores.table import COLUMNS
from scalingbench.benchmark.tasks.frozen import frozen_statements
from scalingbench.leaderboard.scored_suite import ScoredSuite

if TYPE_CHECKING:
    from scalingbench.benchmark.tasks.suite import Suite

__all__ = ["committed_folder", "load_frozen", "load_scored", "ranked_statements", "scores_on", "scores_path"]


def committed_folder(suite: str) -> Path:
    """Return the folder of a suite's committed results; it may not exist."""
    return Path(str(importlib.resources.files("scalingbench.leaderboard") / "results" / suite))


def scores_path(suite: str) -> Path:
    """Return the file of a suite's stored scores; it may not exist."""
    return committed_folder(suite) / SCORES


def load_scored(suite: str) -> ScoredSuite | None:
    """Return the stored scores of a suite with rules, and the statements of its tasks; None where the package has none.

    Raises
    ------
    InputError
        If one of the files is broken.
    """
    stored = _stored(suite)
    tasks = frozen_statements(suite) if stored is not None and stored.rules else None
    return None if stored is None or tasks is None else ScoredSuite(suite, stored.reference, stored.pool, stored.table, tasks)


def load_frozen(suite: Suite) -> ScoredSuite | None:
    """Return the stored scores of a suite, with rules or without, and what it stated of its tasks; None where there are none.

    Raises
    ------
    InputError
        If one of the files is broken.
    """
    stored = None if suite.stated is None else _stored(suite.name)
    if stored is None or suite.stated is None:
        return None
    return ScoredSuite(suite.name, stored.reference, stored.pool, stored.table, suite.stated)


def ranked_statements(stored: ScoredSuite, track: str | None, collections: Collection[str] | None) -> pd.DataFrame:
    """Return what a suite without rules states of the tasks that it ranks on.

    They are those whose collection was bundled when the suite was frozen, or that are named: what licences have come to since then
    changes no board.
    """
    stated = stored.tasks
    chosen = stated["tier"] == "bundled" if collections is None else stated["collection"].isin(collections)
    return stated[chosen if track is None else chosen & (stated["track"] == track)]


def scores_on(
    stored: ScoredSuite, tasks: Collection[str], predictors: Collection[str], exclusions: Mapping[str, Collection[str]]
) -> pd.DataFrame:
    """Return the stored scores of predictors on tasks as scoring would; none where a collection is excluded."""
    kept = stored.current
    kept = kept[kept["task"].isin(tasks) & kept["predictor"].isin(predictors)]
    ranked = [c not in exclusions.get(p, ()) for p, c in zip(kept["predictor"], kept["collection"], strict=True)]
    return kept.loc[ranked, [column.name for column in COLUMNS]].reset_index(drop=True)


def _stored(suite: str) -> StoredScores | None:
    path = scores_path(suite)
    return read_scores(path) if path.is_file() else None
