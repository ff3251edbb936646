"""Rules that choose runs from an offer, up to a budget.

Every rule keeps what was bought, never exceeds the budget and gives the same runs again for the same input. It reads inputs, costs and
the values of the runs that it bought.

`random`, `cheapest`
    The runs in a drawn order, or by cost; one that is too expensive for what is left is passed over.
`plan`
    The criterion of `scalingbench plan`: the runs that reduce the variance at the targets most, gain divided by the power of the cost that
    leaves the least. The first runs, and all where no law can be fitted, are chosen by a quadratic trend in the logarithms of the inputs
    with a smooth departure, which needs no values. What is left when no run promises a gain is spent at random.
`linearised`
    The benchmark's own method as far as its description is followed here: the cheapest runs first, 2.5 for every constant of the law and
    at most 2 % of the cost; then the largest reduction of the variance at the targets under the law alone, divided by cost^0.4, with a
    refit after every batch, and what is left by the same order. Of its mixture of fitted optima the draws of a bootstrap stand in; where
    there is no law, the trend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from perf.budgeted.pools import Offer
from scalingbench.common.errors import InputError
from scalingbench.forecasting.plan import COST_POWERS, Belief, believe, choose
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.registry import make

__all__ = ["Linearised", "Planned", "Random", "Rule", "cheapest", "fill", "trend"]

Measure = Callable[[list[int]], np.ndarray]
"""From runs that are bought to their values, shape (n, outputs)."""
Rule = Callable[[Offer, list[int], float, Measure], list[int]]
"""From an offer, what was bought, a budget for all of it, and the values of what is bought, to all that is bought then."""

BATCH, PER_BATCH = 4, 4
"""Fewest runs between two refits; and one in this many of those bought so far."""
OFFERED, AIMED = 400, 40
"""Largest number of candidates and of targets in one choice; more are thinned at random."""
NOISE, DEPARTURE = 0.03, 0.1
"""Of the trend, whose own coefficients have standard deviation 1 for inputs of standard deviation 1."""
INIT_SHARE, PER_CONSTANT, COST_POWER = 0.02, 2.5, 0.4
_ROUNDING = 1e-9


def spent(offer: Offer, taken: Sequence[int]) -> float:
    """Return the cost of runs."""
    return float(offer.cost[list(taken)].sum())


def fill(offer: Offer, order: Iterable[int], taken: Sequence[int], budget: float, most: float = np.inf) -> list[int]:
    """Buy runs in an order, passing over those that would exceed the budget, until there are `most`."""
    found, left = list(taken), _left(offer, taken, budget)
    for i in (int(i) for i in order):
        if len(found) < most and i not in taken and offer.cost[i] <= left:
            found.append(i)
            left -= float(offer.cost[i])
    return found


def cheapest(offer: Offer, taken: list[int], budget: float, measure: Measure) -> list[int]:
    """Buy the cheapest runs."""
    return fill(offer, np.argsort(offer.cost, kind="stable"), taken, budget)


@dataclass(frozen=True)
class Random:
    """Buy runs in a drawn order."""

    seed: int = 0

    def __call__(self, offer: Offer, taken: list[int], budget: float, measure: Measure) -> list[int]:
        return fill(offer, np.random.default_rng([self.seed, len(offer.cost)]).permutation(len(offer.cost)), taken, budget)


def trend(X: pd.DataFrame, candidates: pd.DataFrame, targets: pd.DataFrame, departure: float = DEPARTURE) -> Belief:
    """Return the uncertainty under a quadratic trend in the logarithms of the inputs (in the inputs where one is 0), which needs no values.

    Parameters
    ----------
    X, candidates, targets : DataFrame
        Inputs of the runs made so far, of the possible ones, and of those to predict.
    departure : float
        Standard deviation of a smooth departure from the trend.
    """
    points = _standardised(pd.concat([X, candidates, targets], ignore_index=True))
    seen, wanted = points[: len(X)], points[len(X) :]

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        distance = np.sum((a[:, None] - b[None]) ** 2, axis=2)
        return np.asarray((1.0 + a @ b.T) ** 2 + departure**2 * np.exp(-0.5 * distance), float)

    known, cross = kernel(seen, seen) + NOISE**2 * np.eye(len(seen)), kernel(seen, wanted)
    return Belief(kernel(wanted, wanted) - cross.T @ np.linalg.solve(known, cross), NOISE, len(targets))


def _standardised(X: pd.DataFrame) -> np.ndarray:
    values = X.to_numpy(float)
    values = np.log(values) if (values > 0).all() else values
    spread = values.std(axis=0)
    return np.asarray((values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


@dataclass(frozen=True)
class Planned:
    """Buy what reduces the uncertainty at the targets; `law` is the model where it can be fitted."""

    law: str
    departing = True

    def __call__(self, offer: Offer, taken: list[int], budget: float, measure: Measure) -> list[int]:
        found = self._greedily(offer, list(taken), budget, measure)
        return Random()(offer, found, budget, measure)

    def _greedily(
        self, offer: Offer, taken: list[int], budget: float, measure: Measure, powers: Sequence[float] = COST_POWERS
    ) -> list[int]:
        """Buy batch after batch until nothing is affordable or promises a gain."""
        rng = np.random.default_rng(len(offer.cost))
        targets = offer.targets.iloc[_thinned(rng, np.arange(len(offer.targets)), AIMED)]
        while len(able := _thinned(rng, _affordable(offer, taken, budget), OFFERED)):
            belief = self._belief(offer, taken, able, targets, measure(taken))
            new, _ = choose(belief, offer.cost[able], _left(offer, taken, budget), max(BATCH, len(taken) // PER_BATCH), powers)
            if not new:
                break
            taken = taken + [int(able[i]) for i in new]
        return taken

    def _belief(self, offer: Offer, taken: list[int], able: np.ndarray, targets: pd.DataFrame, y: np.ndarray) -> Belief:
        X, candidates = offer.X.iloc[taken].reset_index(drop=True), offer.X.iloc[able]
        if _can_be_fitted(make(self.law), y):
            try:
                return believe(X, y[:, 0], candidates, targets, self.law, departing=self.departing)
            except InputError:  # too few different values
                pass
        return trend(X, candidates, targets, DEPARTURE if self.departing else 0.0)


def _left(offer: Offer, taken: Sequence[int], budget: float) -> float:
    return budget * (1.0 + _ROUNDING) - spent(offer, taken)


def _affordable(offer: Offer, taken: Sequence[int], budget: float) -> np.ndarray:
    return np.setdiff1d(np.flatnonzero(offer.cost <= _left(offer, taken, budget)), np.array(taken, int))


def _can_be_fitted(law: object, y: np.ndarray) -> bool:
    """Return whether a law has constants, two fewer than values or less, and the values are positive and of one output."""
    return isinstance(law, ParametricLaw) and y.shape[1] == 1 and len(y) >= len(law.parameters) + 2 and bool((y > 0).all())


def _thinned(rng: np.random.Generator, items: np.ndarray, most: int) -> np.ndarray:
    return items if len(items) <= most else np.sort(rng.choice(items, most, replace=False))


@dataclass(frozen=True)
class Linearised(Planned):
    """Buy the cheapest runs, then by gain under the law alone over a power of the cost."""

    departing = False

    def __call__(self, offer: Offer, taken: list[int], budget: float, measure: Measure) -> list[int]:
        found = self._greedily(offer, list(taken) or self._first(offer, budget), budget, measure, (COST_POWER,))
        everything = np.arange(len(offer.cost))
        gain = self._belief(offer, found, everything, offer.targets, measure(found)).gain()
        return fill(offer, np.argsort(-gain / offer.cost**COST_POWER, kind="stable"), found, budget)

    def _first(self, offer: Offer, budget: float) -> list[int]:
        law = make(self.law)
        constants = len(law.parameters) if isinstance(law, ParametricLaw) else len(offer.X.columns) + 1
        allowed = min(budget, INIT_SHARE * float(offer.cost.sum()))
        return fill(offer, np.argsort(offer.cost, kind="stable"), [], allowed, np.floor(PER_CONSTANT * constants))
