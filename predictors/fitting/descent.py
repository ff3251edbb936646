"""Batched minimisation: Levenberg-Marquardt from all starts at once, then Newton's method for the last digits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scalingbench.predictors.fitting.losses import influence, objective, weight
from scalingbench.predictors.fitting.problem import Problem

__all__ = ["Descent", "curvature", "levenberg_marquardt", "newton", "objectives"]

_CHUNK = 60_000  # elements of a residual matrix per call, so that it fits the cache


class Descent(NamedTuple):
    """The end point of each row."""

    u: np.ndarray
    """Coordinates, shape (S, P)."""
    value: np.ndarray
    """Objectives, shape (S,)."""
    converged: np.ndarray
    """Rows that converged, shape (S,)."""


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
        Largest number of iterations.
    which : ndarray, shape (S,), optional
        The data set of each start, where several are stacked.
    tolerance : float
        A row has converged when a step gains less than this share of its objective.
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
    converged, rows = np.zeros(n_rows, bool), np.arange(n_rows)
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
        converged[rows[finished]] = True
        if finished.any():
            rows, r, jacobian = rows[~finished], r[~finished], jacobian[~finished]
        if not len(rows):
            break
    return Descent(u, value, converged)


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
    """Return -(matrix + ridge)^-1 g on the free coordinates, limited to a factor e^2."""
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
    return _within(step)


def curvature(problem: Problem, u: np.ndarray, weights: np.ndarray, delta: float, which: Which = None) -> tuple[np.ndarray, np.ndarray]:
    """Return gradient (S, P) and Hessian (S, P, P) of the objective by u, the latter from central differences of the former.

    All points are evaluated in one call, because on small data the cost is in the calls.
    """
    n_rows, n = u.shape
    step, at = 1e-5, np.arange(n)
    points = np.repeat(u[:, None, :], 2 * n + 1, axis=1)
    points[:, at, at] += step
    points[:, n + at, at] -= step
    own = weights if len(weights) == 1 else np.repeat(weights, 2 * n + 1, axis=0)
    sets = None if which is None else np.repeat(which, 2 * n + 1)
    r, jacobian = problem.linearise(points.reshape(-1, n), sets)
    g = (jacobian @ (own * influence(problem.loss, r, delta))[:, :, None])[..., 0].reshape(n_rows, 2 * n + 1, n)
    h = (g[:, :n] - g[:, n : 2 * n]) / (2.0 * step)
    return g[:, 2 * n], 0.5 * (h + np.swapaxes(h, 1, 2))


_SHORTER = np.array([1.0, 0.5, 0.2, 0.05, 0.005])


def newton(problem: Problem, u: np.ndarray, weights: np.ndarray, delta: float, iterations: int, which: Which = None) -> Descent:
    """Polish each row with Newton steps on the true Hessian, with a line search over a few lengths.

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
    converged, rows = np.zeros(n_rows, bool), np.arange(n_rows)
    for _ in range(iterations):
        own, sets = weights[rows], _rows(which, rows)
        g, h = curvature(problem, u[rows], own, delta, sets)
        step = _newton_step(problem, u[rows], g, h)
        trials = np.clip(u[rows][:, None, :] + _SHORTER[None, :, None] * step[:, None, :], low, high)
        k = len(_SHORTER)
        repeated = None if sets is None else np.repeat(sets, k)
        values = objectives(problem, trials.reshape(-1, n), np.repeat(own, k, axis=0), delta, repeated).reshape(len(rows), k)
        best = values.argmin(axis=1)
        new_value = values[np.arange(len(rows)), best]
        better = new_value < value[rows]
        gain = np.where(better, value[rows] - new_value, 0.0)
        # a full step that gains a ten-millionth is followed by one that gains its square
        small = gain <= np.where(best == 0, 1e-7, 1e-13) * value[rows]
        u[rows[better]] = trials[np.arange(len(rows)), best][better]
        value[rows[better]] = new_value[better]
        converged[rows[small]] = True
        rows = rows[~small]
        if not len(rows):
            break
    return Descent(u, value, converged)


def _newton_step(problem: Problem, u: np.ndarray, g: np.ndarray, h: np.ndarray, damping: np.ndarray | float = 0.0) -> np.ndarray:
    """Return Newton steps, shape (S, P): a step that crosses a bound ends there, and the other coordinates adapt."""
    low, high = problem.bounds
    free, fixed = ~_frozen(problem, u, g), np.zeros_like(u)
    step = _within(fixed + _newton_solve(h, g, free, damping))
    while (crossed := free & ((u + step < low) | (u + step > high))).any():
        fixed = np.where(crossed, np.clip(u + step, low, high) - u, fixed)
        free &= ~crossed
        step = _within(fixed + _newton_solve(h, g + (h @ fixed[:, :, None])[..., 0], free, damping))
    return step


