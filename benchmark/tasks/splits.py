"""Extrapolation splits: the training rows and the held-out rows.

A split turns the rows of one group (a curve, by default) into parts: a name, a mask of training
rows and a mask of held-out rows. Rows in neither mask are not used.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from scalingbench.benchmark.data.variables import may_be_variable
from scalingbench.common.errors import TaskError

__all__ = [
    "COST",
    "FAMILY",
    "Budget",
    "Frontier",
    "Ladder",
    "LeaveGroupOut",
    "Part",
    "Published",
    "QuantityName",
    "Split",
    "VariableName",
    "checked_quantity",
    "columns_of",
    "quantity",
    "row_cost",
    "run_cost",
    "slug_of",
]

COST = "cost"
"""Name of the training cost, in the task's unit."""
_OPERATOR = re.compile(r"[/*]")


def _registered(name: str) -> str:
    if not may_be_variable(name):
        raise ValueError(f"{name!r} is not registered")
    return name


def checked_quantity(key: str) -> str:
    """Return the name of a quantity; raise a ValueError if it is invalid."""
    names = _OPERATOR.split(key)
    if len(names) > 2:
        raise ValueError(f"{key!r} has more than one operation; a quantity is a variable, a ratio a/b, a product a*b, or {COST!r}")
    for name in columns_of(key):
        _registered(name)
    return key


VariableName = Annotated[str, AfterValidator(_registered)]
"""Name of a scale variable."""
QuantityName = Annotated[str, AfterValidator(checked_quantity)]
"""A scale variable, ``tokens/params``, ``params*tokens`` or ``cost``."""


def columns_of(key: str) -> tuple[str, ...]:
    """Return the columns of a quantity."""
    return () if key == COST else tuple(_OPERATOR.split(key))


def quantity(rows: pd.DataFrame, key: str, cost: np.ndarray) -> np.ndarray:
    """Return a quantity of each row, shape (n,); NaN if a part is missing.

    Parameters
    ----------
    rows : DataFrame
        With its columns.
    key : str
        Its name.
    cost : ndarray, shape (n,)
        Training cost up to each row.
    """
    if key == COST:
        return cost
    first, *second = (rows[name].to_numpy(float) for name in columns_of(key))
    if not second:
        return first
    with np.errstate(divide="ignore", invalid="ignore"):
        derived: np.ndarray = first / second[0] if "/" in key else first * second[0]
    return derived


def slug_of(key: str) -> str:
    """Return a quantity's name in task identifiers."""
    return key.replace("/", "-per-").replace("*", "-times-")


FAMILY = "family"
"""Groupings beside the columns of the table."""


class Part(NamedTuple):
    """One way to divide the rows of a group; both masks have one entry per row."""

    name: str
    train: np.ndarray
    test: np.ndarray


class _Split(BaseModel, ABC):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Last part of the task's identifier; by default made from the split's values."""

    def label(self) -> str:
        """Return the split's name in task identifiers."""
        return self.name or self.default_name()

    @abstractmethod
    def default_name(self) -> str:
        """Return the name made from the split's values."""

    @abstractmethod
    def parts(self, rows: pd.DataFrame, cost: np.ndarray | None = None) -> Iterator[Part]:
        """Yield the divisions of one group's rows; `cost` is the training cost of each row, by default `row_cost`."""


class Published(_Split):
    """The paper's held-out rows, as recorded in the column ``split``."""

    kind: Literal["published"]
    also_train: tuple[str, ...] = ()
    """Shell patterns of runs that the column ``split`` holds out but the paper trained on for this metric."""

    def default_name(self) -> str:
        return f"published-{_hashed(self.also_train)}" if self.also_train else "published"

    def parts(self, rows: pd.DataFrame, cost: np.ndarray | None = None) -> Iterator[Part]:
        also = rows["run"].map(lambda run: any(fnmatch.fnmatchcase(run, pattern) for pattern in self.also_train)).to_numpy(bool)
        train, test = ((rows["split"] == side).to_numpy() for side in ("train", "test"))
        if self.also_train and not (test & also).any():
            raise TaskError(f"also_train: no held-out run is called {' or '.join(self.also_train)}")
        yield Part("", train | (test & also), test & ~also)


