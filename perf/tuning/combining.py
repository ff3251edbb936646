"""Ways to combine the candidates' predictions at a point that no single candidate can carry away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["bounded_mean", "core_weights", "shrunk", "trimmed_mean"]


def trimmed_mean(weight: np.ndarray, values: np.ndarray, share: float) -> np.ndarray:
    """Return the mean of the weighted distribution of predictions without `share` of the weight at either end, shape (n,).

    A candidate of weight w <= `share` moves it by at most w / (1 - 2 `share`) times the range of the others, whatever it predicts.

    Parameters
    ----------
    weight, values : ndarray, shape (k, n)
        Weights, whose columns sum to 1, and predictions.
    share : float
        0 is the weighted mean; towards .5 it tends to the weighted median.
    """
    order = np.argsort(values, axis=0, kind="stable")
    sorted_weight = np.take_along_axis(weight, order, axis=0)
    upper = np.cumsum(sorted_weight, axis=0)
    inside = np.clip(np.minimum(upper, 1.0 - share) - np.maximum(upper - sorted_weight, share), 0.0, None)
    found: np.ndarray = (inside * np.take_along_axis(values, order, axis=0)).sum(axis=0) / inside.sum(axis=0)
    return found


def bounded_mean(weight: np.ndarray, values: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Return the mean of predictions that are drawn to within `limit` (shape (n,)) of the middle half of the weight, shape (n,)."""
    centre = trimmed_mean(weight, values, 0.25)
    found: np.ndarray = centre + (weight * np.clip(values - centre, -limit, limit)).sum(axis=0)
    return found


def core_weights(names: Sequence[str], usable: np.ndarray, core: frozenset[str]) -> np.ndarray:
    """Return equal weights of the usable members of a core, zero where none is usable, shape (k, n)."""
    members = usable & np.array([name in core for name in names])[:, None]
    found: np.ndarray = members / np.maximum(members.sum(axis=0), 1)
    return found


def shrunk(weight: np.ndarray, core: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return weights of which a share (shape (n,)) is that of a core, where the core has members; shape (k, n)."""
    share = np.where(core.sum(axis=0) > 0, share, 0.0)
    found: np.ndarray = (1.0 - share) * weight + share * core
    return found
