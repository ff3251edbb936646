"""How long a suite takes: CPU seconds recorded with the committed results, and how much of it a run would do today.

    python -m perf.speed.suite [--suite v2] [--top 12]

Printed are the hours of all predictors, the predictors and the predictor-tasks that hold most of them, and how many results `run
--intervals` keeps today because their source, parameters, task and versions are unchanged. Needs the predictions of a checkout.
"""

from __future__ import annotations

import argparse
from collections import Counter
from math import isfinite

import numpy as np

from scalingbench.benchmark.evaluation.conditions import conditions_of
from scalingbench.benchmark.evaluation.kept import StoredResults
from scalingbench.benchmark.evaluation.predictor import usable
from scalingbench.benchmark.evaluation.unit import Job
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.common.defaults import LEVELS, TIME_LIMIT
from scalingbench.leaderboard.committed import committed_files
from scalingbench.predictors.registry import list_predictors

HOUR = 3600.0


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default="v2")
    parser.add_argument("--top", type=int, default=12)
    chosen = parser.parse_args()
    suite = load_suite(chosen.suite)
    stored = StoredResults(committed_files(suite))
    seconds = {key: value for key, value in stored.seconds().items() if isfinite(value)}
    by_predictor: Counter[str] = Counter()
    for (predictor, _), value in seconds.items():
        by_predictor[predictor] += value
    total = sum(seconds.values())
    print(f"suite {suite.name}: {len(seconds):,} predictor-tasks of {len(by_predictor)} predictors, {total / HOUR:.2f} h of fits\n")
    print("| predictor | h | share |\n| --- | ---: | ---: |")
    for predictor, value in by_predictor.most_common(chosen.top):
        print(f"| {predictor} | {value / HOUR:.3f} | {value / total:.2f} |")
    ordered = sorted(seconds.items(), key=lambda item: -item[1])
    half = int(np.searchsorted(np.cumsum([value for _, value in ordered]), total / 2)) + 1
    print(f"\n{half} predictor-tasks hold half of the time; the longest:\n")
    print("| predictor | task | s |\n| --- | --- | ---: |")
    for (predictor, task), value in ordered[: chosen.top]:
        print(f"| {predictor} | {task} | {value:.0f} |")
    kept = _kept_today(stored, suite)
    left = total - sum(seconds.get(key, 0.0) for key in kept)
    print(f"\nkept today: {len(kept):,} of {len(seconds):,}; a run would spend {left / HOUR:.2f} h")


def _kept_today(stored: StoredResults, suite: object) -> set[tuple[str, str]]:
    found = set()
    for entry in list_predictors():
        predictor = entry.make()
        stated = conditions_of(predictor, TIME_LIMIT, LEVELS)
        for task in suite.tasks:  # type: ignore[attr-defined]
            if usable(predictor, task) and stored.kept(Job(entry.name, predictor, task, "", TIME_LIMIT, stated), False) is not None:
                found.add((entry.name, task.id))
    return found


if __name__ == "__main__":
    main()
