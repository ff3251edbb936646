"""From scores to a ranking that does not depend on who else entered.

The scores table has one row per predictor and task entered: predictor, family, task, collection,
error, ratio (to the reference's error, clipped), failed, folds, fit_seconds, mape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Board", "rank"]

_TIE = 1e-9  # relative: errors closer than this are equal
_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True)
class Board:
    """A ranking.

    Attributes
    ----------
    rows : DataFrame
        One row per predictor, best first: rank, predictor, family, skill, skill_low, skill_high,
        skill_entered, win_rate, win_low, win_high, tasks_entered, tasks_total, failed_tasks,
        failed_folds, fit_seconds, mape.
    suite : str
        Which tasks were ranked on, with `track` (None is all), `n_tasks` and `n_collections`.
    reference : str
        Predictor whose error is the unit of skill.
    pool : tuple of str
        Predictors that win rates are measured against.
    n_resamples, seed : int
        Of the bootstrap over collections.
    """

    rows: pd.DataFrame
    suite: str
    track: str | None
    n_tasks: int
    n_collections: int
    reference: str
    pool: tuple[str, ...]
    n_resamples: int
    seed: int


def rank(
    scores: pd.DataFrame,
    tasks: pd.DataFrame,
    *,
    pool: Sequence[str],
    reference: str,
    suite: str,
    track: str | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Board:
    """Rank predictors by skill.

    Skill is 1 minus the geometric mean of the ratio over all tasks, where a task that a predictor
    did not enter counts as 1: the reference can enter every task, so a predictor that cannot is
    worth the reference there. Intervals are percentiles over resampled collections, because tasks
    of one collection are not independent; with one collection there is none.

    Parameters
    ----------
    scores : DataFrame
        The scores table.
    tasks : DataFrame
        Every task ranked on: columns task, collection and, optionally, weight (1 by default); those of weight 0 are
        left out.
    pool : sequence of str
        Opponents for the win rate; those without scores are left out.
    reference, suite, track : str
        Recorded in the board.
    n_resamples, seed : int
        Bootstrap resamples and their seed.
    """
    tasks = tasks.assign(weight=tasks.get("weight", 1.0)).query("weight > 0").sort_values("task", ignore_index=True)
    scores = scores[scores["task"].isin(tasks["task"])].sort_values(["predictor", "task"], ignore_index=True)
    draws = _collection_draws(tasks, n_resamples, seed)
    log_ratio = _wide(scores, tasks, "ratio").transform("log")  # predictors x tasks, NaN where not entered
    wins, games = _wins(scores, tasks, pool)
    rows = pd.DataFrame({"predictor": log_ratio.index, **_facts(scores, log_ratio.index)})
    rows["skill"], rows["skill_low"], rows["skill_high"] = _skill(log_ratio.fillna(0.0), tasks, draws)
    rows["skill_entered"] = 1.0 - np.exp(_weighted_mean(log_ratio, tasks["weight"].to_numpy()))
    rows["win_rate"], rows["win_low"], rows["win_high"] = _rates(wins, games, tasks, draws)
    rows["tasks_total"] = len(tasks)
    rows = rows.sort_values(["skill", "predictor"], ascending=[False, True], ignore_index=True)
    rows.insert(0, "rank", _ranks(rows["skill"].to_numpy()))
    return Board(rows[list(_COLUMNS)], suite, track, len(tasks), tasks["collection"].nunique(), reference, tuple(pool), n_resamples, seed)


_COLUMNS = (
    "rank",
    "predictor",
    "family",
    "skill",
    "skill_low",
    "skill_high",
    "skill_entered",
    "win_rate",
    "win_low",
    "win_high",
    "tasks_entered",
    "tasks_total",
    "failed_tasks",
    "failed_folds",
    "fit_seconds",
    "mape",
)


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


def _wins(scores: pd.DataFrame, tasks: pd.DataFrame, pool: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return, per predictor and task, wins over the pool (ties count 1/2) and comparisons made."""
    error = _wide(scores, tasks, "error")
    failed = _wide(scores, tasks, "failed") >= _wide(scores, tasks, "folds")
    error = error.mask(failed & error.notna(), np.inf)  # failing loses to any prediction
    wins, games = (pd.DataFrame(0.0, index=error.index, columns=error.columns) for _ in range(2))
    for opponent in pool:
        if opponent not in error.index:
            continue
        theirs = error.loc[opponent]
        met = error.notna() & theirs.notna() & (error.index != opponent)[:, None]
        equal = (error.eq(theirs) | ((error - theirs).abs() <= _TIE * theirs.abs())) & met
        wins += (error.lt(theirs) & ~equal & met) * 1.0 + equal * 0.5
        games += met * 1.0
    return wins, games


def _weighted_mean(table: pd.DataFrame, weight: np.ndarray) -> np.ndarray:
    """Return the mean over the tasks that were entered."""
    known = table.notna().to_numpy() * weight
    return (table.fillna(0.0).to_numpy() * known).sum(axis=1) / known.sum(axis=1)


def _rates(
    wins: pd.DataFrame, games: pd.DataFrame, tasks: pd.DataFrame, draws: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    weight = tasks["weight"].to_numpy()
    won, met = _by_collection(wins * weight, tasks), _by_collection(games * weight, tasks)
    with np.errstate(invalid="ignore", divide="ignore"):
        point = won.sum(axis=1) / met.sum(axis=1)
        if draws is None:
            return point, *_nothing(len(point))
        resampled = (won @ draws.T) / (met @ draws.T)
    low, high = np.full((2, len(point)), np.nan)
    known = np.isfinite(resampled).sum(axis=1) > 0
    several = (met > 0).sum(axis=1) > 1  # one collection met gives no interval
    use = known & several
    if use.any():
        low[use], high[use] = np.nanpercentile(resampled[use], _INTERVAL, axis=1)
    return point, low, high


def _nothing(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full(n, np.nan), np.full(n, np.nan)


def _ranks(skill: np.ndarray) -> np.ndarray:
    """Return ranks from 1, shared by equal skills; `skill` is sorted, best first."""
    ranks = np.arange(1, len(skill) + 1)
    for i in range(1, len(skill)):
        if skill[i - 1] - skill[i] <= 1e-12:
            ranks[i] = ranks[i - 1]
    return ranks
