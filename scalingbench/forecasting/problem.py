"""A target and the rows that may be fitted for it: which columns are read, what is derived, what is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import VARIABLES, is_variable, metric_kind
from scalingbench.benchmark.tasks.splits import row_cost
from scalingbench.common.errors import InputError
from scalingbench.common.names import unknown_name
from scalingbench.forecasting.columns import meaning_of
from scalingbench.forecasting.numbers import number_of
from scalingbench.forecasting.reading import Runs

__all__ = ["FLOPS_PER_TOKEN", "Problem", "Target", "make_problem", "parse_target"]

Target = Mapping[str, float] | str
FLOPS_PER_TOKEN = 6.0
"""Training FLOPs per parameter and token."""
_SAME = 1e-3  # relative: values closer than this are one


@dataclass(frozen=True)
class Problem:
    """Rows to fit and the point to predict.

    Attributes
    ----------
    runs : Runs
        What was read.
    target : dict of str to float
        As it was asked for.
    X : DataFrame
        The columns that a predictor is given.
    y : ndarray
        Measured values.
    point : DataFrame
        The target, with the columns of X.
    rows : DataFrame
        The rows of `runs.table` that are fitted, with all their columns.
    rest : DataFrame
        Their columns that were not understood.
    constant : tuple of str
        Variables that the target names and the runs never varied; they are not in X.
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
        """Whether errors of the metric are taken of logarithms."""
        return metric_kind(self.runs.metric).log and bool((self.y > 0).all())

    @property
    def cost(self) -> np.ndarray:
        """What each row costs: FLOPs, or params x tokens, or what there is, shape (n,)."""
        return np.asarray(row_cost(self.X)[0], float)

    @property
    def reach(self) -> float:
        """Cost of the target over that of the dearest row."""
        costs, basis = row_cost(self.X)
        return float(row_cost(self.point)[0][0] / costs.max()) if basis != "rows" else 1.0

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Return values on the scale of the errors."""
        return np.log(np.maximum(values, 1e-300)) if self.log else np.asarray(values, float)


def parse_target(target: Target, option: str = "--target") -> dict[str, float]:
    """Return the inputs that ``params=7B,tokens=2e12`` names; a mapping is checked.

    Raises
    ------
    InputError
        If a part is not ``name=number``, a name is not in the schema or given twice, or a number is not positive.
    """
    if isinstance(target, str) and not target.strip():
        raise InputError(f"{option}: names no variable; write e.g. params=7e9,tokens=2e12")
    parts = [p.strip() for p in target.split(",")] if isinstance(target, str) else [f"{k}={v}" for k, v in target.items()]
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
    if not found:
        raise InputError(f"{option}: names no variable; write e.g. params=7e9,tokens=2e12")
    return found


def make_problem(runs: Runs, target: Target) -> Problem:
    """Choose rows and columns for a target.

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
    return Problem(runs, wanted, X, rows["value"].to_numpy(float), point, rows, rest, constant, tuple(notes))


_TRIPLE = ("params", "tokens", "flops")


def _derive(table: pd.DataFrame, wanted: Mapping[str, float], notes: list[str]) -> pd.DataFrame:
    """Return the table with the one of params, tokens and flops that the target names and the table lacks, by C = 6 N D."""
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
        return f"{text}: name params and tokens in --target, or ask 'scalingbench allocate --flops' how to split them"
    if name == "tokens" and {"steps", "batch_size"} <= set(filled):
        return f"{text}: add a column tokens = steps x tokens per batch"
    if runs.ignored:
        text += f"; not used: {', '.join(runs.ignored[:8])} (--map HEADER={name} names one)"
    return text
