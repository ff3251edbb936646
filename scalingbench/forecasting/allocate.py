"""Allocate: the best split of a compute budget between parameters and tokens, by any predictor of both."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.common.defaults import DEFAULT_PREDICTOR, ERROR_LIMIT, WITHIN
from scalingbench.common.errors import InputError
from scalingbench.forecasting.ensemble import back_tested
from scalingbench.forecasting.forecast import Prefitted, forecast_of
from scalingbench.forecasting.formats import as_times
from scalingbench.forecasting.identity import identity_of
from scalingbench.forecasting.isoflops import IsoFlop, isoflop_optima
from scalingbench.forecasting.query import ComputeBudget, Query, make_query
from scalingbench.forecasting.reading import Options, Reading, Runs, TableLike, read_runs
from scalingbench.forecasting.records import Caution, ComputeAllocation
from scalingbench.forecasting.sides import first_flops, only_side, range_of, solve, weighted_range
from scalingbench.forecasting.sweeps import best_of_sweeps, best_settings
from scalingbench.forecasting.targets import parse_target
from scalingbench.predictors.allocation import optimum
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.registry import make

__all__ = ["allocate"]

_POINTS = 600
_COARSE = 60
"""Sizes at which a member's loss must have its least value inside: steps of a nearest neighbour are wider than two of them."""
_RATIOS = 100.0
"""Factor by which the searched tokens per parameter exceed those of the runs, on both sides."""
_DRAWS = 60
_ROUNDS = 3
_EDGE = "the edge of the search"
_FAR_APART = 4.0


def allocate(
    runs: TableLike | Runs,
    flops: float | None = None,
    *,
    params: float | None = None,
    tokens: float | None = None,
    loss: float | None = None,
    predictor: str = DEFAULT_PREDICTOR,
    max_params: float | None = None,
    max_tokens: float | None = None,
    inference_tokens: float = 0.0,
    at: Mapping[str, float] | str | None = None,
    within: float = WITHIN,
    tolerance: float = ERROR_LIMIT,
    force: bool = False,
    **reading: Unpack[Reading],
) -> ComputeAllocation:
    """Split compute between parameters and tokens for the best predicted value: of a budget, a size, a number of tokens or a loss.

    Parameters
    ----------
    runs : str, Path, DataFrame or Runs
        See `reading.read_runs`; the runs must vary params and tokens.
    flops, max_params, max_tokens, inference_tokens
        See `query.ComputeBudget`.
    params, tokens, loss : float, optional
        In place of `flops`: the budget at which the best model has this size, these tokens or this value.
    predictor : str
        A registered name that reads params and tokens.
    at : mapping of str to float, or str, optional
        Values of further variables that the predictor reads, such as ``{"unique_tokens": 1e11}``.
    within : float
        Relative distance from the best value that counts as equally good.
    tolerance, force, **reading
        As for `forecast`.

    Raises
    ------
    InputError
        If the runs did not vary both, no model fits the budget and its limits, or not just one side is given.

    Examples
    --------
    >>> import scalingbench as sb
    >>> split = sb.allocate("runs.csv", 1e23, predictor="chinchilla")
    >>> round(6 * split.params * split.tokens / split.budget.flops, 2)
    1.0
    """
    from threadpoolctl import threadpool_limits

    runs = read_runs(runs, Options(**reading))
    side, wanted = only_side(flops=flops, params=params, tokens=tokens, loss=loss)
    if side in ("params", "tokens") and (max_params or max_tokens):
        raise InputError(f"--{side}: is a limit by itself; leave --max-params and --max-tokens out")
    budget = ComputeBudget(first_flops(side, wanted, runs), max_params, max_tokens, float(inference_tokens))
    others = parse_target(at, "--at") if at else {}
    runs = _by_size(runs, budget)
    best = best_of_sweeps(runs)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = _first_query(best, budget, others)
        budget = replace(budget, factor=first.identity.factor)
        search = _Search(first, budget, predictor, others)
        if side != "flops":
            search = search.at(solve(side, wanted, search))
            budget = search.budget
        params, bound = search.best()
        tokens = float(budget.tokens(np.array([params]))[0])
        query = make_query(best, {"params": params, "tokens": tokens, **others})
        forecast = forecast_of(query, predictor, tolerance=tolerance, force=force, fitted=Prefitted(search.ensemble, search.model))
        spent = None if side == "flops" else range_of(side, wanted, search, (forecast.low, forecast.high))
        line, (spread, by_law, without) = search.line(), search.spread()
    interval = (max(min(spread[0], params), 1.0), max(spread[1], params)) if spent is None else spent.params
    flat = _flat(line, params, within, metric_kind(runs.metric).lower_is_better)
    cautions = (*_cautions(search.query, tokens / params, by_law, bound), *forecast.cautions)
    return ComputeAllocation(
        **{**vars(forecast), "cautions": cautions},
        budget=budget,
        params=params,
        tokens=tokens,
        params_interval=interval,
        tokens_interval=_tokens_of(budget, interval) if spent is None else spent.tokens,
        side=side,
        isoflop=_isoflop(search.query, budget),
        flops_interval=None if spent is None else spent.flops,
        within=within,
        flat_params=flat,
        flat_tokens=_tokens_of(budget, flat),
        bound=bound,
        training_flops=budget.factor * params * tokens,
        inference_flops=budget.factor / 3.0 * params * budget.inference_tokens,
        by_law=by_law,
        no_optimum=without,
        settings=best_settings(runs, {"params": params, "tokens": tokens}),
        line=line,
    )


