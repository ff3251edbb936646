"""A query: the target of a forecast, and the rows that can be fitted for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.benchmark.tasks.splits import row_cost
from scalingbench.common.errors import InputError
from scalingbench.common.variables import VARIABLES
from scalingbench.forecasting.assignment import has_numbers
from scalingbench.forecasting.headers import meaning_of
from scalingbench.forecasting.identity import FLOPS_PER_TOKEN, SIZES, Identity, identity_of, mixed_sizes, with_size
from scalingbench.forecasting.numbers import as_size
from scalingbench.forecasting.reading import Runs
from scalingbench.forecasting.rows import canonical
from scalingbench.forecasting.shares import chance_level, is_share
from scalingbench.forecasting.targets import TargetLike, parse_target
from scalingbench.predictors.allocation import tokens_left

__all__ = ["FLOPS_PER_TOKEN", "ComputeBudget", "Query", "make_query"]

_SAME = 1e-3  # relative: values closer than this are equal
_AGREES = 0.1
"""Relative difference up to which a target's flops, size and tokens are those of one run."""


@dataclass(frozen=True)
class Query:
    """Training rows and the point to predict.

    Attributes
    ----------
    runs : Runs
        The table of runs.
    target : dict of str to float
        Inputs of the target.
    X : DataFrame, shape (n, k)
        The columns that a predictor reads.
    y : ndarray, shape (n,)
        Measured values.
    point : DataFrame, shape (1, k)
        The target, with the columns of X.
    rows : DataFrame, shape (n, ...)
        The training rows with all their columns.
    rest : DataFrame
        Their columns that are not used.
    constant : tuple of str
        Variables of the target that the runs never varied; they are not in X.
    notes : tuple of str
        What was derived or left out.
    identity : Identity
        The cost of a run by the table.
    order : ndarray, optional
        Position of each row in the table; None where rows were averaged or thinned.
    chance : float
        Accuracy of guessing, for a share.
    """

    runs: Runs
    target: dict[str, float]
    X: pd.DataFrame
    y: np.ndarray
    point: pd.DataFrame
    rows: pd.DataFrame
    rest: pd.DataFrame
    constant: tuple[str, ...]
    notes: tuple[str, ...]
    identity: Identity = field(default_factory=Identity)
    order: np.ndarray | None = None
    chance: float = 0.0

    @property
    def variables(self) -> tuple[str, ...]:
        """The columns of X."""
        return tuple(map(str, self.X.columns))

    @property
    def log(self) -> bool:
        """Whether errors of the metric are those of logarithms."""
        return metric_kind(self.runs.metric).log and bool((self.y > 0).all())

    @property
    def cost(self) -> np.ndarray:
        """Cost of each row: FLOPs, or params x tokens, or what the table has, shape (n,)."""
        return np.asarray(row_cost(self.X)[0], float)

    @property
    def reach(self) -> float:
        """Cost of the target over that of the most expensive training run."""
        costs, basis = row_cost(self.X)
        return float(row_cost(self.point)[0][0] / costs.max()) if basis != "rows" else 1.0

    @property
    def beyond(self) -> dict[str, float]:
        """Target over the nearest end of the training range, for each variable outside it."""
        low, high, at = self.X.min(), self.X.max(), self.point.iloc[0]
        outside = [n for n in self.variables if not low[n] <= at[n] <= high[n] and low[n] > 0]
        return {n: float(at[n] / (high[n] if at[n] > high[n] else low[n])) for n in outside}

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Return values on the scale of the errors."""
        return np.log(np.maximum(values, 1e-300)) if self.log else np.asarray(values, float)

    def unscaled(self, values: np.ndarray) -> np.ndarray:
        """Return values from the scale of the errors."""
        return np.exp(values) if self.log else np.asarray(values, float)

    @property
    def limits(self) -> tuple[float, float]:
        """The range of a share, from chance level to 1 (an error rate: from 0 to 1 - chance); of other metrics no range."""
        if not is_share(self.runs):
            return -np.inf, np.inf
        return (0.0, 1.0 - self.chance) if self.runs.metric.startswith("error_rate") else (self.chance, 1.0)

    def within(self, values: np.ndarray) -> np.ndarray:
        """Return forecasts of a share within its limits, of other metrics as they are."""
        limited: np.ndarray = np.clip(np.asarray(values, float), *self.limits)
        return limited

    @property
    def losses(self) -> np.ndarray | None:
        """Losses of the rows, shape (n,), where the table has one for every row and the target names none."""
        known = self.rows["source_loss"].to_numpy(float) if "source_loss" in self.rows else np.array([np.nan])
        return known if np.isfinite(known).all() and (known > 0).all() and "source_loss" not in self.target else None

    def of_losses(self) -> Query:
        """Return the query of the losses of the same rows at the same target."""
        runs = replace(self.runs, metric="loss", columns=())
        return replace(self, runs=runs, y=np.asarray(self.losses))


@dataclass(frozen=True)
class ComputeBudget:
    """The compute that may be spent, and the limits on model and data.

    Attributes
    ----------
    flops : float
        Training, and inference where `inference_tokens` are given: 6 N D + 2 N T.
    max_params, max_tokens : float, optional
        Largest model that can be served, training tokens that are available.
    inference_tokens : float
        Tokens T that the trained model will process. Of all models with the same total of training and inference compute
        the best is chosen, which is also the cheapest of its loss: Sardana et al. 2023 (arXiv 2401.00448).
    factor : float
        Training FLOPs per parameter and token, 6 by default; a token at inference costs a third.
    """

    flops: float
    max_params: float | None = None
    max_tokens: float | None = None
    inference_tokens: float = 0.0
    factor: float = FLOPS_PER_TOKEN

    def __post_init__(self) -> None:
        for name, value in (("flops", self.flops), ("max_params", self.max_params), ("max_tokens", self.max_tokens)):
            if value is not None and not (np.isfinite(value) and value > 0):
                raise InputError(f"--{name.replace('_', '-')}: expected a positive number, got {value!r}")
        if not (np.isfinite(self.inference_tokens) and self.inference_tokens >= 0):
            raise InputError(f"--inference-tokens: expected a number of tokens, got {self.inference_tokens!r}")

    def tokens(self, params: np.ndarray) -> np.ndarray:
        """Return the training tokens left for models of given sizes, within the limit."""
        left = tokens_left(self.flops, np.asarray(params, float), self.factor, self.inference_tokens)
        return left if self.max_tokens is None else np.minimum(left, self.max_tokens)

    def span(self, ratios: tuple[float, float]) -> tuple[float, float]:
        """Return the smallest and largest params with tokens per parameter in a range, within the limits."""
        served = self.inference_tokens / 3.0
        low, high = (_size_at(self.flops / self.factor, served, ratio) for ratio in (ratios[1], ratios[0]))
        if self.max_tokens is not None:
            low = max(low, self.flops / self.factor / (self.max_tokens + served))
        return low, min(high, self.max_params or np.inf)


def _size_at(product: float, served: float, ratio: float) -> float:
    """Return N with N (ratio N + served) = product: tokens are `ratio` times the parameters."""
    return float((np.sqrt(served**2 + 4.0 * ratio * product) - served) / (2.0 * ratio))


def make_query(runs: Runs, target: TargetLike, chance: float | None = None) -> Query:
    """Choose the rows and columns for a target.

    Parameters
    ----------
    runs : Runs
        A table as it was read.
    target : mapping of str to float, or str
        Inputs of the run to predict.
    chance : float, optional
        Accuracy of guessing; by default that of the benchmark, where a data card states it, else 0.

    Raises
    ------
    InputError
        If `chance` is no share, or the values are none; if a column of the target is missing or empty, no row has all of them,
        or the runs varied none of them.
    """
    headers = {c.header: c.name for c in runs.columns}
    wanted, notes = parse_target(target, headers=headers), list[str]()
    guessed = chance_level(runs, chance, notes)
    size = next((n for n in SIZES if n in wanted), None)
    table = _of_one_kind(runs, size, notes)
    identity = identity_of(table, size)
    table, wanted = _completed(table, wanted, identity, notes)
    wanted = {n: wanted[n] for n in _in_order(wanted)}
    for name in wanted:
        if name not in table or not table[name].notna().any():
            raise InputError(_missing(runs, table, name))
    complete = table[list(wanted)].notna().all(axis=1).to_numpy()
    if not complete.any():
        raise InputError(f"{runs.source}: no row has all of {', '.join(wanted)}, which the target names")
    if not complete.all():
        notes.append(f"{int((~complete).sum())} rows without {' or '.join(wanted)} are left out")
    rows, rest = table[complete].reset_index(drop=True), runs.rest[complete].reset_index(drop=True)
    constant = tuple(n for n in wanted if _never_varied(rows[n]) and not (n == "unique_tokens" and _repeats(rows, wanted)))
    varied = [n for n in wanted if n not in constant]
    if not varied:
        raise InputError(f"{runs.source}: the runs varied none of {', '.join(wanted)}: nothing can be extrapolated from them")
    chosen = canonical(rows, rest, varied, log=metric_kind(runs.metric).log)
    X, y = chosen.rows[varied], chosen.rows["value"].to_numpy(float)
    point = pd.DataFrame([{n: wanted[n] for n in varied}])
    told = (*notes, *chosen.notes)
    return Query(runs, wanted, X, y, point, chosen.rows, chosen.rest, constant, told, identity, chosen.order, guessed)


def _of_one_kind(runs: Runs, size: str | None, notes: list[str]) -> pd.DataFrame:
    """Return the table with the kind of parameters that the target names, derived where vocabulary and width are known.

    Raises
    ------
    InputError
        If rows are left that have the other kind alone.
    """
    if size is None:
        return runs.table
    table, told = with_size(runs.table, size)
    notes += [told] if told else []
    if mixed := mixed_sizes(table, size):
        raise InputError(f"{runs.source}: {mixed}")
    return table


def _never_varied(x: pd.Series) -> bool:
    return bool(np.ptp(np.log(np.maximum(x, 1e-300))) < _SAME)


def _repeats(rows: pd.DataFrame, wanted: Mapping[str, float]) -> bool:
    """Return whether the runs repeat the target's set of tokens to varied degrees: then how often tells what repeats are worth."""
    same = abs(np.log(wanted["unique_tokens"] / rows["unique_tokens"].iloc[0])) < np.log(1.05)
    return bool(same) and "tokens" in wanted and not _never_varied(rows["tokens"] / rows["unique_tokens"])


