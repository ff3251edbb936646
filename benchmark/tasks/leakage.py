"""Rows that may be used for tuning: those of runs without any row that a counted task holds out."""

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
    """Return the held-out rows of counted tasks, for every collection; fetch-only ones must be available locally."""
    found: dict[str, set[int]] = defaultdict(set)
    for task in suite.build(fetch=True):
        if task.role == "counted":
            found[task.collection].update(int(row) for fold in task.folds for row in fold.test_rows)
    return {name: np.array(sorted(rows), dtype=np.intp) for name, rows in sorted(found.items())}


def tuning_rows(suite: Suite) -> Rows:
    """Return the rows that defaults may be chosen on, by collection; fetch-only ones must be available locally.

    For a counted collection these are the rows of runs of which no counted task holds out a row, in any metric. Runs of one name in
    several curves count as one. A collection has none if a counted collection shares runs with it, because there they have other
    names. Collections set aside for tuning, and synthetic ones, give all rows.
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
