"""The shared fit: draw starts, descend with a shrinking robust scale, keep the best, polish them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from scalingbench.predictors.fitting.descent import Descent, Refined, levenberg_marquardt, newton, refine
from scalingbench.predictors.fitting.losses import influence
from scalingbench.predictors.fitting.prior import nearest_to_the_starts
from scalingbench.predictors.fitting.problem import Problem, stack
from scalingbench.predictors.fitting.starts import draw_starts

__all__ = ["DEFAULT_STARTS", "FitResult", "Status", "fit", "fit_from", "fit_many", "refit"]

Status = Literal["converged", "at-bound", "max-iterations", "degenerate"]

DEFAULT_STARTS = 64
_AGREE = 1e-6  # relative: optima with closer objectives are the same
_SAME = 1e-8  # in units of the response: so are optima with closer residuals; it matters for data without noise
_NEAR = 1e-2  # relative: finalists with an objective farther above the best are dropped
_APART = 1e-4  # finalists with closer coordinates count as one
_REFINE_STEPS = 40
_FINALISTS = 4
_POLISH = 60


class _Effort(NamedTuple):
    """Effort of one pass."""

    share: float
    """Share of the starts that are drawn."""
    stages: tuple[tuple[float, int], ...]
    """Multiples of delta, and iterations at each; a quarter of the starts survives a stage."""
    final: int
    """Iterations of the survivors at delta itself."""


# A quick pass answers easy problems. Where its finalists disagree, the problem is hard, and a thorough one follows.
_EFFORTS = (_Effort(0.25, ((10.0, 5), (3.0, 3)), 5), _Effort(1.0, ((10.0, 10), (3.0, 10)), 60))
_GIVEN = _Effort(1.0, (), 40)
_KEEP = 0.25
_FEWEST = 6


@dataclass(frozen=True)
class FitResult:
    """The optimum of a fit, with diagnostics.

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
        Sandwich estimate in the units of the data; NaN for unidentified constants.
    spread : ndarray, shape (P, P)
        The same for the coordinates, 0 for constants at a bound or unidentified.
    condition : float
        Condition number of the scaled curvature.
    unidentified : ndarray of bool, shape (P,)
        Constants that the data do not identify.
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
    spread: np.ndarray
    condition: float
    unidentified: np.ndarray
    n_starts: int
    n_agree: int
    n_final: int


def fit(problem: Problem, *, weights: np.ndarray | None = None, n_starts: int = DEFAULT_STARTS, random_state: int = 0) -> FitResult:
    """Find the best constants for one data set.

    Parameters
    ----------
    problem : Problem
        Normalised data and law.
    weights : ndarray, shape (n,), optional
        Weights of the rows; 1 by default.
    n_starts : int
        Starting points of a thorough pass; a quick one takes a quarter of them.
    random_state : int
        Seed of the starts; the same seed gives the same fit.

    Returns
    -------
    FitResult
    """
    return fit_many([problem], weights=None if weights is None else [weights], n_starts=n_starts, random_state=random_state)[0]


def fit_many(
    problems: Sequence[Problem],
    *,
    weights: Sequence[np.ndarray] | None = None,
    n_starts: int = DEFAULT_STARTS,
    random_state: int = 0,
    hard: bool = False,
) -> list[FitResult]:
    """Find the best constants of one law for many data sets, of any lengths, in one descent.

    Parameters
    ----------
    problems : sequence of Problem
        Data sets of the same law and recipe.
    weights : sequence of ndarray, optional
        Weights of the rows of each.
    n_starts, random_state : int
        As in `fit`; every data set has the same stream of starts, whatever the others are.
    hard : bool
        Always make the thorough pass: for forms with local optima on which finalists may agree.
    """
    rows = [np.ones(len(p.y)) for p in problems] if weights is None else [np.asarray(w, float) for w in weights]
    found: dict[int, FitResult] = {}
    posed = [_pose(p, w) for p, w in zip(problems, rows, strict=True)]
    for few in (False, True):
        chosen = [k for k, p in enumerate(posed) if (p.solved is not p.problem) == few]
        found |= dict(zip(chosen, _fit_alike([posed[k] for k in chosen], n_starts, random_state, hard), strict=True))
    return [found[k] for k in range(len(problems))]


