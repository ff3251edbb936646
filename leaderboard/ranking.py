"""From scores to a ranking that does not depend on who else entered; `scalingbench.benchmark.scores.table` states what a score table is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from scalingbench.benchmark.scores.table import check_scores
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.duels import INTERVAL, duels_of, not_played
from scalingbench.leaderboard.imputed import COLUMNS, TRUTH, imputed, truth_columns
from scalingbench.leaderboard.wide import Wide, counted

__all__ = ["by_cluster", "cluster_means", "counted", "rank", "rank_wide", "skill_over"]


def rank(
    scores: pd.DataFrame,
    tasks: pd.DataFrame,
    *,
    pool: Sequence[str],
    reference: str,
    suite: str,
    track: str | None = None,
    order: Sequence[str] = (),
    n_resamples: int = 1000,
    seed: int = 0,
    version: str = "",
) -> Board:
    """Rank predictors by skill.

    Skill is 1 minus the geometric mean of the ratio over all tasks, where a task that a predictor
    did not enter counts as 1: the reference can enter every task, so a predictor that cannot is
    worth the reference there. Intervals are percentiles over resampled clusters, because tasks
    of one cluster are not independent; with one cluster there is none.

    Parameters
    ----------
    scores : DataFrame
        As `scalingbench.benchmark.scores.table` states it.
    tasks : DataFrame
        Every task ranked on: columns task, collection and, optionally, weight (1 by default) and cluster (its collection
        by default); those of weight 0 are left out.
    pool : sequence of str
        Opponents for the win rate; those without scores are left out.
    reference, suite, track, version : str
        Recorded in the board.
    order : sequence of str
        Which entry heads its family: the first in this order, not the best. Others of the family are variants and
        get no rank of their own, because the best of many recipes would be picked by the scores it is ranked by.
    n_resamples, seed : int
        Bootstrap resamples and their seed.

    Raises
    ------
    SchemaError
        If the scores break a rule of their table.
    """
    check_scores(scores)
    return rank_wide(
        Wide.of(scores, tasks),
        pool=pool,
        reference=reference,
        suite=suite,
        track=track,
        order=order,
        n_resamples=n_resamples,
        seed=seed,
        version=version,
        clustered="cluster" in tasks,
    )


def rank_wide(
    scores: Wide,
    *,
    pool: Sequence[str],
    reference: str,
    suite: str,
    track: str | None = None,
    order: Sequence[str] = (),
    n_resamples: int = 1000,
    seed: int = 0,
    version: str = "",
    clustered: bool = True,
    impute: bool = False,
    worlds: bool = False,
    least_weight: float = 0.0,
    duels: bool = True,
) -> Board:
    """Rank predictors by scores that were checked before.

    Parameters
    ----------
    scores : Wide
        On the tasks ranked on.
    pool, reference, suite, track, order, n_resamples, seed, version
        As for `rank`.
    clustered : bool
        Whether the board says how many clusters there are.
    impute : bool
        Whether regret and size error are means over every task that has decisions, like skill (see `scalingbench.leaderboard.imputed`),
        and not over those that each predictor entered; then there are also the columns of `scalingbench.leaderboard.imputed.COLUMNS`.
    worlds : bool
        Whether the tasks are synthetic worlds, of which there are also the columns `scalingbench.leaderboard.imputed.TRUTH`.
    least_weight : float
        Share of the weight that a predictor must have entered to be on the board; it still counts as an opponent.
    duels : bool
        Whether to play them; if not, win rate, mean rank and Elo are missing.
    """
    draws = _cluster_draws(scores.n_clusters, n_resamples, seed)
    shown = set(scores.predictors[scores.share_entered >= least_weight])
    if len(shown) < len(scores.predictors):
        scores = scores.among([*shown, *pool, reference])
    columns = {"predictor": scores.predictors, **_facts(scores), **_skill(scores, draws)}
    columns |= (
        imputed(scores, pool, reference) if impute else {name: scores.mean(name) for name in ("regret", "log_params_error", "coverage")}
    )
    if worlds:
        columns |= truth_columns(scores)
    columns |= duels_of(scores, pool, reference, draws) if duels else not_played(len(scores.predictors))
    best = [i for i in _best_first(columns["skill"], scores.predictors) if scores.predictors[i] in shown]
    columns = {name: values[best] for name, values in columns.items()}
    columns["variant_of"] = _variant_of(columns["predictor"], columns["family"], order)
    columns["tasks_total"] = np.full(len(best), len(scores.tasks))
    rows = pd.DataFrame({**columns, "rank": _ranks(columns["skill"], columns["variant_of"] == "")})
    return Board(
        rows[[*_COLUMNS, *(COLUMNS if impute else ()), *(TRUTH if worlds else ())]],
        suite,
        track,
        len(scores.tasks),
        len(set(scores.collections)),
        reference,
        tuple(pool),
        n_resamples,
        seed,
        version,
        n_clusters=scores.n_clusters if clustered else None,
    )


_COLUMNS = (
    "rank",
    "predictor",
    "family",
    "variant_of",
    "skill",
    "skill_low",
    "skill_high",
    "skill_entered",
    "win_rate",
    "win_low",
    "win_high",
    "mean_rank",
    "elo",
    "elo_low",
    "elo_high",
    "regret",
    "log_params_error",
    "coverage",
    "tasks_entered",
    "tasks_total",
    "failed_tasks",
    "failed_folds",
    "fit_seconds",
    "mape",
)


def by_cluster(scores: pd.DataFrame, tasks: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return the mean log ratio of each predictor on each cluster, and the weight of each cluster's tasks."""
    check_scores(scores)
    wide = Wide.of(scores, tasks)
    return cluster_means(wide, np.nan_to_num(wide.log_ratio))