class Frontier(_Split):
    """Train at or below a limit, test above it; reversed on axes that fall as models grow."""

    kind: Literal["frontier"]
    variable: QuantityName
    train_max: float = Field(gt=0)
    test_min: float | None = None
    """Lowest held-out scale; by default all above `train_max`."""
    relative: bool = False
    """Whether the limits are shares of the largest value of each group."""
    downwards: bool = False
    """Train at or above `train_max` and hold out the rows below: for a loss as the input."""

    @model_validator(mode="after")
    def _one_rule(self) -> Frontier:
        if self.downwards and self.test_min is not None:
            raise ValueError("test_min: cannot be combined with downwards")
        if self.relative and self.downwards:
            raise ValueError("relative: cannot be combined with downwards")
        if self.test_min is not None and self.test_min <= self.train_max:
            raise ValueError("test_min: must lie above train_max, or rows are trained on and held out")
        if self.relative and max(self.train_max, self.test_min or 0.0) > 1:
            raise ValueError("relative: limits are shares of the largest value, at most 1")
        return self

    def default_name(self) -> str:
        name = f"frontier-{slug_of(self.variable)}-{self._limit(self.train_max)}"
        name += f"-from-{self._limit(self.test_min)}" if self.test_min is not None else ""
        return name + ("-down" if self.downwards else "")

    def _limit(self, value: float) -> str:
        return f"{_percent(value)}pct" if self.relative else _exactly(value)

    def parts(self, rows: pd.DataFrame, cost: np.ndarray | None = None) -> Iterator[Part]:
        x = _along(rows, self.variable, cost)
        if self.downwards:
            yield Part("", x >= self.train_max, x < self.train_max)
            return
        unit = x.max() if self.relative else 1.0
        above = x > self.train_max * unit if self.test_min is None else x >= self.test_min * unit
        yield Part("", x <= self.train_max * unit, above)


class Ladder(_Split):
    """Train on the rungs up to the k-th, predict the rungs above it, for every k.

    Rungs are the distinct values of a variable; values within `tolerance` (relative) of the one
    below are the same rung. Each k is a separate task.
    """

    kind: Literal["ladder"]
    variable: QuantityName
    first: int = Field(default=3, ge=1)
    """Smallest number of training rungs."""
    last: int | None = Field(default=None, ge=1)
    """Largest; by default all rungs but one."""
    horizon: int | None = Field(default=None, ge=1)
    """Number of predicted rungs; by default all above."""
    tolerance: float = Field(default=0.01, ge=0)

    def default_name(self) -> str:
        parts = {"first": self.first, "last": self.last, "ahead": self.horizon}
        counts = [f"-{word}{n}" for word, n in parts.items() if n not in (None, 3 if word == "first" else None)]
        within = "" if self.tolerance == 0.01 else f"-within{_percent(self.tolerance)}pct"
        return f"ladder-{slug_of(self.variable)}{''.join(counts)}{within}"

    def parts(self, rows: pd.DataFrame, cost: np.ndarray | None = None) -> Iterator[Part]:
        rung = rungs(_along(rows, self.variable, cost), self.tolerance)
        top = int(rung.max())
        for k in range(self.first, min(top if self.last is None else self.last, top) + 1):
            reach = top if self.horizon is None else k + self.horizon - 1
            yield Part(f"k{k}", rung < k, (rung >= k) & (rung <= reach))


class Budget(_Split):
    """Train on the cheapest runs within a share of the total compute."""

    kind: Literal["budget"]
    share: float = Field(gt=0, lt=1)

    def default_name(self) -> str:
        return f"budget-{_percent(self.share)}pct"

    def parts(self, rows: pd.DataFrame, cost: np.ndarray | None = None) -> Iterator[Part]:
        of_run = run_cost(rows, cost).sort_values(kind="stable")
        affordable = of_run.index[of_run.cumsum() <= self.share * of_run.sum()]
        train = rows["run"].isin(affordable).to_numpy()
        yield Part("", train, ~train)


