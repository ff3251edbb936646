"""Intervals of a fitted law: uncertainty of its constants, and noise of its rows.

All work on the scale of the residuals (logarithms, or values), where noise is taken to be additive.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from scalingbench.predictors.fitting import Problem, refit

__all__ = ["bootstrap_quantiles", "delta_quantiles", "enlarged_residuals", "resample"]

Curve = Callable[[np.ndarray], np.ndarray]
"""Predictions on the scale of the residuals, shape (S, n), for coordinates of shape (S, P)."""


def resample(problem: Problem, u: np.ndarray, weights: np.ndarray, n_resamples: int, seed: int) -> np.ndarray:
    """Return the coordinates of refitted resamples of the training rows, shape (n_resamples, P)."""
    n = len(problem.y)
    counts = np.random.default_rng([seed, 0]).multinomial(n, np.full(n, 1.0 / n), size=n_resamples)
    return refit(problem, u[None, :], counts * weights)


def enlarged_residuals(problem: Problem, u: np.ndarray) -> np.ndarray:
    """Return measured minus fitted, shape (n,), enlarged for the degrees of freedom of the fit."""
    n = len(problem.y)
    unit = 1.0 if problem.space == "log" else problem.scales["y"]
    enlarged: np.ndarray = -unit * np.sqrt(n / max(1, n - len(u))) * problem.residuals(u[None, :])[0]
    return enlarged


def bootstrap_quantiles(curve: Curve, draws: np.ndarray, residuals: np.ndarray, levels: np.ndarray, seed: int) -> np.ndarray:
    """Return quantiles of refitted predictions plus resampled residuals, shape (n, len(levels))."""
    values = curve(draws)
    noise = np.random.default_rng([seed, 1]).choice(residuals, values.shape)
    found: np.ndarray = np.quantile(values + noise, levels, axis=0).T
    return found


def delta_quantiles(curve: Curve, u: np.ndarray, spread: np.ndarray, residuals: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return normal quantiles from the covariance of the coordinates, shape (n, len(levels))."""
    step = 1e-5 * np.eye(len(u))
    slope = (curve(u + step) - curve(u - step)) / 2e-5
    variance = np.einsum("pn,pq,qn->n", slope, spread, slope) + np.mean(residuals**2)
    found: np.ndarray = curve(u[None, :])[0][:, None] + np.sqrt(np.maximum(variance, 0.0))[:, None] * ndtri(levels)[None, :]
    return found
