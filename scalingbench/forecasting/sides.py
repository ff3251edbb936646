"""A budget by another side: the compute at which the best model has a given size, number of tokens, or loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from scalingbench.benchmark.tasks.splits import row_cost
from scalingbench.common.defaults import ENDS
from scalingbench.common.errors import InputError
from scalingbench.forecasting.identity import FLOPS_PER_TOKEN
from scalingbench.forecasting.runs import Runs
from scalingbench.predictors.allocation import tokens_left

__all__ = ["Side", "Spent", "first_flops", "only_side", "range_of", "solve", "weighted_range"]

Side = Literal["flops", "params", "tokens", "loss"]
_RATIO = 20.0
_DOWN, _UP = 1e-4, 1e6
"""Range of budgets that is searched, in units of the most expensive run."""
_STEP = np.log(3.0)
_FARTHEST = np.log(1e3)
_EXACT = 1e-3


@dataclass(frozen=True)
class Spent:
    """80 % ranges of budgets, and of the sizes and tokens at them."""

    flops: tuple[float, float]
    params: tuple[float, float]
    tokens: tuple[float, float]


def only_side(**given: float | None) -> tuple[Side, float]:
    """Return the side that is given, and its value.

    Raises
    ------
    InputError
        If not just one is, or it is no positive number.
    """
    named = {side: value for side, value in given.items() if value is not None}
    if len(named) != 1:
        what = "one of --flops, --params, --tokens and --loss"
        raise InputError(f"expected {what}, got {' and '.join(f'--{n}' for n in named) or 'none'}")
    ((name, value),) = named.items()
    if not (np.isfinite(value) and value > 0):
        raise InputError(f"--{name}: expected a positive number, got {value!r}")
    return next(side for side in get_args(Side) if side == name), float(value)


def first_flops(side: Side, wanted: float, runs: Runs) -> float:
    """Return a budget of about the right size, at twenty tokens per parameter."""
    if side == "flops":
        return wanted
    if side == "loss":
        return float(FLOPS_PER_TOKEN * np.max(row_cost(runs.table)[0]))
    return FLOPS_PER_TOKEN * wanted**2 * (_RATIO if side == "params" else 1.0 / _RATIO)


def solve(side: Side, wanted: float, search: Any) -> float:
    """Return the budget whose best model has the wanted size, tokens or loss.

    Parameters
    ----------
    side : {"params", "tokens", "loss"}
        What is wanted.
    wanted : float
        Its value.
    search : _Search
        The search of `allocate`, at any budget.

    Raises
    ------
    InputError
        If no budget within reach has it.
    """
    from scipy.optimize import brentq

    def off(log_flops: float) -> float:
        at = search.at(float(np.exp(log_flops)))
        params = at.best()[0]
        if side == "loss":
            return float(at.sign * (wanted - at.value(params)))
        found = params if side == "params" else float(at.budget.tokens(np.array([params]))[0])
        return float(np.log(found / wanted))

    most = float(search.budget.factor * np.max(search.query.rows["params"] * search.query.rows["tokens"]))
    low, high = np.log(_DOWN * most), np.log(_UP * most)
    if off(low) > 0 or off(high) < 0:
        raise InputError(f"--{side} {wanted:g}: no budget from {np.exp(low):.2g} to {np.exp(high):.2g} FLOPs has it as the best")
    return float(np.exp(brentq(off, low, high, xtol=_EXACT)))


def range_of(side: Side, wanted: float, search: Any, calibrated: tuple[float | None, float | None]) -> Spent:
    """Return the 80 % ranges of the budget, size and tokens over members and their resampled fits.

    Each is followed in straight lines through three budgets a factor of 3 apart, in logarithms. Where a loss is wanted, the
    losses of the fits are first spread to the calibrated interval of the forecast.

    Parameters
    ----------
    side, wanted, search
        See `solve`; the search is at the budget that it found.
    calibrated : tuple of float
        80 % interval of the loss at that budget, as `forecast` gives it; None where it gives none.
    """
    middle = float(np.log(search.budget.flops))
    three = [search.at(float(np.exp(middle + step))) for step in (-_STEP, 0.0, _STEP)]
    for other in three:
        other.weights, other.without = search.weights, search.without
    found = [other.samples() for other in three]
    weight = found[1][1]
    below, here, above = (np.log(np.maximum(f[0][side], 1e-300)) for f in found)
    slope = (above - below) / (2.0 * _STEP)
    low, high = calibrated
    if side == "loss" and low is not None and high is not None:
        here = _spread_to((low, high), here, weight, float(np.log(wanted)))
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.clip(np.nan_to_num((np.log(wanted) - here) / slope, nan=_FARTHEST), -_FARTHEST, _FARTHEST)
    flops = np.exp(middle + moved)
    size = np.log(found[1][0]["params"]) + (np.log(found[2][0]["params"]) - np.log(found[0][0]["params"])) / (2.0 * _STEP) * moved
    params = np.full(len(flops), wanted) if side == "params" else np.exp(size)
    factor, inference = search.budget.factor, search.budget.inference_tokens
    tokens = np.full(len(flops), wanted) if side == "tokens" else np.maximum(tokens_left(flops, params, factor, inference), 1.0)
    params = np.where(side == "tokens", flops / factor / (tokens + inference / 3.0), params)
    ranges = (weighted_range(x, weight) for x in (flops, params, tokens))
    return Spent(*ranges)


def _spread_to(calibrated: tuple[float, float], logs: np.ndarray, weight: np.ndarray, middle: float) -> np.ndarray:
    """Return logarithms of losses moved away from the middle, below and above, until their 80 % range reaches the interval."""
    drawn = np.log(weighted_range(np.exp(logs), weight))
    with np.errstate(divide="ignore", invalid="ignore"):
        below, above = np.nan_to_num((np.log(calibrated) - middle) / (drawn - middle), nan=1.0, posinf=1.0, neginf=1.0).clip(1.0)
    return np.asarray(middle + (logs - middle) * np.where(logs < middle, below, above), float)


def weighted_range(values: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Return the weighted 80 % range, interpolated in logarithms."""
    order = np.argsort(values)
    share = (np.cumsum(weight[order]) - 0.5 * weight[order]) / weight.sum()
    low, high = np.exp(np.interp(ENDS, share, np.log(values[order])))
    return float(low), float(high)
