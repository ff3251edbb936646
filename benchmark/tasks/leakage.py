"""What may be tuned on: rows that no counted task of a suite holds out, nor any other row of the same runs."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from scalingbench.benchmark.data.clusters import relatives
from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.tasks.suite import Suite

__all__ = ["held_out_rows", "tuning_rows"]

Rows = dict[str, np.ndarray]
"""Collection -> positions of rows in its table, in order."""


def held_out_rows(suite: Suite) -> Rows:
    """Return the rows that counted tasks hold out, of every collection; fetch-only ones must be at hand."""
    found: dict[str, set[int]] = defaultdict(set)
    for task in suite.build(fetch=True):
        if task.role == "counted":
            found[task.collection].update(int(row) for fold in task.folds for row in fold.test_rows)
    return {name: np.array(sorted(rows), dtype=np.intp) for name, rows in sorted(found.items())}


def tuning_rows(suite: Suite) -> Rows:
    """Return the rows that defaults may be chosen on, of every collection that has some; fetch-only ones must be at hand.

    Of a counted collection these are the rows of runs that no counted task holds out a row of, whatever the metric; runs of
    one name in several curves are taken as one. A collection gives none if another one that holds some of its runs is
    counted, because its runs stand there under other names. Collections set aside for tuning, and synthetic ones, give all.
    """
    held_out = held_out_rows(suite)
    found = {}
    for name in sorted({spec.collection for spec in suite.specs}):
        if (relatives(name) - {name}) & held_out.keys():
            continue
        runs = load_collection(name).table["run"]
        taken = runs.iloc[held_out.get(name, np.empty(0, dtype=np.intp))].unique()
        rows = np.flatnonzero(~runs.isin(taken).to_numpy())
        if len(rows):
            found[name] = rows
    return found
