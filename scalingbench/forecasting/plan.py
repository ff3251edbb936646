"""Plan: which runs to make with a compute budget, a ladder from nothing or the next runs after those made so far.

The loss at a point is modelled as a law whose constants are as uncertain as refits to resampled runs show, plus a smooth
departure from the law, plus noise. All three are normal on the scale of the errors, so that the reduction of the variance at
the target by a run follows from its inputs alone, before it is made.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
import pandas as pd

from scalingbench.common.defaults import MOST_RUNS, PLAN_LAW
from scalingbench.common.errors import InputError
from scalingbench.forecasting.identity import FLOPS_PER_TOKEN, identity_of
from scalingbench.forecasting.query import Query, make_query
from scalingbench.forecasting.reading import Options, Reading, Runs, TableLike, read_runs
from scalingbench.forecasting.records import Plan
from scalingbench.forecasting.targets import TargetLike, parse_target
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.registry import make

__all__ = ["COST_POWERS", "Belief", "believe", "choose", "ladder", "next_runs", "plan"]

_RUNGS, _STEP = 5, 4.0
_RATIOS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Tokens per parameter on a rung, in units of the middle one."""
_TYPICAL_RATIO = 20.0
_FEWEST_RUNS = 5
_SIZES_PER_DOUBLING = 1
_FEWEST_PARAMS = 1e5
_DRAWS = 80
_LENGTH = np.log(10.0)
"""Correlation length of a departure from the law along each axis, in its logarithm."""
_LEAST_DEPARTURE, _LEAST_NOISE = 0.03, 0.002
_OUTLYING = 4.0
COST_POWERS = (0.0, 0.5, 1.0)
"""Powers of the cost by which the gain of a run is divided; each is tried on the whole budget."""
_LEAST_GAIN = 0.002
"""Share of the variance at the target below which the best remaining run is not worth its cost."""


def plan(
    runs: TableLike | Runs | None = None,
    *,
    budget: float,
    target: TargetLike,
    most: int = MOST_RUNS,
    law: str = PLAN_LAW,
    **reading: Unpack[Reading],
) -> Plan:
    """Choose runs to make.

    Parameters
    ----------
    runs : str, Path, DataFrame or Runs, optional
        The runs made so far; without any, a ladder is proposed.
    budget : float
        FLOPs of the planned runs: 6 x params x tokens each, or what the table's own flops say.
    target : mapping of str to float, or str
        params and tokens of the run to predict.
    most : int
        Largest number of runs.
    law : str
        The law of params and tokens whose uncertainty is reduced.
    **reading
        The fields of `reading.Options`.

    Raises
    ------
    InputError
        If the target does not name params and tokens, or the budget is too small for a run.

    Examples
    --------
    >>> import scalingbench as sb
    >>> next_runs = sb.plan("runs.csv", budget=1e20, target="params=7B,tokens=140B", most=3)
    >>> next_runs.spent < next_runs.budget, next_runs.after < next_runs.before
    (True, True)
    """
    runs = None if runs is None else read_runs(runs, Options(**reading))
    wanted = parse_target(target, headers={} if runs is None else {c.header: c.name for c in runs.columns})
    if set(wanted) != {"params", "tokens"}:
        raise InputError(f"--target: a plan is made of params and tokens; the target names {', '.join(wanted)}")
    if not (np.isfinite(budget) and budget > 0):
        raise InputError(f"--budget: expected a positive number, got {budget!r}")
    if most < 1:
        raise InputError(f"--most: expected at least 1, got {most}")
    if runs is None:
        return ladder(budget, wanted)
    query = make_query(runs, wanted)
    _check_cost(query)
    if query.constant or len(query.y) < _FEWEST_RUNS:
        raise InputError(
            f"{runs.source}: {len(query.y)} runs"
            + "".join(f" of one value of {n}" for n in query.constant)
            + f": too few to plan from; make the first {_FEWEST_RUNS} by 'scalingbench plan' without a table"
        )
    return next_runs(query, budget, most=most, law=law)


def _check_cost(query: Query) -> None:
    """Refuse a table whose runs do not cost a multiple of params x tokens.

    Raises
    ------
    InputError
        With what they cost.
    """
    paid = identity_of(query.rows)
    if paid.stated and paid.size != "params":
        raise InputError(f"{query.runs.source}: {paid}: params alone do not say what a run costs; --map one of the columns to ignore")


