"""Which runs to make with a budget: a ladder from nothing, or the next runs given those made so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.common.errors import InputError
from scalingbench.forecasting.design import LAW, believe, choose
from scalingbench.forecasting.problem import FLOPS_PER_TOKEN, Problem, Target, make_problem, parse_target
from scalingbench.forecasting.reading import Options, Runs, Source, read_runs

__all__ = ["Plan", "ladder", "next_runs", "plan"]

_RUNGS, _STEP = 5, 4.0
_RATIOS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Tokens per parameter on a rung, in units of the middle one."""
_TYPICAL_RATIO = 20.0
_FEWEST_RUNS = 5
_SIZES_PER_DOUBLING = 1
_MOST = 12
_FEWEST_PARAMS = 1e5


@dataclass(frozen=True)
class Plan:
    """Runs to make.

    Attributes
    ----------
    budget : float
        FLOPs that may be spent.
    target : dict of str to float
        What is to be predicted.
    runs : DataFrame
        params, tokens, flops and why; in the order in which to make them.
    spent : float
        FLOPs of all of them.
    before, after : float, optional
        Standard deviation of the expected value at the target (relative), now and when the runs have been made; None for a
        plan from nothing.
    law : str, optional
        The law behind those.
    """

    budget: float
    target: dict[str, float]
    runs: pd.DataFrame = field(repr=False)
    spent: float
    before: float | None = None
    after: float | None = None
    law: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        plain = {k: v for k, v in asdict(self).items() if k != "runs"}
        return {**plain, "runs": self.runs.to_dict("records")}

    def as_csv(self) -> str:
        """Return the runs as a table to be filled in: column ``value`` is empty, and `forecast` reads it when it is not."""
        table = self.runs.assign(value="")[["params", "tokens", "flops", "value", "why"]]
        return table.to_csv(index=False, float_format="%.3g").strip()

    def summary(self) -> list[str]:
        """Return what it costs and what it is expected to bring, a sentence a line."""
        at = ", ".join(f"{k}={v:g}" for k, v in self.target.items())
        lines = [f"{len(self.runs)} runs for {self.spent:.3g} of {self.budget:.3g} FLOPs, towards {at}"]
        if self.before is not None and self.after is not None:
            lines.append(f"uncertainty of {self.law} at the target: {100 * self.before:.2g} % now, {100 * self.after:.2g} % then")
        return lines

    def __str__(self) -> str:
        return "\n".join([*self.summary(), self.runs.to_string(index=False, float_format=lambda x: f"{x:.3g}")])

    def _repr_html_(self) -> str:
        return f"<p>{'<br>'.join(self.summary())}</p>{self.runs.to_html(index=False, float_format=lambda x: f'{x:.3g}')}"

    def plot(self, path: Any = None) -> Any:
        """Draw it; see `pictures.plot_plan`."""
        from scalingbench.forecasting.pictures import plot_plan

        return plot_plan(self, path)


def plan(
    runs: Source | Runs | None = None,
    *,
    budget: float,
    target: Target,
    most: int = _MOST,
    law: str = LAW,
    names: Mapping[str, str] | None = None,
    units: Mapping[str, float] | None = None,
    where: Mapping[str, str] | None = None,
    metric: str | None = None,
    curve: str | None = None,
) -> Plan:
    """Say which runs to make.

    Parameters
    ----------
    runs : str, Path, DataFrame or Runs, optional
        Those made so far; without any, a ladder is proposed.
    budget : float
        FLOPs for the runs to come, 6 x params x tokens each.
    target : mapping of str to float, or str
        params and tokens of the run to predict.
    most : int
        Runs at most.
    law : str
        Whose uncertainty is reduced; a law of params and tokens.
    names, units, where, metric, curve
        How the table is read, see `reading.Options`.

    Raises
    ------
    InputError
        If the target does not name params and tokens, or the budget is too small for a run.
    """
    wanted = parse_target(target)
    if set(wanted) != {"params", "tokens"}:
        raise InputError(f"--target: a plan is made of params and tokens; the target names {', '.join(wanted)}")
    if not (np.isfinite(budget) and budget > 0):
        raise InputError(f"--budget: expected a positive number, got {budget!r}")
    if most < 1:
        raise InputError(f"--most: expected at least 1, got {most}")
    if runs is None:
        return ladder(budget, wanted)
    if not isinstance(runs, Runs):
        runs = read_runs(runs, Options(names or {}, units or {}, where or {}, metric, curve))
    problem = make_problem(runs, wanted)
    if problem.constant or len(problem.y) < _FEWEST_RUNS:
        raise InputError(
            f"{runs.source}: {len(problem.y)} runs"
            + "".join(f" of one value of {n}" for n in problem.constant)
            + f": too few to plan from; make the first {_FEWEST_RUNS} by 'scalingbench plan' without a table"
        )
    return next_runs(problem, budget, most=most, law=law)


