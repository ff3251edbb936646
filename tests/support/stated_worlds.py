"""A made-up suite with rules: eleven tasks of every role and kind, and four predictors whose boards can be worked out by hand."""

import numpy as np
import pandas as pd
from score_worlds import entry

from scalingbench.leaderboard.scored_suite import ScoredSuite

_FIELDS = ("task", "collection", "cluster", "track", "kind", "role", "weight", "far", "published", "tier")
_ROWS = (
    # three tasks of one cluster, of two collections that share runs
    ("a/1", "a", "a", "compute", "extrapolation", "counted", 1.0, 2.9, "2020-01", "bundled"),
    ("a/2", "a", "a", "compute", "extrapolation", "counted", 1.0, 3.0, "2020-01", "bundled"),
    ("b/1", "b", "a", "compute", "extrapolation", "counted", 2.0, 10.0, "2021-06", "fetch-only"),
    ("c/1", "c", "c", "curve", "extrapolation", "counted", 4.0, 100.0, "2024-02", "bundled"),
    ("d/1", "d", "d", "mixture", "extrapolation", "counted", 2.0, 99.0, "2023-12", "fetch-only"),
    # kinds that the overall board leaves out
    ("e/1", "e", "e", "transfer", "transfer", "counted", 1.0, 1.0, "2022-03", "bundled"),
    ("f/1", "f", "f", "interpolation", "interpolation", "counted", 1.0, 0.5, "2022-04", "bundled"),
    # roles that count nowhere
    ("s/1", "s", "s", "compute", "extrapolation", "synthetic", 1.0, 5.0, "2026-01", "bundled"),
    ("t/1", "t", "t", "curve", "extrapolation", "tuning", 1.0, 4.0, "2019-01", "bundled"),
    ("u/1", "u", "u", "compute", "extrapolation", "tuning", 1.0, 4.0, "2019-02", "bundled"),
    ("z/1", "z", "z", "curve", "extrapolation", "shown", 0.0, 4.0, "2019-03", "bundled"),
)
STATED = pd.DataFrame(_ROWS, columns=list(_FIELDS)).assign(
    fingerprint=lambda t: "fp-" + t["task"],
    domain="language",
    metric="loss",
    extrapolation=7.0,
    compute_share=0.2,
    rows_per_fit=10.0,
    noise=np.nan,
)
POOL = ("ref", "plain")
RATIOS = {
    # the general form, in two recipes: the second does better on the tuning tasks and worse on all others
    "form[a]": {
        "a/1": 0.5,
        "a/2": 0.5,
        "b/1": 0.25,
        "c/1": 0.5,
        "d/1": 1.0,
        "e/1": 0.1,
        "f/1": 0.1,
        "s/1": 0.1,
        "t/1": 0.9,
        "u/1": 1.0,
        "z/1": 0.01,
    },
    "form[b]": {
        "a/1": 0.8,
        "a/2": 0.8,
        "b/1": 0.5,
        "c/1": 1.0,
        "d/1": 2.0,
        "e/1": 0.2,
        "f/1": 0.2,
        "s/1": 0.2,
        "t/1": 0.5,
        "u/1": 1.0,
        "z/1": 0.01,
    },
    "plain": dict.fromkeys([row[0] for row in _ROWS], 2.0),
    # a law of one track, and of one task of another
    "law": {"a/1": 0.1, "a/2": 0.1, "b/1": 0.2, "e/1": 4.0},
}
FAMILIES = {"form[a]": "form", "form[b]": "form"}


def scores_of(name, ratios, **columns):
    """Return the scores of one predictor by task."""
    tasks = STATED[STATED["task"].isin(ratios)]
    made = entry(name, [ratios[task] for task in tasks["task"]], tasks=tasks, family=FAMILIES.get(name, name), **columns)
    return made.assign(fingerprint=tasks["fingerprint"].to_numpy(), digest=[f"{name}{r}" for r in made["ratio"]], source="file")


def scored(stated=STATED, more=(), **ratios):
    """Return the made-up suite; `ratios` replace or add predictors."""
    known = {"ref": dict.fromkeys(STATED["task"], 1.0), **RATIOS, **ratios}
    parts = [scores_of(name, found) for name, found in known.items() if found is not None]
    return ScoredSuite("made", "ref", POOL, pd.concat([*parts, *more], ignore_index=True), stated)
