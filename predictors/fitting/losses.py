"""Robust losses of a residual: value, influence and the weight that makes least squares follow it.

The Huber loss is r^2/2 up to delta and delta (|r| - delta/2) beyond; soft-l1 is its smooth
relative delta^2 (sqrt(1 + (r/delta)^2) - 1); l1 is Huber with a vanishing delta.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

__all__ = ["LOSSES", "Loss", "Space", "influence", "objective", "weight"]

Loss = Literal["huber", "soft-l1", "l1", "l2"]
Space = Literal["log", "linear"]
LOSSES: tuple[Loss, ...] = ("huber", "soft-l1", "l1", "l2")


def objective(loss: Loss, r: np.ndarray, delta: float) -> np.ndarray:
    """Return the loss of each residual."""
    if loss == "l2":
        squares: np.ndarray = 0.5 * r * r
        return squares
    if loss == "soft-l1":
        return delta * delta * (np.sqrt(1.0 + (r / delta) ** 2) - 1.0)
    size = np.abs(r)
    value: np.ndarray = np.where(size <= delta, 0.5 * r * r, delta * (size - 0.5 * delta))
    return value


def weight(loss: Loss, r: np.ndarray, delta: float) -> np.ndarray:
    """Return influence / r."""
    if loss == "l2":
        return np.ones_like(r)
    if loss == "soft-l1":
        return 1.0 / np.sqrt(1.0 + (r / delta) ** 2)
    value: np.ndarray = delta / np.maximum(np.abs(r), delta)
    return value


def influence(loss: Loss, r: np.ndarray, delta: float) -> np.ndarray:
    """Return the derivative of the loss by the residual."""
    slope: np.ndarray = r * weight(loss, r, delta)
    return slope