def ladder(budget: float, target: Mapping[str, float]) -> Plan:
    """Propose rungs of equal compute that cost the budget, each with five sizes.

    The compute of a rung is 4 times that of the one below, so that the highest takes about three quarters of the budget. The
    middle size has between twenty tokens per parameter and the ratio of the target, so that the runs show both the curvature
    along a rung and the trend towards the target.
    """
    middle = float(np.sqrt(_TYPICAL_RATIO * target["tokens"] / target["params"]))
    shares = _STEP ** -np.arange(_RUNGS, dtype=float)
    top = budget / (len(_RATIOS) * shares.sum())
    rows = []
    for rung, compute in enumerate((top * shares)[::-1], start=1):
        for ratio in (middle * r for r in _RATIOS):
            params = float(np.sqrt(compute / FLOPS_PER_TOKEN / ratio))
            rows.append(
                {"params": params, "tokens": ratio * params, "flops": compute, "why": f"rung {rung}, {ratio:.3g} tokens per parameter"}
            )
    table = pd.DataFrame(rows)
    table = table[table["params"] >= _FEWEST_PARAMS].reset_index(drop=True)
    if len(table) < _FEWEST_RUNS:
        raise InputError(f"--budget: {budget:g} FLOPs are too few for a ladder of models of {_FEWEST_PARAMS:g} parameters and more")
    return Plan(budget, dict(target), table, float(table["flops"].sum()))


def next_runs(query: Query, budget: float, *, most: int = MOST_RUNS, law: str = PLAN_LAW, candidates: pd.DataFrame | None = None) -> Plan:
    """Choose the next runs by how much they reduce the uncertainty at the target.

    Parameters
    ----------
    query : Query
        The runs made so far and the target.
    budget : float
        FLOPs of the planned runs.
    most, law
        As for `plan`.
    candidates : DataFrame, optional
        params and tokens of the possible runs; by default a grid of sizes and tokens up to the target.
    """
    offered = _grid(query, budget) if candidates is None else candidates
    cost = query.identity.factor * offered["params"].to_numpy(float) * offered["tokens"].to_numpy(float)
    offered, cost = offered[cost <= budget].reset_index(drop=True), cost[cost <= budget]
    if offered.empty:
        raise InputError(f"--budget: {budget:g} FLOPs are too few for any run between the smallest so far and the target")
    belief = believe(query.X[["params", "tokens"]], query.y, offered[["params", "tokens"]], query.point[["params", "tokens"]], law)
    taken, then = choose(belief, cost, budget, most)
    shares, known = [], belief
    for i in taken:
        after = known.after(i)
        shares.append(1.0 - after.target_sd / known.target_sd if known.target_sd > 0 else 0.0)
        known = after
    table = offered.loc[taken, ["params", "tokens"]].assign(flops=cost[taken])
    table["why"] = [f"removes {100 * share:.2g} % of the remaining uncertainty" for share in shares]
    table = table.sort_values("flops", kind="stable", ignore_index=True)
    paid = "" if query.identity.usual else str(query.identity)
    return Plan(
        budget, query.target, table, float(cost[taken].sum()), belief.target_sd, then.target_sd, law, paid, query.rows[["params", "tokens"]]
    )


def _grid(query: Query, budget: float) -> pd.DataFrame:
    """Return affordable params and tokens, rounded to two digits, from the smallest run to the target."""
    axes = []
    for name in ("params", "tokens"):
        low, high = float(query.X[name].min()), max(float(query.target[name]), float(query.X[name].max()))
        steps = max(2, round(_SIZES_PER_DOUBLING * np.log2(high / low)) + 1)
        axes.append(np.array([float(f"{x:.2g}") for x in np.geomspace(low, high, steps)]))
    N, D = (g.ravel() for g in np.meshgrid(*axes))
    grid = pd.DataFrame({"params": N, "tokens": D})
    ratio, tried = D / N, query.rows["tokens"] / query.rows["params"]
    wanted = query.target["tokens"] / query.target["params"]
    sensible = (ratio >= min(float(tried.min()), wanted) / 2) & (ratio <= 2 * max(float(tried.max()), wanted))
    kept: pd.DataFrame = grid[sensible & (budget >= query.identity.factor * N * D)]
    return kept.reset_index(drop=True)


@dataclass(frozen=True)
class Belief:
    """The uncertainty of expected values, before further runs.

    Attributes
    ----------
    covariance : ndarray, shape (n + t, n + t)
        Of the candidates and, last, the targets, given the runs made so far; on the scale of the errors.
    noise : float
        Standard deviation of the value of a run around its expectation.
    targets : int
        Number t of targets.
    """

    covariance: np.ndarray
    noise: float
    targets: int = 1

    @property
    def target_sd(self) -> float:
        """Standard deviation of the expected value at a target, root mean square over targets."""
        return float(np.sqrt(max(np.diag(self.covariance)[-self.targets :].mean(), 0.0)))

    def gain(self) -> np.ndarray:
        """Return the reduction of the variance at a target, mean over targets, by each candidate, shape (n,)."""
        shared, own = self.covariance[: -self.targets, -self.targets :], np.diag(self.covariance)[: -self.targets]
        return np.asarray((shared**2).mean(axis=1) / (own + self.noise**2), float)

    def after(self, i: int) -> Belief:
        """Return the uncertainty after a run of candidate `i`."""
        column = self.covariance[:, i]
        return replace(self, covariance=self.covariance - np.outer(column, column) / (column[i] + self.noise**2))


