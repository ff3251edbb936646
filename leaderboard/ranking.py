"""From scores to a ranking that does not depend on who else entered; `benchmark.scores.table` states what a score table is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmark.scores.table import check_scores
from leaderboard.board import Board
from leaderboard.elo import Games, play, ratings
from leaderboard.imputed import COLUMNS, imputed
from leaderboard.wide import Wide, counted

__all__ = ["by_cluster", "cluster_means", "counted", "rank", "rank_wide", "skill_over"]

_INTERVAL = (2.5, 97.5)


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
        As `benchmark.scores.table` states it.
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
    options = {"pool": pool, "reference": reference, "suite": suite, "track": track, "order": order, "version": version}
    return rank_wide(Wide.of(scores, tasks), **options, n_resamples=n_resamples, seed=seed, clustered="cluster" in tasks)


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
    least_weight: float = 0.0,
    duels: bool = True,
) -> Board:
    """Rank predictors by scores that were checked before; beyond the parameters of `rank`:

    Parameters
    ----------
    clustered : bool
        Whether the board says how many clusters there are.
    impute : bool
        Whether regret and size error are means over every task that has decisions, like skill (see `leaderboard.imputed`),
        and not over those that each predictor entered; then there are also the columns of `leaderboard.imputed.COLUMNS`.
    least_weight : float
        Share of the weight that a predictor must have entered to be on the board; it still counts as an opponent.
    duels : bool
        Whether to play them; if not, win rate, mean rank and Elo are missing.
    """
    tasks = scores.tasks
    draws = _cluster_draws(tasks, n_resamples, seed)
    shown = scores.predictors[scores.share_entered >= least_weight]
    if len(shown) < len(scores.predictors):
        scores = scores.among([*shown, *pool, reference])
    log_ratio = np.log(scores["ratio"])
    rows = pd.DataFrame({"predictor": scores.predictors, **_facts(scores)})
    rows["skill"], rows["skill_low"], rows["skill_high"] = _skill(scores, np.nan_to_num(log_ratio), draws)
    rows["skill_entered"] = 1.0 - np.exp(_weighted_mean(log_ratio, scores.weight))
    if impute:
        rows = rows.assign(**imputed(scores, pool, reference))
    rows = rows.assign(**(_duels(play(_comparable(scores), pool), tasks, reference, draws) if duels else _not_played(len(rows))))
    rows["tasks_total"] = len(tasks)
    rows = rows[rows["predictor"].isin(shown)].sort_values(["skill", "predictor"], ascending=[False, True], ignore_index=True)
    rows["variant_of"] = _variant_of(rows, order)
    heads = rows["variant_of"] == ""
    rows["rank"] = pd.Series(_ranks(rows.loc[heads, "skill"].to_numpy()), index=rows.index[heads]).reindex(rows.index).astype("Int64")
    return Board(
        rows[[*_COLUMNS, *(COLUMNS if impute else ())]],
        suite,
        track,
        len(tasks),
        tasks["collection"].nunique(),
        reference,
        tuple(pool),
        n_resamples,
        seed,
        version,
        n_clusters=tasks["cluster"].nunique() if clustered else None,
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
    return cluster_means(wide, np.nan_to_num(np.log(wide["ratio"])))


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
        **{name: scores.mean(name) for name in ("regret", "log_params_error", "coverage")},
    }


def _cluster_draws(tasks: pd.DataFrame, n_resamples: int, seed: int) -> np.ndarray | None:
    """Return how often each cluster is drawn, shape (n_resamples, n_clusters)."""
    n = tasks["cluster"].nunique()
    if n < 2:
        return None
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=n_resamples).astype(float)


def _skill(scores: Wide, log_ratio: np.ndarray, draws: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sums, weight = scores.by_cluster(log_ratio)
    counts = weight.to_numpy(float)
    point = 1.0 - np.exp(sums.sum(axis=1) / counts.sum())
    if draws is None:
        return point, *_nothing(len(point))
    resampled = 1.0 - np.exp(sums @ draws.T / (draws @ counts))
    low, high = np.percentile(resampled, _INTERVAL, axis=1)
    return point, low, high


def _comparable(scores: Wide) -> pd.DataFrame:
    """Return errors, infinite where every fold failed: failing loses to any prediction."""
    return scores.frame(np.where(scores.failed, np.inf, scores["error"]))


def _weighted_mean(table: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the mean over the tasks that were entered."""
    known = ~np.isnan(table) * weight
    mean: np.ndarray = (np.nan_to_num(table) * known).sum(axis=1) / known.sum(axis=1)
    return mean


