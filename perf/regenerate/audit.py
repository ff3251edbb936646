"""The tables of docs/audit.md: counts in the data of suite v3, rows that defaults were chosen on, and what scores give away."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable

import pandas as pd

from perf import reconstruct
from perf.tuning import digests
from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.tasks.suite import Suite, load_suite
from scalingbench.common.tables import Table

BLOCK = re.compile(r"(<!-- (counts|digests|lead|reconstruction) -->\n).*?(<!-- /\2 -->)", flags=re.DOTALL)
SUITES = ("v3",)
OWN_TRACK = ("training-curve", "interpolation", "transfer")

Count = Callable[[Suite, pd.DataFrame], object]
"""From a suite and its statements of the tasks of its overall board to a figure."""


def on_the_overall_board(suite: Suite) -> pd.DataFrame:
    """Return the stated tasks that the overall board counts."""
    stated = suite.frozen_tasks
    assert stated is not None
    return stated[(stated["role"] == "counted") & stated["kind"].isin(suite.rules.kinds)]


def beyond(factor: float) -> Count:
    """Return a count of the tasks, and of their clusters, with an extrapolation factor of at least `factor`."""
    return lambda suite, tasks: f"{int((tasks['far'] >= factor).sum())} from {tasks[tasks['far'] >= factor]['cluster'].nunique()}"


def never_counted(suite: Suite, tasks: pd.DataFrame) -> int:
    """Count the collections of real runs, not set aside for tuning, without a counted task on any board."""
    stated = suite.frozen_tasks
    assert stated is not None
    counted = set(stated[stated["role"] == "counted"]["collection"])
    real = {c for c in stated["collection"] if load_card(c).scalingbench.domain != "synthetic"}
    return len(real - counted - set(suite.rules.tuning))


def heaviest(suite: Suite, tasks: pd.DataFrame) -> str:
    """Return the largest share of the weight that one cluster has."""
    weight = tasks.groupby("cluster")["weight"].sum()
    return f"{weight.max() / weight.sum():.0%}"


def same_held_out(suite: Suite, tasks: pd.DataFrame) -> str:
    """Return the largest total weight of tasks of one cluster with the same held-out runs."""
    weight: dict[tuple[str, frozenset[object]], float] = defaultdict(float)
    counted = {str(name): float(w) for name, w in zip(tasks["task"], tasks["weight"], strict=True)}
    for task in (t for t in suite.build(fetch=True) if t.id in counted):
        weight[task.collection, frozenset(run for f in task.folds for run in f.test_runs[f.scored].tolist())] += counted[task.id]
    return f"{max(weight.values()):.3g}"


def trained_too(suite: Suite, tasks: pd.DataFrame) -> int:
    """Count the tasks with a held-out run in training, except on tracks for them; more samples of a trained model do not count."""
    return int(((tasks["shared_runs"] > 0) & ~tasks["track"].isin((*OWN_TRACK, "inference"))).sum())


def held_out_and_tuned_on(suite: Suite, tasks: pd.DataFrame) -> str:
    """Count the tasks with a held-out row among the recorded rows that AutoLaw was tuned on, see `perf.tuning.digests`."""
    counted = set(tasks["task"])
    found = digests.concerned([task for task in suite.build(fetch=True) if task.id in counted], digests.read(digests.AUTOLAW))
    return f"{len(found)} of {len(counted)}"


COUNTS: dict[str, Count] = {
    "tasks that the overall board counts": lambda suite, tasks: len(tasks),
    "their clusters of collections that share no run": lambda suite, tasks: tasks["cluster"].nunique(),
    "largest share of the weight in one cluster": heaviest,
    "extrapolation factor of at least 10, tasks from clusters": beyond(10),
    "extrapolation factor of at least 100": beyond(100),
    "median held-out row cheaper than the most expensive training run": lambda suite, tasks: int((tasks["compute"] < 1).sum()),
    "more than half of the held-out rows inside the training box": lambda suite, tasks: int((tasks["inside"] > 0.5).sum()),
    "a held-out run trained too": trained_too,
    "a held-out row has the inputs of a training row": lambda suite, tasks: int((tasks["same_inputs"] > 0).sum()),
    "synthetic worlds among them": lambda suite, tasks: int((tasks["domain"] == "synthetic").sum()),
    "collections of real runs that count on no board": never_counted,
    "most weight on the same held-out runs of a collection": same_held_out,
    "a held-out row among the recorded rows that AutoLaw was tuned on": held_out_and_tuned_on,
}


def counts() -> Table:
    """Return the counts; builds every task."""
    suites = [load_suite(name) for name in SUITES]
    counted = [on_the_overall_board(suite) for suite in suites]
    rows = [[name, *(str(count(s, t)) for s, t in zip(suites, counted, strict=True))] for name, count in COUNTS.items()]
    return Table(("", *SUITES), rows, text=frozenset({0}))


TABLES: dict[str, Callable[[], Table]] = {
    "counts": counts,
    "digests": lambda: digests.report(digests.counted()),
    "lead": digests.lead,
    "reconstruction": lambda: reconstruct.report(reconstruct.attack("fetch-only")),
}
"""The table of each block."""


def with_tables(page: str, *names: str) -> str:
    """Return the page with these tables in it."""
    return BLOCK.sub(lambda m: f"{m[1]}{TABLES[m[2]]().markdown().strip()}\n{m[3]}" if m[2] in names else m[0], page)
