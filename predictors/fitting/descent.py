"""Batched minimisation: Levenberg-Marquardt for all starts at once, Newton for the last digits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scalingbench.predictors.fitting.losses import influence, objective, weight
from scalingbench.predictors.fitting.problem import Problem

__all__ = ["Descent", "curvature", "levenberg_marquardt", "newton", "objectives"]

_CHUNK = 60_000  # elements of a residual matrix worked on at once: fits the cache


class Descent(NamedTuple):
    """Where each row ended."""

    u: np.ndarray
    """Coordinates, shape (S, P)."""
    value: np.ndarray
    """Objectives, shape (S,)."""
    settled: np.ndarray
    """Rows that stopped because nothing more was to be gained, shape (S,)."""


Which = np.ndarray | None
"""The data set of each row of u, shape (S,), where several are stacked."""


def objectives(problem: Problem, u: np.ndarray, weights: np.ndarray, delta: float, which: Which = None) -> np.ndarray:
    """Return the objective at each row of u, shape (S,)."""
    totals: np.ndarray = (weights * objective(problem.loss, problem.residuals(u, which), delta)).sum(axis=1)
    return totals


def _rows(which: Which, rows: np.ndarray | slice) -> Which:
    return None if which is None else which[rows]


def levenberg_marquardt(
    problem: Problem, u: np.ndarray, weights: np.ndarray, delta: float, iterations: int, which: Which = None, tolerance: float = 1e-9
) -> Descent:
    """Descend from each row of u, with the robust loss as iteratively reweighted least squares.

    Parameters
    ----------
    u : ndarray, shape (S, P)
        Starts, within the bounds.
    weights : ndarray, shape (S, n) or (1, n)
        Weights of the rows of data, for each start or for all.
    delta : float
        Scale of the robust loss.
    iterations : int
        At most this many.
    which : ndarray, shape (S,), optional
        The data set of each start, where several are stacked.
    tolerance : float
        A row is settled when a step gains less than this share of its objective.
    """
    chunk = max(1, _CHUNK // max(1, problem.y.shape[-1]))
    weights = np.broadcast_to(weights, (len(u), problem.y.shape[-1]))
    parts = []
    for start in range(0, len(u), chunk):
        rows = slice(start, start + chunk)
        parts.append(_descend(problem, u[rows], weights[rows], _rows(which, rows), delta, iterations, tolerance))
    return Descent(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _descend(
    problem: Problem, start: np.ndarray, weights: np.ndarray, which: Which, delta: float, iterations: int, tolerance: float
) -> Descent:
    low, high = problem.bounds
    n_rows = len(start)
    u, damping = start.copy(), np.full(n_rows, 1e-2)
    r, jacobian = problem.linearise(u, which)
    value = (weights * objective(problem.loss, r, delta)).sum(axis=1)
    settled, rows = np.zeros(n_rows, bool), np.arange(n_rows)
    for _ in range(iterations):
        own = weights[rows]
        step = _step(problem, u[rows], r, jacobian, own, damping[rows], delta)
        trial = np.clip(u[rows] + step, low, high)
        new_r, new_jacobian = problem.linearise(trial, _rows(which, rows))
        new_value = (own * objective(problem.loss, new_r, delta)).sum(axis=1)
        better = new_value < value[rows]
        gain = np.where(better, value[rows] - new_value, np.inf)
        small = (gain <= tolerance * value[rows]) | (~better & (np.abs(trial - u[rows]).max(axis=1) < 1e-10))
        damping[rows] = np.clip(damping[rows] * np.where(better, 0.2, 5.0), 1e-14, 1e12)
        u[rows[better]], value[rows[better]] = trial[better], new_value[better]
        if better.all():
            r, jacobian = new_r, new_jacobian
        else:
            r = np.where(better[:, None], new_r, r)
            jacobian = np.where(better[:, None, None], new_jacobian, jacobian)
        finished = small | (value[rows] <= 1e-28) | (damping[rows] >= 1e12)
        settled[rows[finished]] = True
        if finished.any():
            rows, r, jacobian = rows[~finished], r[~finished], jacobian[~finished]
        if not len(rows):
            break
    return Descent(u, value, settled)


def _step(
    problem: Problem, u: np.ndarray, r: np.ndarray, jacobian: np.ndarray, weights: np.ndarray, damping: np.ndarray, delta: float
) -> np.ndarray:
    w = weights * weight(problem.loss, r, delta)
    weighted = jacobian * w[:, None, :]
    g = (weighted @ r[:, :, None])[..., 0]
    normal = weighted @ np.swapaxes(jacobian, 1, 2)
    frozen = _frozen(problem, u, g)
    scale = np.diagonal(normal, axis1=1, axis2=2)
    ridge = damping[:, None] * scale + 1e-14 * scale.max(axis=1, keepdims=True) + 1e-300
    return _solve(normal, ridge, g, frozen)


def _frozen(problem: Problem, u: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Return which coordinates sit at a bound that the descent would cross."""
    low, high = problem.bounds
    return ((u <= low) & (g > 0)) | ((u >= high) & (g < 0))