def _in_order(names: Iterable[str]) -> list[str]:
    """Return variables in the order of the registry, so that an answer does not depend on the order in which they are named."""
    known = list(VARIABLES)
    return sorted(names, key=lambda n: (known.index(n) if n in known else len(known), n))


def _completed(
    table: pd.DataFrame, wanted: dict[str, float], identity: Identity, notes: list[str]
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return table and target in sizes and tokens where the identity gives them: one run has one answer, whichever two are named.

    Raises
    ------
    InputError
        If the target's flops are not those of its size and tokens.
    """
    size, factor = identity.size, identity.factor
    filled = [n for n in (size, "tokens", "flops") if n in table and table[n].notna().any()]
    named = [n for n in (size, "tokens", "flops") if n in wanted]
    if len(filled) == 2 and "flops" in filled and len(named) >= 2:
        (name,) = {size, "tokens"} - set(filled)
        other = size if name == "tokens" else "tokens"
        notes.append(f"{name} is derived: flops / ({factor:.3g} x {other})")
        table = table.assign(**{name: table["flops"] / factor / table[other]})
    elif len(filled) < 3 or not identity.stated:
        return table, wanted
    if len(named) < 2 or "flops" not in named:
        return table, wanted
    return table, _without_flops(wanted, size, factor, notes)


def _without_flops(wanted: dict[str, float], size: str, factor: float, notes: list[str]) -> dict[str, float]:
    """Return a target of size and tokens instead of flops and one of them."""
    flops, rest = wanted["flops"], {n: v for n, v in wanted.items() if n != "flops"}
    if size in rest and "tokens" in rest:
        product = factor * rest[size] * rest["tokens"]
        if abs(np.log(flops / product)) > _AGREES:
            raise InputError(
                f"--target: flops={flops:.4g} is not {factor:.3g} x {size} x tokens = {product:.4g}: leave one of the three out"
            )
        return rest
    name, other = (size, "tokens") if "tokens" in rest else ("tokens", size)
    found = flops / factor / rest[other]
    notes.append(f"the target's {name} is flops / ({factor:.3g} x {other}) = {as_size(found)}")
    return {**rest, name: found}


def _missing(runs: Runs, table: pd.DataFrame, name: str) -> str:
    filled = [n for n in runs.variables if table[n].notna().any()]
    there = name in table or any((found := meaning_of(h)) is not None and found.name == name for h in runs.ignored)
    empty = f"column {name!r}, which the target names, is empty" if there else f"no column {name!r}, which the target names"
    text = f"{runs.source}: {empty}; it has values of {', '.join(filled) or 'no variable'}"
    if name == "flops" and {"params", "tokens"} <= set(filled):
        return f"{text}: name params and tokens in --target; 'scalingbench allocate --flops' chooses them for a compute budget"
    if name == "tokens" and {"steps", "batch_size"} <= set(filled):
        return f"{text}: add a column tokens = steps x tokens per batch"
    numbers = [h for h in runs.ignored if has_numbers(runs.rest[h])]
    if numbers:
        text += f"; if one of {', '.join(numbers[:8])} is it, say e.g. --map {numbers[0]}={name}"
    return text