class LeaveGroupOut(_Split):
    """Hold out one group at a time and train on all others; curves are pooled."""

    kind: Literal["leave-group-out"]
    by: str = Field(default="curve", pattern=r"^[A-Za-z0-9_-]+$")
    """A column; ``family`` is the family of each row's curve, from the collection's card."""
    groups: tuple[str, ...] | None = None
    """Held-out groups, one at a time; by default all."""

    def default_name(self) -> str:
        name = f"leave-{self.by}-out"
        return name if self.groups is None else f"{name}-{_hashed(self.groups)}"

    def parts(self, rows: pd.DataFrame, cost: np.ndarray | None = None) -> Iterator[Part]:
        if self.by not in rows:
            raise TaskError(f"leave-group-out: no column {self.by!r}")
        if rows[self.by].isna().any():
            raise TaskError(f"leave-group-out: rows without a value of {self.by!r} belong to no group; filter them out")
        of = rows[self.by].astype(str)
        for group in self.groups or sorted(of.unique()):
            held_out = (of == group).to_numpy()
            if not held_out.any():
                raise TaskError(f"leave-group-out: {self.by!r} is nowhere {group!r}")
            yield Part(group, ~held_out, held_out)


Split = Annotated[Published | Frontier | Ladder | Budget | LeaveGroupOut, Field(discriminator="kind")]


def _hashed(names: Sequence[str]) -> str:
    return hashlib.sha256(chr(31).join(names).encode()).hexdigest()[:8]


def rungs(x: np.ndarray, tolerance: float) -> np.ndarray:
    """Return the rung of each value, counted from 0, shape (n,)."""
    distinct = np.unique(x)
    step: np.ndarray = np.concatenate([[0], np.cumsum(distinct[1:] > distinct[:-1] * (1.0 + tolerance))])
    return step[np.searchsorted(distinct, x)]


def _along(rows: pd.DataFrame, key: str, cost: np.ndarray | None) -> np.ndarray:
    for name in columns_of(key):
        if name not in rows:
            raise TaskError(f"split: the collection has no variable {name!r}")
    x = quantity(rows, key, row_cost(rows)[0] if cost is None else cost)
    if not np.isfinite(x).all():
        raise TaskError(f"split: rows without a value of {key!r} belong to neither side; filter them out")
    return x


def _exactly(value: float) -> str:
    """Return a number as in names: short if that is exact, else with all digits."""
    rounded = f"{value:.0f}" if value < 1e6 else f"{value:.3g}".replace("e+", "e")
    return rounded if float(rounded) == value else repr(value).removesuffix(".0").replace("e+", "e")


def _percent(share: float) -> str:
    """Return all digits of a share in per cent."""
    return f"{(Decimal(repr(share)) * 100).normalize():f}"


_COSTS = (("flops",), ("params", "tokens"), ("tokens",), ("steps",), ("samples",), ("params",))


def row_cost(rows: pd.DataFrame) -> tuple[np.ndarray, str]:
    """Return the training cost of each row, shape (n,), and the name of its measure.

    FLOPs if all rows have them, else params x tokens, tokens, steps, samples or params.
    """
    for names in _COSTS:
        columns = [rows[name].to_numpy(float, na_value=np.nan) for name in names if name in rows]
        if len(columns) == len(names) and not any(np.isnan(column).any() for column in columns):
            return np.prod(columns, axis=0), " x ".join(names)
    return np.ones(len(rows)), "rows"


def run_cost(rows: pd.DataFrame, cost: np.ndarray | None = None) -> pd.Series:
    """Return the cost of each run: that of its most expensive row (rows may be checkpoints)."""
    cost = row_cost(rows)[0] if cost is None else cost
    return pd.Series(cost, index=rows.index).groupby(rows["run"].to_numpy()).max()
