"""A query: the target of a forecast, and the rows that can be fitted for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.benchmark.tasks.splits import row_cost
from scalingbench.common.errors import InputError
from scalingbench.common.names import unknown_name
from scalingbench.common.variables import VARIABLES, is_variable
from scalingbench.forecasting.headers import meaning_of
from scalingbench.forecasting.numbers import number_of
from scalingbench.forecasting.reading import Runs
from scalingbench.predictors.allocation import tokens_left

__all__ = ["FLOPS_PER_TOKEN", "ComputeBudget", "Query", "TargetLike", "make_query", "parse_target"]

TargetLike = Mapping[str, float] | str
FLOPS_PER_TOKEN = 6.0
"""Training FLOPs per parameter and token."""
_SAME = 1e-3  # relative: values closer than this are equal
_TRIPLE = ("params", "tokens", "flops")


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
        """Return the training tokens left for models of given sizes, within the limit."""
        left = tokens_left(self.flops, np.asarray(params, float), FLOPS_PER_TOKEN, self.inference_tokens)
        return left if self.max_tokens is None else np.minimum(left, self.max_tokens)

    def span(self, ratios: tuple[float, float]) -> tuple[float, float]:
        """Return the smallest and largest params with tokens per parameter in a range, within the limits."""
        served = self.inference_tokens / 3.0
        low, high = (_size_at(self.flops / FLOPS_PER_TOKEN, served, ratio) for ratio in (ratios[1], ratios[0]))
        if self.max_tokens is not None:
            low = max(low, self.flops / FLOPS_PER_TOKEN / (self.max_tokens + served))
        return low, min(high, self.max_params or np.inf)


def _size_at(product: float, served: float, ratio: float) -> float:
    """Return N with N (ratio N + served) = product: tokens are `ratio` times the parameters."""
    return float((np.sqrt(served**2 + 4.0 * ratio * product) - served) / (2.0 * ratio))


def parse_target(target: TargetLike, option: str = "--target") -> dict[str, float]:
    """Return the inputs that ``params=7B,tokens=2e12`` states; a mapping is checked.

    Raises
    ------
    InputError
        If a part is not ``name=number``, a name is unknown or given twice, or a number is not positive.

    Examples
    --------
    >>> parse_target("params=7B, tokens=2e12")
    {'params': 7000000000.0, 'tokens': 2000000000000.0}
    """
    parts = [p.strip() for p in target.split(",")] if isinstance(target, str) else [f"{k}={v}" for k, v in target.items()]
    if not any(parts):
        raise InputError(f"{option}: names no variable; write e.g. params=7e9,tokens=2e12")
    found: dict[str, float] = {}
    for part in parts:
        name, equals, text = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise InputError(f"{option}: expected name=number, got {part!r}")
        if not is_variable(name):
            raise InputError(f"{option}: {unknown_name('variable', name, VARIABLES)}")
        if name in found:
            raise InputError(f"{option}: {name}: is given twice")
        value = number_of(text)
        if value is None:
            raise InputError(f"{option}: {name}: expected a number, got {text!r}")
        if not np.isfinite(value) or value <= 0:
            raise InputError(f"{option}: {name}: expected a positive number, got {text!r}")
        found[name] = value
    return found


def make_query(runs: Runs, target: TargetLike) -> Query:
    """Choose the rows and columns for a target.

    Raises
    ------
    InputError
        If a column of the target is missing or empty, no row has all of them, or the runs varied none of them.
    """
    wanted, notes = parse_target(target), list[str]()
    table = _derive(runs.table, wanted, notes)
    for name in wanted:
        if name not in table or not table[name].notna().any():
            raise InputError(_missing(runs, table, name))
    complete = table[list(wanted)].notna().all(axis=1).to_numpy()
    if not complete.any():
        raise InputError(f"{runs.source}: no row has all of {', '.join(wanted)}, which the target names")
    if not complete.all():
        notes.append(f"{int((~complete).sum())} rows without {' or '.join(wanted)} are left out")
    rows, rest = table[complete].reset_index(drop=True), runs.rest[complete].reset_index(drop=True)
    constant = tuple(n for n in wanted if np.ptp(np.log(np.maximum(rows[n], 1e-300))) < _SAME)
    varied = [n for n in wanted if n not in constant]
    if not varied:
        raise InputError(f"{runs.source}: the runs varied none of {', '.join(wanted)}: nothing can be extrapolated from them")
    X, point = rows[varied], pd.DataFrame([{n: wanted[n] for n in varied}])
    return Query(runs, wanted, X, rows["value"].to_numpy(float), point, rows, rest, constant, tuple(notes))


def _derive(table: pd.DataFrame, wanted: Mapping[str, float], notes: list[str]) -> pd.DataFrame:
    """Return the table with params or tokens derived by C = 6 N D, where the target names the one that the table lacks."""
    missing = [n for n in _TRIPLE if n in wanted and (n not in table or not table[n].notna().any())]
    known = [n for n in _TRIPLE if n in table and table[n].notna().any()]
    if len(missing) != 1 or len(known) != 2 or missing == ["flops"]:
        return table
    (name,) = missing
    other = "params" if name == "tokens" else "tokens"
    notes.append(f"{name} is derived: flops / (6 x {other})")
    return table.assign(**{name: table["flops"] / FLOPS_PER_TOKEN / table[other]})


def _missing(runs: Runs, table: pd.DataFrame, name: str) -> str:
    filled = [n for n in runs.variables if table[n].notna().any()]
    there = name in table or any((found := meaning_of(h)) is not None and found.name == name for h in runs.ignored)
    empty = f"column {name!r}, which the target names, is empty" if there else f"no column {name!r}, which the target names"
    text = f"{runs.source}: {empty}; it has values of {', '.join(filled) or 'no variable'}"
    if name == "flops" and {"params", "tokens"} <= set(filled):
        return f"{text}: name params and tokens in --target; 'scalingbench allocate --flops' chooses them for a compute budget"
    if name == "tokens" and {"steps", "batch_size"} <= set(filled):
        return f"{text}: add a column tokens = steps x tokens per batch"
    if runs.ignored:
        text += f"; not used: {', '.join(runs.ignored[:8])} (--map HEADER={name} names one)"
    return text
