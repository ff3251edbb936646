"""A table of runs as it was read, and how the user wants it read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypedDict

import pandas as pd

from scalingbench.benchmark.data.variables import variables_of
from scalingbench.common.messages import printable
from scalingbench.common.variables import VARIABLES, family_of
from scalingbench.forecasting.formats import as_value
from scalingbench.forecasting.identity import identity_of
from scalingbench.forecasting.numbers import Mark

__all__ = ["Options", "ReadColumn", "Reading", "Runs", "reasons"]


@dataclass(frozen=True)
class Options:
    """How a table is read.

    Attributes
    ----------
    names : mapping of str to str
        Header -> its meaning: a variable, ``value``, ``run``, ``curve``, ``seed`` or ``ignore``. It overrides the meaning
        that the header suggests.
    units : mapping of str to float
        Variable or ``value`` -> one unit of the column, such as ``{"params": 1e6}``.
    where : mapping of str to str
        Header -> the cell of the rows that are kept.
    metric, curve : str, optional
        Which metric and curve, where the table has several.
    checkpoints : bool
        Keep every row of a run. By default only the last one is kept, because a checkpoint under a decaying learning rate
        is not a finished run.
    decimal : {".", ","}, optional
        The decimal mark of columns whose cells do not show it; the other mark groups digits.
    by : str, optional
        Header whose cells name the curves; all of them are kept.
    history : bool
        Read every logged value of a tracker's run, with the learning rate at each, in place of its last; implies `checkpoints`.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, float] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    metric: str | None = None
    curve: str | None = None
    checkpoints: bool = False
    decimal: Mark | None = None
    by: str | None = None
    history: bool = False


class Reading(TypedDict, total=False):
    """Keywords of the functions that read a table: the fields of `Options`."""

    names: Mapping[str, str]
    units: Mapping[str, float]
    where: Mapping[str, str]
    metric: str | None
    curve: str | None
    checkpoints: bool
    decimal: Mark | None


@dataclass(frozen=True)
class ReadColumn:
    """The meaning, unit and range of a column."""

    name: str
    header: str
    unit: float
    low: float
    high: float
    distinct: int


@dataclass(frozen=True)
class Runs:
    """A table of runs as it was read.

    Attributes
    ----------
    source : str
        File or folder.
    metric : str
        The metric of ``value``.
    table : DataFrame
        ``run``, ``value`` and the scale variables, in the schema's units; one row a finished run.
    rest : DataFrame
        The columns that are not used, for the same rows.
    columns : tuple of ReadColumn
        The columns that are used.
    rows_read : int
        Rows of the source.
    dropped : dict of str to int
        Rows left out, by reason.
    ignored : tuple of str
        Headers of the columns that are not used.
    notes : tuple of str
        Choices that were made where the table allows several.
    identity : str
        Which rows are one run.
    planned : float, optional
        Steps after which training ends, where the source states them.
    """

    source: str
    metric: str
    table: pd.DataFrame
    rest: pd.DataFrame
    columns: tuple[ReadColumn, ...]
    rows_read: int
    dropped: dict[str, int]
    ignored: tuple[str, ...]
    notes: tuple[str, ...]
    identity: str = ""
    planned: float | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        """The scale variables of the table."""
        return variables_of(self.table)

    def as_dict(self) -> dict[str, Any]:
        """Return everything but the rows as plain values."""
        return {
            "source": self.source,
            "metric": self.metric,
            "rows_read": self.rows_read,
            "rows_kept": len(self.table),
            "dropped": self.dropped,
            "columns": [asdict(c) for c in self.columns],
            "ignored": list(self.ignored),
            "notes": list(self.notes),
            "identity": self.identity,
            "budget": self.budget,
        }

    @property
    def budget(self) -> str:
        """The budget identity that the rows obey: flops = factor x size x tokens; empty where the table has no sizes or tokens."""
        if not {"tokens", "flops"} & set(self.table) or not {"params", "params_active", "params_nonembedding"} & set(self.table):
            return ""
        found = identity_of(self.table)
        if found.source != "not constant":
            return str(found)
        odd = f"; farthest off: {', '.join(found.odd[:3])}" if found.odd else ""
        return f"flops / ({found.size} x tokens) is not constant: {found.low:.3g} to {found.high:.3g}{odd}"

    def understood(self) -> str:
        """Return everything that was understood, before a law is fitted: `str` with the identity of runs and budgets."""
        lines = [str(self), f"  runs: {self.identity}"]
        return "\n".join([*lines, f"  budget: {self.budget}"] if self.budget else lines)

    def __str__(self) -> str:
        gone = reasons(self.dropped)
        lines = [f"{self.source}: {len(self.table)} of {self.rows_read} rows kept" + (f" ({gone})" if gone else "")]
        width = max(len(c.name) for c in self.columns)
        for c in self.columns:
            meaning = self.metric if c.name == "value" else _unit_of(c.name)
            unit = "" if c.unit == 1.0 else f" x {c.unit:g}"
            span = f"{as_value(c.name, c.low)} to {as_value(c.name, c.high)}"
            lines.append(f"  {c.name:<{width}}  from {c.header!r}{unit}: {span}, {c.distinct} values ({meaning})")
        if self.ignored:
            lines.append(f"  not used: {', '.join(self.ignored[:20])}" + (" ..." if len(self.ignored) > 20 else ""))
        return "\n".join(map(printable, [*lines, *(f"  {note}" for note in self.notes)]))


def _unit_of(name: str) -> str:
    family = family_of(name)
    return VARIABLES[name].unit if family is None else family.meaning


def reasons(dropped: Mapping[str, int]) -> str:
    """Return how many rows were left out, by reason."""
    return ", ".join(f"{n} {why}" for why, n in dropped.items())
