"""The table of evidence that `scalingbench forecast` shows, from the committed results of a suite.

Every held-out row of every committed result is one forecast with a known outcome. Errors, coverage and the widening factor of
intervals are pooled by reach, number of training rows and track; collections have equal weight. The table is for users' forecasts
only; no board reads it.
"""

from __future__ import annotations

import json
from pathlib import Path

from scalingbench.benchmark.evaluation.results import read_results
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.forecasting.evidence import records, tabulate
from scalingbench.leaderboard.committed import committed_files
from scalingbench.leaderboard.results import not_ranked_on

PATH = Path(__file__).parents[2] / "scalingbench" / "forecasting" / "evidence.json"


def table(name: str) -> str:
    """Return the table, a predictor a line; one predictor's file is read after the other."""
    suite = load_suite(name)
    tasks = suite.build(fetch=True)
    found: dict[str, dict[str, list[float | None]]] = {}
    for file in committed_files(suite):
        found |= tabulate(records(read_results(file), tasks, not_ranked_on()))
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(cells)}" for name, cells in sorted(found.items()))
    return f'{{"suite": {json.dumps(suite.name)}, "predictors": {{\n{lines}\n}}}}\n'