def _duels(games: Games, tasks: pd.DataFrame, reference: str, draws: np.ndarray | None) -> dict[str, np.ndarray]:
    """Return win rate, mean rank and Elo, the first and last with intervals."""
    won, met = (_weigh(array, tasks) for array in (games.won, games.met))  # predictors x opponents x clusters
    use = np.ones((1, won.shape[2])) if draws is None else np.vstack([np.ones(won.shape[2]), draws])
    won, met = (np.einsum("poc,rc->rpo", array, use) for array in (won, met))
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = won.sum(axis=2) / met.sum(axis=2)
    several = _clusters_met(games, tasks) > 1 if draws is not None else np.zeros(rate.shape[1], bool)
    columns = {"win_rate": rate[0], **_spread("win", rate[1:], several), "mean_rank": _mean_rank(games, tasks)}
    if reference not in games.opponents:
        return {**columns, **dict.fromkeys(("elo", "elo_low", "elo_high"), np.full(rate.shape[1], np.nan))}
    elo = ratings(won, met, games.predictors.get_indexer(games.opponents), list(games.opponents).index(reference))
    elo[:, np.isnan(rate[0])] = np.nan
    return {**columns, "elo": elo[0], **_spread("elo", elo[1:], several & (games.predictors != reference))}


def _not_played(n: int) -> dict[str, np.ndarray]:
    return dict.fromkeys(("win_rate", "win_low", "win_high", "mean_rank", "elo", "elo_low", "elo_high"), np.full(n, np.nan))


def _spread(name: str, resampled: np.ndarray, known: np.ndarray) -> dict[str, np.ndarray]:
    low, high = np.full((2, len(known)), np.nan)
    if known.any():
        low[known], high[known] = np.nanpercentile(resampled[:, known], _INTERVAL, axis=0)
    return {f"{name}_low": low, f"{name}_high": high}


def _weigh(outcomes: np.ndarray, tasks: pd.DataFrame) -> np.ndarray:
    """Return weighted sums over the tasks of each cluster."""
    _, of_task = np.unique(tasks["cluster"].to_numpy(str), return_inverse=True)
    member = np.zeros((len(tasks), of_task.max() + 1))
    member[np.arange(len(tasks)), of_task] = tasks["weight"]
    return outcomes @ member


def _clusters_met(games: Games, tasks: pd.DataFrame) -> np.ndarray:
    """Return in how many clusters each predictor met anyone; one gives no interval."""
    count: np.ndarray = (_weigh(games.met * 1.0, tasks).sum(axis=1) > 0).sum(axis=1)
    return count


def _mean_rank(games: Games, tasks: pd.DataFrame) -> np.ndarray:
    """Return the mean place among the pool, 1 (beats all) to its size + 1; opponents that did not enter are passed over."""
    met = games.met.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        place = 1.0 + len(games.opponents) * (1.0 - games.won.sum(axis=1) / met)
        known = np.where(met > 0, tasks["weight"].to_numpy(), 0.0)
        mean: np.ndarray = (np.nan_to_num(place) * known).sum(axis=1) / known.sum(axis=1)
    return mean


def _variant_of(rows: pd.DataFrame, order: Sequence[str]) -> pd.Series:
    """Return the head of each entry's family, empty for the head itself."""
    place = {name: i for i, name in enumerate(order)}
    first = rows.assign(place=rows["predictor"].map(lambda name: place.get(name, len(place)))).sort_values(["place", "predictor"])
    head = rows["family"].map(first.drop_duplicates("family").set_index("family")["predictor"])
    return head.where(head != rows["predictor"], "")


def _nothing(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full(n, np.nan), np.full(n, np.nan)


def _ranks(skill: np.ndarray) -> np.ndarray:
    """Return ranks from 1, shared by equal skills; `skill` is sorted, best first."""
    ranks = np.arange(1, len(skill) + 1)
    for i in range(1, len(skill)):
        if skill[i - 1] - skill[i] <= 1e-12:
            ranks[i] = ranks[i - 1]
    return ranks
