"""Made-up scores for tests of rankings."""

import numpy as np
import pandas as pd

from leaderboard.ranking import rank

N_COLLECTIONS, PER_COLLECTION = 6, 4
TASKS = pd.DataFrame(
    [(f"c{i}/t{j}", f"c{i}", "curve") for i in range(N_COLLECTIONS) for j in range(PER_COLLECTION)],
    columns=["task", "collection", "track"],
)
POOL = ("ref", "law", "other")


def entry(predictor, ratios, *, failed=None, tasks=TASKS):
    failed = np.zeros(len(tasks), int) if failed is None else failed
    return pd.DataFrame(
        {
            "predictor": predictor,
            "family": predictor,
            "task": tasks["task"].to_numpy(),
            "collection": tasks["collection"].to_numpy(),
            "error": np.asarray(ratios) * 0.05,
            "ratio": ratios,
            "failed": failed,
            "folds": 1,
            "fit_seconds": 0.01,
            "mape": 0.02,
            "regret": np.nan,
            "log_params_error": np.nan,
            "coverage": np.nan,
        }
    )


def world(seed=0, **more):
    rng = np.random.default_rng(seed)
    parts = [entry("ref", np.ones(24)), entry("law", np.exp(rng.normal(-0.5, 0.3, 24))), entry("other", np.exp(rng.normal(0.1, 0.3, 24)))]
    return pd.concat([*parts, *more.values()], ignore_index=True)


def board(scores, tasks=TASKS, **options):
    return rank(scores, tasks, pool=POOL, reference="ref", suite="s", **{"n_resamples": 200, **options})