def ladder(budget: float, target: Mapping[str, float]) -> Plan:
    """Propose rungs of equal compute, each with sizes around a middle split, that together cost the budget.

    The rungs stand a factor of 4 apart and the highest takes about three quarters. The middle split lies between twenty
    tokens a parameter and the target's own ratio, so that both the curvature along a rung and the way to the target show.
    """
    middle = float(np.sqrt(_TYPICAL_RATIO * target["tokens"] / target["params"]))
    shares = _STEP ** -np.arange(_RUNGS, dtype=float)
    top = budget / (len(_RATIOS) * shares.sum())
    rows = []
    for rung, compute in enumerate((top * shares)[::-1], start=1):
        for ratio in (middle * r for r in _RATIOS):
            params = float(np.sqrt(compute / FLOPS_PER_TOKEN / ratio))
            rows.append(
                {"params": params, "tokens": ratio * params, "flops": compute, "why": f"rung {rung}, {ratio:.3g} tokens a parameter"}
            )
    table = pd.DataFrame(rows)
    table = table[table["params"] >= _FEWEST_PARAMS].reset_index(drop=True)
    if len(table) < _FEWEST_RUNS:
        raise InputError(f"--budget: {budget:g} FLOPs are too few for a ladder of models of {_FEWEST_PARAMS:g} parameters and more")
    return Plan(budget, dict(target), table, float(table["flops"].sum()))


def next_runs(problem: Problem, budget: float, *, most: int = _MOST, law: str = LAW, candidates: pd.DataFrame | None = None) -> Plan:
    """Choose the next runs by what they would tell about the target.

    Parameters
    ----------
    problem : Problem
        Runs so far and the target.
    budget : float
        FLOPs for the runs to come.
    most, law
        As for `plan`.
    candidates : DataFrame, optional
        params and tokens of what can be run; by default a grid of sizes and lengths up to the target's.
    """
    offered = _grid(problem, budget) if candidates is None else candidates
    cost = FLOPS_PER_TOKEN * offered["params"].to_numpy(float) * offered["tokens"].to_numpy(float)
    offered, cost = offered[cost <= budget].reset_index(drop=True), cost[cost <= budget]
    if offered.empty:
        raise InputError(f"--budget: {budget:g} FLOPs are too few for any run between the smallest so far and the target")
    belief = believe(problem.X[["params", "tokens"]], problem.y, offered[["params", "tokens"]], problem.point[["params", "tokens"]], law)
    taken, then = choose(belief, cost, budget, most)
    shares, known = [], belief
    for i in taken:
        after = known.after(i)
        shares.append(1.0 - after.target_sd / known.target_sd if known.target_sd > 0 else 0.0)
        known = after
    table = offered.loc[taken, ["params", "tokens"]].assign(flops=cost[taken])
    table["why"] = [f"takes {100 * share:.2g} % of the uncertainty left" for share in shares]
    table = table.sort_values("flops", kind="stable", ignore_index=True)
    return Plan(budget, problem.target, table, float(cost[taken].sum()), belief.target_sd, then.target_sd, law)


def _grid(problem: Problem, budget: float) -> pd.DataFrame:
    """Return sizes and lengths, rounded to two digits, from the smallest run so far to the target, that are affordable."""
    axes = []
    for name in ("params", "tokens"):
        low, high = float(problem.X[name].min()), max(float(problem.target[name]), float(problem.X[name].max()))
        steps = max(2, round(_SIZES_PER_DOUBLING * np.log2(high / low)) + 1)
        axes.append(np.array([float(f"{x:.2g}") for x in np.geomspace(low, high, steps)]))
    N, D = (g.ravel() for g in np.meshgrid(*axes))
    grid = pd.DataFrame({"params": N, "tokens": D})
    ratio, tried = D / N, problem.rows["tokens"] / problem.rows["params"]
    wanted = problem.target["tokens"] / problem.target["params"]
    sensible = (ratio >= min(float(tried.min()), wanted) / 2) & (ratio <= 2 * max(float(tried.max()), wanted))
    kept: pd.DataFrame = grid[sensible & (budget >= FLOPS_PER_TOKEN * N * D)]
    return kept.reset_index(drop=True)
