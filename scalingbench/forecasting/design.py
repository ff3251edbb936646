"""Which run to make next: the one that takes most of the uncertainty at the target for what it costs.

The loss at a point is taken to be a law whose constants are known as far as resamples of the runs tell, plus a smooth
departure from it, plus noise. All three are normal on the scale of the errors, so what a run would tell about the target
follows from where it is, before it is made.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scalingbench.common.errors import InputError
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.registry import make

__all__ = ["LAW", "Belief", "believe", "choose"]

LAW = "chinchilla[huber-log]"
_DRAWS = 80
_LENGTH = np.log(10.0)
"""How far a departure from the law reaches along each axis, in its logarithm."""
_LEAST_DEPARTURE, _LEAST_NOISE = 0.03, 0.002
_OUTLYING = 4.0
_EAGERNESS = (0.0, 0.5, 1.0)
"""Powers of the cost by which what a run tells is divided, each tried on the whole budget."""
_LEAST_TOLD = 0.002
"""Share of the variance at the target below which the best run left is not worth making."""


@dataclass(frozen=True)
class Belief:
    """What is known of points before they are run.

    Attributes
    ----------
    covariance : ndarray, shape (n + 1, n + 1)
        Of candidates and, last, the target, given the runs so far; on the scale of the errors.
    noise : float
        Standard deviation of a run's value around its expectation.
    """

    covariance: np.ndarray
    noise: float

    @property
    def target_sd(self) -> float:
        """Standard deviation of the expected value at the target."""
        return float(np.sqrt(max(self.covariance[-1, -1], 0.0)))

    def told(self) -> np.ndarray:
        """Return by how much each candidate would reduce the variance at the target, shape (n,)."""
        shared, own = self.covariance[:-1, -1], np.diag(self.covariance)[:-1]
        return np.asarray(shared**2 / (own + self.noise**2), float)

    def after(self, i: int) -> Belief:
        """Return what will be known when candidate `i` has been run."""
        column = self.covariance[:, i]
        return Belief(self.covariance - np.outer(column, column) / (column[i] + self.noise**2), self.noise)


def believe(X: pd.DataFrame, y: np.ndarray, candidates: pd.DataFrame, target: pd.DataFrame, law_name: str = LAW) -> Belief:
    """Return what the runs so far tell of candidates and target.

    Parameters
    ----------
    X : DataFrame, shape (n, 2)
        params and tokens of the runs.
    y : ndarray, shape (n,)
        Their values, positive.
    candidates, target : DataFrame
        params and tokens of what could be run and, one row, of what is to be predicted.
    law_name : str
        A law of params and tokens.
    """
    points = pd.concat([candidates, target], ignore_index=True)[list(X.columns)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        law = make(law_name)
        if not isinstance(law, ParametricLaw):
            raise InputError(f"{law_name} has no constants to be uncertain of; name a law of params and tokens")
        law.fit(X, y)
        constants = law.bootstrap(_DRAWS)
        names = [str(name) for name in constants.columns]
        drawn = np.stack([law.at(points, dict(zip(names, row, strict=True))) for row in constants.to_numpy()])
        residual = np.log(y) - np.log(np.maximum(law.predict(X), 1e-300))
    spread = float(np.sqrt(np.sum(residual**2) / max(1, len(y) - len(names))))
    noise, departure = max(_LEAST_NOISE, 0.5 * spread), max(_LEAST_DEPARTURE, spread)
    covariance = _robust_covariance(np.log(np.clip(drawn, 1e-6, 1e6))) + _departures(X, points, departure, noise)
    return Belief(covariance, noise)


def _robust_covariance(draws: np.ndarray) -> np.ndarray:
    """Return the covariance of draws, shape (n, n); those far from the middle are pulled in, because few rows give wild refits."""
    middle = np.median(draws, axis=0)
    scale = 1.4826 * np.median(np.abs(draws - middle), axis=0) + 1e-9
    kept = np.clip(draws - middle, -_OUTLYING * scale, _OUTLYING * scale)
    return np.atleast_2d(np.cov(kept, rowvar=False, bias=True))


def _departures(X: pd.DataFrame, points: pd.DataFrame, departure: float, noise: float) -> np.ndarray:
    """Return the covariance of what departs from the law at the points, given that it was seen at the runs."""
    seen, asked = np.log(X.to_numpy(float)), np.log(points.to_numpy(float))

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray(departure**2 * np.exp(-0.5 * np.sum((a[:, None] - b[None]) ** 2, axis=2) / _LENGTH**2), float)

    cross = kernel(seen, asked)
    known = kernel(seen, seen) + noise**2 * np.eye(len(seen))
    return np.asarray(kernel(asked, asked) - cross.T @ np.linalg.solve(known, cross), float)


def choose(belief: Belief, cost: np.ndarray, budget: float, most: int) -> tuple[list[int], Belief]:
    """Choose candidates that fit in a budget.

    They are taken one by one, by what each would tell per cost to a power; of the powers tried, the one that leaves least
    uncertainty at the target is kept.

    Parameters
    ----------
    belief : Belief
        What is known.
    cost : ndarray, shape (n,)
        Of each candidate.
    budget : float
        Of all that are chosen.
    most : int
        How many may be chosen.

    Returns
    -------
    list of int, Belief
        The candidates in the order in which they were taken, and what will be known then.
    """
    tried = [_greedy(belief, cost, budget, most, power) for power in _EAGERNESS]
    return min(tried, key=lambda found: found[1].target_sd)


def _greedy(belief: Belief, cost: np.ndarray, budget: float, most: int, power: float) -> tuple[list[int], Belief]:
    taken: list[int] = []
    left = budget
    while len(taken) < most:
        worth = np.where(cost <= left, belief.told() / cost**power, -1.0)
        worth[taken] = -1.0
        best = int(worth.argmax())
        if worth[best] <= 0 or belief.told()[best] < _LEAST_TOLD * belief.covariance[-1, -1]:
            break
        taken.append(best)
        left -= float(cost[best])
        belief = belief.after(best)
    return taken, belief