def cluster_means(scores: Wide, values: np.ndarray) -> tuple[pd.DataFrame, pd.Series]:
    """Return weighted means of values over the tasks of each cluster, and the weight of each cluster's tasks."""
    sums, weight = scores.by_cluster(values)
    return pd.DataFrame(sums / weight.to_numpy(), index=scores.predictors, columns=weight.index), weight


def skill_over(values: pd.DataFrame, weight: pd.Series) -> pd.Series:
    """Return the skill that clusters' mean log ratios (see `by_cluster`) make."""
    skill: pd.Series = 1.0 - np.exp((values * weight).sum(axis=1) / weight.sum())
    return skill


def _facts(scores: Wide) -> dict[str, np.ndarray]:
    failed = np.nan_to_num(scores["failed"])
    return {
        "family": scores.families,
        "tasks_entered": scores.entered.sum(axis=1),
        "failed_tasks": (failed > 0).sum(axis=1),
        "failed_folds": failed.sum(axis=1).astype(int),
        "fit_seconds": scores.median("fit_seconds"),
        "mape": scores.median("mape"),
    }


def _cluster_draws(n: int, n_resamples: int, seed: int) -> np.ndarray | None:
    """Return how often each cluster is drawn, shape (n_resamples, n_clusters); None of one cluster."""
    if n < 2:
        return None
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=n_resamples).astype(float)


def _skill(scores: Wide, draws: np.ndarray | None) -> dict[str, np.ndarray]:
    sums, weight = scores.by_cluster(np.nan_to_num(scores.log_ratio))
    counts = weight.to_numpy(float)
    low, high = np.full((2, len(sums)), np.nan)
    if draws is not None:
        low, high = np.percentile(1.0 - np.exp(sums @ draws.T / (draws @ counts)), INTERVAL, axis=1)
    return {
        "skill": 1.0 - np.exp(sums.sum(axis=1) / counts.sum()),
        "skill_low": low,
        "skill_high": high,
        "skill_entered": 1.0 - np.exp(scores.weighted_mean(scores.log_ratio)),
    }


def _best_first(skill: np.ndarray, names: np.ndarray) -> list[int]:
    return sorted(range(len(skill)), key=lambda i: (-skill[i], names[i]))


def _variant_of(names: np.ndarray, families: np.ndarray, order: Sequence[str]) -> np.ndarray:
    """Return the head of each entry's family, empty for the head itself: the first in the order, others by name."""
    place = {name: i for i, name in enumerate(order)}
    head: dict[str, str] = {}
    for name, family in sorted(zip(names, families, strict=True), key=lambda entry: (place.get(entry[0], len(place)), entry[0])):
        head.setdefault(family, name)
    return np.array(["" if head[f] == name else head[f] for name, f in zip(names, families, strict=True)], dtype=object)


def _ranks(skill: np.ndarray, heads: np.ndarray) -> pd.arrays.IntegerArray:
    """Return ranks from 1, shared by equal skills, and none for variants; `skill` is sorted, best first."""
    at = np.flatnonzero(heads)
    ranks = np.ones(len(skill), dtype=np.int64)
    for place, i in enumerate(at):
        tied = place > 0 and skill[at[place - 1]] - skill[i] <= 1e-12
        ranks[i] = ranks[at[place - 1]] if tied else place + 1
    return pd.arrays.IntegerArray(ranks, ~heads)
