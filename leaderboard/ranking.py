"""From scores to a ranking in which the skill of a predictor does not depend on the others. Input: `scalingbench.benchmark.scores.table`.

Regret, size error and the skill of intervals are averaged over every task, like skill: means over each predictor's own tasks cannot be
compared between rows, because a predictor that enters only easy decisions would seem to decide best. A task that was not entered is imputed
as the reference's; one on which every fit failed as the worst of the frozen pool, so that a failure never beats a valid prediction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from scalingbench.benchmark.scores.table import CEILING, FLOOR
from scalingbench.benchmark.tasks.frozen import SuiteHead
from scalingbench.leaderboard import scores as aggregation
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.columns import row_keys
from scalingbench.leaderboard.pairwise import compared, not_compared
from scalingbench.leaderboard.scores import PERCENTILES, ScoreMatrix, cluster_draws

__all__ = ["SYNTHETIC", "Ranking", "crps_skill", "rank", "ranks_of"]

SYNTHETIC = "synthetic"
"""Synthetic worlds, whose true law is known: selected like a track, and counted on no other track."""


@dataclass(frozen=True)
class Ranking:
    """Settings of a ranking.

    Attributes
    ----------
    suite : SuiteHead
        The suite: its reference is the unit, its pool the opponents of pairwise comparisons, its rules define the entries that count.
    order : tuple of str
        Order of predictors: the first of each family is its head. The others are variants and have no rank, because the best of
        many recipes would be selected by the scores that it is ranked on.
    track : str, optional
        Track of the tasks; `SYNTHETIC` adds the columns that need a known truth.
    n_resamples, seed : int
        Of the bootstrap over clusters.
    """

    suite: SuiteHead
    order: tuple[str, ...] = ()
    track: str | None = None
    n_resamples: int = 1000
    seed: int = 0


def rank(
    scores: ScoreMatrix,
    what: Ranking,
    *,
    entries: Literal["all", "general"] = "all",
    comparisons: Literal["pool", "none"] = "pool",
) -> Board:
    """Rank predictors by skill.

    A task that a predictor did not enter is imputed as the reference's, because the reference can enter every task. Intervals are
    percentiles over resampled clusters, because tasks of one cluster are not independent; with one cluster there are none.

    Parameters
    ----------
    scores : ScoreMatrix
        Scores on the tasks ranked on.
    what : Ranking
        Settings of the ranking.
    entries : {"all", "general"}
        All entries, or general-purpose ones, which enter at least the share of the weight that the suite's rules require.
    comparisons : {"pool", "none"}
        Whether to compare with the pool; if not, win rate, mean rank and Elo are missing.
    """
    suite = what.suite
    draws = cluster_draws(scores.n_clusters, what.n_resamples, what.seed)
    least = suite.rules.general if entries == "general" else 0.0
    shown = set(scores.predictors[scores.share_entered >= least])
    if len(shown) < len(scores.predictors):
        scores = scores.among([*shown, *suite.pool, suite.reference])
    columns = {"predictor": scores.predictors, **_facts(scores), **_skill(scores, draws), **_of_every_task(scores, suite)}
    columns |= compared(scores, suite.pool, suite.reference, draws) if comparisons == "pool" else not_compared(len(scores.predictors))
    if what.track == SYNTHETIC:
        columns |= {name: scores.weighted_mean(scores[name]) for name in ("bias", "exponent_error")}
    best = [i for i in _best_first(columns["skill"], scores.predictors) if scores.predictors[i] in shown]
    columns = {name: values[best] for name, values in columns.items()}
    columns["variant_of"] = _variant_of(columns["predictor"], columns["family"], what.order)
    columns["tasks_total"] = np.full(len(best), len(scores.tasks))
    rows = pd.DataFrame({**columns, "rank": ranks_of(columns["skill"], columns["variant_of"] == "")})
    return Board(
        rows[row_keys(rows)],
        suite.name,
        what.track,
        len(scores.tasks),
        len(set(scores.collections)),
        suite.reference,
        tuple(suite.pool),
        what.n_resamples,
        what.seed,
        n_clusters=scores.n_clusters,
    )


def _facts(scores: ScoreMatrix) -> dict[str, np.ndarray]:
    failed = np.nan_to_num(scores["failed"])
    return {
        "family": scores.families,
        "tasks_entered": scores.entered.sum(axis=1),
        "weight_entered": scores.share_entered,
        "failed_tasks": (failed > 0).sum(axis=1),
        "failed_folds": failed.sum(axis=1).astype(int),
        "fit_seconds": scores.median("fit_seconds"),
        "mape": scores.median("mape"),
    }


def _skill(scores: ScoreMatrix, draws: np.ndarray | None) -> dict[str, np.ndarray]:
    low, high = np.full((2, len(scores.predictors)), np.nan)
    if draws is not None:
        weight = draws[:, scores.cluster_of_task] * scores.weight
        low, high = np.percentile(aggregation.skill(scores.log_ratio, weight), PERCENTILES, axis=1)
    return {"skill": scores.skill(), "skill_low": low, "skill_high": high, "skill_entered": scores.skill("entered")}


def _of_every_task(scores: ScoreMatrix, suite: SuiteHead) -> dict[str, np.ndarray]:
    """Return the columns that are averaged over every task, by the suite's rules."""
    decided = (~np.isnan(scores["regret"][scores.place_of(suite.reference)])).sum()
    return {
        "crps_skill": crps_skill(scores, suite.reference),
        **{name: _decisions(scores, scores[name], suite) for name in ("regret", "log_params_error")},
        "tasks_decided": np.full(len(scores.predictors), int(decided)),
        "coverage": scores.weighted_mean(scores["coverage"]),
    }


