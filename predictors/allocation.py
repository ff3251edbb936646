"""Compute-optimal allocation: how to split a budget between parameters and tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scalingbench.common.errors import PredictorError

__all__ = ["Allocation", "optimum", "tokens_left"]

_RANGE = (1e3, 1e16)  # of parameters
_POINTS = 1200


@dataclass(frozen=True)
class Allocation:
    """The best split of a budget.

    Attributes
    ----------
    flops, params, tokens, loss : float
        The compute budget, the optimal model and data sizes, and their predicted loss.
    params_interval, tokens_interval, loss_interval : tuple of float, optional
        From refitted resamples of the training rows, on request.
    level : float, optional
        Share of the resamples within the intervals.
    """

    flops: float
    params: float
    tokens: float
    loss: float
    params_interval: tuple[float, float] | None = None
    tokens_interval: tuple[float, float] | None = None
    loss_interval: tuple[float, float] | None = None
    level: float | None = None


def tokens_left(flops: float, params: np.ndarray, flops_per_token: float = 6.0, inference_tokens: float = 0.0) -> np.ndarray:
    """Return the training tokens that a budget leaves to models of given sizes.

    A training token costs 6 N FLOPs, an inference token 2 N: it has no backward pass.
    """
    return flops / flops_per_token / params - inference_tokens / 3.0


def optimum(
    losses: Callable[[np.ndarray, np.ndarray], np.ndarray],
    flops: float,
    flops_per_token: float,
    *,
    span: tuple[float, float] = _RANGE,
    points: int = _POINTS,
    inference_tokens: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Minimise loss over params at a budget.

    Parameters
    ----------
    losses : callable
        From params and tokens, each of shape (n,), to losses of shape (B, n): one row per set of constants.
    flops : float
        The budget C.
    flops_per_token : float
        C / (params x tokens), usually 6.
    span : tuple of float
        Range of params that is searched.
    points : int
        Number of grid points, even in log params; the optimum is the vertex of a parabola through three of them.
    inference_tokens : float
        Tokens that the trained model processes at inference, paid from the same budget.

    Returns
    -------
    params, loss : ndarray, shape (B,)
        NaN where a law has no optimum within the range searched.
    """
    if not (np.isfinite(flops) and flops > 0):
        raise PredictorError(f"flops: expected a positive number, got {flops!r}")
    grid = np.linspace(np.log(span[0]), np.log(span[1]), points)
    values = losses(np.exp(grid), tokens_left(flops, np.exp(grid), flops_per_token, inference_tokens))
    best = values.argmin(axis=1)
    inside = (best > 0) & (best < points - 1)
    at = np.clip(best, 1, points - 2)
    rows = np.arange(len(values))
    low, mid, high = values[rows, at - 1], values[rows, at], values[rows, at + 1]
    bend = low - 2.0 * mid + high  # vertex of the parabola through three neighbours
    shift = np.where(bend > 0, 0.5 * (low - high) / np.where(bend > 0, bend, 1.0), 0.0)
    found = grid[at] + shift * (grid[1] - grid[0])
    least = mid - 0.25 * (low - high) * shift
    return np.where(inside, np.exp(found), np.nan), np.where(inside, least, np.nan)
