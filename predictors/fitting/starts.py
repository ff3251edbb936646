"""Starting points: nonlinear constants are drawn, linear ones are solved for."""

from __future__ import annotations

import itertools

import numpy as np

from scalingbench.predictors.fitting.problem import Problem
from scalingbench.predictors.parameters import Parameter

__all__ = ["draw_starts", "start_ranges"]

_RANGES = {"exponent": (0.05, 1.5), "amplitude": (0.03, 10.0), "positive": (0.1, 10.0), "real": (-1.0, 1.0)}
_SMALL = 1e-4  # share of the response for a linear term with best factor 0


def draw_starts(problem: Problem, n_starts: int, rng: np.random.Generator, weights: np.ndarray) -> np.ndarray:
    """Draw starting coordinates.

    Parameters
    ----------
    problem : Problem
        Normalised data and law.
    n_starts : int
        Number of starts, S.
    rng : Generator
        Source of the draws.
    weights : ndarray, shape (n,)
        Weights of the rows.

    Returns
    -------
    ndarray, shape (S, P)
    """
    uniform = rng.random((n_starts, len(problem.parameters)))
    theta = np.stack([_draw(p, problem, uniform[:, i]) for i, p in enumerate(problem.parameters)], axis=1)
    linear = [i for i, p in enumerate(problem.parameters) if p.linear]
    if linear:
        _solve_linear(problem, theta, linear, weights)
    return problem.u(theta)


def start_ranges(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper limits of the starts, each of shape (P,)."""
    ends = problem.u(np.stack([_draw(p, problem, np.array([0.0, 1.0])) for p in problem.parameters], axis=1))
    return ends[0], ends[1]


def _draw(parameter: Parameter, problem: Problem, uniform: np.ndarray) -> np.ndarray:
    if parameter.role == "irreducible":
        shares: np.ndarray = uniform * 0.95 * problem.y.min()
        return shares
    low, high = parameter.start or _default_range(parameter, problem)
    low, high = max(low, parameter.low), min(high, parameter.high)
    if parameter.positive:
        drawn: np.ndarray = np.exp(np.log(low) + uniform * (np.log(high) - np.log(low)))
        return drawn
    return low + uniform * (high - low)


def _default_range(parameter: Parameter, problem: Problem) -> tuple[float, float]:
    if parameter.role != "location":
        return _RANGES[parameter.role]
    names = [name for name in problem.scales if name != "y"]
    x = next((problem.inputs[names.index(key)] for key in parameter.scale if key in names), problem.inputs[0])
    positive = x[x > 0]
    return (float(positive.min()) / 3.0, float(positive.max()) * 3.0) if positive.size else (0.1, 10.0)


def _solve_linear(problem: Problem, theta: np.ndarray, linear: list[int], weights: np.ndarray) -> None:
    """Replace the linear constants by the best ones >= 0 of a relative least-squares fit, in place."""
    columns = []
    for i in linear:
        unit = theta.copy()
        unit[:, linear] = 0.0
        unit[:, i] = 1.0
        columns.append(np.nan_to_num(problem.values(unit), nan=0.0, posinf=0.0, neginf=0.0))
    design = np.stack(columns, axis=2)
    relative = np.sqrt(weights) / (problem.y if problem.space == "log" else 1.0)
    solution = _nonnegative(design * relative[:, None], problem.y * relative, [problem.parameters[i].low >= 0 for i in linear])
    size = np.maximum(np.abs(design).mean(axis=1), 1e-300)
    for k, i in enumerate(linear):
        least = _SMALL / size[:, k] if problem.parameters[i].positive else 0.0
        bounded = problem.parameters[i].low >= 0
        theta[:, i] = np.maximum(solution[:, k], least) if bounded else solution[:, k]


def _nonnegative(design: np.ndarray, y: np.ndarray, bounded: list[bool]) -> np.ndarray:
    """Solve small least-squares problems with some coefficients >= 0, by trying every active set.

    Parameters
    ----------
    design : ndarray, shape (S, n, k)
    y : ndarray, shape (n,)
    bounded : list of bool
        Which of the k coefficients must not be negative.
    """
    n_starts, _, k = design.shape
    gram = np.swapaxes(design, 1, 2) @ design
    gram[:, np.arange(k), np.arange(k)] *= 1.0 + 1e-10
    moment = np.swapaxes(design, 1, 2) @ y
    best, best_gain = np.zeros((n_starts, k)), np.full(n_starts, -np.inf)
    for size in range(1, k + 1):
        for active in itertools.combinations(range(k), size):
            a = list(active)
            sub = gram[:, a][:, :, a] + 1e-30 * np.eye(size)
            x = np.linalg.solve(sub, moment[:, a, None])[..., 0]
            gain = np.einsum("sk,sk->s", x, moment[:, a])
            allowed = np.all((x >= 0) | ~np.array([bounded[i] for i in a]), axis=1) & np.isfinite(gain)
            better = allowed & (gain > best_gain)
            best[better] = 0.0
            best[np.ix_(better, a)] = x[better]
            best_gain[better] = gain[better]
    return best
