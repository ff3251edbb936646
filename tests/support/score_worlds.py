"""Made-up scores for tests of rankings."""

import numpy as np
import pandas as pd

from scalingbench.benchmark.scores.table import CEILING
from scalingbench.leaderboard.ranking import rank

N_COLLECTIONS, PER_COLLECTION = 6, 4
TASKS = pd.DataFrame(
    [(f"c{i}/t{j}", f"c{i}", "curve") for i in range(N_COLLECTIONS) for j in range(PER_COLLECTION)],
    columns=["task", "collection", "track"],
)
POOL = ("ref", "law", "other")
UNIT = 0.05
"""The reference's error on every task."""


def entry(predictor, ratios, *, failed=None, tasks=TASKS, **columns):
    """Return the scores of one predictor that has these ratios; a failed task is one of one fold, at the ceiling."""
    failed = np.zeros(len(tasks), int) if failed is None else np.asarray(failed)
    ratios = np.where(failed > 0, CEILING, np.asarray(ratios, float))
    return pd.DataFrame(
        {
            "predictor": predictor,
            "family": predictor,
            "task": tasks["task"].to_numpy(),
            "collection": tasks["collection"].to_numpy(),
            "track": tasks["track"].to_numpy() if "track" in tasks else "curve",
            "error": ratios * UNIT,
            "reference_error": UNIT,
            "ratio": ratios,
            "failed": failed,
            "folds": 1,
            "fit_seconds": 0.01,
            "mape": 0.02,
            "r2": 0.9,
            "bias": 0.0,
            "coverage": np.nan,
            "crps": ratios * UNIT,
            "regret": np.nan,
            "log_params_error": np.nan,
            "exponent_error": np.nan,
            "extrapolation": 4.0,
            "compute_share": 0.2,
        }
        | columns
    )


def world(seed=0, **more):
    rng = np.random.default_rng(seed)
    parts = [entry("ref", np.ones(24)), entry("law", np.exp(rng.normal(-0.5, 0.3, 24))), entry("other", np.exp(rng.normal(0.1, 0.3, 24)))]
    return pd.concat([*parts, *more.values()], ignore_index=True)


def board(scores, tasks=TASKS, **options):
    return rank(scores, tasks, pool=POOL, reference="ref", suite="s", **{"n_resamples": 40, **options})