def _newton_solve(h: np.ndarray, g: np.ndarray, free: np.ndarray, damping: np.ndarray | float) -> np.ndarray:
    """Return -h^-1 g on the free coordinates, with the curvature of every direction taken as positive and `damping` added, shape (S, P)."""
    h = np.where(free[:, :, None] & free[:, None, :], h, 0.0)
    size = np.sqrt(np.maximum(np.abs(np.diagonal(h, axis1=1, axis2=2)), 1e-300))
    size = np.where(size > 1e-12 * size.max(axis=1, keepdims=True), size, 1.0)
    scaled = np.nan_to_num(h / size[:, :, None] / size[:, None, :], nan=0.0, posinf=0.0, neginf=0.0)
    values, vectors = np.linalg.eigh(scaled)
    # negative curvature is followed downhill; flat directions stay unchanged
    values, top = np.abs(values), np.abs(values).max(axis=1, keepdims=True)
    values = np.maximum(values, 1e-10 * top + 1e-300) + damping * top
    along = (np.swapaxes(vectors, 1, 2) @ (np.where(free, g, 0.0) / size)[:, :, None])[..., 0]
    step = -(vectors @ (along / values)[:, :, None])[..., 0] / size
    solved: np.ndarray = np.where(free, np.nan_to_num(step, nan=0.0, posinf=0.0, neginf=0.0), 0.0)
    return solved


def _within(step: np.ndarray) -> np.ndarray:
    """Return steps that are no longer than a factor e^2."""
    longest = np.abs(step).max(axis=1, keepdims=True)
    bounded: np.ndarray = step * np.minimum(1.0, 2.0 / np.maximum(longest, 1e-300))
    return bounded


class Refined(NamedTuple):
    """Optima, with gradients and Hessians; one row each."""

    u: np.ndarray
    """Coordinates, shape (S, P)."""
    value: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray
    converged: np.ndarray
    """Whether the last step moved no fitted value."""

    def row(self, k: int) -> Refined:
        """Return one optimum, without the axis of rows."""
        return Refined(*(column[k] for column in self))


_ROUNDING = 1e-13  # relative: smaller differences of objectives are rounding
_STILL = 1e-10  # in units of the response: iteration ends when no fitted value moves by more
_CLOSE = 1e-6  # and a smaller move needs no line search
_DAMPINGS = np.array([0.0, 1e-8, 1e-6, 1e-4, 1e-2, 1.0])
_LONGER = 4.0  # as a term tends to 0, Newton's steps in its logarithm have length 1
_PROBE = 0.1  # share of a step for the second difference of the residuals


