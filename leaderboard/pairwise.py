"""Pairwise comparisons with a frozen pool: win rate, mean rank and Bradley-Terry ratings, which do not depend on other entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scalingbench.leaderboard.scores import PERCENTILES, ScoreMatrix

__all__ = ["BASE", "Games", "compared", "not_compared", "play", "ratings"]

_COLUMNS = ("win_rate", "win_low", "win_high", "mean_rank", "elo", "elo_low", "elo_high")
BASE = 1000.0
"""Elo of the reference."""
_ELO = 400.0 / np.log(10.0)
_TIE = 1e-9  # relative: errors closer than this are equal
_PRIOR = 0.5  # wins and losses added to every pair, so that a predictor that always wins has a finite rating


@dataclass(frozen=True)
class Games:
    """Outcomes of every predictor against every member of the pool on every task.

    Attributes
    ----------
    predictors, opponents, tasks : Index
        Labels of the axes.
    won : ndarray, shape (n_predictors, n_opponents, n_tasks)
        1 for a win, 1/2 for a tie, 0 for a loss or no comparison.
    met : ndarray of bool, same shape
        Whether both entered the task; False for a predictor against itself.
    """

    predictors: pd.Index
    opponents: pd.Index
    tasks: pd.Index
    won: np.ndarray
    met: np.ndarray


def play(error: pd.DataFrame, pool: Sequence[str]) -> Games:
    """Compare the errors of predictors with those of the pool.

    Parameters
    ----------
    error : DataFrame
        Predictors x tasks; infinite if a predictor failed, NaN if it did not enter.
    pool : sequence of str
        Opponents; those without errors are left out.
    """
    opponents = pd.Index([p for p in pool if p in error.index])
    ours = np.ascontiguousarray(error.to_numpy(float))[:, None, :]  # a fixed memory order, because the rounding of sums depends on it
    theirs = np.ascontiguousarray(error.loc[opponents].to_numpy(float))[None, :, :]
    met = ~(np.isnan(ours) | np.isnan(theirs)) & (error.index.to_numpy()[:, None] != opponents.to_numpy()[None, :])[:, :, None]
    with np.errstate(invalid="ignore"):
        equal = (ours == theirs) | (np.isfinite(theirs) & (np.abs(ours - theirs) <= _TIE * np.abs(theirs)))
        won = np.where(met, np.where(equal, 0.5, (ours < theirs) * 1.0), 0.0)
    return Games(error.index, opponents, error.columns, won, met)


def ratings(won: np.ndarray, met: np.ndarray, members: np.ndarray, anchor: int) -> np.ndarray:
    """Return Elo ratings by the Bradley-Terry model (Bradley & Terry 1952).

    The pool is rated from comparisons within it; every other entrant is rated against the fixed ratings of the pool.

    Parameters
    ----------
    won, met : ndarray, shape (n_resamples, n_predictors, n_opponents)
        Weight of the tasks won and compared.
    members : ndarray of int, shape (n_opponents,)
        Index of each opponent among the predictors.
    anchor : int
        Index of the opponent rated `BASE`.

    Returns
    -------
    ndarray, shape (n_resamples, n_predictors)
    """
    pool = _rate_pool(won[:, members], met[:, members])
    theta = _rate_entrants(won, met, pool)
    theta[:, members] = pool
    elo: np.ndarray = BASE + _ELO * (theta - pool[:, anchor, None])
    return elo


def _rate_pool(won: np.ndarray, met: np.ndarray) -> np.ndarray:
    """Return log strengths by Hunter's (2004) MM iteration, shape (n_resamples, n_opponents)."""
    if won.shape[1] == 1:  # no opponent
        return np.zeros(won.shape[:2])
    other = ~np.eye(won.shape[1], dtype=bool)
    wins, games = (won + _PRIOR * other).sum(axis=2), met + 2 * _PRIOR * other
    strength = np.ones(won.shape[:2])
    for _ in range(500):
        update = wins / (games / (strength[:, :, None] + strength[:, None, :])).sum(axis=2)
        update /= np.exp(np.log(update).mean(axis=1, keepdims=True))
        done = np.abs(np.log(update / strength)).max() < 1e-9
        strength = update
        if done:
            break
    return np.log(strength)


