"""The x axis of a plot: which variable, and whether on a logarithmic scale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.variables import VARIABLES

__all__ = ["PlotAxis", "axis_of", "axis_of_collection", "axis_of_task", "is_log"]


@dataclass(frozen=True)
class PlotAxis:
    """The x axis of a plot.

    Attributes
    ----------
    variable : str, optional
        A column; None is the row number, if no column varies.
    log : bool
        Whether its scale is logarithmic.
    """

    variable: str | None
    log: bool

    @property
    def label(self) -> str:
        """The variable and its unit."""
        known = VARIABLES.get(self.variable or "")
        return f"{self.variable} ({known.unit})" if known and known.unit not in ("", "1") else self.variable or "row"

    def values(self, table: pd.DataFrame) -> np.ndarray:
        """Return the positions of the rows of a table."""
        return table[self.variable].to_numpy(float) if self.variable else np.arange(1.0, len(table) + 1.0)


def axis_of(table: pd.DataFrame, wanted: Iterable[str | None]) -> PlotAxis:
    """Return the first wanted column that is numeric and varies, logarithmic if all its values are positive."""
    numeric = table.select_dtypes("number")
    variable = next((v for v in wanted if v in numeric and numeric[v].nunique() > 1), None)
    return PlotAxis(variable, variable is not None and is_log(numeric[variable]))


def axis_of_task(task: Task) -> PlotAxis:
    """Return the axis of a task: the variable of its extrapolation, else a scale variable, else any."""
    rows = pd.concat([X for fold in task.folds for X in (fold.X_train, fold.X_test)])
    scales = [v for v in task.variables if v in VARIABLES]
    return axis_of(rows, (task.spec.scale, getattr(task.spec.split, "variable", None), *scales, *task.variables))


def axis_of_collection(rows: pd.DataFrame, tasks: Sequence[Task]) -> PlotAxis:
    """Return the axis of a collection's rows: compute, else size, else a variable of its tasks."""
    return axis_of(rows, ("flops", "tokens", "params", *(v for t in tasks for v in t.variables)))


def is_log(values: pd.Series | np.ndarray) -> bool:
    """Return whether a scale can be logarithmic: every value that is known is positive."""
    known = np.asarray(values, float)
    return bool((known[~np.isnan(known)] > 0).all())