def refine(problem: Problem, u: np.ndarray, weights: np.ndarray, delta: float, iterations: int, which: Which = None) -> Refined:
    """Take Newton steps from each optimum until its fitted values stop changing.

    The objective is flat at its optimum, so its last digit leaves half of the digits of the constants open, and more along a flat
    direction. A full step is taken if the objective rises by no more than rounding, else the best of several damped or longer steps.

    Parameters
    ----------
    u : ndarray, shape (S, P)
        End points of `newton`.
    weights : ndarray, shape (1, n) or (S, n)
        Weights of the rows.
    delta : float
        Scale of the robust loss.
    iterations : int
        Largest number of iterations.
    which : ndarray of int, shape (S,), optional
        The data set of each, where several are stacked.
    """
    chunk = max(1, 4 * _CHUNK // (2 * u.shape[1] * max(1, problem.y.shape[-1])))
    weights = np.broadcast_to(weights, (len(u), problem.y.shape[-1]))
    parts = [slice(start, start + chunk) for start in range(0, len(u), chunk)]
    done = [_refined(problem, u[rows], weights[rows], delta, iterations, _rows(which, rows)) for rows in parts]
    return Refined(*(np.concatenate(columns) for columns in zip(*done, strict=True)))


def _refined(problem: Problem, u: np.ndarray, weights: np.ndarray, delta: float, iterations: int, which: Which) -> Refined:
    u, rows = u.copy(), np.arange(len(u))
    r, value = _at(problem, u, weights, delta, which)
    gradient, hessian, still = np.zeros_like(u), np.zeros((*u.shape, u.shape[1])), np.zeros(len(u), bool)
    for _ in range(iterations):
        own, sets = weights[rows], _rows(which, rows)
        g, h = curvature(problem, u[rows], own, delta, sets)
        gradient[rows], hessian[rows] = g, h
        trials = np.clip(u[rows] + _newton_step(problem, u[rows], g, h), *problem.bounds)
        fitted, values = _at(problem, trials, own, delta, sets)
        moved = np.where(own > 0, np.abs(fitted - r[rows]), 0.0).max(axis=1)
        still[rows], limit = moved <= _STILL, value[rows] * (1.0 + _ROUNDING)
        search = np.flatnonzero((moved > _CLOSE) | ~(still[rows] | (values <= limit)))
        if len(search):
            at, sets = rows[search], _rows(which, rows[search])
            others = _others(problem, u[at], r[at], weights[at], delta, g[search], h[search], sets)
            ends = np.concatenate([trials[search][:, None], others], axis=1)
            trials[search], fitted[search], values[search] = _best_of(problem, ends, weights[at], delta, sets)
        down = values <= limit
        u[rows[down]], r[rows[down]], value[rows[down]] = trials[down], fitted[down], values[down]
        rows = rows[down & ~still[rows]]
        if not len(rows):
            break
    return Refined(u, value, gradient, hessian, still)


def _best_of(
    problem: Problem, ends: np.ndarray, weights: np.ndarray, delta: float, which: Which
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the best of K end points, shape (S, K, P), with residuals and objectives; the first where no other is clearly better."""
    n, k, parameters = ends.shape
    sets = None if which is None else np.repeat(which, k)
    fitted, values = _at(problem, ends.reshape(-1, parameters), np.repeat(weights, k, axis=0), delta, sets)
    fitted, values, rows = fitted.reshape(n, k, -1), values.reshape(n, k), np.arange(n)
    best = np.where(values[:, 0] <= values.min(axis=1) * (1.0 + _ROUNDING), 0, values.argmin(axis=1))
    return ends[rows, best], fitted[rows, best], values[rows, best]


def _at(problem: Problem, u: np.ndarray, weights: np.ndarray, delta: float, which: Which = None) -> tuple[np.ndarray, np.ndarray]:
    """Return residuals (S, n) and objectives (S,) at each row of u."""
    r = problem.residuals(u, which)
    return r, (weights * objective(problem.loss, r, delta)).sum(axis=1)


def _others(
    problem: Problem, u: np.ndarray, r: np.ndarray, weights: np.ndarray, delta: float, g: np.ndarray, h: np.ndarray, which: Which
) -> np.ndarray:
    """Return end points of damped Newton steps: straight, curved along the valley, and longer, for distant optima; shape (S, 3 K, P).

    The curvature term is the second derivative of the residuals along the step (geodesic acceleration, Transtrum and Sethna 2012,
    arXiv 1201.5885): without it, steps along a curved valley are short.
    """
    n, k = len(u), len(_DAMPINGS)
    at, slope, h = (np.repeat(a, k, axis=0) for a in (u, g, h))
    damping, sets = np.tile(_DAMPINGS, n)[:, None], None if which is None else np.repeat(which, k)
    step = _newton_step(problem, at, slope, h, damping)
    _, jacobian = problem.linearise(u, which)
    along = (step.reshape(n, k, -1) @ jacobian) * _PROBE
    bend = 2.0 * (problem.residuals(at + _PROBE * step, sets).reshape(n, k, -1) - r[:, None, :] - along) / _PROBE**2
    steepness = (influence(problem.loss, r + 1e-3 * delta, delta) - influence(problem.loss, r - 1e-3 * delta, delta)) / (2e-3 * delta)
    pull = ((weights * steepness)[:, None, :] * bend) @ np.swapaxes(jacobian, 1, 2)
    turn = 0.5 * _newton_solve(h, pull.reshape(n * k, -1), ~_frozen(problem, at, slope), damping)
    size, limit = (np.abs(a).max(axis=1, keepdims=True) for a in (turn, step))
    bent = step + turn * np.minimum(1.0, 0.75 * limit / np.maximum(size, 1e-300))
    ends = [np.clip(at + move, *problem.bounds).reshape(n, k, -1) for move in (step, bent, _LONGER * step)]
    found: np.ndarray = np.concatenate(ends, axis=1)
    return found
