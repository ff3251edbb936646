"""Simulate the rounding of another processor: change the last bits of numbers."""

from __future__ import annotations

import numpy as np

__all__ = ["REFITS", "jittered"]

REFITS = 5
_JITTER = 1e-15


def jittered(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return numbers multiplied by 1 + 1e-15 u, with u in {-1, 0, 1}; equal numbers stay equal, and none leaves the range of the input."""
    distinct, place = np.unique(values, return_inverse=True)
    moved = distinct * (1.0 + _JITTER * rng.integers(-1, 2, len(distinct)))
    kept: np.ndarray = np.clip(moved, np.nanmin(distinct), np.nanmax(distinct))[place]
    return kept
