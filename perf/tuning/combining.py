"""Changes of the weights at a point, by which no single candidate carries the mean away."""

from __future__ import annotations

import numpy as np

__all__ = ["bounded", "core_weights", "shrunk", "trimmed"]


def trimmed(weight: np.ndarray, values: np.ndarray, share: float) -> np.ndarray:
    """Return the weights without `share` of the whole at the low and at the high end of the predictions, shape (k, n).

    A candidate of weight w <= `share` moves the mean by at most w / (1 - 2 `share`) times the range of the others, whatever it predicts.

    Parameters
    ----------
    weight, values : ndarray, shape (k, n)
        Weights, whose columns sum to 1, and predictions.
    share : float
        With 0 the mean stays as it is; towards .5 it tends to the weighted median.
    """
    order = np.argsort(values, axis=0, kind="stable")
    upper = np.cumsum(np.take_along_axis(weight, order, axis=0), axis=0)
    inside = np.diff(np.clip(upper, share, 1.0 - share), axis=0, prepend=share)
    found = np.empty_like(weight)
    np.put_along_axis(found, order, inside / (1.0 - 2.0 * share), axis=0)
    return found


def bounded(weight: np.ndarray, values: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Return weights with a mean in which no prediction counts as farther than `limit` from the middle half of the weight, shape (k, n).

    Parameters
    ----------
    weight, values : ndarray, shape (k, n)
        Weights, whose columns sum to 1, and predictions.
    limit : ndarray, shape (n,)
    """
    middle = trimmed(weight, values, 0.25)
    apart = np.abs(values - (middle * values).sum(axis=0))
    kept = weight * np.minimum(1.0, limit / np.maximum(apart, 1e-300))
    found: np.ndarray = kept + middle * (1.0 - kept.sum(axis=0))
    return found


def core_weights(members: np.ndarray) -> np.ndarray:
    """Return equal weights of the members of a core that are usable (a mask of shape (k, n)), zero where there are none; (k, n)."""
    found: np.ndarray = members / np.maximum(members.sum(axis=0), 1)
    return found


def shrunk(weight: np.ndarray, core: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return weights of which a share (shape (n,)) is that of a core, where the core has members; shape (k, n)."""
    share = np.where(core.sum(axis=0) > 0, share, 0.0)
    found: np.ndarray = (1.0 - share) * weight + share * core
    return found