def _by_size(runs: Runs, budget: ComputeBudget) -> Runs:
    """Return runs whose params are the column that the budget pays for, where the table's flops are not those of all params.

    Raises
    ------
    InputError
        If the largest model is limited in another column of sizes.
    """
    size = identity_of(runs.table).size
    if size == "params" or (not identity_of(runs.table).stated and "params" in runs.table):
        return runs
    if budget.max_params is not None and "params" in runs.table:
        raise InputError(f"--max-params: the budget pays for {size}, which is no fixed share of params: leave it out")
    note = f"params are {size}: flops are those of {size} x tokens"
    table = runs.table.rename(columns={"params": "params_total"} if "params" in runs.table else {}).rename(columns={size: "params"})
    return replace(runs, table=table, notes=(*runs.notes, note))


def _first_query(runs: Runs, budget: ComputeBudget, others: Mapping[str, float]) -> Query:
    """Return a query at twenty tokens per parameter.

    Raises
    ------
    InputError
        If the runs did not vary params and tokens.
    """
    guess = np.sqrt(budget.flops / identity_of(runs.table, "params").factor / 20.0)
    query = make_query(runs, {"params": guess, "tokens": 20.0 * guess, **others})
    if query.constant:
        only = " and ".join(n for n in ("params", "tokens") if n in query.constant) or ", ".join(query.constant)
        raise InputError(f"{runs.source}: every run has the same {only}: the runs do not show how to split a budget")
    return query


def _isoflop(query: Query, budget: ComputeBudget) -> tuple[IsoFlop, ...]:
    """Return the best size by isoFLOP curves, where the budget is for training alone and the metric is a loss."""
    if budget.inference_tokens or budget.max_params or budget.max_tokens or not metric_kind(query.runs.metric).lower_is_better:
        return ()
    N, D = (query.rows[name].to_numpy(float) for name in ("params", "tokens"))
    return isoflop_optima(N, D, query.scaled(query.y), budget.flops / budget.factor)


def _tokens_of(budget: ComputeBudget, params: tuple[float, float]) -> tuple[float, float]:
    """Return the tokens of a range of params, the lower end first."""
    low, high = sorted(float(v) for v in budget.tokens(np.array(params)))
    return low, high


