"""How to split a budget between parameters and tokens, by any predictor of both."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.common.errors import InputError
from scalingbench.forecasting.cautions import Caution
from scalingbench.forecasting.fit_cautions import TOLERANCE
from scalingbench.forecasting.forecast import Forecast, forecast_of
from scalingbench.forecasting.numbers import as_range, as_size
from scalingbench.forecasting.opinions import REFEREE
from scalingbench.forecasting.problem import FLOPS_PER_TOKEN, Problem, make_problem, parse_target
from scalingbench.forecasting.reading import Options, Runs, Source, read_runs
from scalingbench.forecasting.split_search import Budget, Search
from scalingbench.forecasting.sweeps import Setting, best_of_sweeps, best_settings

__all__ = ["WITHIN", "Budget", "Split", "allocate", "allocate_runs"]

WITHIN = 0.005
"""Relative loss above the best within which a split is as good."""


@dataclass(frozen=True)
class Split:
    """The best split of a budget.

    Attributes
    ----------
    budget : Budget
        What was to be spent.
    predictor : str
        By which.
    params, tokens, value : float
        The split and what it gives.
    low, high : float, optional
        80 % interval of the value, calibrated on the board.
    params_interval, tokens_interval : tuple of float
        80 % of the splits that resampled fits, and the laws that share in the mean, would choose; not calibrated: no board
        knows the best split.
    flat_params, flat_tokens : tuple of float
        Splits within `within` of the best value.
    bound : str, optional
        The limit that decides, where the best split lies at one.
    training_flops, inference_flops : float
        What is spent on each.
    by_law : dict of str to float
        Params that each law would choose.
    settings : tuple of Setting
        Learning rate and batch size, where the runs swept them.
    line : DataFrame
        params, tokens and value along the splits that were searched.
    forecast : Forecast
        Of the run at the best split, with cautions and evidence.
    cautions : tuple of Caution
        Those of the forecast, and those of the split.
    """

    budget: Budget
    predictor: str
    metric: str
    params: float
    tokens: float
    value: float
    low: float | None
    high: float | None
    params_interval: tuple[float, float]
    tokens_interval: tuple[float, float]
    within: float
    flat_params: tuple[float, float]
    flat_tokens: tuple[float, float]
    bound: str | None
    training_flops: float
    inference_flops: float
    by_law: dict[str, float]
    settings: tuple[Setting, ...]
    cautions: tuple[Caution, ...]
    line: pd.DataFrame = field(repr=False)
    forecast: Forecast = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        skipped = ("line", "forecast", "budget", "settings", "cautions")
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in skipped}
        settings, cautions = [asdict(s) for s in self.settings], [c.as_dict() for c in self.cautions]
        said = self.forecast.as_dict()
        board = {"evidence": said["evidence"], "data": said["data"]}
        return {"budget": asdict(self.budget), **plain, "settings": settings, "cautions": cautions, **board}

    def __str__(self) -> str:
        f = self.forecast
        interval = f" [{self.low:.4g}, {self.high:.4g}] (80 %)" if self.low is not None else ""
        spent = f"{self.budget.flops:.3g} FLOPs"
        if self.budget.inference_tokens:
            served = f"{self.inference_flops:.3g} for {as_size(self.budget.inference_tokens)} tokens at inference"
            spent += f" ({self.training_flops:.3g} in training, {served})"
        flat = f"{as_range(self.flat_params)} parameters, {as_range(self.flat_tokens)} tokens"
        lines = [
            f"{spent}: {as_size(self.params)} parameters on {as_size(self.tokens)} tokens, {self.tokens / self.params:.3g} a parameter",
            f"{self.metric}: {self.value:.5g}{interval}",
            f"parameters {as_range(self.params_interval)}, tokens {as_range(self.tokens_interval)} (80 %)",
            f"within {100 * self.within:g} % of the best {self.metric}: {flat}",
        ]
        if self.bound is not None:
            lines.append(f"{self.bound} decides")
        if len(self.by_law) > 1:
            lines.append("by law: " + ", ".join(f"{name} {as_size(n)}" for name, n in self.by_law.items()))
        for s in self.settings:
            grows = "".join(f" {name}^{power:.2f}" for name, power in s.exponents.items())
            trend = f"grows as{grows}, {s.groups} sweeps" if grows else f"middle of {s.groups} sweeps"
            lines.append(f"{s.name}: {s.value:.3g} [{s.low:.3g}, {s.high:.3g}] ({trend})")
        lines.append(f"{self.predictor} on {f.rows} rows; {f.reach:.3g} times the compute of the dearest run")
        lines += map(str, self.cautions)
        if f.evidence is not None:
            lines.append(f"board: {f.evidence}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from scalingbench.forecasting.report import fragment

        return fragment(self.forecast, self)

    def plot(self, path: Any = None) -> Any:
        """Draw it; see `pictures.plot_split`."""
        from scalingbench.forecasting.pictures import plot_split

        return plot_split(self, path)

    def report(self, path: Any, command: str = "") -> None:
        """Write one self-contained page; see `report.write_report`."""
        from scalingbench.forecasting.report import write_report

        write_report(path, forecast=self.forecast, split=self, command=command)


def allocate(
    runs: Source | Runs,
    flops: float,
    *,
    predictor: str = REFEREE,
    max_params: float | None = None,
    max_tokens: float | None = None,
    inference_tokens: float = 0.0,
    at: Mapping[str, float] | str | None = None,
    within: float = WITHIN,
    tolerance: float = TOLERANCE,
    force: bool = False,
    names: Mapping[str, str] | None = None,
    units: Mapping[str, float] | None = None,
    where: Mapping[str, str] | None = None,
    metric: str | None = None,
    curve: str | None = None,
    checkpoints: bool = False,
) -> Split:
    """Split a budget between parameters and tokens for the best predicted value.

    Parameters
    ----------
    runs : str, Path, DataFrame or Runs
        See `reading.read_runs`; they must have varied params and tokens.
    flops, max_params, max_tokens, inference_tokens
        See `Budget`.
    predictor : str
        A registered name that reads params and tokens.
    at : mapping of str to float, or str, optional
        Values of further variables that the predictor is to read, such as ``{"unique_tokens": 1e11}``.
    within : float
        Relative distance from the best value that is still as good.
    tolerance, force, names, units, where, metric, curve, checkpoints
        As for `forecast`.

    Raises
    ------
    InputError
        If the runs did not vary both, or the predictor has no best split.
    """
    if not isinstance(runs, Runs):
        runs = read_runs(runs, Options(names or {}, units or {}, where or {}, metric, curve, checkpoints))
    budget = Budget(float(flops), max_params, max_tokens, float(inference_tokens))
    return allocate_runs(runs, budget, predictor, at=at, within=within, tolerance=tolerance, force=force)


def allocate_runs(
    runs: Runs,
    budget: Budget,
    predictor: str = REFEREE,
    *,
    at: Mapping[str, float] | str | None = None,
    within: float = WITHIN,
    tolerance: float = TOLERANCE,
    force: bool = False,
) -> Split:
    """Split a budget; parameters and errors as for `allocate`."""
    from threadpoolctl import threadpool_limits

    others = parse_target(at, "--at") if at else {}
    best = best_of_sweeps(runs)
    guess = np.sqrt(budget.flops / FLOPS_PER_TOKEN / 20.0)
    problem = make_problem(best, {"params": guess, "tokens": 20.0 * guess, **others})
    if problem.constant:
        only = " and ".join(n for n in ("params", "tokens") if n in problem.constant) or ", ".join(problem.constant)
        raise InputError(f"{runs.source}: every run has the same {only}: how to split a budget cannot be seen")
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = Search(problem, budget, predictor, others)
        params, bound = search.best()
        tokens = float(budget.tokens(np.array([params]))[0])
        at_best = make_problem(best, {"params": params, "tokens": tokens, **others})
        f = forecast_of(at_best, predictor, tolerance=tolerance, force=force, referee=search.referee, model=search.model)
        line = search.line()
        flat = _flat(line, params, within, metric_kind(runs.metric).lower_is_better)
        spread, by_law = search.spread()
    low, high = (max(min(spread[0], params), 1.0), max(spread[1], params))
    ends = tuple(sorted(float(v) for v in budget.tokens(np.array([low, high]))))
    flat_tokens = tuple(sorted(float(v) for v in budget.tokens(np.array(flat))))
    return Split(
        budget=budget,
        predictor=predictor,
        metric=runs.metric,
        params=params,
        tokens=tokens,
        value=f.value,
        low=f.low,
        high=f.high,
        params_interval=(low, high),
        tokens_interval=(ends[0], ends[1]),
        within=within,
        flat_params=flat,
        flat_tokens=(flat_tokens[0], flat_tokens[1]),
        bound=bound,
        training_flops=FLOPS_PER_TOKEN * params * tokens,
        inference_flops=FLOPS_PER_TOKEN / 3.0 * params * budget.inference_tokens,
        by_law=by_law,
        settings=best_settings(runs, {"params": params, "tokens": tokens}),
        cautions=(*_split_cautions(problem, params, tokens, by_law, bound), *f.cautions),
        line=line,
        forecast=f,
    )


def _flat(line: pd.DataFrame, params: float, within: float, lower_is_better: bool) -> tuple[float, float]:
    """Return the sizes around the best one whose value is within a relative distance of the best."""
    N, value = line["params"].to_numpy(float), line["value"].to_numpy(float)
    best = value.min() if lower_is_better else value.max()
    good = np.abs(value - best) <= within * abs(best)
    at = int(np.argmin(np.abs(np.log(N / params))))
    low = high = at
    while low > 0 and good[low - 1]:
        low -= 1
    while high < len(N) - 1 and good[high + 1]:
        high += 1
    return min(float(N[low]), params), max(float(N[high]), params)


def _split_cautions(problem: Problem, params: float, tokens: float, by_law: Mapping[str, float], bound: str | None) -> Sequence[Caution]:
    found = []
    ratio, tried = tokens / params, problem.rows["tokens"] / problem.rows["params"]
    if not tried.min() <= ratio <= tried.max():
        text = f"{ratio:.3g} tokens a parameter is outside what the runs tried ({tried.min():.3g} to {tried.max():.3g})"
        found.append(Caution("warning", "split", f"{text}: nothing shows that the loss turns there"))
    if bound == "the edge of the search":
        found.append(Caution("warning", "no-optimum", "the predictor has no best split among those searched: more of one is always better"))
    sizes = np.array(list(by_law.values()))
    if len(sizes) > 1 and sizes.max() / sizes.min() > 4.0:
        found.append(
            Caution("warning", "split-disagreement", f"laws that did well choose sizes {sizes.max() / sizes.min():.2g} times apart")
        )
    return found