def _decisions(scores: ScoreMatrix, values: np.ndarray, suite: SuiteHead) -> np.ndarray:
    return scores.weighted_mean(values) if suite.rules.decisions == "entered" else _imputed_mean(scores, values, suite)


def crps_skill(scores: ScoreMatrix, reference: str) -> np.ndarray:
    """Return skill by the continuous ranked probability score, with the limits of the error ratio."""
    unit = scores["crps"][scores.place_of(reference)]
    ratio = np.clip(scores["crps"] / np.maximum(unit, 1e-12), FLOOR, CEILING)
    return aggregation.skill(np.where(scores.entered, np.log(np.where(scores.failed, CEILING, ratio)), np.nan), scores.weight)


def _imputed_mean(scores: ScoreMatrix, values: np.ndarray, suite: SuiteHead) -> np.ndarray:
    """Return weighted means over the tasks on which the reference has a value; NaN if there is none."""
    reference = values[scores.place_of(suite.reference)]
    has_value = ~np.isnan(reference)
    if not has_value.any():
        return np.full(len(values), np.nan)
    pool = np.isin(scores.predictors.astype(str), [*suite.pool, suite.reference])
    worst = np.nanmax(values[pool][:, has_value], axis=0)
    imputed = np.where(scores.entered[:, has_value], worst, reference[has_value])
    filled = np.where(np.isnan(values[:, has_value]), imputed, values[:, has_value])
    mean: np.ndarray = filled @ scores.weight[has_value] / scores.weight[has_value].sum()
    return mean


def _best_first(skill: np.ndarray, names: np.ndarray) -> list[int]:
    return sorted(range(len(skill)), key=lambda i: (-skill[i], names[i]))


def _variant_of(names: np.ndarray, families: np.ndarray, order: Sequence[str]) -> np.ndarray:
    """Return the head of each entry's family, empty for the head itself. The head is the first in the order, then by name."""
    place = {name: i for i, name in enumerate(order)}
    head: dict[str, str] = {}
    for name, family in sorted(zip(names, families, strict=True), key=lambda entry: (place.get(entry[0], len(place)), entry[0])):
        head.setdefault(family, name)
    return np.array(["" if head[f] == name else head[f] for name, f in zip(names, families, strict=True)], dtype=object)


def ranks_of(skill: np.ndarray, heads: np.ndarray) -> pd.arrays.IntegerArray:
    """Return ranks from 1, shared by equal skills, and none for variants; `skill` is sorted, best first."""
    at = np.flatnonzero(heads)
    ranks = np.ones(len(skill), dtype=np.int64)
    for place, i in enumerate(at):
        tied = place > 0 and skill[at[place - 1]] - skill[i] <= 1e-12
        ranks[i] = ranks[at[place - 1]] if tied else place + 1
    return pd.arrays.IntegerArray(ranks, ~heads)
