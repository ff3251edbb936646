"""What the rounding of another processor does to numbers, imitated: their last bits are changed."""

from __future__ import annotations

import numpy as np

__all__ = ["REFITS", "jittered"]

REFITS = 5
_JITTER = 1e-15


def jittered(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return numbers multiplied by 1 + 1e-15 u, with u in {-1, 0, 1}; equal ones stay equal, and none leaves their range."""
    distinct, place = np.unique(values, return_inverse=True)
    moved = distinct * (1.0 + _JITTER * rng.integers(-1, 2, len(distinct)))
    kept: np.ndarray = np.clip(moved, np.nanmin(distinct), np.nanmax(distinct))[place]
    return kept
