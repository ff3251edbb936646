"""Skill on slices of the suite: by track, domain, metric, extrapolation, share of compute, number of rows, noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from leaderboard.ranking import by_collection, counted, skill_over
from scalingbench.common.errors import LeaderboardError
from scalingbench.common.tables import Table, Tabular, number

__all__ = ["SLICES", "SkillBySlice", "skill_by", "slice_of"]


def _bins(
    column: str, limits: tuple[float, ...], labels: tuple[str, ...], missing: str = "not stated"
) -> Callable[[pd.DataFrame], pd.Series]:
    def of(tasks: pd.DataFrame) -> pd.Series:
        values = tasks[column].astype(float)
        return pd.Series(np.asarray(labels)[np.searchsorted(limits, values)], index=tasks.index).where(values.notna(), missing)

    return of


_FACTORS = ("none", "up to 4x", "4x to 16x", "over 16x")
SLICES: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "track": lambda tasks: tasks["track"],
    "domain": lambda tasks: tasks["domain"],
    "metric": lambda tasks: tasks["metric"],
    "extrapolation": _bins("extrapolation", (1.0, 4.0, 16.0), _FACTORS),
    "compute-share": _bins("compute_share", (0.1, 0.5), ("up to 10 %", "10 to 50 %", "over 50 %")),
    "rows": _bins("rows_per_fit", (10.0, 100.0), ("up to 10", "11 to 100", "over 100")),
    "noise": _bins("noise", (0.003,), ("up to 0.3 %", "over 0.3 %"), missing="not measured"),
}
"""What the suite can be cut by; each function gives the slice that every task of the task table is in."""


@dataclass(frozen=True, eq=False, repr=False)
class SkillBySlice(Tabular):
    """Skill on each slice of a suite.

    Attributes
    ----------
    by : str
        What the suite was cut by, one of `SLICES`.
    rows : DataFrame
        Predictors x slices; NaN where none of a slice's tasks was entered.
    counts : Series
        How many tasks each slice has.
    """

    by: str
    rows: pd.DataFrame
    counts: pd.Series

    def of(self, predictors: pd.Series) -> SkillBySlice:
        """Return the rows of the predictors given, in their order."""
        return replace(self, rows=self.rows.reindex(predictors).rename_axis("predictor"))

    def table(self) -> Table:
        header = ["predictor", *(f"{name} ({count})" for name, count in self.counts.items())]
        cells = [[str(name), *(number(v, 3) for v in row)] for name, row in zip(self.rows.index, self.rows.to_numpy(), strict=True)]
        note = f"Skill by {self.by}; the number of tasks in brackets; '-' entered none of them."
        return Table(header, cells, note=note, compact=True)

    def facts(self) -> dict[str, Any]:
        return {"by": self.by, "tasks": self.counts.to_dict(), "skill": self.rows.to_dict("index")}

    def __repr__(self) -> str:
        return f"SkillBySlice(by {self.by}: {len(self.rows)} predictors x {', '.join(map(str, self.rows))})"


def slice_of(tasks: pd.DataFrame, by: str) -> pd.Series:
    """Return the slice that each task is in.

    Raises
    ------
    LeaderboardError
        If the suite can't be cut by that.
    """
    if by not in SLICES:
        raise LeaderboardError(f"cut by {by!r}: expected one of {', '.join(SLICES)}")
    return SLICES[by](tasks)


def skill_by(scores: pd.DataFrame, tasks: pd.DataFrame, by: str) -> SkillBySlice:
    """Return the skill of every predictor on each slice of the tasks that count."""
    tasks = counted(tasks)
    slices = slice_of(tasks, by)
    columns = {}
    for name in _in_order(slices, by):
        columns[name] = skill_over(*by_collection(scores, tasks[slices == name]))
    return SkillBySlice(by, pd.DataFrame(columns).rename_axis("predictor"), slices.value_counts().reindex(list(columns)))


def _in_order(slices: pd.Series, by: str) -> list[str]:
    names = sorted(slices.unique())
    known = {"extrapolation": _FACTORS}.get(by)
    return [n for n in known if n in names] if known else names
