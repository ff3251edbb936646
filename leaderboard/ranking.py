"""From scores to a ranking that does not depend on who else entered; `benchmark.scores.table` states what a score table is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmark.scores.table import check_scores
from leaderboard.board import Board
from leaderboard.elo import Games, play, ratings

__all__ = ["by_collection", "counted", "rank", "skill_over"]

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
    worth the reference there. Intervals are percentiles over resampled collections, because tasks
    of one collection are not independent; with one collection there is none.

    Parameters
    ----------
    scores : DataFrame
        As `benchmark.scores.table` states it.
    tasks : DataFrame
        Every task ranked on: columns task, collection and, optionally, weight (1 by default); those of weight 0 are
        left out.
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
    tasks = counted(tasks)
    scores = scores[scores["task"].isin(tasks["task"])].sort_values(["predictor", "task"], ignore_index=True)
    draws = _collection_draws(tasks, n_resamples, seed)
    log_ratio = _wide(scores, tasks, "ratio").transform("log")  # predictors x tasks, NaN where not entered
    rows = pd.DataFrame({"predictor": log_ratio.index, **_facts(scores, log_ratio.index)})
    rows["skill"], rows["skill_low"], rows["skill_high"] = _skill(log_ratio.fillna(0.0), tasks, draws)
    rows["skill_entered"] = 1.0 - np.exp(_weighted_mean(log_ratio, tasks["weight"].to_numpy()))
    rows = rows.assign(**_duels(play(_comparable(scores, tasks), pool), tasks, reference, draws))
    rows["tasks_total"] = len(tasks)
    rows = rows.sort_values(["skill", "predictor"], ascending=[False, True], ignore_index=True)
    rows["variant_of"] = _variant_of(rows, order)
    heads = rows["variant_of"] == ""
    rows["rank"] = pd.Series(_ranks(rows.loc[heads, "skill"].to_numpy()), index=rows.index[heads]).reindex(rows.index).astype("Int64")
    return Board(
        rows[list(_COLUMNS)], suite, track, len(tasks), tasks["collection"].nunique(), reference, tuple(pool), n_resamples, seed, version
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


def counted(tasks: pd.DataFrame) -> pd.DataFrame:
    """Return the tasks that count, in order, each with its weight."""
    return tasks.assign(weight=tasks.get("weight", 1.0)).query("weight > 0").sort_values("task", ignore_index=True)


def by_collection(scores: pd.DataFrame, tasks: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return the mean log ratio of each predictor on each collection, and the weight of each collection's tasks."""
    check_scores(scores)
    tasks = counted(tasks)
    log_ratio = _wide(scores[scores["task"].isin(tasks["task"])], tasks, "ratio").transform("log").fillna(0.0)
    weight = tasks.groupby("collection")["weight"].sum()
    sums = _by_collection(log_ratio * tasks["weight"].to_numpy(), tasks)
    return pd.DataFrame(sums / weight.to_numpy(), index=log_ratio.index, columns=weight.index), weight


def skill_over(values: pd.DataFrame, weight: pd.Series) -> pd.Series:
    """Return the skill that collections' mean log ratios (see `by_collection`) make."""
    skill: pd.Series = 1.0 - np.exp((values * weight).sum(axis=1) / weight.sum())
    return skill