class _Posed(NamedTuple):
    """A data set and its problem, with a prior if it has fewer rows than constants."""

    problem: Problem
    weights: np.ndarray
    solved: Problem
    padded: np.ndarray


def _pose(problem: Problem, weights: np.ndarray) -> _Posed:
    few = int((weights > 0).sum()) < len(problem.parameters)
    return _Posed(problem, weights, *(nearest_to_the_starts(problem, weights) if few else (problem, weights)))


def _fit_alike(posed: list[_Posed], n_starts: int, random_state: int, hard: bool) -> list[FitResult]:
    """Fit data sets that all have a prior, or none."""
    rngs = [np.random.default_rng(random_state) for _ in posed]
    found: dict[int, _Found] = {}
    drawn = dict.fromkeys(range(len(posed)), 0)
    todo = sorted(drawn, key=lambda k: len(posed[k].weights))
    for effort in _EFFORTS:
        n = max(_FINALISTS, round(effort.share * n_starts))
        for group in _groups(todo, [len(p.weights) for p in posed]):
            u = np.stack([draw_starts(posed[k].problem, n, rngs[k], posed[k].weights) for k in group])
            before = [found[k].u[0] for k in group] if group[0] in found else None
            ends = _search([posed[k].solved for k in group], [posed[k].padded for k in group], u, effort, before)
            found |= dict(zip(group, ends, strict=True))
        drawn |= {k: drawn[k] + n for k in todo}
        todo = [k for k in todo if hard or found[k].agree < len(found[k].values)]
    return _diagnosed([p.solved for p in posed], found, [p.padded for p in posed], drawn, [p.weights for p in posed])


def fit_from(problems: Sequence[Problem], starts: Sequence[np.ndarray], weights: Sequence[np.ndarray]) -> list[FitResult]:
    """Find the best constants of one law for many data sets, from given starts: for fits that end near them.

    Parameters
    ----------
    problems : sequence of Problem
        Data sets of the same law and recipe.
    starts : sequence of ndarray, each of shape (S, P)
        Coordinates; as many for each data set.
    weights : sequence of ndarray
        Weights of the rows of each.
    """
    found: dict[int, _Found] = {}
    lengths = [len(p.y) for p in problems]
    for group in _groups(sorted(range(len(problems)), key=lengths.__getitem__), lengths):
        u = np.stack([np.clip(starts[k], *problems[k].bounds) for k in group])
        found |= dict(zip(group, _search([problems[k] for k in group], [weights[k] for k in group], u, _GIVEN, None), strict=True))
    return _diagnosed(problems, found, weights, dict(enumerate(map(len, starts))), weights)


def _groups(order: list[int], lengths: list[int]) -> Iterator[list[int]]:
    """Yield groups of data sets of similar length, which need little padding."""
    group: list[int] = []
    for k in order:
        if group and lengths[k] > 1.3 * lengths[group[0]] + 4:
            yield group
            group = []
        group.append(k)
    if group:
        yield group


class _Found(NamedTuple):
    u: np.ndarray
    """Finalists, best first."""
    values: np.ndarray
    converged: bool
    agree: int


