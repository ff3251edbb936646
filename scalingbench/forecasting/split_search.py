"""The search for the best split of a budget between parameters and tokens, by any predictor of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.common.errors import InputError
from scalingbench.forecasting.opinions import REFEREE, hear
from scalingbench.forecasting.problem import FLOPS_PER_TOKEN, Problem
from scalingbench.predictors.allocation import optimum, tokens_left
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.registry import make

__all__ = ["Budget", "Search"]

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
    return float((np.sqrt(served**2 + 4.0 * ratio * product) - served) / (2.0 * ratio))


class Search:
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
        return pd.DataFrame({"params": N, "tokens": D, **self.others})[list(self.problem.variables)]

    def _weights(self, params: float) -> dict[str, float]:
        if self.predictor != REFEREE:
            return {self.predictor: 1.0}
        N = np.array([params])
        return dict(self.referee.weights(self._frame(N, self.budget.tokens(N))))

    def _members(self) -> dict[str, Any]:
        if self.predictor != REFEREE:
            return {self.predictor: self.model}
        return {name: self.referee.models_[name] for name in self.weights}

    def _mean(self, N: np.ndarray, D: np.ndarray) -> np.ndarray:
        """Return the weighted mean of the members, as a loss to be minimised, on the scale that is averaged."""
        frame = self._frame(N, D)
        values = np.stack([self.problem.scaled(np.asarray(m.predict(frame), float)) for m in self._members().values()])
        mean: np.ndarray = self.sign * (np.array([self.weights[n] for n in self._members()]) @ values)
        return mean

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
        names = [str(name) for name in constants.columns]

        def losses(N: np.ndarray, D: np.ndarray) -> np.ndarray:
            frame = self._frame(N, D)
            return np.stack([self.sign * model.at(frame, dict(zip(names, row, strict=True))) for row in constants.to_numpy()])

        return self._optima(losses)


def _weighted_range(values: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    order = np.argsort(values)
    share = (np.cumsum(weight[order]) - 0.5 * weight[order]) / weight.sum()
    low, high = np.exp(np.interp(_LEVELS, share, np.log(values[order])))
    return float(low), float(high)
