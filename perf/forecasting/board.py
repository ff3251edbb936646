"""Evidence of the board for a forecast of a collection's runs: without the collections that share runs with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from scalingbench.benchmark.data.clusters import cluster_of
from scalingbench.benchmark.evaluation.results import read_results
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.names import slug
from scalingbench.forecasting.evidence import records, tabulate
from scalingbench.leaderboard.committed import committed_folder
from scalingbench.leaderboard.results import not_ranked_on

__all__ = ["board_errors", "board_without"]


def board_errors(predictors: Sequence[str]) -> pd.DataFrame:
    """Return the errors of predictors on the board, a row per held-out row."""
    suite = load_suite(DEFAULT_SUITE)
    tasks = suite.build(fetch=True)
    files = [committed_folder(suite.name) / f"{slug(name)}.parquet" for name in predictors]
    return records([r for file in files for r in read_results(file)], tasks, not_ranked_on())


def board_without(errors: pd.DataFrame, collection: str) -> dict[str, Any]:
    """Return the table of evidence without the collection's cluster."""
    apart = errors["collection"].map(cluster_of) != cluster_of(collection)
    return {"suite": DEFAULT_SUITE, "predictors": tabulate(errors[apart])}