def _wide(scores: pd.DataFrame, tasks: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return predictors x tasks."""
    return scores.pivot(index="predictor", columns="task", values=column).reindex(columns=tasks["task"])


def _facts(scores: pd.DataFrame, order: pd.Index) -> dict[str, np.ndarray]:
    by = scores.groupby("predictor")
    facts = {
        "family": by["family"].first(),
        "tasks_entered": by.size(),
        "failed_tasks": by["failed"].agg(lambda f: int((f > 0).sum())),
        "failed_folds": by["failed"].sum(),
        "fit_seconds": by["fit_seconds"].median(),
        "mape": by["mape"].median(),
        **{name: by[name].mean() for name in ("regret", "log_params_error", "coverage")},
    }
    return {name: series.reindex(order).to_numpy() for name, series in facts.items()}


def _collection_draws(tasks: pd.DataFrame, n_resamples: int, seed: int) -> np.ndarray | None:
    """Return how often each collection is drawn, shape (n_resamples, n_collections)."""
    n = tasks["collection"].nunique()
    if n < 2:
        return None
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=n_resamples).astype(float)


def _by_collection(table: pd.DataFrame, tasks: pd.DataFrame) -> np.ndarray:
    """Return sums over the tasks of each collection, shape (n_predictors, n_collections)."""
    return table.T.groupby(tasks["collection"].to_numpy()).sum().T.to_numpy(float)


def _skill(log_ratio: pd.DataFrame, tasks: pd.DataFrame, draws: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    weight = tasks["weight"].to_numpy()
    sums, counts = _by_collection(log_ratio * weight, tasks), tasks.groupby("collection")["weight"].sum().to_numpy(float)
    point = 1.0 - np.exp(sums.sum(axis=1) / counts.sum())
    if draws is None:
        return point, *_nothing(len(point))
    resampled = 1.0 - np.exp(sums @ draws.T / (draws @ counts))
    low, high = np.percentile(resampled, _INTERVAL, axis=1)
    return point, low, high


def _comparable(scores: pd.DataFrame, tasks: pd.DataFrame) -> pd.DataFrame:
    """Return errors, infinite where every fold failed: failing loses to any prediction."""
    error = _wide(scores, tasks, "error")
    failed = _wide(scores, tasks, "failed") >= _wide(scores, tasks, "folds")
    return error.mask(failed & error.notna(), np.inf)


def _weighted_mean(table: pd.DataFrame, weight: np.ndarray) -> np.ndarray:
    """Return the mean over the tasks that were entered."""
    known = table.notna().to_numpy() * weight
    mean: np.ndarray = (table.fillna(0.0).to_numpy() * known).sum(axis=1) / known.sum(axis=1)
    return mean


def _duels(games: Games, tasks: pd.DataFrame, reference: str, draws: np.ndarray | None) -> dict[str, np.ndarray]:
    """Return win rate, mean rank and Elo, the first and last with intervals."""
    won, met = (_weigh(array, tasks) for array in (games.won, games.met))  # predictors x opponents x collections
    use = np.ones((1, won.shape[2])) if draws is None else np.vstack([np.ones(won.shape[2]), draws])
    won, met = (np.einsum("poc,rc->rpo", array, use) for array in (won, met))
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = won.sum(axis=2) / met.sum(axis=2)
    several = _collections_met(games, tasks) > 1 if draws is not None else np.zeros(rate.shape[1], bool)
    columns = {"win_rate": rate[0], **_spread("win", rate[1:], several), "mean_rank": _mean_rank(games, tasks)}
    if reference not in games.opponents:
        return {**columns, **dict.fromkeys(("elo", "elo_low", "elo_high"), np.full(rate.shape[1], np.nan))}
    elo = ratings(won, met, games.predictors.get_indexer(games.opponents), list(games.opponents).index(reference))
    elo[:, np.isnan(rate[0])] = np.nan
    return {**columns, "elo": elo[0], **_spread("elo", elo[1:], several & (games.predictors != reference))}


def _spread(name: str, resampled: np.ndarray, known: np.ndarray) -> dict[str, np.ndarray]:
    low, high = np.full((2, len(known)), np.nan)
    if known.any():
        low[known], high[known] = np.nanpercentile(resampled[:, known], _INTERVAL, axis=0)
    return {f"{name}_low": low, f"{name}_high": high}


def _weigh(outcomes: np.ndarray, tasks: pd.DataFrame) -> np.ndarray:
    """Return weighted sums over the tasks of each collection."""
    _, of_task = np.unique(tasks["collection"].to_numpy(str), return_inverse=True)
    member = np.zeros((len(tasks), of_task.max() + 1))
    member[np.arange(len(tasks)), of_task] = tasks["weight"]
    return outcomes @ member


def _collections_met(games: Games, tasks: pd.DataFrame) -> np.ndarray:
    """Return in how many collections each predictor met anyone; one gives no interval."""
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