def believe(
    X: pd.DataFrame,
    y: np.ndarray,
    candidates: pd.DataFrame,
    target: pd.DataFrame,
    law_name: str = PLAN_LAW,
    *,
    departing: bool = True,
) -> Belief:
    """Return the uncertainty of candidates and targets, given the runs made so far.

    Parameters
    ----------
    X : DataFrame, shape (n, d)
        Inputs of the runs, positive; params and tokens for the default law.
    y : ndarray, shape (n,)
        Their values, positive.
    candidates, target : DataFrame
        Inputs of the possible runs and, one row or more, of the runs to predict.
    law_name : str
        A law of these inputs.
    departing : bool
        Whether the truth may depart from the law.
    """
    points = pd.concat([candidates, target], ignore_index=True)[list(X.columns)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        law = make(law_name)
        if not isinstance(law, ParametricLaw):
            raise InputError(f"{law_name} has no constants; name a law of params and tokens")
        law.fit(X, y)
        constants = law.bootstrap(_DRAWS)
        names = [str(name) for name in constants.columns]
        drawn = np.stack([law.at(points, dict(zip(names, row, strict=True))) for row in constants.to_numpy()])
        residual = np.log(y) - np.log(np.maximum(law.predict(X), 1e-300))
    spread = float(np.sqrt(np.sum(residual**2) / max(1, len(y) - len(names))))
    noise, departure = max(_LEAST_NOISE, 0.5 * spread), max(_LEAST_DEPARTURE, spread)
    covariance = _robust_covariance(np.log(np.clip(drawn, 1e-6, 1e6)))
    return Belief(covariance + (_departures(X, points, departure, noise) if departing else 0.0), noise, len(target))


def _robust_covariance(draws: np.ndarray) -> np.ndarray:
    """Return the covariance of draws, shape (n, n); outliers are clipped, because some refits to few rows are extreme."""
    middle = np.median(draws, axis=0)
    scale = 1.4826 * np.median(np.abs(draws - middle), axis=0) + 1e-9
    kept = np.clip(draws - middle, -_OUTLYING * scale, _OUTLYING * scale)
    return np.atleast_2d(np.cov(kept, rowvar=False, bias=True))


def _departures(X: pd.DataFrame, points: pd.DataFrame, departure: float, noise: float) -> np.ndarray:
    """Return the covariance of departures from the law at the points, given those at the runs."""
    seen, wanted = np.log(X.to_numpy(float)), np.log(points.to_numpy(float))

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray(departure**2 * np.exp(-0.5 * np.sum((a[:, None] - b[None]) ** 2, axis=2) / _LENGTH**2), float)

    cross = kernel(seen, wanted)
    known = kernel(seen, seen) + noise**2 * np.eye(len(seen))
    return np.asarray(kernel(wanted, wanted) - cross.T @ np.linalg.solve(known, cross), float)


def choose(belief: Belief, cost: np.ndarray, budget: float, most: int, powers: Sequence[float] = COST_POWERS) -> tuple[list[int], Belief]:
    """Choose candidates within a budget.

    They are chosen one by one, by gain divided by a power of the cost; the power that leaves the least uncertainty at the
    target is used.

    Parameters
    ----------
    belief : Belief
        The uncertainty before the runs.
    cost : ndarray, shape (n,)
        Of each candidate.
    budget : float
        Largest total cost.
    most : int
        Largest number of candidates.
    powers : sequence of float
        Powers of the cost to try.

    Returns
    -------
    list of int, Belief
        The candidates in the order of choice, and the uncertainty after them.
    """
    tried = [_greedy(belief, cost, budget, most, power) for power in powers]
    return min(tried, key=lambda found: found[1].target_sd)


def _greedy(belief: Belief, cost: np.ndarray, budget: float, most: int, power: float) -> tuple[list[int], Belief]:
    taken: list[int] = []
    left = budget
    while len(taken) < most:
        worth = np.where(cost <= left, belief.gain() / cost**power, -1.0)
        worth[taken] = -1.0
        best = int(worth.argmax())
        if worth[best] <= 0 or belief.gain()[best] < _LEAST_GAIN * belief.target_sd**2:
            break
        taken.append(best)
        left -= float(cost[best])
        belief = belief.after(best)
    return taken, belief
