"""Make the table of evidence that `scalingbench forecast` shows, from the committed results of a suite.

    python perf/evidence.py [--suite v2]

Every held-out row of every committed result is one forecast of which the outcome is known. Errors, coverage and the factor by
which intervals would have had to be wider are pooled by reach, number of training rows and track; collections count alike. The
table serves users' forecasts only: nothing on the board reads it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from scalingbench.benchmark.evaluation.results import read_results
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.files import replacing
from scalingbench.forecasting.evidence import records, tabulate
from scalingbench.leaderboard.result_files import committed_files
from scalingbench.leaderboard.results import not_ranked_on

PATH = Path(__file__).parent.parent / "scalingbench" / "forecasting" / "evidence.json"


def main() -> None:
    """Make and write the table, one predictor's file after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--suite", default=DEFAULT_SUITE)
    suite = load_suite(parser.parse_args().suite)
    tasks = suite.build(collections=suite.ranked_on)
    found: dict[str, dict[str, list[float | None]]] = {}
    for file in committed_files(suite.name):
        found |= tabulate(records(read_results(file), tasks, not_ranked_on()))
    write(found, suite.name)


def write(found: dict[str, dict[str, list[float | None]]], suite: str) -> None:
    """Write the table, a predictor a line."""
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(cells)}" for name, cells in sorted(found.items()))
    with replacing(PATH) as temporary:
        temporary.write_text(f'{{"suite": {json.dumps(suite)}, "predictors": {{\n{lines}\n}}}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
