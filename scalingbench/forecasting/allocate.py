"""How to split a budget between parameters and tokens, by any predictor of both."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.variables import metric_kind
from predictors.allocation import optimum, tokens_left
from predictors.law import ParametricLaw
from predictors.registry import make
from scalingbench.common.errors import InputError
from scalingbench.forecasting.cautions import Caution
from scalingbench.forecasting.fit_cautions import TOLERANCE
from scalingbench.forecasting.forecast import Forecast, forecast_of
from scalingbench.forecasting.opinions import REFEREE, hear, models_of
from scalingbench.forecasting.problem import FLOPS_PER_TOKEN, Problem, make_problem, parse_target
from scalingbench.forecasting.reading import Options, Runs, Source, read_runs
from scalingbench.forecasting.sweeps import Setting, best_of_sweeps, best_settings

__all__ = ["WITHIN", "Budget", "Split", "allocate", "allocate_runs"]

WITHIN = 0.005
"""Relative loss above the best within which a split is as good."""
_POINTS = 600
_RATIOS = 100.0
"""Splits are searched whose tokens per parameter are up to so many times beyond those of the runs."""
_DRAWS = 60
_LEVELS = (0.1, 0.9)
_ROUNDS = 3


@dataclass(frozen=True)
class Budget:
    """What may be spent, and on what.

    Attributes
    ----------
    flops : float
        Training, and inference where `inference_tokens` are given: 6 N D + 2 N T.
    max_params, max_tokens : float, optional
        Limits: what can be served, what data there are.
    inference_tokens : float
        Tokens T that the trained model is to process in its life. Of all models that cost as much in training and
        inference together, the best is chosen, which is also the cheapest of its loss: Sardana et al. 2023 (arXiv 2401.00448).
    """

    flops: float
    max_params: float | None = None
    max_tokens: float | None = None
    inference_tokens: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("flops", self.flops), ("max_params", self.max_params), ("max_tokens", self.max_tokens)):
            if value is not None and not (np.isfinite(value) and value > 0):
                raise InputError(f"--{name.replace('_', '-')}: expected a positive number, got {value!r}")
        if not (np.isfinite(self.inference_tokens) and self.inference_tokens >= 0):
            raise InputError(f"--inference-tokens: expected a number of tokens, got {self.inference_tokens!r}")

    def tokens(self, params: np.ndarray) -> np.ndarray:
        """Return the training tokens left to models of given sizes, within the limit."""
        left = tokens_left(self.flops, np.asarray(params, float), FLOPS_PER_TOKEN, self.inference_tokens)
        return left if self.max_tokens is None else np.minimum(left, self.max_tokens)

    def span(self, ratios: tuple[float, float]) -> tuple[float, float]:
        """Return the least and largest params to search: those with tokens per parameter in a range, and within the limits."""
        served = self.inference_tokens / 3.0
        low, high = (_size_at(self.flops / FLOPS_PER_TOKEN, served, ratio) for ratio in (ratios[1], ratios[0]))
        if self.max_tokens is not None:
            low = max(low, self.flops / FLOPS_PER_TOKEN / (self.max_tokens + served))
        return low, min(high, self.max_params or np.inf)


def _size_at(product: float, served: float, ratio: float) -> float:
    """Return N with N (ratio N + served) = product: tokens are `ratio` times the parameters."""
    return (np.sqrt(served**2 + 4.0 * ratio * product) - served) / (2.0 * ratio)


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
        spent = f"{self.budget.flops:.3g} FLOPs" + (
            f" ({self.training_flops:.3g} in training, {self.inference_flops:.3g} for {self.budget.inference_tokens:.3g} tokens at inference)"
            if self.budget.inference_tokens
            else ""
        )
        lines = [
            f"{spent}: {_si(self.params)} parameters on {_si(self.tokens)} tokens ({self.tokens / self.params:.3g} tokens a parameter)",
            f"{self.metric}: {self.value:.5g}{interval}",
            f"parameters {_range(self.params_interval)}, tokens {_range(self.tokens_interval)} (80 %)",
            f"within {100 * self.within:g} % of the best {self.metric}: {_range(self.flat_params)} parameters, {_range(self.flat_tokens)} tokens",
        ]
        if self.bound is not None:
            lines.append(f"{self.bound} decides")
        if len(self.by_law) > 1:
            lines.append("by law: " + ", ".join(f"{name} {_si(n)}" for name, n in self.by_law.items()))
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

        return fragment(self)

    def plot(self, path: Any = None) -> Any:
        """Draw it; see `pictures.plot_split`."""
        from scalingbench.forecasting.pictures import plot_split

        return plot_split(self, path)

    def report(self, path: Any, command: str = "") -> None:
        """Write one self-contained page; see `report.write_report`."""
        from scalingbench.forecasting.report import write_report

        write_report(path, forecast=self.forecast, split=self, command=command)


def _si(x: float) -> str:
    for limit, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if x >= limit:
            return f"{x / limit:.3g}{letter}"
    return f"{x:.3g}"


def _range(ends: tuple[float, float]) -> str:
    return f"{_si(ends[0])}-{_si(ends[1])}"


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
        search = _Search(problem, budget, predictor, others)
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


class _Search:
    """The search for the best split by one predictor, fitted once."""

    def __init__(self, problem: Problem, budget: Budget, predictor: str, others: Mapping[str, float]) -> None:
        self.problem, self.budget, self.predictor, self.others = problem, budget, predictor, dict(others)
        self.sign = 1.0 if metric_kind(problem.runs.metric).lower_is_better else -1.0
        self.referee = hear(problem).referee
        self.model = self.referee if predictor == REFEREE else make(predictor)
        if predictor != REFEREE:
            wanted = getattr(self.model, "variables", None)
            if wanted is not None and not {"params", "tokens"} <= set(wanted):
                raise InputError(f"{predictor} does not read params and tokens, which are to be chosen")
            self.model.fit(problem.X, problem.y)
        ratio = problem.rows["tokens"] / problem.rows["params"]
        self.span = budget.span((float(ratio.min()) / _RATIOS, float(ratio.max()) * _RATIOS))

    def best(self) -> tuple[float, str | None]:
        """Return the best params, and the limit that decides."""
        budget, (low, high) = self.budget, self.span
        if low >= high:
            both = "--max-params with --max-tokens" if budget.max_params and budget.max_tokens else "--max-params"
            if budget.max_params is None:
                raise InputError(
                    f"--inference-tokens: {budget.inference_tokens:g} tokens at inference leave nothing of {budget.flops:g} FLOPs"
                )
            return float(budget.max_params), both
        self.weights = self._weights(np.sqrt(low * high))
        params = np.sqrt(low * high)
        for _ in range(_ROUNDS):  # the weights of a mean of laws depend on where it is evaluated
            before, params = params, self._optimum(self._mean)
            if self.predictor != REFEREE or abs(np.log(params / before)) < 0.02:
                break
            self.weights = self._weights(params)
        return params, self._bound(params)

    def _optimum(self, mean: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> float:
        return float(self._optima(lambda N, D: mean(N, D)[None, :])[0])

    def _optima(self, losses: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        """Return the best params of each row of losses, which may lie at an end of the span."""
        budget, ends = self.budget, np.array(self.span)
        found, _ = optimum(
            lambda N, _: losses(N, budget.tokens(N)),
            budget.flops,
            FLOPS_PER_TOKEN,
            span=self.span,
            points=_POINTS,
            inference_tokens=budget.inference_tokens,
        )
        at_ends = losses(ends, budget.tokens(ends))
        return np.where(np.isfinite(found), found, ends[at_ends.argmin(axis=1)])

    def _bound(self, params: float) -> str | None:
        low, high = self.span
        if self.budget.max_params is not None and params >= self.budget.max_params * (1 - 1e-9):
            return "--max-params"
        if self.budget.max_tokens is not None and params <= low * (1 + 1e-9):
            return "--max-tokens"
        return "the edge of the search" if params <= low * (1 + 1e-9) or params >= high * (1 - 1e-9) else None

    def _frame(self, N: np.ndarray, D: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame({"params": N, "tokens": D, **self.others})[list(self.problem.X)]

    def _weights(self, params: float) -> dict[str, float]:
        if self.predictor != REFEREE:
            return {self.predictor: 1.0}
        N = np.array([params])
        return dict(self.referee.weights(self._frame(N, self.budget.tokens(N)))) if hasattr(self.referee, "weights") else self._old(N)

    def _old(self, N: np.ndarray) -> dict[str, float]:
        self.referee.predict(self._frame(N, self.budget.tokens(N)))
        return dict(self.referee.weights_)

    def _members(self) -> dict[str, Any]:
        if self.predictor != REFEREE:
            return {self.predictor: self.model}
        models = models_of(self.referee)
        return {name: models[name] for name in self.weights}

    def _mean(self, N: np.ndarray, D: np.ndarray) -> np.ndarray:
        """Return the weighted mean of the members, as a loss to be minimised, on the scale that is averaged."""
        frame = self._frame(N, D)
        values = np.stack([self.problem.scaled(np.asarray(m.predict(frame), float)) for m in self._members().values()])
        return self.sign * (np.array([self.weights[n] for n in self._members()]) @ values)

    def line(self) -> pd.DataFrame:
        """Return params, tokens and value along the splits."""
        low, high = self.span if self.span[0] < self.span[1] else (self.span[1] * 0.999, self.span[1])
        N = np.geomspace(low, high, _POINTS)
        D = self.budget.tokens(N)
        mean = self.sign * self._mean_at(N, D)
        return pd.DataFrame({"params": N, "tokens": D, "value": np.exp(mean) if self.problem.log else mean})

    def _mean_at(self, N: np.ndarray, D: np.ndarray) -> np.ndarray:
        if not hasattr(self, "weights"):
            self.weights = self._weights(float(N[-1]))
        return self._mean(N, D)

    def spread(self) -> tuple[tuple[float, float], dict[str, float]]:
        """Return the 80 % range of the members' best params, resampled where they can be, and each member's own best."""
        if self.span[0] >= self.span[1]:
            return (self.span[1], self.span[1]), {}
        samples, weight, own = [], [], {}
        for name, model in self._members().items():
            best = self._optima(lambda N, D, m=model: self.sign * np.asarray(m.predict(self._frame(N, D)), float)[None, :])  # type: ignore[misc]
            own[name] = float(best[0])
            samples.append(np.concatenate([best, self._draws(model)]))
            weight.append(np.full(len(samples[-1]), self.weights[name] / len(samples[-1])))
        return _weighted_range(np.concatenate(samples), np.concatenate(weight)), own

    def _draws(self, model: Any) -> np.ndarray:
        """Return the best params of refitted resamples of a law's rows."""
        if not isinstance(model, ParametricLaw):
            return np.empty(0)
        constants = model.bootstrap(_DRAWS)

        def losses(N: np.ndarray, D: np.ndarray) -> np.ndarray:
            frame = self._frame(N, D)
            return np.stack([self.sign * model.at(frame, row) for row in constants.to_dict("records")])

        return self._optima(losses)


def _weighted_range(values: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    order = np.argsort(values)
    share = (np.cumsum(weight[order]) - 0.5 * weight[order]) / weight.sum()
    low, high = np.exp(np.interp(_LEVELS, share, np.log(values[order])))
    return float(low), float(high)


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
