"""What is averaged over every task like skill: a task that a predictor did not enter counts as the reference's.

Means over each predictor's own tasks cannot be compared between rows: who enters only easy decisions would seem to decide best.
A task on which it entered and every fit failed counts as the worst of the frozen pool, so that failing never beats trying.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scalingbench.benchmark.scores.table import CEILING, FLOOR
from scalingbench.leaderboard.wide import Wide

__all__ = ["COLUMNS", "TRUTH", "crps_ratio", "imputed", "truth_columns"]

COLUMNS = ("weight_entered", "crps_skill", "tasks_decided")
"""What boards of suites with rules hold beside the columns of all boards: share of the weight entered, skill by the continuous
ranked probability score instead of the error, and the number of tasks that regret is a mean of."""
TRUTH = ("bias", "exponent_error")
"""What a board of synthetic worlds holds beside these: means over the tasks that were entered of the signed error against the truth,
and of the difference between fitted and true exponents, of laws that have them."""
_DECISIONS = ("regret", "log_params_error")


def imputed(scores: Wide, pool: Sequence[str], reference: str) -> dict[str, np.ndarray]:
    """Return the columns of a board that count every task, by name.

    Parameters
    ----------
    scores : Wide
        The reference's and the pool's among them.
    pool : sequence of str
        Who sets what a failure costs.
    reference : str
        Who stands in for whoever did not enter.
    """
    place = scores.place_of(reference)
    pooled = np.flatnonzero([name in (*pool, reference) for name in scores.predictors])
    log_crps = np.where(scores.entered, np.log(crps_ratio(scores, reference)), 0.0)
    columns = {"weight_entered": scores.share_entered, "crps_skill": 1.0 - np.exp(log_crps @ scores.weight / scores.weight.sum())}
    for name in _DECISIONS:
        columns[name] = _mean_of_all(scores[name], scores.entered, place, pooled, scores.weight)
    decided = int((~np.isnan(scores["regret"][place])).sum())
    return {**columns, "tasks_decided": np.full(len(scores.predictors), decided), "coverage": scores.weighted_mean(scores["coverage"])}


def truth_columns(scores: Wide) -> dict[str, np.ndarray]:
    """Return the columns `TRUTH` of a board of synthetic worlds; missing where nothing is known."""
    return {name: scores.weighted_mean(scores[name]) for name in TRUTH}


def crps_ratio(scores: Wide, reference: str) -> np.ndarray:
    """Return the continuous ranked probability scores over the reference's, by the rules of the error's ratio; NaN where not entered."""
    unit = scores["crps"][scores.place_of(reference)]
    ratio = np.clip(scores["crps"] / np.maximum(unit, 1e-12), FLOOR, CEILING)
    counted: np.ndarray = np.where(scores.failed, CEILING, ratio)
    return counted


def _mean_of_all(values: np.ndarray, entered: np.ndarray, reference: int, pool: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return weighted means over the tasks of which the reference has a value; missing where there is none."""
    stated = ~np.isnan(values[reference])
    if not stated.any():
        return np.full(len(values), np.nan)
    values, entered = values[:, stated], entered[:, stated]
    worst = np.nanmax(values[pool], axis=0)
    filled = np.where(np.isnan(values), np.where(entered, worst, values[reference]), values)
    mean: np.ndarray = filled @ weight[stated] / weight[stated].sum()
    return mean