def _solve(matrix: np.ndarray, ridge: np.ndarray, g: np.ndarray, frozen: np.ndarray) -> np.ndarray:
    """Return -(matrix + ridge)^-1 g on the free coordinates, no longer than a factor e^2 a step."""
    if frozen.any():
        free = ~frozen
        matrix = np.where(free[:, :, None] & free[:, None, :], matrix, 0.0)
        ridge, g = np.where(free, ridge, 1.0), np.where(free, g, 0.0)
    system = matrix + ridge[:, :, None] * np.eye(g.shape[1])
    try:
        step = np.linalg.solve(system, -g[:, :, None])[..., 0]
    except np.linalg.LinAlgError:
        step = np.stack([np.linalg.lstsq(a, -b, rcond=None)[0] for a, b in zip(system, g, strict=True)])
    if not np.isfinite(step.sum()):
        step = np.nan_to_num(step, nan=0.0, posinf=0.0, neginf=0.0)
    longest = np.abs(step).max(axis=1, keepdims=True)
    bounded: np.ndarray = step * np.minimum(1.0, 2.0 / np.maximum(longest, 1e-300))
    return bounded


def curvature(problem: Problem, u: np.ndarray, weights: np.ndarray, delta: float, which: Which = None) -> tuple[np.ndarray, np.ndarray]:
    """Return gradient (S, P) and Hessian (S, P, P) of the objective by u, the latter from central differences of the former.

    All points are evaluated in one call, because on small data the calls are what costs.
    """
    n_rows, n = u.shape
    step, at = 1e-5, np.arange(n)
    points = np.repeat(u[:, None, :], 2 * n + 1, axis=1)
    points[:, at, at] += step
    points[:, n + at, at] -= step
    own = weights if len(weights) == 1 else np.repeat(weights, 2 * n + 1, axis=0)
    whose = None if which is None else np.repeat(which, 2 * n + 1)
    r, jacobian = problem.linearise(points.reshape(-1, n), whose)
    g = (jacobian @ (own * influence(problem.loss, r, delta))[:, :, None])[..., 0].reshape(n_rows, 2 * n + 1, n)
    h = (g[:, :n] - g[:, n : 2 * n]) / (2.0 * step)
    return g[:, 2 * n], 0.5 * (h + np.swapaxes(h, 1, 2))


_SHORTER = np.array([1.0, 0.5, 0.2, 0.05, 0.005])


def newton(problem: Problem, u: np.ndarray, weights: np.ndarray, delta: float, iterations: int, which: Which = None) -> Descent:
    """Polish each row with Newton steps on the true Hessian, of the length among a few that helps most.

    Reweighting converges slowly where most residuals lie beyond delta; the Hessian of the robust
    loss itself gives the last digits in a few steps.
    """
    n = u.shape[1]
    chunk = max(1, 4 * _CHUNK // (2 * n * max(1, problem.y.shape[-1])))
    weights = np.broadcast_to(weights, (len(u), problem.y.shape[-1]))
    parts = []
    for start in range(0, len(u), chunk):
        rows = slice(start, start + chunk)
        parts.append(_polish(problem, u[rows], weights[rows], _rows(which, rows), delta, iterations))
    return Descent(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _polish(problem: Problem, u: np.ndarray, weights: np.ndarray, which: Which, delta: float, iterations: int) -> Descent:
    low, high = problem.bounds
    n_rows, n = u.shape
    u = u.copy()
    value = objectives(problem, u, weights, delta, which)
    settled, rows = np.zeros(n_rows, bool), np.arange(n_rows)
    for _ in range(iterations):
        own, whose = weights[rows], _rows(which, rows)
        g, h = curvature(problem, u[rows], own, delta, whose)
        step = _newton_step(problem, u[rows], g, h)
        trials = np.clip(u[rows][:, None, :] + _SHORTER[None, :, None] * step[:, None, :], low, high)
        k = len(_SHORTER)
        repeated = None if whose is None else np.repeat(whose, k)
        values = objectives(problem, trials.reshape(-1, n), np.repeat(own, k, axis=0), delta, repeated).reshape(len(rows), k)
        best = values.argmin(axis=1)
        new_value = values[np.arange(len(rows)), best]
        better = new_value < value[rows]
        gain = np.where(better, value[rows] - new_value, 0.0)
        # a full step that gains a ten-millionth is followed by one that gains its square
        small = gain <= np.where(best == 0, 1e-7, 1e-13) * value[rows]
        u[rows[better]] = trials[np.arange(len(rows)), best][better]
        value[rows[better]] = new_value[better]
        settled[rows[small]] = True
        rows = rows[~small]
        if not len(rows):
            break
    return Descent(u, value, settled)


def _newton_step(problem: Problem, u: np.ndarray, g: np.ndarray, h: np.ndarray) -> np.ndarray:
    free = ~_frozen(problem, u, g)
    h = np.where(free[:, :, None] & free[:, None, :], h, 0.0)
    size = np.sqrt(np.maximum(np.abs(np.diagonal(h, axis1=1, axis2=2)), 1e-300))
    size = np.where(size > 1e-12 * size.max(axis=1, keepdims=True), size, 1.0)
    scaled = np.nan_to_num(h / size[:, :, None] / size[:, None, :], nan=0.0, posinf=0.0, neginf=0.0)
    values, vectors = np.linalg.eigh(scaled)
    # a direction of negative curvature is followed downhill; a flat one is left alone
    values = np.maximum(np.abs(values), 1e-10 * np.abs(values).max(axis=1, keepdims=True) + 1e-300)
    along = (np.swapaxes(vectors, 1, 2) @ (np.where(free, g, 0.0) / size)[:, :, None])[..., 0]
    step = -(vectors @ (along / values)[:, :, None])[..., 0] / size
    step = np.where(free, np.nan_to_num(step, nan=0.0, posinf=0.0, neginf=0.0), 0.0)
    longest = np.abs(step).max(axis=1, keepdims=True)
    bounded: np.ndarray = step * np.minimum(1.0, 2.0 / np.maximum(longest, 1e-300))
    return bounded
