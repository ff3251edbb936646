"""The best size by isoFLOP curves: a polynomial in log params for each budget of compute, and a line through the vertices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from scalingbench.common.defaults import ENDS
from scalingbench.forecasting.numbers import as_range, as_size

__all__ = ["IsoFlop", "isoflop_optima"]

_DEGREES = {2: "parabola", 3: "cubic"}
_SAME_BUDGET = 0.1  # in the logarithm of the compute
_FEWEST_BUDGETS = 3
_SPARE = 2
"""Sizes of a budget beyond the degree of its polynomial."""
_DRAWS = 400
_GRID = 201


@dataclass(frozen=True)
class IsoFlop:
    """The best size at a budget by isoFLOP curves.

    Attributes
    ----------
    name : str
        ``parabola`` or ``cubic``.
    params, low, high : float
        Best size and 80 % interval: of resampled residuals, or of the scatter of the vertices around their line, the wider.
    budgets : int
        Budgets with a vertex among their sizes.
    """

    name: str
    params: float
    low: float
    high: float
    budgets: int

    def __str__(self) -> str:
        return f"{self.name} {as_size(self.params)} [{as_range((self.low, self.high))}] of {self.budgets} budgets"


def isoflop_optima(params: np.ndarray, tokens: np.ndarray, loss: np.ndarray, product: float) -> tuple[IsoFlop, ...]:
    """Return the best size by parabolas and by cubics; empty where the runs are no isoFLOP curves.

    Parameters
    ----------
    params, tokens, loss : ndarray, shape (n,)
        Of the runs; lower is better.
    product : float
        params x tokens of the budget.
    """
    cost, size = np.log(params * tokens), np.log(params)
    found = (_of_degree(degree, size, cost, loss, float(np.log(product))) for degree in _DEGREES)
    return tuple(one for one in found if one is not None)


def _of_degree(degree: int, size: np.ndarray, cost: np.ndarray, loss: np.ndarray, at: float) -> IsoFlop | None:
    fits = [
        (float(np.mean(cost[rows])), _vertices(degree, size[rows], loss[rows], seed))
        for seed, rows in enumerate(_budgets(size, cost, degree))
    ]
    kept = [(c, v) for c, v in fits if np.isfinite(v[0])]
    if len(kept) < _FEWEST_BUDGETS:
        return None
    x = np.array([c for c, _ in kept])
    design = np.stack([np.ones_like(x), x - at], axis=1)
    hat = np.linalg.pinv(design)
    drawn = np.stack([v for _, v in kept])
    line = hat @ drawn[:, 0]
    spread = drawn[:, 0] - design @ line
    freedom = len(x) - 2
    scatter = float(np.sqrt(spread @ spread / freedom * (hat @ hat.T)[0, 0]) * stdtrit(freedom, ENDS[1]))
    resampled = (hat @ drawn[:, 1:])[0]
    low, high = np.quantile(resampled - np.median(resampled), ENDS)
    ends = np.exp([line[0] + min(low, -scatter), line[0], line[0] + max(high, scatter)])
    return IsoFlop(_DEGREES[degree], float(ends[1]), float(ends[0]), float(ends[2]), len(x))


def _budgets(size: np.ndarray, cost: np.ndarray, degree: int) -> Iterator[np.ndarray]:
    """Yield the rows of each budget with enough sizes."""
    order = np.argsort(cost, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(cost[order]) > _SAME_BUDGET) + 1):
        if len(np.unique(size[rows].round(3))) >= degree + _SPARE:
            yield rows


def _vertices(degree: int, size: np.ndarray, loss: np.ndarray, seed: int) -> np.ndarray:
    """Return the sizes of least loss of the fit and of fits to resampled residuals, shape (1 + draws,); NaN where it is at an end."""
    middle = size.mean()
    design = np.vander(size - middle, degree + 1)
    hat = np.linalg.pinv(design)
    fitted = design @ (hat @ loss)
    residual = (loss - fitted) * np.sqrt(len(loss) / max(1, len(loss) - degree - 1))
    noise = np.random.default_rng(seed).choice(residual, (_DRAWS, len(loss)))
    grid = np.linspace(size.min() - middle, size.max() - middle, _GRID)
    curves = np.concatenate([loss[None], fitted + noise]) @ hat.T @ np.vander(grid, degree + 1).T
    best = curves.argmin(axis=1)
    found = grid[best] + middle
    return found if 0 < best[0] < _GRID - 1 else np.full(_DRAWS + 1, np.nan)