def _search(
    problems: list[Problem], weights: list[np.ndarray], u: np.ndarray, effort: _Effort, before: list[np.ndarray] | None
) -> list[_Found]:
    """Descend from starts, shape (K, S, P), and from the finalists of an earlier pass."""
    one = len(problems) == 1
    problem = problems[0] if one else stack(problems)
    longest = problem.y.shape[-1]
    padded = np.stack([np.pad(w, (0, longest - len(w))) for w in weights])
    delta = problem.smoothing

    def rows_of(u: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        which = np.repeat(np.arange(len(u)), u.shape[1])
        return (padded, None) if one else (padded[which], which)

    def descend(u: np.ndarray, delta: float, iterations: int, keep: int) -> np.ndarray:
        w, which = rows_of(u)
        return _best(levenberg_marquardt(problem, u.reshape(-1, u.shape[2]), w, delta, iterations, which), u.shape, keep)

    for multiple, iterations in effort.stages:
        keep = max(_FEWEST, round(_KEEP * u.shape[1]))
        u = descend(u, delta * (1.0 if problem.loss == "l2" else multiple), iterations, keep)
    u = descend(u, delta, effort.final, _FINALISTS)
    if before is not None:
        u = np.concatenate([u, np.stack(before)[:, None, :]], axis=1)
    w, which = rows_of(u)
    polished = newton(problem, u.reshape(-1, u.shape[2]), w, delta, _POLISH, which)
    parts = zip(*(a.reshape(len(u), -1, *a.shape[1:]) for a in polished), padded.sum(axis=1), strict=True)
    return [_finalists(*part) for part in parts]


def _best(descent: Descent, shape: tuple[int, ...], keep: int) -> np.ndarray:
    """Return the best rows of each data set, shape (K, keep, P)."""
    order = np.argsort(descent.value.reshape(shape[:2]), axis=1, kind="stable")[:, :keep]
    return np.take_along_axis(descent.u.reshape(shape), order[:, :, None], axis=1)


def _finalists(u: np.ndarray, values: np.ndarray, converged: np.ndarray, weight: float) -> _Found:
    order = np.argsort(values, kind="stable")
    agree = int((values <= _no_worse(values.min(), weight)).sum())
    return _Found(u[order], values[order], bool(converged[order[0]]), agree)


def _no_worse(value: float, weight: float, share: float = _AGREE) -> float:
    """Return the objective up to which an optimum is as good as another; `weight` is the sum of the weights of the rows."""
    return float(value * (1.0 + share) + 0.5 * _SAME**2 * weight)


def _optima(problems: Sequence[Problem], found: Sequence[_Found], weights: Sequence[np.ndarray]) -> list[Refined]:
    """Refine the best finalists of each data set; among equally good optima, return the one with the smallest coordinates."""
    rivals = [_rivals(one, float(w.sum())) for one, w in zip(found, weights, strict=True)]
    best: dict[int, Refined] = {}
    lengths = [len(p.y) for p in problems]
    for group in _groups(sorted(range(len(problems)), key=lengths.__getitem__), lengths):
        which = np.repeat(np.arange(len(group)), [len(rivals[k]) for k in group])
        longest = max(lengths[k] for k in group)
        own = np.stack([np.pad(weights[k], (0, longest - lengths[k])) for k in group])[which]
        u, one = np.concatenate([rivals[k] for k in group]), problems[group[0]]
        problem, sets = (one, None) if len(group) == 1 else (stack([problems[k] for k in group]), which)
        ends = refine(problem, u, own, one.smoothing, _REFINE_STEPS, sets)
        for i, k in enumerate(group):
            best[k] = _smallest(ends, np.flatnonzero(which == i), float(weights[k].sum()))
    return [best[k] for k in range(len(problems))]


def _rivals(found: _Found, weight: float) -> np.ndarray:
    """Return the distinct ones among the best finalists, shape (m, P)."""
    distinct: list[np.ndarray] = []
    for u in found.u[found.values <= _no_worse(found.values[0], weight, _NEAR)]:
        if all(np.abs(u - other).max() > _APART for other in distinct):
            distinct.append(u)
    return np.stack(distinct)


def _smallest(ends: Refined, rows: np.ndarray, weight: float) -> Refined:
    """Return, of the optima that are as good as the best of these rows, the one with the smallest coordinates."""
    good = rows[ends.value[rows] <= _no_worse(ends.value[rows].min(), weight)]
    return ends.row(min(good, key=lambda k: float(np.linalg.norm(ends.u[k]))))


def refit(problem: Problem, u: np.ndarray, weights: np.ndarray, *, iterations: int = 60, polish: int = 8) -> np.ndarray:
    """Fit many reweighted copies of one data set at once, each from the same few starts.

    Parameters
    ----------
    problem : Problem
        Normalised data and law.
    u : ndarray, shape (K, P)
        Starts: the optimum of the full data, and near-optimal points.
    weights : ndarray, shape (B, n)
        One row per copy: bootstrap counts, or zeros for rows left out.
    iterations, polish : int
        Steps of the descent, and of Newton's method for copies that have not converged.

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
    found: np.ndarray = descent.u[best]
    open_ended = ~descent.converged[best]
    if open_ended.any():
        found[open_ended] = newton(problem, found[open_ended], weights[open_ended], delta, polish).u
    return found


def _diagnosed(
    problems: Sequence[Problem],
    found: Mapping[int, _Found],
    padded: Sequence[np.ndarray],
    n_starts: Mapping[int, int],
    weights: Sequence[np.ndarray],
) -> list[FitResult]:
    """Return the results of data sets; `weights` are without those of a prior's rows."""
    ends = _optima(problems, [found[k] for k in range(len(problems))], padded)
    return [_diagnose(p, found[k], ends[k], padded[k][None, :], n_starts[k], int((weights[k] > 0).sum())) for k, p in enumerate(problems)]


def _diagnose(problem: Problem, found: _Found, end: Refined, weights: np.ndarray, n_starts: int, n_rows: int) -> FitResult:
    u, value, g, h, converged = end
    low, high = problem.bounds
    at_bound = (u <= low + 1e-9) | (u >= high - 1e-9)
    norm = float(np.abs(np.where(at_bound, 0.0, g)).max() / max(value, 1e-300))
    spread, condition, unidentified = _uncertainty(problem, u, weights, h, ~at_bound)
    turn = _raw_jacobian(problem, u)
    covariance = turn @ np.where(np.isnan(spread), 0.0, spread) @ turn.T
    lost = unidentified | at_bound | (np.abs(turn).sum(axis=1) == 0)
    covariance[lost, :] = covariance[:, lost] = np.nan
    status: Status = (
        "degenerate" if n_rows <= len(u) else "max-iterations" if not converged else "at-bound" if at_bound.any() else "converged"
    )
    unit = problem.scales["y"] ** 2 if problem.space == "linear" else 1.0
    return FitResult(
        u=u,
        params=problem.raw(u),
        objective=float(value) * unit,
        status=status,
        gradient_norm=norm,
        at_bound=at_bound,
        covariance=covariance,
        spread=np.where(np.isnan(spread), 0.0, spread),
        condition=condition,
        unidentified=unidentified,
        n_starts=n_starts,
        n_agree=found.agree,
        n_final=len(found.values),
    )


def _uncertainty(
    problem: Problem, u: np.ndarray, weights: np.ndarray, h: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray, float, np.ndarray]:
    """Return the sandwich covariance of the coordinates, the condition number and the unidentified constants."""
    delta = problem.smoothing
    n = len(u)
    r, jacobian = problem.linearise(u[None])
    score = jacobian[0] * (weights[0] * influence(problem.loss, r[0], delta))
    size = np.sqrt(np.maximum(np.abs(np.diag(h)), 0.0))
    dead = ~free | (size <= 1e-9 * max(size.max(), 1e-300))
    live = np.flatnonzero(~dead)
    spread, unidentified = np.full((n, n), np.nan), dead & free
    if not live.size:
        return spread, float("inf"), unidentified
    scaled = h[np.ix_(live, live)] / np.outer(size[live], size[live])
    values, vectors = np.linalg.eigh(scaled)
    top = np.abs(values).max()
    flat = values <= 1e-10 * top
    condition = float("inf") if flat.any() else float(top / values.min())
    unidentified[live] = (np.abs(vectors[:, flat]) > 0.1).any(axis=1)
    inverse = (vectors[:, ~flat] / values[~flat]) @ vectors[:, ~flat].T / np.outer(size[live], size[live])
    spread[np.ix_(live, live)] = inverse @ (score[live] @ score[live].T) @ inverse
    return spread, condition, unidentified


def _raw_jacobian(problem: Problem, u: np.ndarray) -> np.ndarray:
    """Return the derivative of the raw constants by u, shape (P, P)."""
    step = 1e-6
    shift = step * np.eye(len(u))
    slopes: np.ndarray = ((problem.raw(u + shift) - problem.raw(u - shift)) / (2.0 * step)).T
    return slopes