class _Search:
    """The search for the best allocation by one predictor, which is fitted once."""

    def __init__(
        self, query: Query, budget: ComputeBudget, predictor: str, others: Mapping[str, float], like: _Search | None = None
    ) -> None:
        self.query, self.budget, self.predictor, self.others = query, budget, predictor, dict(others)
        self.sign = 1.0 if metric_kind(query.runs.metric).lower_is_better else -1.0
        self.ensemble = back_tested(query).model
        self.model: Any = self.ensemble if predictor == DEFAULT_PREDICTOR else like.model if like is not None else self._fitted()
        self.constants: dict[str, pd.DataFrame] = {} if like is None else like.constants
        ratio = query.rows["tokens"] / query.rows["params"]
        self.ratios = (float(ratio.min()) / _RATIOS, float(ratio.max()) * _RATIOS)
        self.span = budget.span(self.ratios)
        low, high = self.span
        self.open = low < high
        self.start = float(np.sqrt(low * high)) if self.open else high
        self.interior: dict[str, bool] = {}
        self.without: tuple[str, ...] = () if predictor == DEFAULT_PREDICTOR or self._has_optimum(self.model) else (predictor,)
        self.weights = self._weights(self.start)

    def at(self, flops: float) -> _Search:
        """Return the search at another budget, with the same fits."""
        return _Search(self.query, replace(self.budget, flops=flops), self.predictor, self.others, self)

    def _fitted(self) -> Any:
        model = make(self.predictor)
        wanted = getattr(model, "variables", None)
        if wanted is not None and not {"params", "tokens"} <= set(wanted):
            raise InputError(f"{self.predictor} does not read params and tokens, which are to be chosen")
        return model.fit(self.query.X, self.query.y)

    def best(self) -> tuple[float, str | None]:
        """Return the best params, and the limit at which they lie."""
        if not self.open:
            return self._largest()
        params = self.start
        for _ in range(_ROUNDS):  # the weights of an ensemble depend on where it is evaluated
            before, params = params, float(self._optima(lambda N, D: self._mean(N, D)[None, :])[0])
            if self.predictor != DEFAULT_PREDICTOR or abs(np.log(params / before)) < 0.02:
                break
            self.weights = self._weights(params)
        return params, self._bound(params)

    def _largest(self) -> tuple[float, str]:
        """Return the largest model, where it does not use up the budget."""
        budget = self.budget
        if budget.max_params is None:
            raise InputError(f"--inference-tokens: {budget.inference_tokens:g} tokens at inference leave nothing of {budget.flops:g} FLOPs")
        return float(budget.max_params), "--max-params with --max-tokens" if budget.max_tokens else "--max-params"

    def _optima(self, losses: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        """Return the best params of each row of losses, which can lie at an end of the span."""
        budget, ends = self.budget, np.array(self.span)
        found, _ = optimum(
            lambda N, _: losses(N, budget.tokens(N)),
            budget.flops,
            budget.factor,
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
        return _EDGE if params <= low * (1 + 1e-9) or params >= high * (1 - 1e-9) else None

    def _frame(self, N: np.ndarray, D: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame({"params": N, "tokens": D, **self.others})[list(self.query.variables)]

    def _weights(self, params: float) -> dict[str, float]:
        """Return the weights of the members with an optimum: one without would choose an end of whatever is searched.

        Where no member has one, all keep their weights.
        """
        if self.predictor != DEFAULT_PREDICTOR:
            return {self.predictor: 1.0}
        N = np.array([params])
        weights = dict(self.ensemble.weights(self._frame(N, self.budget.tokens(N))))
        for name in weights.keys() - self.interior.keys():
            self.interior[name] = self._has_optimum(self.ensemble.models_[name])
        self.without = tuple(name for name in weights if not self.interior[name])
        kept = {name: w for name, w in weights.items() if self.interior[name]} if self.open else weights
        total = sum(kept.values())
        return {name: w / total for name, w in kept.items()} if total > 0 else weights

    def _members(self) -> dict[str, Any]:
        if self.predictor != DEFAULT_PREDICTOR:
            return {self.predictor: self.model}
        return {name: self.ensemble.models_[name] for name in self.weights}

    def _mean(self, N: np.ndarray, D: np.ndarray) -> np.ndarray:
        """Return the weighted mean of the members on the scale of the errors, with the sign that makes lower better."""
        frame, members = self._frame(N, D), self._members()
        values = np.stack([self.query.scaled(np.asarray(m.predict(frame), float)) for m in members.values()])
        mean: np.ndarray = self.sign * (np.array([self.weights[n] for n in members]) @ values)
        return mean

    def line(self) -> pd.DataFrame:
        """Return params, tokens and value of the searched allocations."""
        low, high = self.span if self.open else (self.span[1] * 0.999, self.span[1])
        N = np.geomspace(low, high, _POINTS)
        D = self.budget.tokens(N)
        return pd.DataFrame({"params": N, "tokens": D, "value": self.query.unscaled(self.sign * self._mean(N, D))})

    def spread(self) -> tuple[tuple[float, float], dict[str, float], tuple[str, ...]]:
        """Return the 80 % range of the best params over members and resampled fits, the best params of each, and who has none."""
        if not self.open:
            return (self.span[1], self.span[1]), {}, ()
        samples, weight, own = self.samples()
        return weighted_range(samples["params"], weight), own, self.without

    def samples(self) -> tuple[dict[str, np.ndarray], np.ndarray, dict[str, float]]:
        """Return the best params, tokens and loss of members and their resampled fits, their weights, and the best params by member."""
        sizes, values, weight, own = [], [], [], {}
        for name, model in self._members().items():
            losses = self._losses(name, model)
            best = self._optima(losses)
            own[name] = float(best[0])
            sizes.append(best)
            values.append(np.diagonal(losses(best, self.budget.tokens(best))))
            weight.append(np.full(len(best), self.weights[name] / len(best)))
        params = np.concatenate(sizes)
        found = {"params": params, "tokens": self.budget.tokens(params), "loss": self.sign * np.concatenate(values)}
        return found, np.concatenate(weight), own

    def value(self, params: float) -> float:
        """Return the predicted value at a size, with the tokens that the budget leaves."""
        N = np.array([params])
        return float(self.query.unscaled(self.sign * self._mean(N, self.budget.tokens(N)))[0])

    def _has_optimum(self, model: Any) -> bool:
        """Return whether a member's loss has its least value between the ends of a search without limits, lower than around it."""
        budget = replace(self.budget, max_params=None, max_tokens=None)
        N = np.geomspace(*budget.span(self.ratios), _COARSE)
        loss = self.sign * np.asarray(model.predict(self._frame(N, budget.tokens(N))), float)
        best = int(loss.argmin())
        return 0 < best < len(N) - 1 and bool(loss[best - 1] > loss[best] < loss[best + 1])

    def _losses(self, name: str, model: Any) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        """Return the losses of a member and, of a law, of its refits to resampled rows, a row each."""
        if isinstance(model, ParametricLaw) and name not in self.constants:
            self.constants[name] = model.bootstrap(_DRAWS)
        constants = self.constants.get(name, pd.DataFrame())

        def losses(N: np.ndarray, D: np.ndarray) -> np.ndarray:
            frame = self._frame(N, D)
            names = [str(c) for c in constants.columns]
            drawn = [model.at(frame, dict(zip(names, row, strict=True))) for row in constants.to_numpy()]
            return self.sign * np.stack([np.asarray(model.predict(frame), float), *drawn])

        return losses


def _flat(line: pd.DataFrame, params: float, within: float, lower_is_better: bool) -> tuple[float, float]:
    """Return the range of params around the best whose values are within a relative distance of the best value."""
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


def _cautions(query: Query, ratio: float, by_law: Mapping[str, float], bound: str | None) -> Iterator[Caution]:
    tried = query.rows["tokens"] / query.rows["params"]
    if not tried.min() <= ratio <= tried.max():
        text = f"{ratio:.3g} tokens per parameter are outside the range of the runs ({tried.min():.3g} to {tried.max():.3g})"
        yield Caution("warning", "split", f"{text}: the runs do not show an optimum there")
    if bound == _EDGE:
        text = "the predictor has no optimum among the searched allocations: more of one is always better"
        yield Caution("warning", "no-optimum", text)
    sizes = np.array(list(by_law.values()))
    if len(sizes) > 1 and sizes.max() / sizes.min() > _FAR_APART:
        text = f"laws with small back-test errors choose sizes that differ by a factor of {as_times(sizes.max() / sizes.min())}"
        yield Caution("warning", "split-disagreement", text)
