"""Is this design any good: what a table of runs can tell about a target, run by run and budget by budget."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass, field
from typing import Any, Unpack

import numpy as np
import pandas as pd

from scalingbench.common.defaults import PLAN_LAW
from scalingbench.common.errors import InputError
from scalingbench.forecasting.cautions import LOCKED, data_cautions
from scalingbench.forecasting.ensemble import LeaveOut, budgets_of, leave_budgets_out
from scalingbench.forecasting.formats import as_percent, as_target, as_times, as_value
from scalingbench.forecasting.query import Query, make_query
from scalingbench.forecasting.reading import Options, Reading, Runs, TableLike, read_runs
from scalingbench.forecasting.recipes import make_law
from scalingbench.forecasting.records import Caution
from scalingbench.forecasting.targets import TargetLike
from scalingbench.predictors.law import ParametricLaw

__all__ = ["DesignCheck", "Rung", "check_design"]

_DRAWS = 400
_FARTHER = 10.0
_NARROW = 2.0
_USEFUL = 0.02
_MOST_SHOWN = 5
_FEWEST = 6


@dataclass(frozen=True)
class Rung:
    """A budget of compute.

    Attributes
    ----------
    flops : float
        Median of its runs.
    runs : int
        How many.
    influence : float
        Share of the variance of the prediction that its runs carry.
    without : float, optional
        Prediction of a refit without it; None where the others do not identify the law.
    """

    flops: float
    runs: int
    influence: float
    without: float | None


@dataclass(frozen=True, kw_only=True)
class DesignCheck:
    """What a table of runs can tell about a target.

    Attributes
    ----------
    target : dict of str to float
        params and tokens.
    law : str
        The law by which it is judged.
    value, sd : float
        Its prediction, and the relative standard deviation of that over reweighted runs.
    correlation : float
        Of log params and log tokens over the runs.
    ratios : tuple of float
        Least and largest tokens per parameter.
    unidentified : tuple of str
        Constants that the runs do not identify.
    influence : DataFrame
        params, tokens, value and influence of each run: its share of the variance of the prediction, largest first.
    rungs : tuple of Rung
        The budgets of compute, the cheapest first.
    smallest_useful : float
        FLOPs of the cheapest rung with at least 2 % of the influence.
    cautions : tuple of Caution
        What is wrong with the design.
    """

    target: dict[str, float]
    law: str
    value: float
    sd: float
    correlation: float
    ratios: tuple[float, float]
    unidentified: tuple[str, ...]
    influence: pd.DataFrame = field(repr=False)
    rungs: tuple[Rung, ...]
    smallest_useful: float
    cautions: tuple[Caution, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        own = ("target", "law", "value", "sd", "correlation", "ratios", "unidentified", "smallest_useful")
        plain = {name: getattr(self, name) for name in own}
        parts = {"rungs": [asdict(r) for r in self.rungs], "cautions": [c.as_dict() for c in self.cautions]}
        return {**plain, "influence": self.influence.to_dict("records"), **parts}

    def __str__(self) -> str:
        half = int(np.searchsorted(self.influence["influence"].cumsum(), 0.5)) + 1
        open_ones = f"; not identified: {', '.join(self.unidentified)}" if self.unidentified else ""
        lines = [
            f"{self.law} at {as_target(self.target)}: {self.value:.5g}, relative standard deviation {as_percent(self.sd)}{open_ones}",
            f"params and tokens: correlation {self.correlation:.2f} in logarithms, "
            f"{self.ratios[0]:.3g} to {self.ratios[1]:.3g} tokens per parameter",
            f"half of the answer comes from {half} of {len(self.influence)} runs:",
        ]
        for _, row in self.influence.head(min(half, _MOST_SHOWN)).iterrows():
            at = ", ".join(f"{name}={as_value(name, row[name])}" for name in ("params", "tokens"))
            lines.append(f"  {at}: {as_percent(row['influence'])}")
        lines.append("budgets (FLOPs, runs, share of the answer, prediction without them):")
        for rung in self.rungs:
            left = "-" if rung.without is None else f"{rung.without:.5g}"
            lines.append(f"  {rung.flops:.2g}  {rung.runs:3d}  {as_percent(rung.influence):>6}  {left}")
        lines.append(f"cheapest budget with {as_percent(_USEFUL)} of the answer or more: {self.smallest_useful:.2g} FLOPs")
        return "\n".join([*lines, *map(str, self.cautions)])


def check_design(
    runs: TableLike | Runs, target: TargetLike | None = None, *, law: str = PLAN_LAW, **reading: Unpack[Reading]
) -> DesignCheck:
    """Say what a table of runs can tell about a target.

    The influence of a run is that of the infinitesimal jackknife (Efron 2014): the squared covariance, over refits to randomly
    reweighted runs, of its weight with the logarithm of the prediction, as a share of the sum over runs.

    Parameters
    ----------
    runs : str, Path, DataFrame or Runs
        See `reading.read_runs`; of params and tokens.
    target : mapping of str to float, or str, optional
        params and tokens; by default ten times the compute of the most expensive run, at the middle ratio of the runs.
    law : str
        A parametric law of params and tokens.
    **reading
        The fields of `reading.Options`.

    Raises
    ------
    InputError
        If there are fewer than six runs, or the runs lack params or tokens.
    """
    from threadpoolctl import threadpool_limits

    runs = read_runs(runs, Options(**reading))
    query = make_query(runs, target if target is not None else _farther(runs))
    if set(query.target) != {"params", "tokens"}:
        raise InputError(f"--target: a design is checked at params and tokens; the target names {', '.join(query.target)}")
    if query.constant or len(query.y) < _FEWEST:
        what = f"every run has the same {query.constant[0]}" if query.constant else f"{len(query.y)} runs"
        raise InputError(f"{runs.source}: {what}: nothing to check before both vary over {_FEWEST} runs or more")
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _checked(query, law)


def _farther(runs: Runs) -> dict[str, float]:
    """Return ten times the compute of the most expensive run, at the middle ratio of tokens to params."""
    if not {"params", "tokens"} <= set(runs.table):
        raise InputError(f"{runs.source}: a design is checked at params and tokens; the table has {', '.join(runs.variables)}")
    N, D = (runs.table[name].to_numpy(float) for name in ("params", "tokens"))
    ratio = float(np.nanmedian(D / N))
    params = float(np.sqrt(_FARTHER * np.nanmax(N * D) / ratio))
    return {"params": params, "tokens": ratio * params}


def _checked(query: Query, name: str) -> DesignCheck:
    law = make_law(name).fit(query.X, query.y)
    value = float(query.within(law.predict(query.point))[0])
    share, sd = _influence(law, query)
    groups = budgets_of(query.cost)
    left = leave_budgets_out(query, [name])
    rungs = tuple(_rung(query, rows, share, left) for rows in groups)
    table = query.X.assign(value=query.y, influence=share).sort_values("influence", ascending=False, kind="stable", ignore_index=True)
    ratio = (query.X["tokens"] / query.X["params"]).to_numpy()
    correlation = float(np.corrcoef(np.log(query.X["params"]), np.log(query.X["tokens"]))[0, 1])
    useful = next((r.flops for r in rungs if r.influence >= _USEFUL), rungs[-1].flops)
    ratios = (float(ratio.min()), float(ratio.max()))
    return DesignCheck(
        target=query.target,
        law=name,
        value=value,
        sd=sd,
        correlation=correlation,
        ratios=ratios,
        unidentified=law.unidentified_,
        influence=table,
        rungs=rungs,
        smallest_useful=useful,
        cautions=tuple([*_faults(correlation, ratios, table), *(c for c in data_cautions(query) if c.level != "note")]),
    )


def _influence(law: ParametricLaw, query: Query) -> tuple[np.ndarray, float]:
    """Return the share of each run in the variance of the logarithm of the prediction, shape (n,), and its standard deviation."""
    weights = np.random.default_rng(0).exponential(size=(_DRAWS, len(query.y)))
    constants = law.bootstrap(_DRAWS, weights)
    names = [str(c) for c in constants.columns]
    values = [float(law.at(query.point, dict(zip(names, row, strict=True)))[0]) for row in constants.to_numpy()]
    logs = np.log(np.clip(values, 1e-12, 1e12))
    low, high = np.quantile(logs, [0.02, 0.98])  # a few refits of a poor design are extreme
    logs = np.clip(logs, low, high)
    moved = (weights - weights.mean(axis=0)).T @ (logs - logs.mean()) / _DRAWS
    # what chance alone gives a run with no influence is taken off
    square = np.maximum(moved**2 - weights.var(axis=0) * logs.var() / _DRAWS, 0.0)
    return square / max(float(square.sum()), 1e-300), float(logs.std())


def _rung(query: Query, rows: np.ndarray, share: np.ndarray, left: LeaveOut) -> Rung:
    cost = float(np.median(query.cost[rows]))
    return Rung(query.identity.factor * cost, len(rows), float(share[rows].sum()), left.without.get(cost))


def _faults(correlation: float, ratios: tuple[float, float], table: pd.DataFrame) -> list[Caution]:
    found = []
    if abs(correlation) > LOCKED or ratios[1] / ratios[0] < _NARROW:
        text = f"tokens per parameter are from {ratios[0]:.3g} to {ratios[1]:.3g}: params and tokens cannot be distinguished"
        remedy = f"add runs of {as_times(ratios[0] / 4)} and {as_times(4 * ratios[1])} tokens per parameter"
        found.append(Caution("warning", "fixed-ratio", f"{text}; {remedy}"))
    if table["influence"].iloc[0] > 0.5:
        at = ", ".join(f"{name}={as_value(name, table[name].iloc[0])}" for name in ("params", "tokens"))
        found.append(Caution("warning", "one-run", f"one run carries over half of the answer ({at}): repeat it, or add runs beside it"))
    return found
