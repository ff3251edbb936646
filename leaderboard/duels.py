"""Win rate, mean rank and Elo of every predictor, with intervals: what duels against the frozen pool say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from scalingbench.leaderboard.elo import Games, play, ratings
from scalingbench.leaderboard.wide import Wide

__all__ = ["INTERVAL", "duels_of", "not_played"]

INTERVAL = (2.5, 97.5)
"""Percentiles of resamples that make an interval."""
_COLUMNS = ("win_rate", "win_low", "win_high", "mean_rank", "elo", "elo_low", "elo_high")


def duels_of(scores: Wide, pool: Sequence[str], reference: str, draws: np.ndarray | None) -> dict[str, np.ndarray]:
    """Return the columns of a board that come of duels.

    Parameters
    ----------
    scores : Wide
        The pool's among them.
    pool : sequence of str
        Opponents; those without scores are left out.
    reference : str
        Who is rated 1000; without it nobody is rated.
    draws : ndarray, shape (n_resamples, n_clusters), optional
        How often each cluster is drawn; without it there are no intervals.
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


def not_played(n: int) -> dict[str, np.ndarray]:
    """Return the columns of `duels_of` for `n` predictors without a duel."""
    return dict.fromkeys(_COLUMNS, np.full(n, np.nan))


def _comparable(scores: Wide) -> pd.DataFrame:
    """Return errors, infinite where every fold failed: failing loses to any prediction."""
    return pd.DataFrame(np.where(scores.failed, np.inf, scores["error"]), index=scores.predictors, columns=scores.tasks)


def _member(scores: Wide) -> np.ndarray:
    """Return the weight of each task at the place of its cluster, shape (n_tasks, n_clusters)."""
    _, of_task = np.unique(scores.clusters.astype(str), return_inverse=True)
    member = np.zeros((len(scores.tasks), scores.n_clusters))
    member[np.arange(len(scores.tasks)), of_task] = scores.weight
    return member


def _spread(name: str, resampled: np.ndarray, known: np.ndarray) -> dict[str, np.ndarray]:
    low, high = np.full((2, len(known)), np.nan)
    if known.any():
        low[known], high[known] = np.nanpercentile(resampled[:, known], INTERVAL, axis=0)
    return {f"{name}_low": low, f"{name}_high": high}


def _mean_rank(games: Games, weight: np.ndarray) -> np.ndarray:
    """Return the mean place among the pool, 1 (beats all) to its size + 1; opponents that did not enter are passed over."""
    met = games.met.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        place = 1.0 + len(games.opponents) * (1.0 - games.won.sum(axis=1) / met)
        known = np.where(met > 0, weight, 0.0)
        mean: np.ndarray = (np.nan_to_num(place) * known).sum(axis=1) / known.sum(axis=1)
    return mean