def _rate_entrants(won: np.ndarray, met: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """Return the log strength that makes expected and actual wins equal, by damped Newton steps."""
    wins, games = won.sum(axis=2) + _PRIOR * won.shape[2], met + 2 * _PRIOR
    theta = np.zeros(won.shape[:2])
    for _ in range(50):
        expected = 1.0 / (1.0 + np.exp(pool[:, None, :] - theta[:, :, None]))
        slope = (games * expected * (1.0 - expected)).sum(axis=2)
        step = np.clip((wins - (games * expected).sum(axis=2)) / slope, -1.0, 1.0)
        theta = theta + step
        if np.abs(step).max() < 1e-9:
            break
    return theta


def compared(scores: ScoreMatrix, pool: Sequence[str], reference: str, draws: np.ndarray | None) -> dict[str, np.ndarray]:
    """Return the columns of a board that come from pairwise comparisons.

    Parameters
    ----------
    scores : ScoreMatrix
        Scores, including those of the pool.
    pool : sequence of str
        Opponents; those without scores are left out.
    reference : str
        The predictor rated 1000; without it there are no ratings.
    draws : ndarray, shape (n_resamples, n_clusters), optional
        How often each cluster is drawn in each resample; without it there are no intervals.
    """
    games = play(_comparable(scores), pool)
    member = _member(scores)
    won, met = games.won @ member, games.met @ member  # predictors x opponents x clusters
    use = np.ones((1, won.shape[2])) if draws is None else np.vstack([np.ones(won.shape[2]), draws])
    several = (met.sum(axis=1) > 0).sum(axis=1) > 1 if draws is not None else np.zeros(len(won), bool)  # one cluster gives no interval
    won, met = (np.einsum("poc,rc->rpo", array, use) for array in (won, met))
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = won.sum(axis=2) / met.sum(axis=2)
    columns = {"win_rate": rate[0], **_spread("win", rate[1:], several), "mean_rank": _mean_rank(games, scores.weight)}
    if reference not in games.opponents:
        return {**columns, **dict.fromkeys(("elo", "elo_low", "elo_high"), np.full(rate.shape[1], np.nan))}
    elo = ratings(won, met, games.predictors.get_indexer(games.opponents), list(games.opponents).index(reference))
    elo[:, np.isnan(rate[0])] = np.nan
    return {**columns, "elo": elo[0], **_spread("elo", elo[1:], several & (games.predictors != reference))}


def not_compared(n: int) -> dict[str, np.ndarray]:
    """Return the columns of `compared` for `n` predictors without a comparison."""
    return dict.fromkeys(_COLUMNS, np.full(n, np.nan))


def _comparable(scores: ScoreMatrix) -> pd.DataFrame:
    """Return errors, infinite where every fold failed: a failure loses to any prediction."""
    return pd.DataFrame(np.where(scores.failed, np.inf, scores["error"]), index=scores.predictors, columns=scores.tasks)


def _member(scores: ScoreMatrix) -> np.ndarray:
    """Return the weight of each task in the column of its cluster, shape (n_tasks, n_clusters)."""
    member = np.zeros((len(scores.tasks), scores.n_clusters))
    member[np.arange(len(scores.tasks)), scores.cluster_of_task] = scores.weight
    return member


def _spread(name: str, resampled: np.ndarray, known: np.ndarray) -> dict[str, np.ndarray]:
    low, high = np.full((2, len(known)), np.nan)
    if known.any():
        low[known], high[known] = np.nanpercentile(resampled[:, known], PERCENTILES, axis=0)
    return {f"{name}_low": low, f"{name}_high": high}


def _mean_rank(games: Games, weight: np.ndarray) -> np.ndarray:
    """Return the mean place among the pool, 1 (beats all) to its size + 1; opponents that did not enter are ignored."""
    met = games.met.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        place = 1.0 + len(games.opponents) * (1.0 - games.won.sum(axis=1) / met)
        known = np.where(met > 0, weight, 0.0)
        mean: np.ndarray = (np.nan_to_num(place) * known).sum(axis=1) / known.sum(axis=1)
    return mean
