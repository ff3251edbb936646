"""The shared fit: draw starts, descend with a shrinking robust scale, drop the dominated, polish the best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from predictors.fitting.descent import gradient, hessian, levenberg_marquardt, newton, objectives
from predictors.fitting.losses import influence
from predictors.fitting.problem import Problem
from predictors.fitting.starts import draw_starts

__all__ = ["DEFAULT_STARTS", "FitResult", "Status", "fit", "refit"]

Status = Literal["converged", "at-bound", "max-iterations", "degenerate"]

DEFAULT_STARTS = 64
_AGREE = 1e-6  # relative: two optima closer than this are the same
_FINALISTS = 4
_POLISH = 60


class _Effort(NamedTuple):
    """How hard one pass tries."""

    share: float
    """Share of the starts that it draws."""
    stages: tuple[tuple[float, int], ...]
    """Multiples of delta, and iterations at each; a quarter of the starts survives a stage."""
    final: int
    """Iterations of the survivors at delta itself."""


# A quick pass answers easy problems. Where its finalists disagree, the problem is hard, and a thorough one follows.
_EFFORTS = (_Effort(0.25, ((10.0, 6), (3.0, 5)), 12), _Effort(1.0, ((10.0, 10), (3.0, 10)), 60))
_KEEP = 0.25
_FEWEST = 6


@dataclass(frozen=True)
class FitResult:
    """Where a fit ended and what it is worth.

    Attributes
    ----------
    u : ndarray, shape (P,)
        Coordinates of the optimum.
    params : ndarray, shape (P,)
        Constants in the units of the data.
    objective : float
        Sum of the losses, in the units of the data.
    status : Status
        ``degenerate`` where there are no more rows than constants.
    gradient_norm : float
        Largest component of the gradient on free coordinates, relative to the objective.
    at_bound : ndarray of bool, shape (P,)
        Constants at a bound.
    covariance : ndarray, shape (P, P)
        Sandwich estimate in the units of the data; NaN for what the data don't identify.
    condition : float
        Condition number of the scaled curvature.
    unidentified : ndarray of bool, shape (P,)
        Constants that the data leave open.
    n_starts : int
        Starts drawn.
    n_agree : int
        Of the `n_final` finalists that were polished, how many reached this optimum.
    """

    u: np.ndarray
    params: np.ndarray
    objective: float
    status: Status
    gradient_norm: float
    at_bound: np.ndarray
    covariance: np.ndarray
    condition: float
    unidentified: np.ndarray
    n_starts: int
    n_agree: int
    n_final: int


def fit(problem: Problem, *, weights: np.ndarray | None = None, n_starts: int = DEFAULT_STARTS, random_state: int = 0) -> FitResult:
    """Find the best constants.

    Parameters
    ----------
    problem : Problem
        Normalised data and law.
    weights : ndarray, shape (n,), optional
        Weights of the rows; 1 by default.
    n_starts : int
        Starting points.
    random_state : int
        Seed of the starts; the same seed gives the same fit.

    Returns
    -------
    FitResult
    """
    w = np.ones((1, len(problem.y))) if weights is None else np.asarray(weights, float)[None, :]
    rng = np.random.default_rng(random_state)
    drawn, found = 0, None
    for effort in _EFFORTS:
        n = max(_FINALISTS, round(effort.share * n_starts))
        drawn += n
        found = _search(problem, w, draw_starts(problem, n, rng, w[0]), effort, found)
        if found.agree == len(found.values):
            break
    assert found is not None
    return _diagnose(problem, found.u[0], w, found.settled, drawn, found.agree, len(found.values))


class _Found(NamedTuple):
    u: np.ndarray
    """Finalists, best first."""
    values: np.ndarray
    settled: bool
    agree: int


def _search(problem: Problem, w: np.ndarray, u: np.ndarray, effort: _Effort, before: _Found | None) -> _Found:
    """Descend from starts, and from the best that an earlier pass found."""
    delta = problem.smoothing
    for multiple, iterations in effort.stages:
        descent = levenberg_marquardt(problem, u, w, delta * (1.0 if problem.loss == "l2" else multiple), iterations)
        u = _best(descent.u, descent.value, max(_FEWEST, round(_KEEP * len(u))))
    final = levenberg_marquardt(problem, u, w, delta, effort.final)
    u = _best(final.u, final.value, _FINALISTS)
    if before is not None:
        u = np.concatenate([u, before.u[:1]])
    polished = newton(problem, u, w, delta, _POLISH)
    order = np.argsort(polished.value, kind="stable")
    values = polished.value[order]
    agree = int((values <= values[0] * (1.0 + _AGREE) + 1e-300).sum())
    return _Found(polished.u[order], values, bool(polished.settled[order[0]]), agree)


def refit(problem: Problem, u: np.ndarray, weights: np.ndarray, *, iterations: int = 40, polish: int = 4) -> np.ndarray:
    """Fit many reweighted copies of one data set at once, each from the same few starts.

    Parameters
    ----------
    problem : Problem
        Normalised data and law.
    u : ndarray, shape (K, P)
        Starts: the optimum of the whole, and others that came near.
    weights : ndarray, shape (B, n)
        One row per copy: bootstrap counts, or zeros for rows left out.

    Returns
    -------
    ndarray, shape (B, P)
        Coordinates of the best optimum of each copy.
    """
    k, n_copies = len(u), len(weights)
    delta = problem.smoothing
    starts, own = np.tile(u, (n_copies, 1)), np.repeat(weights, k, axis=0)
    descent = levenberg_marquardt(problem, starts, own, delta, iterations)
    best = descent.value.reshape(n_copies, k).argmin(axis=1) + k * np.arange(n_copies)
    return newton(problem, descent.u[best], weights, delta, polish).u if polish else descent.u[best]


def _best(u: np.ndarray, values: np.ndarray, keep: int) -> np.ndarray:
    return u[np.argsort(values, kind="stable")[:keep]]


def _diagnose(problem: Problem, u: np.ndarray, weights: np.ndarray, settled: bool, n_starts: int, agree: int, n_final: int) -> FitResult:
    delta = problem.smoothing
    low, high = problem.bounds
    at_bound = (u <= low + 1e-9) | (u >= high - 1e-9)
    value = float(objectives(problem, u[None], weights, delta)[0])
    g = gradient(problem, u[None], weights, delta)[0]
    norm = float(np.abs(np.where(at_bound, 0.0, g)).max() / max(value, 1e-300))
    covariance, condition, unidentified = _uncertainty(problem, u, weights, ~at_bound)
    few = int((weights > 0).sum()) <= len(u)
    status: Status = "degenerate" if few else "max-iterations" if not settled else "at-bound" if at_bound.any() else "converged"
    unit = problem.scales["y"] ** 2 if problem.space == "linear" else 1.0
    return FitResult(u, problem.raw(u), value * unit, status, norm, at_bound, covariance, condition, unidentified, n_starts, agree, n_final)


def _uncertainty(problem: Problem, u: np.ndarray, weights: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """Return the sandwich covariance of the raw constants, the condition number and what is unidentified."""
    delta = problem.smoothing
    n = len(u)
    r, jacobian = problem.linearise(u[None])
    score = jacobian[0] * (weights[0] * influence(problem.loss, r[0], delta))
    h = hessian(problem, u[None], weights, delta)[0]
    size = np.sqrt(np.maximum(np.abs(np.diag(h)), 0.0))
    dead = ~free | (size <= 1e-9 * max(size.max(), 1e-300))
    live = np.flatnonzero(~dead)
    covariance, unidentified = np.full((n, n), np.nan), dead & free
    if not live.size:
        return covariance, float("inf"), unidentified
    scaled = h[np.ix_(live, live)] / np.outer(size[live], size[live])
    values, vectors = np.linalg.eigh(scaled)
    top = np.abs(values).max()
    flat = values <= 1e-10 * top
    condition = float("inf") if flat.any() else float(top / values.min())
    unidentified[live] = (np.abs(vectors[:, flat]) > 0.1).any(axis=1)
    inverse = (vectors[:, ~flat] / values[~flat]) @ vectors[:, ~flat].T / np.outer(size[live], size[live])
    spread = inverse @ (score[live] @ score[live].T) @ inverse
    turn = _raw_jacobian(problem, u)[:, live]
    covariance = turn @ spread @ turn.T
    lost = unidentified | (np.abs(turn).sum(axis=1) == 0)
    covariance[lost, :] = covariance[:, lost] = np.nan
    return covariance, condition, unidentified


def _raw_jacobian(problem: Problem, u: np.ndarray) -> np.ndarray:
    """Return the derivative of the raw constants by u, shape (P, P)."""
    step = 1e-6
    shift = step * np.eye(len(u))
    return ((problem.raw(u + shift) - problem.raw(u - shift)) / (2.0 * step)).T
