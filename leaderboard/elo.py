"""Duels against a frozen pool: win rate, mean rank and Bradley-Terry ratings that no other entry can move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["BASE", "Games", "play", "ratings"]

BASE = 1000.0
"""Elo of the reference."""
_ELO = 400.0 / np.log(10.0)
_TIE = 1e-9  # relative: errors closer than this are equal
_PRIOR = 0.5  # wins and losses added to every pair, so that one who always wins has a finite rating


@dataclass(frozen=True)
class Games:
    """Outcomes of every predictor against every member of the pool on every task.

    Attributes
    ----------
    predictors, opponents, tasks : Index
        What the axes are.
    won : ndarray, shape (n_predictors, n_opponents, n_tasks)
        1 won, 1/2 tied, 0 lost or not met.
    met : ndarray of bool, same shape
        Whether both entered; nobody meets itself.
    """

    predictors: pd.Index
    opponents: pd.Index
    tasks: pd.Index
    won: np.ndarray
    met: np.ndarray


def play(error: pd.DataFrame, pool: Sequence[str]) -> Games:
    """Compare errors.

    Parameters
    ----------
    error : DataFrame
        Predictors x tasks; infinite where a predictor failed, NaN where it did not enter.
    pool : sequence of str
        Opponents; those without errors are left out.
    """
    opponents = pd.Index([p for p in pool if p in error.index])
    ours = np.ascontiguousarray(error.to_numpy(float))[:, None, :]  # sums round by the order in memory: it is always the same
    theirs = np.ascontiguousarray(error.loc[opponents].to_numpy(float))[None, :, :]
    met = ~(np.isnan(ours) | np.isnan(theirs)) & (error.index.to_numpy()[:, None] != opponents.to_numpy()[None, :])[:, :, None]
    with np.errstate(invalid="ignore"):
        equal = (ours == theirs) | (np.isfinite(theirs) & (np.abs(ours - theirs) <= _TIE * np.abs(theirs)))
        won = np.where(met, np.where(equal, 0.5, (ours < theirs) * 1.0), 0.0)
    return Games(error.index, opponents, error.columns, won, met)


def ratings(won: np.ndarray, met: np.ndarray, members: np.ndarray, anchor: int) -> np.ndarray:
    """Return Elo ratings on the Bradley-Terry model (Bradley & Terry 1952).

    The pool is rated from its own duels; every other entrant against the pool's ratings, held fixed.

    Parameters
    ----------
    won, met : ndarray, shape (n_resamples, n_predictors, n_opponents)
        Weight of the tasks won and met.
    members : ndarray of int, shape (n_opponents,)
        Which predictor each opponent is.
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
    if won.shape[1] == 1:  # nobody to be measured against
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
