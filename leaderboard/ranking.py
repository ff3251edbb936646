"""From scores to a ranking in which the skill of a predictor does not depend on the others. Input: `scalingbench.benchmark.scores.table`.

Regret, size error and the skill of intervals are averaged over every task, like skill: means over each predictor's own tasks cannot be
compared between rows, because a predictor that enters only easy decisions would seem to decide best. A task that was not entered is imputed
as the reference's; one on which every fit failed as the worst of the frozen pool, so that a failure never beats a valid prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from scalingbench.benchmark.scores.table import CEILING, FLOOR
from scalingbench.benchmark.tasks.frozen import SuiteHead
from scalingbench.leaderboard import scores as aggregation
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.columns import row_keys
from scalingbench.leaderboard.pairwise import compared, not_compared
from scalingbench.leaderboard.scores import PERCENTILES, ScoreMatrix, cluster_draws, mean_of_known

__all__ = ["SYNTHETIC", "Ranking", "crps_skill", "places", "rank", "ranks_of"]

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
    percentiles over resampled clusters, because tasks of one cluster are not independent; with one cluster there are none. A board of
    fewer clusters than the suite's rules require has no ranks.

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
    resampled = None if draws is None else scores.resampled(draws)
    columns = {"predictor": scores.predictors, **_facts(scores), **_of_every_task(scores, suite, resampled)}
    columns |= compared(scores, suite.pool, suite.reference, draws) if comparisons == "pool" else not_compared(len(scores.predictors))
    if what.track == SYNTHETIC:
        columns |= {name: scores.weighted_mean(scores[name]) for name in ("bias", "exponent_error")}
    best = [i for i in _best_first(columns["skill"], scores.predictors) if scores.predictors[i] in shown]
    columns = {name: values[best] for name, values in columns.items()}
    columns["variant_of"] = _variant_of(columns["predictor"], columns["family"], what.order)
    columns["tasks_total"] = np.full(len(best), len(scores.tasks))
    rows = pd.DataFrame({**columns, **_ranks(columns, best, scores if scores.n_clusters >= suite.rules.ranked else None, resampled)})
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


def _of_every_task(scores: ScoreMatrix, suite: SuiteHead, resampled: np.ndarray | None) -> dict[str, np.ndarray]:
    """Return the columns that are averaged over every task, by the suite's rules, with their intervals."""
    decided = (~np.isnan(scores["regret"][scores.place_of(suite.reference)])).sum()
    return {
        **_with_interval("skill", lambda weight: aggregation.skill(scores.log_ratio, weight), scores.weight, resampled),
        "skill_entered": scores.skill("entered"),
        **_with_interval("crps", _crps(scores, suite.reference), scores.weight, resampled, key="crps_skill"),
        **_with_interval("regret", _decisions(scores, "regret", suite), scores.weight, resampled),
        "log_params_error": _decisions(scores, "log_params_error", suite)(scores.weight),
        "tasks_decided": np.full(len(scores.predictors), int(decided)),
        **_with_interval("coverage", lambda weight: mean_of_known(scores["coverage"], weight), scores.weight, resampled),
    }


def _with_interval(
    name: str, of: Callable[[np.ndarray], np.ndarray], weight: np.ndarray, resampled: np.ndarray | None, key: str = ""
) -> dict[str, np.ndarray]:
    """Return a column and the ends of its interval, from a function of the weights of tasks.

    There is no interval if a resample has no task with a value, because the values come from too few clusters.
    """
    value = of(weight)
    low, high = np.full((2, len(value)), np.nan)
    if resampled is not None:
        low, high = np.percentile(of(resampled), PERCENTILES, axis=1)
    return {key or name: value, f"{name}_low": low, f"{name}_high": high}


def _decisions(scores: ScoreMatrix, column: str, suite: SuiteHead) -> Callable[[np.ndarray], np.ndarray]:
    values = scores[column]
    filled = values if suite.rules.decisions == "entered" else _imputed(scores, values, suite)
    return lambda weight: mean_of_known(filled, weight)


def crps_skill(scores: ScoreMatrix, reference: str) -> np.ndarray:
    """Return skill by the continuous ranked probability score, with the limits of the error ratio."""
    return _crps(scores, reference)(scores.weight)


def _crps(scores: ScoreMatrix, reference: str) -> Callable[[np.ndarray], np.ndarray]:
    unit = scores["crps"][scores.place_of(reference)]
    ratio = np.clip(scores["crps"] / np.maximum(unit, 1e-12), FLOOR, CEILING)
    logs = np.where(scores.entered, np.log(np.where(scores.failed, CEILING, ratio)), np.nan)
    return lambda weight: aggregation.skill(logs, weight)


def _imputed(scores: ScoreMatrix, values: np.ndarray, suite: SuiteHead) -> np.ndarray:
    """Return values of which those missing are imputed, on the tasks on which the reference has one; NaN on the others."""
    reference = values[scores.place_of(suite.reference)]
    has_value = ~np.isnan(reference)
    filled = np.full_like(values, np.nan)
    if has_value.any():
        pool = np.isin(scores.predictors.astype(str), [*suite.pool, suite.reference])
        worst = np.nanmax(values[pool][:, has_value], axis=0)
        imputed = np.where(scores.entered[:, has_value], worst, reference[has_value])
        filled[:, has_value] = np.where(np.isnan(values[:, has_value]), imputed, values[:, has_value])
    return filled


def _ranks(columns: dict[str, np.ndarray], best: list[int], scores: ScoreMatrix | None, resampled: np.ndarray | None) -> dict[str, Any]:
    """Return the ranks of the heads of families and their intervals; missing without scores, those of too few clusters."""
    heads = columns["variant_of"] == ""
    if scores is None:
        none = np.full(len(best), np.nan)
        return {"rank": pd.array([pd.NA] * len(best), dtype="Int64"), "rank_low": none, "rank_high": none}
    low, high = np.full((2, len(best)), np.nan)
    if resampled is not None and heads.any():
        skills = aggregation.skill(scores.log_ratio[np.asarray(best)[heads]], resampled)
        low[heads], high[heads] = np.percentile(places(skills), PERCENTILES, axis=1, method="inverted_cdf")
    return {"rank": ranks_of(columns["skill"], heads), "rank_low": low, "rank_high": high}


def places(skills: np.ndarray) -> np.ndarray:
    """Return the place from 1 of each predictor in each resample, shared by equal skills; shapes (n_predictors, n_resamples)."""
    return 1 + np.array([(skills > own + 1e-12).sum(axis=0) for own in skills])


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
